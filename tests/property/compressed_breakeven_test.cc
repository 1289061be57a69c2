// Break-even against brute force: on seeded contests every answer is compared with the prices
// themselves, on grids that share nothing with the solver, and at each of its own ends.
#include "model/collective/compressed_breakeven.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace commplan {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  // Between low and high, evenly in the logarithm.
  double Log(double low, double high) {
    return low * std::pow(high / low, std::uniform_real_distribution<double>(0, 1)(random_));
  }
  int Whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool Coin() { return Whole(0, 1) == 1; }

 private:
  std::mt19937 random_;
};

struct Case {
  Op op = Op::kAllReduce;
  GroupShape shape;
  CodecCost codec;
  CallCost call;
  Contest contest;
};

Case Draw(Dice* dice) {
  Case c;
  const Op ops[] = {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter, Op::kAllToAll,
                    Op::kPointToPoint};
  c.op = ops[dice->Whole(0, 4)];
  const int nodes = dice->Coin() && c.op != Op::kPointToPoint ? dice->Whole(2, 8) : 1;
  const int local = c.op == Op::kPointToPoint ? 2 : dice->Whole(2, 8);
  Tier inner;
  inner.kind = dice->Coin() ? TierKind::kSwitch : TierKind::kMesh;
  inner.ranks = local;
  inner.bandwidth = GBps(dice->Log(5, 500));
  inner.latency = Micros(dice->Log(0.5, 20));
  inner.in_switch_reduction = inner.kind == TierKind::kSwitch && dice->Coin();
  Tier network;
  network.bandwidth = GBps(dice->Log(1, 50));
  network.latency = Micros(dice->Log(5, 50));
  network.ports = local;
  Fabric fabric;
  fabric.tiers = {inner, network};
  Group group;
  group.ranks = nodes * local;
  c.shape = ShapeOf(fabric, Place(fabric, group).value());
  c.codec.share = dice->Log(0.1, 0.9);
  c.codec.encode = NanosPerByte(dice->Log(1e-5, 1e-1));
  c.codec.decode = NanosPerByte(dice->Log(1e-5, 1e-1));
  c.codec.add = NanosPerByte(dice->Log(1e-5, 1e-1));
  c.codec.pass = dice->Coin() ? Micros(dice->Log(1, 50)) : Time();
  c.codec.call = dice->Coin() ? Micros(dice->Log(1, 300)) : Time();
  c.codec.many_links_efficiency = dice->Log(0.3, 1);
  c.codec.max_chunks = 1 << dice->Whole(0, 5);
  c.call.launch = Micros(dice->Log(1, 20));
  c.call.reduction = NanosPerByte(dice->Log(1e-5, 1e-3));
  c.contest = MakeContest(c.op, c.shape, c.codec, c.call, KiB(dice->Log(1, 1e6))).value();
  return c;
}

// The prices, by another way than the solver's curves: each plain way with the best of many numbers
// of chunks, the cheapest compressed one as the price function has it.
bool Wins(const Case& c, Bytes bytes) {
  Time plain = Seconds(1e30);
  for (const Variant& variant : c.contest.plain) {
    Inputs<double> x = variant.inputs;
    x.bytes = bytes;
    for (double chunks = 1; chunks <= (variant.size_rule == SizeRule::kNone ? 1 : 256);
         chunks *= 2) {
      if (variant.size_rule != SizeRule::kNone) x.chunks = chunks;
      plain = Min(plain, variant.card->value(x).Total());
    }
  }
  Time coded = Seconds(1e30);
  for (const CompressedWay& way : c.contest.coded) {
    coded = Min(coded, PriceAt(way, bytes).cost.Total());
  }
  return coded < plain;
}

bool NearAnEnd(const BreakEven& answer, double x) {
  return std::any_of(answer.pays.begin(), answer.pays.end(), [&](const PayRange& range) {
    return std::abs(x - range.from) <= 1e-6 * x || std::abs(x - range.to) <= 1e-6 * x;
  });
}

void ExpectWellFormed(const BreakEven& answer) {
  double last = -1;
  for (const PayRange& range : answer.pays) {
    EXPECT_GT(range.from, last);
    EXPECT_GT(range.to, range.from);
    last = range.to;
  }
}

TEST(CompressedBreakEvenPropertyTest, SizesAgreeWithBruteForce) {
  Dice dice(20261121);
  int crossings = 0, always = 0, never = 0;
  for (int i = 0; i < 60; ++i) {
    const Case c = Draw(&dice);
    const BreakEven answer = BreakEvenSize(c.contest, B(64), GiB(16));
    ExpectWellFormed(answer);
    always += answer.Always() ? 1 : 0;
    never += answer.Never() ? 1 : 0;
    crossings += static_cast<int>(answer.pays.size());
    for (int k = 0; k < 300; ++k) {
      const double bytes = dice.Log(64, 1.7e10);
      if (NearAnEnd(answer, bytes)) continue;
      ASSERT_EQ(answer.PaysAt(bytes), Wins(c, B(bytes)))
          << "case " << i << " " << Name(c.op) << " among " << c.shape.ranks << " at " << bytes;
    }
    // On either side of each end the answer changes.
    for (const PayRange& range : answer.pays) {
      if (range.from > answer.searched_from) {
        EXPECT_FALSE(Wins(c, B(range.from * (1 - 1e-6)))) << i;
        EXPECT_TRUE(Wins(c, B(range.from * (1 + 1e-6)))) << i;
      }
      if (range.to < answer.searched_to) {
        EXPECT_TRUE(Wins(c, B(range.to * (1 - 1e-6)))) << i;
        EXPECT_FALSE(Wins(c, B(range.to * (1 + 1e-6)))) << i;
      }
    }
  }
  // The cases are worth asking.
  EXPECT_GT(crossings, 10);
  EXPECT_GT(never, 3);
  EXPECT_LT(always + never, 50);
}

TEST(CompressedBreakEvenPropertyTest, BandwidthsAndCodecSpeedsAgreeWithBruteForce) {
  Dice dice(7);
  int found = 0;
  for (int i = 0; i < 40; ++i) {
    const Case c = Draw(&dice);
    const Link link = c.shape.nodes > 1 && dice.Coin() ? Link::kNetwork : Link::kInner;
    const BreakEven bandwidth = BreakEvenBandwidthFactor(c.contest, link, 1e-3, 1e3);
    const BreakEven speed = BreakEvenCodecSpeed(c.contest, 1e-3, 1e3);
    ExpectWellFormed(bandwidth);
    ExpectWellFormed(speed);
    found += static_cast<int>(bandwidth.pays.size() + speed.pays.size());
    for (int k = 0; k < 60; ++k) {
      const double factor = dice.Log(1e-3, 1e3);
      Case faster = c;
      for (Variant& variant : faster.contest.plain) {
        (link == Link::kInner ? variant.inputs.bandwidth : variant.inputs.net_bandwidth) =
            factor *
            (link == Link::kInner ? variant.inputs.bandwidth : variant.inputs.net_bandwidth);
      }
      for (CompressedWay& way : faster.contest.coded) {
        (link == Link::kInner ? way.inputs.bandwidth : way.inputs.net_bandwidth) =
            factor * (link == Link::kInner ? way.inputs.bandwidth : way.inputs.net_bandwidth);
      }
      if (!NearAnEnd(bandwidth, factor)) {
        ASSERT_EQ(bandwidth.PaysAt(factor), Wins(faster, c.contest.bytes)) << i << " " << factor;
      }
      Case quicker = c;
      for (CompressedWay& way : quicker.contest.coded) {
        way.codec.encode = way.codec.encode / factor;
        way.codec.decode = way.codec.decode / factor;
        way.codec.add = way.codec.add / factor;
      }
      if (!NearAnEnd(speed, factor)) {
        ASSERT_EQ(speed.PaysAt(factor), Wins(quicker, c.contest.bytes)) << i << " " << factor;
      }
    }
  }
  EXPECT_GT(found, 20);
}

// A faster codec never loses what a slower one won; a slower link, with one scheme and chunks left
// out, never loses what a faster one won.
TEST(CompressedBreakEvenPropertyTest, FasterCodecsWinMore) {
  Dice dice(99);
  for (int i = 0; i < 60; ++i) {
    const Case c = Draw(&dice);
    const BreakEven speed = BreakEvenCodecSpeed(c.contest, 1e-6, 1e6);
    ASSERT_LE(speed.pays.size(), 1U) << i;
    EXPECT_EQ(speed.Stop(), std::nullopt) << i;
  }
}

TEST(CompressedBreakEvenPropertyTest, OverlapAgreesWithBruteForce) {
  Dice dice(5);
  int inside = 0;
  for (int i = 0; i < 200; ++i) {
    const Case c = Draw(&dice);
    const CompressedWay& way = c.contest.coded.front();
    const CompressedPrice price = PriceAt(way, c.contest.bytes);
    Inputs<double> x = c.contest.plain.front().inputs;
    x.bytes = c.contest.bytes;
    const Cost plain = c.contest.plain.front().card->value(x);
    const BreakEven answer = BreakEvenOverlap(plain, price, way.codec);
    const double codec =
        InSeconds(price.work.encoded * way.codec.encode + price.work.decoded * way.codec.decode +
                  price.work.added * way.codec.add);
    const double shown = InSeconds(price.cost.At(Term::kEncode) + price.cost.At(Term::kDecode) +
                                   price.cost.At(Term::kReduce) + price.cost.At(Term::kFill));
    const double reduce = InSeconds(plain.At(Term::kReduce));
    inside += answer.Stop() ? 1 : 0;
    for (double h = 0.005; h < 1; h += 0.01) {
      if (NearAnEnd(answer, h)) continue;
      const double before = (1 - h) * (InSeconds(plain.Total()) - reduce) + reduce;
      const double after = (1 - h) * (InSeconds(price.cost.Total()) - shown) + shown +
                           h * std::max(codec - shown, 0.0);
      ASSERT_EQ(answer.PaysAt(h), after < before) << i << " " << h;
    }
  }
  EXPECT_GT(inside, 10);
}

}  // namespace
}  // namespace commplan
