// The closed forms against numbers worked out by hand, on a device of round numbers: 1 Tflop/s,
// 1 GB/s, efficiencies of one half.
#include <gtest/gtest.h>

#include <cmath>

#include "model/compute/attention.h"
#include "model/compute/gemm.h"
#include "model/compute/kernel.h"
#include "model/compute/memory_bound.h"
#include "model/compute/moe.h"

namespace commplan {
namespace {

constexpr FlopRate kRate = TFlopps(1);
constexpr Bandwidth kMemory = GBps(1);

TEST(KernelTest, SoftMaximumOfThreeAndFour) {
  // p = 2: (3^2 + 4^2)^(1/2) = 5, parts 9/5 and 16/5.
  const KernelParts parts = Compose<double>({Seconds(1), Seconds(3), Seconds(4), Seconds(0)}, 2);
  EXPECT_DOUBLE_EQ(InSeconds(parts.launch), 1);
  EXPECT_NEAR(InSeconds(parts.compute), 1.8, 1e-12);
  EXPECT_NEAR(InSeconds(parts.memory), 3.2, 1e-12);
  EXPECT_EQ(InSeconds(parts.serial), 0);
  EXPECT_NEAR(InSeconds(parts.Total()), 6, 1e-12);
}

TEST(KernelTest, SharpnessGoesFromSumToMaximum) {
  const TimesAlone<double> alone{Seconds(0), Seconds(1), Seconds(2), Seconds(3)};
  EXPECT_NEAR(InSeconds(ComposedTime(alone, 1.0)), 6, 1e-12);
  EXPECT_NEAR(InSeconds(ComposedTime(alone, 60.0)), 3, 1e-6);
  double last = 6.1;
  for (double p = 1; p < 20; p *= 1.5) {
    const double now = InSeconds(ComposedTime(alone, p));
    EXPECT_LT(now, last);
    EXPECT_GE(now, 3);
    last = now;
  }
}

// The parts are x * d/dx (Euler): the derivative by ln of a resource's time is its part.
TEST(KernelTest, PartsAreTheDerivatives) {
  using D = Dual<3>;
  const TimesAlone<D> alone{TimeOf<D>::FromBase(D(1)), TimeOf<D>::FromBase(D::Input(2, 0)),
                            TimeOf<D>::FromBase(D::Input(5, 1)),
                            TimeOf<D>::FromBase(D::Input(3, 2))};
  const D total = ComposedTime(alone, D(1.7)).base();
  const KernelParts parts = Compose<double>({Seconds(1), Seconds(2), Seconds(5), Seconds(3)}, 1.7);
  EXPECT_NEAR(InSeconds(parts.compute), total.slope(0) * 2, 1e-12);
  EXPECT_NEAR(InSeconds(parts.memory), total.slope(1) * 5, 1e-12);
  EXPECT_NEAR(InSeconds(parts.serial), total.slope(2) * 3, 1e-12);
}

GemmEfficiency HalfGemm() {
  GemmEfficiency e;
  e.launch = Micros(2);
  e.compute = 0.5;
  e.memory = 0.5;
  e.small = 0.25;
  e.serial = Micros(8);
  e.serial_exponent = 0.5;
  e.sharpness = 2;
  return e;
}

TEST(GemmTest, EachResourceByHand) {
  const GemmGroundOf<double> ground{2, 2, 0, kRate, kMemory, B(7.5 * 1024 * 2000 * 2)};
  const TimesAlone<double> t = GemmTimes({100, 2000, 1024, 1}, ground, HalfGemm());
  EXPECT_NEAR(InMicros(t.launch), 2, 1e-12);
  // 2 * 100 * 2000 * 1024 flops at half a Tflop/s.
  EXPECT_NEAR(InMicros(t.compute), 409.6e6 / 0.5e6, 1e-9);
  // The weight is as large as the scale: both efficiencies count half, 1/2 (4 + 2) = 3 times the
  // bytes (2000 * 1024 + 100 * 1024 + 100 * 2000) * 2 at 1000 bytes per microsecond.
  EXPECT_NEAR(InMicros(t.memory), 3 * 4700.8, 1e-6);
  EXPECT_NEAR(InMicros(t.serial), 8 * 0.5, 1e-9);  // sqrt(1024 / 4096)
}

TEST(GemmTest, QuantisingIsPaidBeforeTheProduct) {
  GemmGroundOf<double> ground{1, 1, 3, kRate, kMemory, GB(1)};
  const TimesAlone<double> t = GemmTimes({100, 2000, 1000, 1}, ground, HalfGemm());
  // 100 * 1000 values of 2 bytes read and 1 written, at half of 1000 bytes per microsecond.
  EXPECT_NEAR(InMicros(t.launch), 2 + 600, 1e-9);
}

TEST(AttentionTest, VisiblePairs) {
  EXPECT_EQ(VisiblePairs(4, 0, 0), 10);     // 1 + 2 + 3 + 4
  EXPECT_EQ(VisiblePairs(4, 10, 0), 50);    // 11 + 12 + 13 + 14
  EXPECT_EQ(VisiblePairs(4, 0, 2), 7);      // 1 + 2 + 2 + 2
  EXPECT_EQ(VisiblePairs(4, 10, 12), 47);   // 11 + 12 + 12 + 12
  EXPECT_EQ(VisiblePairs(1, 100, 64), 64);  // one new token, window full
  // Against a count of all pairs.
  for (const int past : {0, 1, 5}) {
    for (const int window : {1, 3, 7, 20}) {
      double pairs = 0;
      for (int i = 0; i < 9; ++i) pairs += std::min(past + i + 1, window);
      EXPECT_EQ(VisiblePairs(9, past, window), pairs) << past << " " << window;
    }
  }
}

TEST(AttentionTest, GenerationByHand) {
  AttentionShape shape;
  shape.batch = 2;
  shape.q_heads = 8;
  shape.kv_heads = 4;
  shape.past_tokens = 1023;
  const AttentionWork work = ReduceAttention(shape, 2, 2);
  EXPECT_EQ(work.flops, 4.0 * 2 * 8 * 128 * 1024);
  EXPECT_EQ(work.moved, 4.0 * 2 * 4 * 128 * 1024 + 4.0 * 2 * 8 * 128);
  EXPECT_EQ(work.unsplit, 0);
  AttentionEfficiency e;
  e.launch = Micros(5);
  e.compute = e.memory = 0.5;
  e.serial = Micros(4);
  e.serial_exponent = 1;
  e.kv_item = B(1000);
  e.q_item = B(10);
  e.unsplit = Micros(100);
  const TimesAlone<double> t = AttentionTimes(AttentionPhase::kGeneration, work, kRate, kMemory, e);
  EXPECT_NEAR(InMicros(t.compute), work.flops / 0.5e6, 1e-9);
  EXPECT_NEAR(InMicros(t.memory), (work.moved + 8 * 1000 + 16 * 10) / 500, 1e-6);
  EXPECT_NEAR(InMicros(t.serial), 1, 1e-12);  // 4 us * 1024 / 4096
  shape.q_heads = 4;
  const TimesAlone<double> own =
      AttentionTimes(AttentionPhase::kGeneration, ReduceAttention(shape, 2, 2), kRate, kMemory, e);
  EXPECT_NEAR(InMicros(own.serial), 1 + 25, 1e-12);
}

// DeepSeek-V3's absorbed decode: one latent of 512 + 64 per token serves keys and values.
TEST(AttentionTest, LatentCacheIsReadOnce) {
  AttentionShape shape;
  shape.q_heads = 128;
  shape.qk_size = 576;
  shape.v_size = 512;
  shape.latent = true;
  shape.past_tokens = 999;
  const AttentionWork work = ReduceAttention(shape, 2, 2);
  EXPECT_EQ(work.moved, 1000.0 * 1152 + 128 * (576 + 512) * 2);
  EXPECT_EQ(work.flops, 2.0 * 128 * (576 + 512) * 1000);
}

TEST(AttentionTest, FactorsFollowHeadSizeAndWindow) {
  AttentionEfficiency e;
  e.size_64 = 2;
  e.size_192 = 3;
  e.size_256 = 5;
  e.window = 7;
  AttentionShape shape;
  EXPECT_EQ(AttentionFactor(shape, e), 1);
  shape.window = 64;
  EXPECT_EQ(AttentionFactor(shape, e), 1);  // The window cuts nothing off yet.
  shape.past_tokens = 64;
  EXPECT_EQ(AttentionFactor(shape, e), 7);
  shape.qk_size = 64;
  EXPECT_EQ(AttentionFactor(shape, e), 14);
  shape.window = 0;
  shape.qk_size = 192;
  EXPECT_EQ(AttentionFactor(shape, e), 3);
  shape.qk_size = 256;
  EXPECT_EQ(AttentionFactor(shape, e), 5);
}

TEST(AttentionTest, ContextPadsRows) {
  AttentionShape shape;
  shape.phase = AttentionPhase::kContext;
  shape.new_tokens = 100;
  const AttentionWork work = ReduceAttention(shape, 2, 2);
  AttentionEfficiency e;
  e.compute = e.memory = e.serial_exponent = 1;
  e.padding = 10;
  const TimesAlone<double> t = AttentionTimes(AttentionPhase::kContext, work, kRate, kMemory, e);
  EXPECT_NEAR(InMicros(t.compute), 512 * (5050 + 10 * 100) / 1e6, 1e-12);
}

TEST(MoeTest, EvenAndRandomExperts) {
  MoeShape shape;
  shape.tokens = 8;
  shape.hidden = 100;
  shape.width = 40;
  shape.top_k = 2;
  shape.experts = 16;
  shape.tp = 2;
  shape.ep = 4;
  shape.even = true;
  MoeWork work = ReduceMoe(shape);
  EXPECT_EQ(work.calls, 4);    // 8 * 2 / 4
  EXPECT_EQ(work.touched, 4);  // of 16 / 4 experts
  EXPECT_EQ(work.weights, 3 * 100 * 20);
  EXPECT_EQ(work.routed, 8 * 2 * 100 * 2);
  shape.even = false;
  work = ReduceMoe(shape);
  EXPECT_NEAR(work.touched, 4 * (1 - std::pow(1 - 2.0 / 16, 8)), 1e-12);
  shape.imbalance = 2;
  shape.gated = false;
  work = ReduceMoe(shape);
  EXPECT_EQ(work.calls, 8);
  EXPECT_EQ(work.weights, 2 * 100 * 20);
  EXPECT_NEAR(work.touched, 4 * (1 - std::pow(1 - 4.0 / 16, 8)), 1e-12);
}

TEST(MoeTest, EachResourceByHand) {
  MoeEfficiency e;
  e.launch = Micros(20);
  e.compute = e.memory = 0.5;
  e.expert = Micros(3);
  e.padding = 10;
  e.passes = 2;
  const MoeWork work{1000, 4, 1e6, 500, 7000};
  const TimesAlone<double> t = MoeTimes(work, 2.0, kRate, kMemory, e);
  EXPECT_NEAR(InMicros(t.compute), 2 * 1040 * 1e6 / 0.5e6, 1e-6);
  EXPECT_NEAR(InMicros(t.memory), (4 * 1e6 * 2 + 1000 * 500 + 2 * 7000) / 500, 1e-6);
  EXPECT_NEAR(InMicros(t.serial), 12, 1e-12);
}

TEST(MemoryBoundTest, BytesAndTime) {
  EXPECT_EQ(NormBytes(10, 100, 2, false), B(4000));
  EXPECT_EQ(NormBytes(10, 100, 2, true), B(8000));
  EXPECT_EQ(ActivationBytes(10, 100, 2, true), B(6000));
  EXPECT_EQ(EmbeddingBytes(10, 100, 2), B(4000));
  EXPECT_EQ(CopyBytes(KB(3)), KB(6));
  const MemoryEfficiency e{Micros(2), 0.5};
  EXPECT_NEAR(InMicros(MemoryTimes(KB(100), kMemory, e).Total()), 2 + 200, 1e-9);
}

}  // namespace
}  // namespace commplan
