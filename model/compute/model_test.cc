// What must hold of a prepared model whatever its numbers: floors, monotony, units, bands.
#include "model/compute/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

ComputeDevice Device() {
  ComputeDevice device;
  device.memory = TBps(3);
  device.cache = MB(50);
  device.half = TFlopps(1000);
  device.eight = TFlopps(2000);
  return device;
}

GemmFit SomeGemm() {
  GemmFit fit;
  fit.engine = "any";
  fit.efficiency = {Micros(2), 0.8, 0.8, 0.6, Micros(3), 0.4, 2};
  fit.evidence.bands.fill({0.9, 1.2});
  fit.evidence.measured = {{0, 15}, {5, 16}, {5, 16}};
  return fit;
}

AttentionFit SomeGeneration() {
  AttentionFit fit;
  AttentionEfficiency& e = fit.efficiency;
  e.launch = Micros(8);
  e.compute = 0.3;
  e.memory = 0.8;
  e.serial = Micros(4);
  e.serial_exponent = 0.5;
  e.sharpness = 1.5;
  e.kv_item = KB(50);
  e.q_item = B(500);
  e.unsplit = Micros(1);
  e.size_64 = e.size_192 = e.size_256 = e.window = 1;
  fit.evidence.bands.fill({0.9, 1.2});
  fit.evidence.measured = {{0, 11}, {0, 7}, {0, 17}, {0, 6}};
  return fit;
}

GemmModel Made(const GemmFit& fit) { return GemmModel::Create(Device(), fit).value(); }

GemmShape RandomShape(std::mt19937_64& random) {
  std::uniform_real_distribution<double> octaves(0, 15);
  return {std::round(std::exp2(octaves(random))), std::round(std::exp2(octaves(random))),
          std::round(std::exp2(octaves(random))), 1};
}

TEST(GemmModelTest, NeverFasterThanTheDatasheetAllows) {
  GemmFit fit = SomeGemm();
  // A table that claims all is ten times faster: the floor must hold.
  fit.evidence.table = ResidualTable({{0, 15}}, {-2.3, -2.3});
  const GemmModel model = Made(fit);
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 2000; ++i) {
    const GemmShape s = RandomShape(random);
    const double flops = 2 * s.m * s.n * s.k / 1e15, weights = 2 * s.n * s.k / 3e12;
    const double t = InSeconds(model.TimeOf(s));
    EXPECT_GE(t, std::max(flops, weights) * (1 - 1e-12));
    EXPECT_GE(InSeconds(model.Price(s).low), std::max(flops, weights) * (1 - 1e-12));
  }
}

TEST(GemmModelTest, FormulaRisesWithEachSize) {
  GemmFit fit = SomeGemm();
  // One efficiency for all weights: with two, a larger weight may reach more of the memory's rate.
  fit.efficiency.small = fit.efficiency.memory;
  const GemmModel model = Made(fit);
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 2000; ++i) {
    const GemmShape s = RandomShape(random);
    const Time t = model.TimeOf(s);
    EXPECT_GT(model.TimeOf({s.m * 2, s.n, s.k, 1}), t);
    EXPECT_GT(model.TimeOf({s.m, s.n * 2, s.k, 1}), t);
    EXPECT_GT(model.TimeOf({s.m, s.n, s.k * 2, 1}), t);
    EXPECT_GT(model.TimeOf({s.m, s.n, s.k, 2}), t);
  }
}

TEST(GemmModelTest, TwiceAsFastADeviceTakesHalfTheTime) {
  GemmFit fit = SomeGemm();
  ComputeDevice fast = Device();
  fast.memory = fast.memory * 2.0;
  fast.half = fast.half * 2.0;
  GemmFit quick = fit;
  quick.efficiency.launch = fit.efficiency.launch * 0.5;
  quick.efficiency.serial = fit.efficiency.serial * 0.5;
  const GemmModel slow_model = Made(fit);
  const GemmModel fast_model = GemmModel::Create(fast, quick).value();
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 500; ++i) {
    const GemmShape s = RandomShape(random);
    EXPECT_NEAR(slow_model.TimeOf(s) / fast_model.TimeOf(s), 2, 1e-9);
  }
}

TEST(GemmModelTest, PriceAndTimeAgreeAndPartsAddUp) {
  GemmFit fit = SomeGemm();
  fit.evidence.table = ResidualTable({{0, 15}, {5, 16}}, {0.1, -0.1, 0.05, 0});
  const GemmModel model = Made(fit);
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 500; ++i) {
    const GemmShape s = RandomShape(random);
    const KernelTime price = model.Price(s);
    EXPECT_NEAR(price.Total() / model.TimeOf(s), 1, 1e-12);
    EXPECT_LE(price.low, price.Total());
    EXPECT_GE(price.high, price.Total());
  }
}

TEST(GemmModelTest, SaysWhenItExtrapolatesAndWidens) {
  const GemmModel model = Made(SomeGemm());
  const KernelTime inside = model.Price({64, 4096, 4096, 1});
  EXPECT_FALSE(inside.extrapolated);
  EXPECT_NEAR(inside.high / inside.Total(), 1.2, 1e-12);
  const KernelTime outside = model.Price({64, 4096, 262144, 1});  // k two octaves beyond
  EXPECT_TRUE(outside.extrapolated);
  EXPECT_NEAR(outside.high / outside.Total(), 1.2 * std::exp(0.2), 1e-12);
  GemmFit elsewhere = SomeGemm();
  elsewhere.evidence.widening = 1.1;
  const KernelTime other = Made(elsewhere).Price({64, 4096, 4096, 1});
  EXPECT_TRUE(other.extrapolated);
  EXPECT_NEAR(other.high / other.Total(), 1.32, 1e-12);
}

TEST(GemmModelTest, RegimesFollowTheShape) {
  EXPECT_EQ(GemmRegime({64, 512, 512, 1}), 0U);
  EXPECT_EQ(GemmRegime({65, 512, 512, 1}), 1U);
  EXPECT_EQ(GemmRegime({1024, 512, 512, 1}), 2U);
  EXPECT_EQ(GemmRegime({1024, 512, 511, 1}), 5U);
}

TEST(GemmModelTest, NoRateIsAnErrorThatSaysSo) {
  GemmFit fit = SomeGemm();
  fit.type = ComputeType::kNvfp4;
  EXPECT_THAT(GemmModel::Create(Device(), fit),
              IsError(ErrorCode::kUnsupported, HasSubstr("nvfp4")));
  ComputeDevice device = Device();
  device.cache = Bytes();
  EXPECT_THAT(GemmModel::Create(device, SomeGemm()),
              IsError(ErrorCode::kUnsupported, HasSubstr("cache")));
}

TEST(AttentionModelTest, RisesWithWorkAndNeverBeatsTheMemory) {
  const AttentionModel model = AttentionModel::Create(Device(), SomeGeneration()).value();
  std::mt19937_64 random(TestSeed());
  std::uniform_real_distribution<double> octaves(0, 9);
  for (int i = 0; i < 1000; ++i) {
    AttentionShape s;
    s.batch = std::round(std::exp2(octaves(random)));
    s.kv_heads = std::round(std::exp2(octaves(random) / 2));
    s.q_heads = s.kv_heads * std::round(std::exp2(octaves(random) / 2) + 1);
    s.past_tokens = std::round(std::exp2(1.5 * octaves(random)));
    const Time t = model.TimeOf(s);
    const double keys = s.past_tokens + 1;
    EXPECT_GE(InSeconds(t), 4 * s.batch * s.kv_heads * 128 * keys / 3e12);
    AttentionShape more = s;
    more.batch *= 2;
    EXPECT_GT(model.TimeOf(more), t);
    more = s;
    more.past_tokens *= 2;
    EXPECT_GT(model.TimeOf(more), t);
    more = s;
    more.window = keys;  // A window that cuts nothing changes nothing.
    EXPECT_EQ(model.TimeOf(more), t);
  }
}

TEST(AttentionModelTest, LatentCachesAreExtrapolated) {
  const AttentionModel model = AttentionModel::Create(Device(), SomeGeneration()).value();
  AttentionShape shape;
  shape.past_tokens = 1000;
  EXPECT_FALSE(model.Price(shape).extrapolated);
  shape.latent = true;
  EXPECT_TRUE(model.Price(shape).extrapolated);
}

TEST(AttentionModelTest, KnowsTheGroupsAtWhichAKernelCollapses) {
  AttentionFit fit = SomeGeneration();
  AttentionShape shape;
  shape.q_heads = 48;
  EXPECT_TRUE(AttentionModel::Create(Device(), fit).value().Supports(shape));
  fit.largest_group = 32;
  EXPECT_FALSE(AttentionModel::Create(Device(), fit).value().Supports(shape));
  shape.kv_heads = 2;
  EXPECT_TRUE(AttentionModel::Create(Device(), fit).value().Supports(shape));
}

TEST(MoeModelTest, RisesWithTokensAndImbalance) {
  MoeFit fit;
  fit.efficiency = {Micros(30), 0.5, 0.8, Micros(0.1), 2, 8, 1};
  fit.evidence.bands.fill({0.7, 1.5});
  const MoeModel model = MoeModel::Create(Device(), fit).value();
  MoeShape shape;
  shape.hidden = 4096;
  shape.width = 1536;
  shape.top_k = 8;
  shape.experts = 128;
  shape.ep = 8;
  Time last{};
  for (double tokens = 1; tokens < 1e5; tokens *= 3) {
    shape.tokens = tokens;
    shape.imbalance = 1;
    const Time t = model.TimeOf(shape);
    EXPECT_GT(t, last);
    last = t;
    shape.imbalance = 2;
    EXPECT_GT(model.TimeOf(shape), t);
    EXPECT_TRUE(model.Price(shape).extrapolated);  // Nothing was measured.
  }
}

TEST(ComputeTypeTest, NamesAndRates) {
  for (const char* name : {"bf16", "fp8", "fp8_block", "nvfp4", "int8_wo", "int4_wo", "int8_sq"}) {
    const auto type = ComputeTypeNamed(name);
    ASSERT_TRUE(type.has_value()) << name;
    EXPECT_EQ(TraitsOf(*type).name, name);
    EXPECT_EQ(TraitsOf(*type).type, *type);
  }
  EXPECT_FALSE(ComputeTypeNamed("fp9").has_value());
  EXPECT_EQ(PeakRate(Device(), ComputeType::kInt4WeightOnly), TFlopps(1000));
  EXPECT_EQ(PeakRate(Device(), ComputeType::kFp8Block), TFlopps(2000));
  // A scale of one byte per 16 values of half a byte.
  EXPECT_EQ(TraitsOf(ComputeType::kNvfp4).weight_bytes, 0.5 + 1.0 / 16);
}

}  // namespace
}  // namespace commplan
