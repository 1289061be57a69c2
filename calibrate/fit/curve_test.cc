#include "calibrate/fit/curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::fit {
namespace {

using ::testing::HasSubstr;

// t = 20 us + 5 us sqrt(S / 64 KiB) + S / 100 GB/s at powers of two from 2^first to 2^last.
double ChosenTime(double bytes) { return 20 + 5 * std::sqrt(bytes / 65536) + bytes / 100e3; }

std::vector<Point> ChosenPoints(int first, int last, double noise, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, 1);
  std::vector<Point> points;
  for (int e = first; e <= last; ++e) {
    const double bytes = std::exp2(e);
    points.push_back({bytes, ChosenTime(bytes) * std::exp(noise * normal(random)), 0, 1});
  }
  return points;
}

CurveFit Fit(const std::vector<Point>& points) {
  auto fit = FitCurve(points);
  EXPECT_THAT(fit, IsOk());
  return *fit;
}

TEST(Curve, RecoversChosenParameters) {
  SCOPED_TRACE(SeedNote());
  const CurveFit fit = Fit(ChosenPoints(10, 30, 0.01, TestSeed()));
  EXPECT_EQ(fit.mean.form, Form::kSqrt);
  EXPECT_NEAR(fit.mean.latency_us, 20, 1);
  EXPECT_NEAR(fit.mean.Ramp(65536), 5, 0.5);
  EXPECT_NEAR(1e-3 / fit.mean.us_per_byte, 100, 3);
  ASSERT_EQ(fit.parameters.size(), 3U);
  for (const Parameter& parameter : fit.parameters) {
    EXPECT_TRUE(parameter.identified) << parameter.name;
    EXPECT_GT(parameter.standard_error, 0) << parameter.name;
  }
  // Four standard errors hold a normal estimate but for one case in 15 000.
  EXPECT_NEAR(fit.parameters[0].value, 20, 4 * fit.parameters[0].standard_error);
  EXPECT_NEAR(fit.parameters[1].value, 100, 4 * fit.parameters[1].standard_error);
  for (int e = 11; e < 30; ++e) {
    const double bytes = 1.4 * std::exp2(e);
    EXPECT_NEAR(Predict(fit, bytes).time_us / ChosenTime(bytes), 1, 0.03);
  }
}

TEST(Curve, TakesTheSimplestForm) {
  std::vector<Point> line;
  for (int e = 10; e <= 28; ++e) line.push_back({std::exp2(e), 10 + std::exp2(e) / 50e3, 0, 1});
  EXPECT_EQ(Fit(line).mean.form, Form::kLine);
  EXPECT_NEAR(Fit(line).mean.latency_us, 10, 0.05);
}

TEST(Curve, TermsAddUpExactly) {
  SCOPED_TRACE(SeedNote());
  const CurveFit fit = Fit(ChosenPoints(8, 28, 0.05, TestSeed()));
  for (double bytes = 1; bytes < 1e13; bytes *= 1.7) {
    const Prediction p = Predict(fit, bytes);
    EXPECT_EQ(p.time_us,
              p.terms.latency_us + p.terms.bandwidth_us + p.terms.ramp_us + p.terms.residual_us);
    EXPECT_GT(p.time_us, 0);
    EXPECT_LT(p.low_us, p.time_us);
    EXPECT_GT(p.high_us, p.time_us);
  }
}

TEST(Curve, OrderOfPointsIsIrrelevant) {
  SCOPED_TRACE(SeedNote());
  std::vector<Point> points = ChosenPoints(8, 28, 0.05, TestSeed());
  points.push_back({65536, 30, 31, 2});  // A second measurement of one size.
  const CurveFit fit = Fit(points);
  std::mt19937_64 random(TestSeed());
  std::shuffle(points.begin(), points.end(), random);
  const CurveFit shuffled = Fit(points);
  for (double bytes = 100; bytes < 1e9; bytes *= 1.9) {
    EXPECT_EQ(Predict(fit, bytes).time_us, Predict(shuffled, bytes).time_us);
  }
}

// Doubling is exact in binary, and the fit works in units reduced by powers of two.
TEST(Curve, ScalesWithTimeAndSize) {
  SCOPED_TRACE(SeedNote());
  const std::vector<Point> points = ChosenPoints(8, 28, 0.05, TestSeed());
  std::vector<Point> slower = points, larger = points;
  for (Point& point : slower) point.time_us *= 2;
  for (Point& point : larger) point.bytes *= 4;
  const CurveFit fit = Fit(points), slow = Fit(slower), large = Fit(larger);
  for (double bytes = 100; bytes < 1e9; bytes *= 1.9) {
    EXPECT_EQ(Predict(slow, bytes).time_us, 2 * Predict(fit, bytes).time_us);
    EXPECT_EQ(Predict(slow, bytes).high_us, 2 * Predict(fit, bytes).high_us);
    EXPECT_EQ(Predict(large, 4 * bytes).time_us, Predict(fit, bytes).time_us);
  }
}

TEST(Curve, FewPointsFallBackAndSaySo) {
  const std::vector<Point> all = {
      {1024, 10, 0, 1}, {1 << 26, 700, 0, 1}, {1 << 16, 12, 0, 1}, {1 << 21, 40, 0, 1}};
  const Form forms[] = {Form::kConstant, Form::kLine, Form::kLine, Form::kLine};
  const std::string notes[] = {"one size only", "2 sizes only", "3 sizes only", "4 sizes only"};
  for (std::size_t n = 1; n <= 4; ++n) {
    const CurveFit fit = Fit({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)});
    EXPECT_EQ(fit.mean.form, forms[n - 1]) << n;
    ASSERT_FALSE(fit.notes.empty());
    EXPECT_THAT(fit.notes[0], HasSubstr(notes[n - 1]));
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(Predict(fit, all[i].bytes).time_us / all[i].time_us, 1, 0.1) << n;
    }
    EXPECT_TRUE(Predict(fit, 1e12).extrapolated);
    EXPECT_GE(Predict(fit, 1e12).time_us, 10 * (1 - 1e-9));
  }
}

TEST(Curve, EqualTimesAreLatency) {
  std::vector<Point> points;
  for (int e = 3; e <= 14; ++e) points.push_back({std::exp2(e), 17, 0, 1});
  const CurveFit fit = Fit(points);
  EXPECT_EQ(fit.mean.form, Form::kConstant);
  EXPECT_NEAR(fit.mean.latency_us, 17, 1e-6);
  EXPECT_NEAR(Predict(fit, 300).time_us, 17, 1e-3);
  EXPECT_TRUE(fit.switches.empty());
}

// The time falls from 240 to 120 us between 512 KiB and 1 MiB, as on two nodes of eight B200.
TEST(Curve, FollowsAHumpAndListsTheSwitch) {
  std::vector<Point> points;
  for (int e = 10; e <= 19; ++e) points.push_back({std::exp2(e), 40 + std::exp2(e) / 2621, 0, 1});
  for (int e = 20; e <= 28; ++e) points.push_back({std::exp2(e), 100 + std::exp2(e) / 52e3, 0, 1});
  const CurveFit fit = Fit(points);
  ASSERT_EQ(fit.switches.size(), 1U);
  EXPECT_EQ(fit.switches[0].sign, Switch::Sign::kTimeFalls);
  EXPECT_EQ(fit.switches[0].bytes_before, std::exp2(19));
  EXPECT_EQ(fit.switches[0].bytes_after, std::exp2(20));
  EXPECT_THAT(fit.switches[0].text, HasSubstr("512 KiB and 1 MiB"));
  // The band is wide in that bracket, and narrow far from it.
  const auto width = [&fit](double bytes) {
    const Prediction p = Predict(fit, bytes);
    return std::log(p.high_us / p.low_us);
  };
  EXPECT_GT(width(std::exp2(19.5)), 3 * width(std::exp2(12.5)));
}

// Flat at 20 us, then four times as long, flat again: between rows without the step nothing is
// slower than both of them or faster than both, however a smooth residual would ring.
TEST(Curve, DoesNotRingBesideAStep) {
  std::vector<Point> points;
  for (int e = 10; e <= 24; ++e) points.push_back({std::exp2(e), e < 17 ? 20.0 : 80.0, 0, 1});
  const CurveFit fit = Fit(points);
  for (double e = 10.5; e < 24; e += 1) {
    const double us = Predict(fit, std::exp2(e)).time_us;
    if (e < 16) {
      EXPECT_NEAR(us, 20, 1e-6) << e;
    } else if (e > 17) {
      EXPECT_NEAR(us, 80, 1e-6) << e;
    } else {
      EXPECT_GT(us, 20);
      EXPECT_LT(us, 80);
    }
  }
}

// A dense sweep knows its steps better than a smooth residual does.
TEST(Curve, FollowsTheStepsOfADenseSweep) {
  std::vector<Point> points;
  const auto truth = [](double bytes) { return bytes < 1e6 ? 20.0 : 26.0; };
  for (double e = 16; e < 24; e += 1.0 / 64) {
    points.push_back({std::exp2(e), truth(std::exp2(e)), 0, 1});
  }
  const CurveFit fit = Fit(points);
  for (double e = 16.5; e < 23.5; e += 0.1) {
    if (std::abs(std::exp2(e) / 1e6 - 1) < 0.15) continue;  // the eighth with the step in it
    EXPECT_NEAR(Predict(fit, std::exp2(e)).time_us, truth(std::exp2(e)), 0.01) << e;
  }
}

TEST(Curve, DoubtsAnOutlier) {
  std::vector<Point> points = ChosenPoints(8, 28, 0, 1);
  points[6].time_us *= 12;
  const CurveFit fit = Fit(points);
  ASSERT_FALSE(fit.notes.empty());
  EXPECT_THAT(fit.notes[0], HasSubstr("16 KiB is more than 2.5 times slower"));
  EXPECT_NEAR(Predict(fit, 16384).time_us / ChosenTime(16384), 1, 0.03);
  EXPECT_NEAR(fit.mean.latency_us, 20, 1);
}

TEST(Curve, RepeatsTakeTheSmaller) {
  std::vector<Point> points = ChosenPoints(8, 28, 0, 1);
  for (Point& point : points) point.repeat_us = 0.5 * point.time_us;  // A usual ratio of a half.
  points[6].time_us *= 2;  // Disturbed; the repeat knows better, and so no outlier.
  const CurveFit fit = Fit(points);
  EXPECT_NEAR(Predict(fit, points[6].bytes).time_us / ChosenTime(points[6].bytes), 1, 0.01);
}

TEST(Curve, BandWidensOutside) {
  SCOPED_TRACE(SeedNote());
  const CurveFit fit = Fit(ChosenPoints(12, 24, 0.02, TestSeed()));
  double last_width = 0, last_time = 0;
  for (double e = 24; e <= 40; e += 0.25) {
    const Prediction p = Predict(fit, std::exp2(e));
    EXPECT_EQ(p.extrapolated, e > 24);
    const double width = std::log(p.high_us / p.low_us);
    if (e > 24) {
      EXPECT_GT(width, last_width);
      EXPECT_GE(p.time_us, last_time * (1 - 1e-12));
    }
    last_width = width;
    last_time = p.time_us;
  }
  last_width = 0;
  for (double e = 12; e >= 0; e -= 0.25) {
    const Prediction p = Predict(fit, std::exp2(e));
    EXPECT_EQ(p.extrapolated, e < 12);
    EXPECT_GT(std::log(p.high_us / p.low_us), last_width);
    last_width = std::log(p.high_us / p.low_us);
  }
}

TEST(Curve, RefusesWhatIsNoMeasurement) {
  EXPECT_THAT(FitCurve({}), IsError(ErrorCode::kBadInput, HasSubstr("no measurement")));
  EXPECT_THAT(FitCurve({{0, 1, 0, 1}}), IsError(ErrorCode::kBadInput, HasSubstr("0 bytes")));
  EXPECT_THAT(FitCurve({{8, 0, 0, 1}}), IsError(ErrorCode::kBadInput, HasSubstr("time 0 us")));
  EXPECT_THAT(FitCurve({{8, 1, -1, 1}}), IsError(ErrorCode::kBadInput, HasSubstr("repeat")));
  EXPECT_THAT(FitCurve({{8, 1, 0, 0}}), IsError(ErrorCode::kBadInput, HasSubstr("weight 0")));
  EXPECT_THAT(FitCurve({{8, std::numeric_limits<double>::quiet_NaN(), 0, 1}}),
              IsError(ErrorCode::kBadInput, HasSubstr("expected more than 0")));
}

}  // namespace
}  // namespace commplan::fit
