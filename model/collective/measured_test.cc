#include "model/collective/measured.h"

#include <cmath>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An all-reduce of a machine that follows the law exactly: 4 us + 3 us log2 n, a ramp of log2 n us
// at 64 KiB, and 2(n-1)/n S through links of 100 GB/s / slower.
MeasuredCurve Chosen(int ranks, double slower = 1, int nodes = 1) {
  const double n = ranks;
  MeasuredCurve curve;
  curve.ranks = ranks;
  curve.nodes = nodes;
  curve.latency = Micros(4 + 3 * std::log2(n));
  curve.ramp = Micros(std::log2(n));
  curve.ramp_at = KiB(64);
  curve.bandwidth = GBps(100 / slower / (2 * (n - 1) / n));
  curve.measured_min = KiB(1);
  curve.measured_max = GiB(1);
  curve.knots = {{KiB(1), 0, 0.05}, {GiB(1), 0, 0.05}};
  return curve;
}

double Us(const MeasuredWay& way, double bytes) { return InMicros(way.At(B(bytes)).cost.Total()); }

// The way to an all-reduce; a failure where there is none.
MeasuredWay Way(const MeasuredTable& table, int ranks, int nodes = 1) {
  auto way = MeasuredWay::Find(table, Op::kAllReduce, ranks, nodes);
  EXPECT_THAT(way, IsOk());
  EXPECT_TRUE(way->has_value());
  return **way;
}

TEST(Measured, TakesTheGroupsOwnCurve) {
  const MeasuredTable table{.curves = {Chosen(2), Chosen(8)}, .corrections = {}};
  const MeasuredWay way = Way(table, 8);
  EXPECT_FALSE(way.is_law());
  EXPECT_THAT(way.CurvesUsed(), ElementsAre(1U));
  // 13 us, 3 us sqrt(16), 1.75 MiB through 100 GB/s
  EXPECT_NEAR(Us(way, 1048576), 13 + 12 + 1.75 * 10.48576, 1e-6);
  EXPECT_NEAR(way.At(MiB(1)).half_width, std::log(1.05), 1e-12);
}

TEST(Measured, BeyondRecoversTheLaw) {
  const MeasuredTable table{.curves = {Chosen(4), Chosen(2)}, .corrections = {}};  // in any order
  const MeasuredWay way = Way(table, 8);
  EXPECT_TRUE(way.beyond());
  const MeasuredCurve eight = Chosen(8);
  const PreparedCurve truth(eight);
  for (double bytes = 2000; bytes < 1e9; bytes *= 3) {
    EXPECT_NEAR(Us(way, bytes), std::exp(truth.At(B(bytes)).ln_time) * 1e6, 1e-6 * bytes);
    EXPECT_TRUE(way.At(B(bytes)).extrapolated);
  }
}

TEST(Measured, BetweenIsTheGeometricMean) {
  const MeasuredTable table{.curves = {Chosen(8), Chosen(2)}, .corrections = {}};
  const MeasuredWay four = Way(table, 4);
  const double bytes = 3e6;
  EXPECT_THAT(Us(four, bytes),
              IsNearRelative(std::sqrt(Us(Way(table, 2), bytes) * Us(Way(table, 8), bytes)), 1e-9));
  EXPECT_FALSE(four.At(B(bytes)).extrapolated);
  EXPECT_TRUE(four.At(B(1e12)).extrapolated);
  EXPECT_GT(four.At(B(bytes)).half_width, std::log(1.05));
}

TEST(Measured, UsesTheCorrectionOfItsOperation) {
  MeasuredTable table{.curves = {Chosen(2), Chosen(8)}, .corrections = {}};
  const double before = Us(Way(table, 4), 1e6);
  table.corrections = {{Op::kAllGather, {1, 0, 0, 0}, {}},
                       {Op::kAllReduce, {std::log(1.1), 0, 0, 0}, {}}};
  EXPECT_THAT(Us(Way(table, 4), 1e6), IsNearRelative(1.1 * before, 1e-12));
  EXPECT_EQ(Us(Way(table, 8), 1e6), Us(Way({.curves = {Chosen(8)}, .corrections = {}}, 8), 1e6));
}

TEST(Measured, TheBandOfALawIsThatOfItsCurvesAndItsOwn) {
  MeasuredTable table{.curves = {Chosen(2), Chosen(8)}, .corrections = {}};
  const auto width = [&table](int ranks) { return Way(table, ranks).At(MiB(1)).half_width; };
  // Nobody measured how far the law goes astray: a factor of two, and four for two doublings.
  EXPECT_NEAR(width(4), std::log(1.05) + std::log(2), 1e-12);
  EXPECT_NEAR(width(32), std::log(1.05) + 2 * std::log(2), 1e-12);
  CountCorrection known{Op::kAllReduce, {}, {}};
  known.between_band = 0.1;
  known.beyond_band = 0.3;
  table.corrections = {known};
  EXPECT_NEAR(width(4), std::log(1.05) + std::log(1.1), 1e-12);
  EXPECT_NEAR(width(32), std::log(1.05) + 2 * std::log(1.3), 1e-12);
  EXPECT_NEAR(width(8), std::log(1.05), 1e-12);
}

TEST(Measured, CountsNodesWhereThereAreSeveral) {
  // 8 ranks on 1 node, 16 on 2: a law over nodes for 32 on 4, none for 16 on 4.
  const MeasuredTable table{.curves = {Chosen(8), Chosen(16, 3, 2)}, .corrections = {}};
  const MeasuredWay way = Way(table, 32, 4);
  EXPECT_TRUE(way.beyond());
  EXPECT_TRUE(way.between_nodes());
  EXPECT_GT(InMicros(way.At(MiB(1)).cost.At(Term::kNetworkBandwidth)), 0);
  const auto none = MeasuredWay::Find(table, Op::kAllReduce, 16, 4);
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
}

TEST(Measured, SaysWhenPeerAccessIsLost) {
  const MeasuredTable table{.curves = {Chosen(2), Chosen(8, 10)}, .corrections = {}};
  EXPECT_THAT(
      MeasuredWay::Find(table, Op::kAllReduce, 4, 1),
      IsError(ErrorCode::kUnsupported, HasSubstr("peer access seems lost between 2 and 8 ranks")));
}

TEST(Measured, HasNothingForOtherOperationsAndFewerRanks) {
  const MeasuredTable table{.curves = {Chosen(4), Chosen(8)}, .corrections = {}};
  for (const auto& none : {MeasuredWay::Find(table, Op::kAllReduce, 2, 1),
                           MeasuredWay::Find(table, Op::kAllGather, 8, 1)}) {
    ASSERT_THAT(none, IsOk());
    EXPECT_FALSE(none->has_value());
  }
}

TEST(Measured, NearestPrefersTheOperationThenNodesThenRanks) {
  MeasuredCurve gather = Chosen(8);
  gather.op = Op::kAllGather;
  const MeasuredTable table{.curves = {Chosen(2), Chosen(16, 1, 2), gather}, .corrections = {}};
  EXPECT_EQ(NearestCurve(table, Op::kAllReduce, 8, 1), 0U);
  EXPECT_EQ(NearestCurve(table, Op::kAllReduce, 32, 4), 1U);
  EXPECT_EQ(NearestCurve(table, Op::kAllGather, 2, 1), 2U);
  EXPECT_FALSE(NearestCurve({}, Op::kAllGather, 2, 1));
}

}  // namespace
}  // namespace commplan
