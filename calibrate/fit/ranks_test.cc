#include "calibrate/fit/ranks.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::fit {
namespace {

using ::testing::HasSubstr;

double Volume(double n) { return 2 * (n - 1) / n; }

// t = 4 us + 3 us log2 n + (1 us log2 n) sqrt(S / 64 KiB) + 2(n-1)/n S / 100 GB/s.
double ChosenTime(double n, double bytes, double slower) {
  return 4 + 3 * std::log2(n) + std::log2(n) * std::sqrt(bytes / 65536) +
         slower * Volume(n) * bytes / 100e3;
}

CountCurve Chosen(double n, double slower = 1) {
  CountCurve curve{n, Volume(n), {}};
  for (int e = 10; e <= 30; ++e) {
    curve.points.push_back({std::exp2(e), ChosenTime(n, std::exp2(e), slower), 0, 1});
  }
  return curve;
}

TEST(Counts, BeyondRecoversTheLaw) {
  const auto law = FitCounts({Chosen(2), Chosen(4)}, 8, Volume(8));
  ASSERT_THAT(law, IsOk());
  EXPECT_TRUE(law->beyond);
  EXPECT_TRUE(law->refusal.empty());
  EXPECT_NEAR(law->mean.latency_us, 13, 0.2);  // 4 + 3 x 3
  for (double bytes = 2000; bytes < 1e9; bytes *= 3) {
    const Prediction p = Predict(*law, bytes);
    EXPECT_NEAR(p.time_us / ChosenTime(8, bytes, 1), 1, 0.03) << bytes;
    EXPECT_EQ(p.time_us, p.terms.Total());
    EXPECT_TRUE(p.extrapolated);
  }
}

TEST(Counts, BetweenIsTheGeometricMean) {
  const CountCurve two = Chosen(2), eight = Chosen(8);
  const auto law = FitCounts({eight, two}, 4, Volume(4));  // In any order.
  ASSERT_THAT(law, IsOk());
  const double bytes = 3e6;
  const double t2 = Predict(*FitCurve(two.points), bytes).time_us;
  const double t8 = Predict(*FitCurve(eight.points), bytes).time_us;
  EXPECT_THAT(Predict(*law, bytes).time_us, IsNearRelative(std::sqrt(t2 * t8), 1e-12));
  EXPECT_FALSE(Predict(*law, bytes).extrapolated);
  EXPECT_TRUE(Predict(*law, 1e12).extrapolated);
}

TEST(Counts, PooledCoefficientsAreLearntAndUsed) {
  auto law = FitCounts({Chosen(2), Chosen(8)}, 4, Volume(4));
  ASSERT_THAT(law, IsOk());
  std::vector<PooledSample> samples;
  for (int repeat = 0; repeat < 1000; ++repeat) {
    const double bytes = std::exp2(10 + repeat % 20);
    samples.push_back(SampleOf(*law, bytes, 1.1 * Predict(*law, bytes).time_us));
  }
  const double before = Predict(*law, 1e6).time_us;
  law->pooled = FitPooled(samples);
  EXPECT_NEAR(Predict(*law, 1e6).time_us / before, 1.1, 0.01);
  EXPECT_EQ(FitPooled({}).a, 0);
}

TEST(Counts, SaysWhenPeerAccessIsLost) {
  // Ten times slower through the link at 8 ranks.
  const std::vector<CountCurve> known = {Chosen(2), Chosen(8, 10)};
  const auto law = FitCounts(known, 4, Volume(4));
  ASSERT_THAT(law, IsOk());
  EXPECT_THAT(law->refusal, HasSubstr("peer access seems lost between 2 and 8"));
  CountOptions nodes;
  nodes.refuse_when_peer_access_is_lost = false;
  EXPECT_TRUE(FitCounts(known, 4, Volume(4), nodes)->refusal.empty());
}

TEST(Counts, RefusesWhatHasNoLaw) {
  EXPECT_THAT(FitCounts({Chosen(2)}, 4, 1), IsError(ErrorCode::kBadInput, HasSubstr("found 1")));
  EXPECT_THAT(FitCounts({Chosen(2), Chosen(2)}, 4, 1),
              IsError(ErrorCode::kBadInput, HasSubstr("two curves")));
  EXPECT_THAT(FitCounts({Chosen(2), Chosen(4)}, 4, 1),
              IsError(ErrorCode::kBadInput, HasSubstr("was measured")));
  EXPECT_THAT(FitCounts({Chosen(4), Chosen(8)}, 2, 1),
              IsError(ErrorCode::kUnsupported, HasSubstr("fewer than the 4")));
  EXPECT_THAT(FitCounts({Chosen(4), Chosen(8)}, 0, 1),
              IsError(ErrorCode::kBadInput, HasSubstr("count asked for")));
}

}  // namespace
}  // namespace commplan::fit
