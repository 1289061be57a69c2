#include "calibrate/device/stopping.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/base/test_seed.h"
#include "model/codec/data.h"

namespace commplan::device {
namespace {

constexpr StopOptions kOptions = {.precision = 0.01, .least = 5, .most = 1000, .budget_us = 1e9};

// How many times of the given noise the rule asks for.
int TimesUntilPrecise(double noise, std::uint64_t seed) {
  codec::Random random(seed);
  StoppingRule rule(kOptions);
  while (rule.Verdict() == Stop::kGoOn) rule.Add(50 * std::exp(noise * random.Normal()), 50);
  EXPECT_EQ(rule.Verdict(), Stop::kPrecise) << noise;
  return static_cast<int>(rule.times_us().size());
}

TEST(StoppingRule, EqualTimesStopAtTheLeast) {
  StoppingRule rule(kOptions);
  for (int i = 0; i < 4; ++i) rule.Add(3, 3);
  EXPECT_EQ(rule.Verdict(), Stop::kGoOn);
  rule.Add(3, 3);
  EXPECT_EQ(rule.Verdict(), Stop::kPrecise);
}

// The error of a median is 1.25 noise / sqrt(n), half the interval 1.96 of it: 5 % noise needs
// about (1.96 * 1.25 * 5)^2 = 150 times for 1 %. A lucky series ends somewhat earlier.
TEST(StoppingRule, NoiseAsksForTimesByItsSquare) {
  SCOPED_TRACE(SeedNote());
  double quiet = 0, loud = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    quiet += TimesUntilPrecise(0.01, TestSeed() + i) / 20.0;
    loud += TimesUntilPrecise(0.05, TestSeed() + i) / 20.0;
  }
  EXPECT_LT(quiet, 20);
  EXPECT_GT(loud, 60);
  EXPECT_LT(loud, 250);
}

TEST(StoppingRule, ADriftingSeriesIsNeverPrecise) {
  StoppingRule rule({.precision = 0.01, .least = 5, .most = 60, .budget_us = 1e9});
  // By 4 % from one half to the other: the interval alone would be content.
  for (int i = 0; i < 60 && rule.Verdict() == Stop::kGoOn; ++i)
    rule.Add(100 * std::exp(0.02 * i), 1);
  EXPECT_EQ(rule.Verdict(), Stop::kMost);
}

TEST(StoppingRule, TheBudgetEndsAnything) {
  const StopOptions options{
      .precision = 0.0001, .least = 5, .fewest = 3, .most = 1000, .budget_us = 100};
  StoppingRule rule(options);
  for (int i = 0; i < 4; ++i) rule.Add(40 + i, 30);
  EXPECT_EQ(rule.Verdict(), Stop::kGoOn) << "beyond the budget, but fewer than the least";
  rule.Add(50, 30);
  EXPECT_EQ(rule.Verdict(), Stop::kBudget);

  StoppingRule slow(options);
  slow.Add(40, 150);
  slow.Add(50, 150);
  EXPECT_EQ(slow.Verdict(), Stop::kGoOn) << "fewer than the fewest";
  slow.Add(60, 150);
  EXPECT_EQ(slow.Verdict(), Stop::kBudget);
}

}  // namespace
}  // namespace commplan::device
