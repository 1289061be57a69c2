#include "calibrate/device/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "model/base/check.h"

namespace commplan::device {
namespace {

constexpr double kTwoSided95 = 1.96;
constexpr double kDeviationPerMad = 1.4826;
// The standard error of a median is this over sqrt(n) standard deviations: sqrt(pi / 2).
constexpr double kMedianError = 1.2533;
constexpr double kLeastDrift = 0.01;
constexpr double kOutlierNoises = 5;
constexpr double kLeastOutlier = 0.05;
// Fewer times in a half say nothing of a drift.
constexpr std::size_t kLeastHalf = 4;

std::vector<double> Sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

double MedianOf(std::vector<double> values) { return QuantileOf(Sorted(std::move(values)), 0.5); }

}  // namespace

double QuantileOf(const std::vector<double>& sorted, double share) {
  CHECK(!sorted.empty());
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

Spread SpreadOf(const std::vector<double>& times_us) {
  CHECK(!times_us.empty());
  const std::vector<double> sorted = Sorted(times_us);
  CHECK_GT(sorted.front(), 0.0);
  const std::size_t n = sorted.size();
  Spread spread;
  spread.count = static_cast<int>(n);
  spread.median_us = QuantileOf(sorted, 0.5);
  spread.p10_us = QuantileOf(sorted, 0.1);
  spread.p90_us = QuantileOf(sorted, 0.9);
  const double count = static_cast<double>(n);
  const double k = std::max(0.0, std::floor((count - 1 - kTwoSided95 * std::sqrt(count)) / 2));
  spread.low_us = sorted[static_cast<std::size_t>(k)];
  spread.high_us = sorted[n - 1 - static_cast<std::size_t>(k)];

  const auto middle = times_us.begin() + static_cast<std::ptrdiff_t>(n / 2);
  const bool halves = n / 2 >= kLeastHalf;
  const double first = halves ? MedianOf({times_us.begin(), middle}) : spread.median_us;
  const double second = halves ? MedianOf({middle, times_us.end()}) : spread.median_us;
  std::vector<double> distances;
  for (std::size_t i = 0; i < n; ++i) {
    distances.push_back(std::abs(times_us[i] - (i < n / 2 ? first : second)));
  }
  spread.noise = kDeviationPerMad * MedianOf(std::move(distances)) / spread.median_us;
  const double difference = (second - first) / spread.median_us;
  const double error = kMedianError * spread.noise * 2 / std::sqrt(count);
  if (std::abs(difference) > std::max(kLeastDrift, 3 * error)) spread.drift = difference;
  const double far =
      spread.median_us * (1 + std::max(kLeastOutlier, kOutlierNoises * spread.noise));
  spread.outliers =
      static_cast<int>(sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), far));
  return spread;
}

}  // namespace commplan::device
