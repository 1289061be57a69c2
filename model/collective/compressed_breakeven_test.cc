// Break-even against closed forms and cases worked out by hand; the brute force is in
// tests/property.
#include "model/collective/compressed_breakeven.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/base/test_matchers.h"

namespace commplan {
namespace {

GroupShape Pair(Bandwidth bandwidth) {
  GroupShape shape;
  shape.ranks = shape.local = 2;
  shape.neighbour = shape.all_peers = bandwidth;
  return shape;
}

TEST(WherePaysTest, LinesMeetOnce) {
  const BreakEven answer =
      WherePays({[](double x) { return 3 * x; }}, {[](double x) { return 10 + x; }}, 1, 1e6);
  ASSERT_EQ(answer.pays.size(), 1U);
  EXPECT_NEAR(answer.pays[0].from, 5, 1e-9);
  EXPECT_EQ(answer.pays[0].to, 1e6);
  EXPECT_EQ(answer.Start(), answer.pays[0].from);
  EXPECT_EQ(answer.Stop(), std::nullopt);
  EXPECT_FALSE(answer.Always());
  EXPECT_TRUE(answer.PaysAt(6));
  EXPECT_FALSE(answer.PaysAt(4));
}

TEST(WherePaysTest, AlwaysAndNever) {
  const TimeCurve low = [](double x) { return 1 + x; };
  const TimeCurve high = [](double x) { return 2 + x; };
  EXPECT_TRUE(WherePays({high}, {low}, 0, 1e12).Always());
  EXPECT_TRUE(WherePays({low}, {high}, 0, 1e12).Never());
  EXPECT_TRUE(WherePays({low}, {low}, 0, 1e12).Never()) << "equal is not better";
}

// A convex curve may go below a line and come up again; the least of two may do so twice.
TEST(WherePaysTest, EveryCrossingIsFound) {
  const TimeCurve line = [](double) { return 10.0; };
  const TimeCurve valley = [](double x) { return std::max(20 - x, x - 20) + 5; };
  const TimeCurve second = [](double x) { return std::max(9 - (x - 90), x - 90 + 9); };
  const BreakEven answer = WherePays({line}, {valley, second}, 1, 1000);
  ASSERT_EQ(answer.pays.size(), 2U);
  EXPECT_NEAR(answer.pays[0].from, 15, 1e-9);
  EXPECT_NEAR(answer.pays[0].to, 25, 1e-9);
  EXPECT_NEAR(answer.pays[1].from, 89, 1e-9);
  EXPECT_NEAR(answer.pays[1].to, 91, 1e-9);
  // The narrow one is seen by no grid that is coarser than it.
  EXPECT_EQ(WherePaysOnGrid(
                line, [&](double x) { return std::min(valley(x), second(x)); }, 1, 1000, 1)
                .pays.size(),
            1U);
  EXPECT_EQ(WherePaysOnGrid(
                line, [&](double x) { return std::min(valley(x), second(x)); }, 1, 1000, 100)
                .pays.size(),
            2U);
}

// One transfer: it pays while encoding and decoding a byte takes less than (1 - w)/B. One GB/s is
// one byte per nanosecond, so that is picoseconds at tens of GB/s: 26.4, 33.8, 67.5 for a codec of
// 10 bytes per 32 values; not nanoseconds.
TEST(BreakEvenTest, OneTransferInPicoseconds) {
  CodecCost tq3;
  tq3.share = 10.0 / 64;
  tq3.encode = tq3.decode = NanosPerByte(1e-3);  // together 2 ps per byte
  const struct { double rate, picoseconds; } kLinks[] = {{32, 26.367}, {25, 33.75}, {12.5, 67.5}};
  for (const auto& link : kLinks) {
    const auto contest = MakeContest(Op::kPointToPoint, Pair(GBps(link.rate)), tq3, {}, MiB(1),
                                     CompressedScheme::kDirect);
    ASSERT_TRUE(contest.ok());
    const BreakEven speed = BreakEvenCodecSpeed(*contest, 1e-6, 1e3);
    // Slower by this factor it takes just the break-even time.
    ASSERT_TRUE(speed.Start().has_value());
    EXPECT_NEAR(2 / *speed.Start(), link.picoseconds, 0.001) << link.rate;
    EXPECT_NEAR(2e-12 / *speed.Start() * link.rate * 1e9, 1 - 10.0 / 64, 1e-9)
        << "bytes saved per byte of link time";
  }
  // At nanoseconds per byte, as the proposal has it, no such link is slow enough.
  tq3.encode = tq3.decode = NanosPerByte(26.4 / 2);
  const auto contest =
      MakeContest(Op::kPointToPoint, Pair(GBps(32)), tq3, {}, MiB(1), CompressedScheme::kDirect);
  EXPECT_TRUE(BreakEvenSize(*contest, B(1), GiB(16)).Never());
  // It starts to pay at a thousandth of that bandwidth.
  const BreakEven bandwidth = BreakEvenBandwidthFactor(*contest, Link::kInner, 1e-6, 1);
  EXPECT_NEAR(*bandwidth.Stop(), 0.000998757, 1e-8);
}

// gain = k S (1 - w)/B - (E e + A f + D d) S - fixed: one root in the size.
TEST(BreakEvenTest, TwoShotSizeInClosedForm) {
  GroupShape shape = Pair(GBps(50));
  shape.ranks = shape.local = 4;
  shape.latency = Micros(3);
  CodecCost codec;
  codec.share = 0.28125;
  codec.encode = codec.decode = NanosPerByte(1e-3);
  codec.add = NanosPerByte(1.5e-3);
  codec.call = Micros(12);
  auto contest =
      MakeContest(Op::kAllReduce, shape, codec, {}, B(0), CompressedScheme::kTwoShot).value();
  std::erase_if(contest.plain,
                [](const Variant& v) { return v.card->algorithm != Algorithm::kTwoShot; });
  const BreakEven size = BreakEvenSize(contest, B(1), GiB(64));
  const double saved = 1.5 * (1 - 0.28125) / 50e9;
  const double paid = 1e-12 + 0.75 * 1e-12 + 0.75 * 1.5e-12;
  ASSERT_TRUE(size.Start().has_value());
  EXPECT_NEAR(*size.Start() / (12e-6 / (saved - paid)), 1, 1e-9);
  EXPECT_EQ(size.Stop(), std::nullopt);
  // Its own bandwidth at that size is the break-even bandwidth.
  contest.bytes = B(*size.Start());
  const BreakEven bandwidth = BreakEvenBandwidthFactor(contest, Link::kInner, 0.01, 100);
  EXPECT_NEAR(*bandwidth.Stop(), 1, 1e-9) << "on faster links it does not pay";
  EXPECT_EQ(bandwidth.Start(), std::nullopt);
}

TEST(BreakEvenTest, ACodecSlowerThanTheLinkNeverPays) {
  CodecCost slow;
  slow.share = 0.25;
  slow.encode = slow.decode = slow.add = NanosPerByte(1);
  const auto contest = MakeContest(Op::kAllReduce, Pair(GBps(100)), slow, {}, B(0)).value();
  EXPECT_TRUE(BreakEvenSize(contest, B(1), GiB(64)).Never());
}

// All-gather and sum move (p - 1)/r against 2 (p - 1)/p: they gain bytes while p < 2 r.
TEST(BreakEvenTest, TheByteCrossoverOfGatherAndSum) {
  for (const double ratio : {1.0, 2.0, 3.765, 4.0, 8.0}) {
    GroupShape shape = Pair(GBps(10));
    CodecCost codec;
    codec.share = 1 / ratio;
    auto contest =
        MakeContest(Op::kAllReduce, shape, codec, {}, MiB(1), CompressedScheme::kGatherSum).value();
    std::erase_if(contest.plain,
                  [](const Variant& v) { return v.card->algorithm != Algorithm::kRing; });
    const BreakEven ranks = BreakEvenRanks(contest, 64);
    const double last = std::ceil(2 * ratio) - 1;  // the last count below 2 r
    if (last < 2) {
      EXPECT_TRUE(ranks.Never()) << ratio;
    } else {
      ASSERT_EQ(ranks.pays.size(), 1U) << ratio;
      EXPECT_EQ(ranks.pays[0].from, 2) << ratio;
      EXPECT_EQ(ranks.pays[0].to, last) << ratio;
    }
  }
}

// The wire takes 12 s plain and 3 s compressed, the codec 6 s that nothing hides: at half overlap
// 6 s against 1.5 + 6, equal where (1 - h) * 9 = 6.
TEST(BreakEvenTest, OverlapInClosedForm) {
  Cost plain, coded;
  plain.Add(Term::kBandwidth, Seconds(12));
  coded.Add(Term::kBandwidth, Seconds(3)).Add(Term::kEncode, Seconds(6));
  CompressedPrice price;
  price.cost = coded;
  price.work.encoded = B(6);
  CodecInputs<double> codec;
  codec.encode = SecondsPerByte(1);
  const BreakEven overlap = BreakEvenOverlap(plain, price, codec);
  ASSERT_EQ(overlap.pays.size(), 1U);
  EXPECT_EQ(overlap.pays[0].from, 0);
  EXPECT_NEAR(overlap.pays[0].to, 1.0 / 3, 1e-12);
  // With chunks the wire hides the codec, until it is hidden itself: 12 (1 - h) = 3 (1 - h) + 6 h.
  price.cost = Cost().Add(Term::kBandwidth, Seconds(3));
  EXPECT_NEAR(BreakEvenOverlap(plain, price, codec).pays[0].to, 0.6, 1e-12);
  // The plain addition shows as well.
  plain.Add(Term::kReduce, Seconds(6));
  price.cost = coded;
  EXPECT_TRUE(BreakEvenOverlap(plain, price, codec).pays[0].to >= 1 - 1e-12);
  price.cost.Add(Term::kEncode, Seconds(100));
  EXPECT_TRUE(BreakEvenOverlap(plain, price, codec).Never());
}

// Starts that are shown in full and a corner so sharp that it is a maximum leave lines: 8 + S
// against 16 + S/4 + S/4 of codec.
TEST(BreakEvenTest, AMeasuredKernelAgainstItself) {
  FusedKernel kernel;
  kernel.sharpness = 1000;
  kernel.shown = 1;
  kernel.codecs = {{"none", 1, Seconds(8), {}},
                   {"quarter", 0.25, Seconds(16), SecondsPerByte(0.25)}};
  kernel.plain = kernel.coded = {{2, Bps(1)}};
  const BreakEven size =
      BreakEvenSize(kernel, *FindKernelCodec(kernel, "quarter"), 2, B(1), B(1000));
  ASSERT_EQ(size.pays.size(), 1U);
  EXPECT_NEAR(size.pays[0].from, 16, 0.1);
}

TEST(BreakEvenTest, ThroughHostMemoryThePlainRingIsTheRival) {
  CodecCost codec;
  codec.share = 10.0 / 64;
  GroupShape shape = Pair(GBps(10));
  const auto contest =
      MakeContest(Op::kAllReduce, shape, codec, {}, MiB(1), CompressedScheme::kHostOneShot).value();
  EXPECT_TRUE(contest.plain.empty());
  // 4 (p - 1)/p against (p + 1) w: less up to p = 23.
  const BreakEven ranks = BreakEvenRanks(contest, 64);
  EXPECT_EQ(ranks.pays.at(0).to, 23);
}

}  // namespace
}  // namespace commplan
