#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/collective/price.h"

namespace commplan {
namespace {

using ::testing::ElementsAre;

Fabric EightAndNetwork() {
  return {.tiers = {{.name = "node",
                     .kind = TierKind::kSwitch,
                     .ranks = 8,
                     .bandwidth = GBps(100),
                     .latency = Micros(1)},
                    {.name = "network",
                     .kind = TierKind::kSwitch,
                     .ranks = 0,
                     .bandwidth = GBps(10),
                     .latency = Micros(5),
                     .ports = 8}}};
}

MeasuredCurve AllReduce(int ranks, double latency_us) {
  MeasuredCurve curve;
  curve.ranks = ranks;
  curve.latency = Micros(latency_us);
  curve.bandwidth = GBps(50);
  curve.measured_min = KiB(1);
  curve.measured_max = MiB(64);
  curve.knots = {{KiB(1), 0, 0.1}, {MiB(64), 0, 0.1}};
  return curve;
}

std::vector<Engine> Engines() {
  std::vector<Engine> engines(2);
  engines[0].name = "mine";
  engines[0].rule = EngineRule::kMeasured;
  engines[0].fallback = "ideal";
  engines[0].measured.curves = {AllReduce(4, 20), AllReduce(8, 30)};
  engines[1].name = "ideal";
  engines[1].rule = EngineRule::kCheapest;
  return engines;
}

Result<CollectiveModel> Model(const std::vector<Engine>& engines, const Fabric& fabric, Op op,
                              const Group& group) {
  return CollectiveModel::Create(fabric, engines, engines.front(),
                                 {.op = op, .group = group, .algorithm = {}});
}

TEST(MeasuredPrice, IsTheCurve) {
  const Fabric fabric = EightAndNetwork();
  const std::vector<Engine> engines = Engines();
  const auto model = Model(engines, fabric, Op::kAllReduce, {.ranks = 8});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->basis(), Basis::kMeasured);
  EXPECT_THAT(model->MeasuredPaths(), ElementsAre("engines.mine.curves.1"));
  const Price price = model->At(MB(1));
  EXPECT_NEAR(InMicros(price.cost.Total()), 50, 1e-9);  // 30 + 1 MB / 50 GB/s
  EXPECT_NEAR(InMicros(price.low), 50 / 1.1, 1e-9);
  EXPECT_NEAR(InMicros(price.high), 50 * 1.1, 1e-9);
  EXPECT_FALSE(price.extrapolated);
  EXPECT_TRUE(model->At(GB(1)).extrapolated);
  // Halves of the two terms.
  const Sensitivity s = model->SensitivityAt(MB(1));
  EXPECT_NEAR(InMicros(s.saved_by_half_latency), 15, 1e-9);
  EXPECT_NEAR(InMicros(s.saved_by_double_bandwidth), 10, 1e-9);
  // The fallback's ways are what else there is.
  EXPECT_FALSE(model->AlternativesAt(MB(1)).empty());
}

TEST(MeasuredPrice, ScalesTheModelWhereNothingWasMeasured) {
  const Fabric fabric = EightAndNetwork();
  const std::vector<Engine> engines = Engines();
  const std::vector<Engine> ideal = {engines[1]};
  const auto anchor = Model(ideal, fabric, Op::kAllReduce, {.ranks = 8});
  const double factor = 50 / InMicros(anchor->At(MB(1)).cost.Total());
  // Another operation, several nodes, and groups that share links.
  for (const auto& [op, group] :
       {std::pair(Op::kAllGather, Group{.ranks = 8}), std::pair(Op::kAllReduce, Group{.ranks = 16}),
        std::pair(Op::kAllReduce, Group{.ranks = 8, .stride = 1, .concurrent = 2})}) {
    const auto model = Model(engines, fabric, op, group);
    const auto plain = Model(ideal, fabric, op, group);
    ASSERT_THAT(model, IsOk());
    EXPECT_EQ(model->basis(), Basis::kScaled);
    const Price price = model->At(MB(1));
    EXPECT_THAT(InMicros(price.cost.Total()),
                IsNearRelative(factor * InMicros(plain->At(MB(1)).cost.Total()), 1e-12));
    EXPECT_TRUE(price.extrapolated);
    EXPECT_LT(price.low * 1.4, price.cost.Total());
    ASSERT_NE(model->scaled_from(), nullptr);
    EXPECT_EQ(model->scaled_from()->op, Op::kAllReduce);
  }
}

TEST(MeasuredPrice, AFixedAlgorithmIsTheModels) {
  const Fabric fabric = EightAndNetwork();
  const std::vector<Engine> engines = Engines();
  const auto model = CollectiveModel::Create(
      fabric, engines, engines.front(),
      {.op = Op::kAllReduce, .group = {.ranks = 8}, .algorithm = Algorithm::kRing});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->basis(), Basis::kModel);
}

TEST(MeasuredPrice, OneRankSendsNothing) {
  const Fabric fabric = EightAndNetwork();
  const std::vector<Engine> engines = Engines();
  const auto model = Model(engines, fabric, Op::kAllReduce, {.ranks = 1});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->At(MB(1)).cost.Total(), Time());
}

}  // namespace
}  // namespace commplan
