// Lines that say how far a long command is. They go to a terminal only, so that what is piped or
// kept is the same every time, and only once the command has taken a second.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "cli/io.h"

namespace commplan::cli {

class ProgressLines {
 public:
  // Silent unless `io.err` is the terminal.
  explicit ProgressLines(Io& io);
  // `out` null: silent. `now_s` is a clock in seconds.
  ProgressLines(std::ostream* out, std::function<double()> now_s);

  // What is done next. Said if a second has passed since the start and since the last line.
  void Next(const std::string& what);

 private:
  std::ostream* out_;
  std::function<double()> now_s_;
  double last_s_ = 0;
};

}  // namespace commplan::cli
