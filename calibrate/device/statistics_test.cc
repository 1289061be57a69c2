#include "calibrate/device/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/base/test_seed.h"
#include "model/codec/data.h"

namespace commplan::device {
namespace {

TEST(Statistics, QuantilesLieBetweenNeighbours) {
  EXPECT_EQ(QuantileOf({1, 2, 4}, 0.5), 2);
  EXPECT_EQ(QuantileOf({1, 2, 4, 8}, 0.5), 3);
  EXPECT_EQ(QuantileOf({1, 2, 4}, 1), 4);
  EXPECT_EQ(QuantileOf({7}, 0.9), 7);
}

// By hand: for 9 times k = floor((9 - 1 - 5.88) / 2) = 1; the chance that fewer than 2 of 9 lie on
// one side is (1 + 9) / 512 each, so the interval holds 96 %.
TEST(Statistics, TheIntervalOfNineLeavesOneOutAtEachEnd) {
  const Spread spread = SpreadOf({9, 1, 8, 2, 7, 3, 6, 4, 5});
  EXPECT_EQ(spread.median_us, 5);
  EXPECT_EQ(spread.low_us, 2);
  EXPECT_EQ(spread.high_us, 8);
  const Spread few = SpreadOf({3, 1, 2});
  EXPECT_EQ(few.low_us, 1);
  EXPECT_EQ(few.high_us, 3);
}

TEST(Statistics, NineteenOfTwentyIntervalsHoldTheMedian) {
  SCOPED_TRACE(SeedNote());
  codec::Random random(TestSeed());
  for (const int n : {6, 20, 101}) {
    int held = 0;
    constexpr int kSeries = 2000;
    for (int i = 0; i < kSeries; ++i) {
      std::vector<double> times;
      // A long tail upwards, as times have; its median is 10.
      for (int j = 0; j < n; ++j) times.push_back(10 * std::exp(0.2 * random.Normal()));
      const Spread spread = SpreadOf(times);
      held += spread.low_us <= 10 && 10 <= spread.high_us ? 1 : 0;
    }
    EXPECT_GE(held, 0.93 * kSeries) << n;
    EXPECT_LE(held, 0.985 * kSeries) << n;
  }
}

TEST(Statistics, NoiseIsTheDeviationWhateverTheOutliers) {
  SCOPED_TRACE(SeedNote());
  codec::Random random(TestSeed());
  std::vector<double> times;
  for (int i = 0; i < 1000; ++i) times.push_back(100 * (1 + 0.03 * random.Normal()));
  EXPECT_NEAR(SpreadOf(times).noise, 0.03, 0.004);
  EXPECT_EQ(SpreadOf(times).drift, 0);
  for (std::size_t i = 0; i < times.size(); i += 50) times[i] *= 10;
  EXPECT_NEAR(SpreadOf(times).noise, 0.03, 0.004);
  EXPECT_EQ(SpreadOf(times).outliers, 20);
  EXPECT_NEAR(SpreadOf(times).median_us, 100, 1);
}

TEST(Statistics, AStepIsADriftAndNotNoise) {
  std::vector<double> times;
  for (int i = 0; i < 40; ++i) times.push_back((i < 20 ? 100 : 110) + i % 3);
  const Spread spread = SpreadOf(times);
  EXPECT_NEAR(spread.drift, 0.10, 0.02);
  EXPECT_LT(spread.noise, 0.02);
  std::reverse(times.begin(), times.end());
  EXPECT_NEAR(SpreadOf(times).drift, -0.10, 0.02);
}

TEST(Statistics, EqualTimesAreCertain) {
  const Spread spread = SpreadOf(std::vector<double>(10, 4.0));
  EXPECT_EQ(spread.Uncertainty(), 0);
  EXPECT_EQ(spread.noise, 0);
  EXPECT_EQ(spread.drift, 0);
  EXPECT_EQ(spread.outliers, 0);
}

}  // namespace
}  // namespace commplan::device
