// What a series of times of one thing says, told by ranks rather than by means: a stalled call
// moves a mean and not a median.
//
// The 95 % interval of the median needs no law of the noise. Each time lies below the true median
// with chance 1/2, so the number of those below is binomial, n/2 +- 1.96 sqrt(n)/2, and the
// interval runs from the k-th smallest to the k-th largest (k from 0) with
//
//   k = floor((n - 1 - 1.96 sqrt(n)) / 2), at least 0.
//
// Fewer than 6 times cannot give 95 %: the interval is then from the smallest to the largest.
#pragma once

#include <vector>

namespace commplan::device {

struct Spread {
  int count = 0;
  double median_us = 0;
  double low_us = 0, high_us = 0;  // the interval above
  double p10_us = 0, p90_us = 0;
  // Standard deviation of single times as a share of the median, from their median distance to the
  // median of their half of the series (times 1.4826, which is exact for a normal law).
  double noise = 0;
  // By what share the second half of the series is slower than the first; 0 where chance explains
  // it: below 1 %, or below three standard errors of the difference of two medians.
  double drift = 0;
  int outliers = 0;  // above the median by more than five times the noise, and 5 %

  // Half the interval, as a share of the median.
  double Uncertainty() const { return (high_us - low_us) / 2 / median_us; }
};

// `times_us` in the order in which they were measured; not empty, all positive.
Spread SpreadOf(const std::vector<double>& times_us);

// The value that a share of them does not exceed, between two neighbours in proportion. `sorted`
// must be; not empty.
double QuantileOf(const std::vector<double>& sorted, double share);

}  // namespace commplan::device
