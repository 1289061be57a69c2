// When to stop repeating one measurement. The rule sees times and what they cost, and no device or
// clock, so it is tested with made-up series.
//
// It stops as soon as the median is known to the asked precision and the series does not drift, or
// the budget is used, or there are too many times already. It does not stop before `least` times,
// unless the budget is used twice over: then `fewest` suffice. It looks at the interval after every
// eighth part more times only: whoever looks at each one stops too early by luck, and sorts for
// ever.
#pragma once

#include <vector>

#include "calibrate/device/statistics.h"

namespace commplan::device {

struct StopOptions {
  double precision = 0.01;  // half the 95 % interval of the median, as a share of it
  int least = 5;
  int fewest = 3;
  int most = 400;
  double budget_us = 0;  // of all repeats together, warm-up not counted
};

enum class Stop { kGoOn, kPrecise, kBudget, kMost };

class StoppingRule {
 public:
  explicit StoppingRule(const StopOptions& options) : options_(options) {}

  // `time_us` is the measured time, `spent_us` what it took to measure it: all calls of the repeat.
  void Add(double time_us, double spent_us);
  Stop Verdict() const;

  const std::vector<double>& times_us() const { return times_us_; }

 private:
  StopOptions options_;
  std::vector<double> times_us_{};
  double spent_us_ = 0;
  int next_look_ = 0;
  bool precise_ = false;
};

}  // namespace commplan::device
