#include "calibrate/fit/score.h"

#include <vector>

#include "gtest/gtest.h"

namespace commplan::fit {
namespace {

Held At(double predicted, double measured, double low, double high) {
  Held held;
  held.measured_us = measured;
  held.time_us = predicted;
  held.low_us = low;
  held.high_us = high;
  return held;
}

TEST(Score, CountsByHand) {
  // Errors 0, 1/4, 1/2: median 1/4, mean 1/4, p95 at place 1.9: 1/4 + 0.9 x 1/4 = 0.475.
  const Score score =
      ScoreOf({At(4, 4, 3, 5), At(5, 4, 4, 6), At(2, 4, 1, 3)});  // The last one lies outside.
  EXPECT_EQ(score.points, 3);
  EXPECT_DOUBLE_EQ(score.median_ape, 0.25);
  EXPECT_DOUBLE_EQ(score.mape, 0.25);
  EXPECT_DOUBLE_EQ(score.p95_ape, 0.475);
  EXPECT_DOUBLE_EQ(score.coverage90, 2.0 / 3);
  EXPECT_EQ(ScoreOf({}).points, 0);
}

TEST(Score, MedianOverLogsAndTotalCoverage) {
  // Coverage over all points: (1 x 10 + 0.5 x 30) / 40.
  const Score all = MedianOverLogs({{10, 0.1, 0.2, 0.3, 1}, {30, 0.3, 0.4, 0.5, 0.5}, {}});
  EXPECT_EQ(all.points, 40);
  EXPECT_DOUBLE_EQ(all.median_ape, 0.2);
  EXPECT_DOUBLE_EQ(all.p95_ape, 0.4);
  EXPECT_DOUBLE_EQ(all.coverage90, 0.625);
}

TEST(Score, Quantiles) {
  EXPECT_EQ(QuantileOf({}, 0.5), 0);
  EXPECT_EQ(QuantileOf({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(QuantileOf({3, 1, 2}, 1), 3);
  EXPECT_EQ(QuantileOf({1, 2}, 0.5), 1.5);
}

}  // namespace
}  // namespace commplan::fit
