#include "calibrate/fit/tabulate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "calibrate/fit/curve.h"
#include "gtest/gtest.h"

namespace commplan::fit {
namespace {

// 10 us + 4 us sqrt(S / 64 KiB) + S / 100 GB/s, and a bump of 30 % in the middle.
std::vector<Point> Bumpy() {
  std::vector<Point> points;
  for (int e = 9; e <= 30; ++e) {
    const double bytes = std::exp2(e);
    const double bump = 1 + 0.3 * std::exp(-(e - 18.0) * (e - 18.0) / 4);
    points.push_back({bytes, bump * (10 + 4 * std::sqrt(bytes / 65536) + bytes / 100e3), 0, 1});
  }
  return points;
}

TEST(Tabulate, KeepsTheFitWithinItsTolerance) {
  const auto fit = FitCurve(Bumpy());
  ASSERT_TRUE(fit.ok());
  const MeasuredCurve curve = Tabulate(*fit, Op::kAllReduce, 8, 1);
  const PreparedCurve prepared(curve);
  double worst = 0;
  for (double x = 9; x <= 33; x += 0.05) {
    const double bytes = std::exp2(x);
    const Prediction p = Predict(*fit, bytes);
    worst = std::max(worst, std::abs(prepared.At(B(bytes)).ln_time - std::log(p.time_us * 1e-6)));
  }
  EXPECT_LT(worst, 4 * kTimeTolerance);
  EXPECT_LT(curve.knots.size(), 80U);
  EXPECT_EQ(curve.measured_min, B(512));
  EXPECT_EQ(curve.measured_max, GiB(1));
  EXPECT_NEAR(InMicros(curve.latency), 10, 2);
}

TEST(Tabulate, SaysHowWellItsTermsAreKnown) {
  std::vector<Point> points;
  for (int e = 9; e <= 30; ++e) {
    const double noise = 1 + 0.02 * (e % 3 - 1);
    points.push_back({std::exp2(e), noise * (10 + std::exp2(e) / 100e3), 0, 1});
  }
  const auto fit = FitCurve(points);
  ASSERT_TRUE(fit.ok());
  const MeasuredCurve curve = Tabulate(*fit, Op::kAllReduce, 8, 1);
  // 2 % over some ten rows each.
  EXPECT_GT(curve.latency_plus_minus, 0.003);
  EXPECT_LT(curve.latency_plus_minus, 0.02);
  EXPECT_GT(curve.bandwidth_plus_minus, 0.003);
  EXPECT_LT(curve.bandwidth_plus_minus, 0.02);
  // One row says nothing of its own error.
  const auto lone = FitCurve({points[0]});
  ASSERT_TRUE(lone.ok());
  EXPECT_EQ(Tabulate(*lone, Op::kAllReduce, 8, 1).bandwidth_plus_minus, 0);
}

TEST(Tabulate, SmoothPhysicsNeedsFewKnots) {
  std::vector<Point> points;
  for (int e = 9; e <= 30; ++e) points.push_back({std::exp2(e), 10 + std::exp2(e) / 100e3, 0, 1});
  const auto fit = FitCurve(points);
  ASSERT_TRUE(fit.ok());
  EXPECT_LT(Tabulate(*fit, Op::kAllReduce, 8, 1).knots.size(), 40U);
}

TEST(Tabulate, OneMeasurementIsACurveToo) {
  const auto fit = FitCurve({{1024, 5, 0, 1}});
  ASSERT_TRUE(fit.ok());
  const MeasuredCurve curve = Tabulate(*fit, Op::kBroadcast, 2, 2);
  EXPECT_EQ(curve.nodes, 2);
  EXPECT_NEAR(std::exp(PreparedCurve(curve).At(KiB(1)).ln_time) * 1e6, 5, 0.02);
}

}  // namespace
}  // namespace commplan::fit
