#include "model/base/check.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace commplan {

void CheckFailed(const char* file, int line, const char* expression, std::string_view detail) {
  // stdio, not iostream: it works in static destructors and when memory is short.
  std::fprintf(stderr, "%s:%d: failed: %s", file, line, expression);
  if (!detail.empty()) {
    std::fprintf(stderr, ": %.*s", static_cast<int>(detail.size()), detail.data());
  }
  std::fputc('\n', stderr);
  std::fflush(stderr);
  std::abort();
}

namespace check_internal {

std::string DoubleText(double value) {
  std::array<char, 32> buffer{};  // The longest shortest form has 24 characters.
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return error == std::errc() ? std::string(buffer.data(), end) : std::string("?");
}

}  // namespace check_internal
}  // namespace commplan
