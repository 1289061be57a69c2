// The oracle's own always-on check. A schedule or network that breaks its contract is a mistake in
// a test, so it stops the test with a sentence instead of giving a number.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace commplan::oracle {

// Takes a literal, not a string, because it stands in the inner loops of the simulator.
inline void Require(bool condition, const char* sentence) {
  if (condition) return;
  std::fprintf(stderr, "oracle: %s\n", sentence);
  std::abort();
}

}  // namespace commplan::oracle
