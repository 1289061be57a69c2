#include "calibrate/fit/score.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "model/base/check.h"

namespace commplan::fit {

double Held::Ape() const { return std::abs(time_us / measured_us - 1); }

bool Held::Covered() const { return low_us <= measured_us && measured_us <= high_us; }

std::vector<Held> PredictHeld(const MeasuredWay& way, const std::vector<Point>& test) {
  std::vector<Held> held;
  held.reserve(test.size());
  for (const Point& point : test) {
    const MeasuredWay::Answer answer = way.At(B(point.bytes));
    const double us = InMicros(answer.cost.Total());
    const double factor = std::exp(answer.half_width);
    held.push_back({point.bytes, point.time_us, us, us / factor, us * factor, answer.extrapolated});
  }
  return held;
}

std::vector<Held> PredictHeld(const MeasuredCurve& curve, const std::vector<Point>& test) {
  const MeasuredTable table{.curves = {curve}, .corrections = {}};
  const auto way = MeasuredWay::Find(table, curve.op, curve.ranks, curve.nodes);
  CHECK(way.ok() && way->has_value());
  return PredictHeld(**way, test);
}

Score ScoreOf(const std::vector<Held>& held) {
  Score score;
  if (held.empty()) return score;
  std::vector<double> errors;
  double sum = 0, covered = 0;
  for (const Held& one : held) {
    errors.push_back(one.Ape());
    sum += errors.back();
    if (one.Covered()) covered += 1;
  }
  const double n = static_cast<double>(held.size());
  score.points = static_cast<int>(held.size());
  score.median_ape = QuantileOf(errors, 0.5);
  score.mape = sum / n;
  score.p95_ape = QuantileOf(errors, 0.95);
  score.coverage90 = covered / n;
  return score;
}

Score MedianOverLogs(const std::vector<Score>& scores) {
  Score all;
  std::vector<double> medians, means, p95s;
  double covered = 0;
  for (const Score& score : scores) {
    if (score.points == 0) continue;
    medians.push_back(score.median_ape);
    means.push_back(score.mape);
    p95s.push_back(score.p95_ape);
    covered += score.coverage90 * score.points;
    all.points += score.points;
  }
  if (all.points == 0) return all;
  all.median_ape = QuantileOf(medians, 0.5);
  all.mape = QuantileOf(means, 0.5);
  all.p95_ape = QuantileOf(p95s, 0.5);
  all.coverage90 = covered / all.points;
  return all;
}

double QuantileOf(std::vector<double> values, double share) {
  CHECK(share >= 0 && share <= 1);
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const std::size_t below = static_cast<std::size_t>(place);
  if (below + 1 >= values.size()) return values.back();
  return values[below] + (place - static_cast<double>(below)) * (values[below + 1] - values[below]);
}

}  // namespace commplan::fit
