// Where a command writes: results to `out`, diagnostics to `err`. Commands get it passed in, so
// that a test can read what they wrote.
#pragma once

#include <iosfwd>

namespace commplan::cli {

struct Io {
  std::ostream& out;
  std::ostream& err;
  bool color = false;  // true only on a terminal, and never with NO_COLOR
};

}  // namespace commplan::cli
