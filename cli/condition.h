// Conditions on an answer, as a command line states them: comm_fraction<=10%, step_time_us<30ms.
#pragma once

#include <string>
#include <string_view>

#include "model/base/result.h"

namespace commplan::cli {

// The value of a key in the unit that its name ends with: 30ms and 30000 of step_time_us, 10% and
// 0.1 of comm_fraction, 50GB/s of busbw_GBps, 1KiB of bytes. A plain number is taken as in JSON.
Result<double> ParseForKey(std::string_view key, std::string_view text);

struct Condition {
  std::string key;
  bool below = false;   // < or <=
  bool itself = false;  // <= or >=
  double value = 0;

  bool Holds(double found) const {
    return (itself && found == value) || (below ? found < value : found > value);
  }
};
Result<Condition> ParseCondition(std::string_view text);

}  // namespace commplan::cli
