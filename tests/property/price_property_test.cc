// What every analytic price must obey, whatever the fabric: order, scale, and the bounds that no
// algorithm can beat. Fabrics, groups and sizes are drawn from the test seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/collective/price.h"
#include "model/fabric/fabric.h"

namespace commplan {
namespace {

// Sums of a few terms: what rounding can do to an inequality that holds exactly.
constexpr double kRounding = 1e-12;
constexpr int kWorlds = 400;

class Draw {
 public:
  Draw() : random_(TestSeed()) {}

  int Whole(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool Coin() { return Whole(0, 1) == 1; }
  // Each order of magnitude is as likely as any other.
  double Scaled(double low, double high) {
    const double share = static_cast<double>(random_() >> 11) * 0x1p-53;
    return low * std::pow(high / low, share);
  }

 private:
  std::mt19937_64 random_;
};

// Where a group stands: inside one domain, in whole nodes, or with one rank in each of several.
enum class Stand { kInside, kOverNodes, kRail };

struct World {
  Fabric fabric;
  Stand stand = Stand::kInside;
  CollectiveRequest request;
  std::vector<Engine> engines;
  Bytes bytes{};

  int nodes() const {
    return stand == Stand::kInside ? 1 : request.group.ranks * request.group.stride / Inner().ranks;
  }
  const Tier& Inner() const { return fabric.tiers[0]; }
  const Tier& Network() const { return fabric.tiers[1]; }

  std::string Text() const {
    std::string text = std::string(Name(request.op)) + " of " + Exact(bytes) + " among " +
                       std::to_string(request.group.ranks) + " ranks, stride " +
                       std::to_string(request.group.stride) + ", " +
                       std::to_string(request.group.concurrent) + " groups, on";
    for (const Tier& tier : fabric.tiers) {
      text += " " + std::string(TierKindName(tier.kind)) + "(" + std::to_string(tier.ranks) + ", " +
              Exact(tier.bandwidth) + ", " + Exact(tier.latency) + ", " +
              std::to_string(tier.ports) + " ports, " + std::to_string(tier.oversubscription) + ")";
    }
    return text;
  }
};

World DrawWorld(Draw* draw) {
  World w;
  Tier inner{.name = "inside",
             .kind = static_cast<TierKind>(draw->Whole(0, 2)),
             .ranks = draw->Whole(2, 17),
             .bandwidth = GBps(draw->Scaled(1, 1000)),
             .latency = Micros(draw->Scaled(0.2, 50))};
  inner.half_duplex = draw->Whole(0, 3) == 0;
  inner.in_switch_reduction = inner.kind == TierKind::kSwitch && draw->Coin();
  Tier network{.name = "network",
               .bandwidth = GBps(draw->Scaled(0.1, 100)),
               .latency = Micros(draw->Scaled(1, 200))};
  network.ports = draw->Whole(1, inner.ranks);
  if (draw->Coin()) network.oversubscription = draw->Scaled(1, 4);
  w.fabric.tiers = {inner, network};

  w.stand = static_cast<Stand>(draw->Whole(0, 2));
  Group& group = w.request.group;
  const int nodes = draw->Whole(2, 9);
  group.ranks = w.stand == Stand::kInside      ? draw->Whole(2, inner.ranks)
                : w.stand == Stand::kOverNodes ? nodes * inner.ranks
                                               : nodes;
  if (w.stand == Stand::kRail) {
    group.stride = inner.ranks;
    group.concurrent = draw->Whole(1, inner.ranks);
  } else if (w.stand == Stand::kInside) {
    group.concurrent = draw->Whole(1, std::max(1, inner.ranks / group.ranks));
  }
  w.request.op = static_cast<Op>(draw->Whole(0, static_cast<int>(kOpCount) - 1));
  if (w.request.op == Op::kPointToPoint) group.ranks = 2;
  if (w.request.op == Op::kPointToPoint && w.stand == Stand::kOverNodes) w.stand = Stand::kInside;

  Engine engine;
  engine.name = "textbook";
  engine.rule = EngineRule::kCheapest;
  engine.reduction = draw->Coin() ? NanosPerByte(draw->Scaled(1e-4, 1e-2)) : SecondsPerByte(0);
  w.engines = {engine};
  w.bytes = draw->Whole(0, 20) == 0 ? B(0) : B(std::floor(draw->Scaled(1, 1e10)));
  return w;
}

// Nothing where no formula serves: a rooted operation over nodes.
std::optional<CollectiveModel> Model(const World& w) {
  Result<CollectiveModel> model =
      CollectiveModel::Create(w.fabric, w.engines, w.engines[0], w.request);
  if (model.ok()) return *std::move(model);
  EXPECT_THAT(model, IsError(ErrorCode::kUnsupported, ::testing::HasSubstr("has no way")));
  return std::nullopt;
}

std::optional<Time> Total(const World& w) {
  const auto model = Model(w);
  if (!model) return std::nullopt;
  return model->At(w.bytes).cost.Total();
}

// The same with one algorithm only, whatever it costs.
World FixedTo(World w, Algorithm algorithm) {
  w.engines[0].rule = EngineRule::kFixed;
  w.engines[0].fixed = algorithm;
  return w;
}

// Draws worlds, each once with the cheapest engine and once fixed to one of its algorithms.
void ForWorlds(const std::function<void(Draw*, const World&)>& check) {
  SCOPED_TRACE(SeedNote());
  Draw draw;
  int priced = 0;
  for (int i = 0; i < kWorlds; ++i) {
    const World w = DrawWorld(&draw);
    const auto model = Model(w);
    if (!model) continue;
    ++priced;
    check(&draw, w);
    const int any = draw.Whole(0, static_cast<int>(model->variants().size()) - 1);
    check(&draw, FixedTo(w, model->variants()[static_cast<std::size_t>(any)].card->algorithm));
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(priced, kWorlds / 2);
}

void ExpectNotLess(const World& more, const World& less, const std::string& what) {
  const Time larger = *Total(more), smaller = *Total(less);
  EXPECT_GE(larger, smaller * (1 - kRounding)) << what << ": " << less.Text();
}

// --- Order ---

TEST(PricePropertyTest, MoreBytesTakeNoLess) {
  ForWorlds([](Draw* draw, const World& w) {
    World more = w;
    more.bytes = w.bytes + B(std::floor(draw->Scaled(1, 1e9)));
    ExpectNotLess(more, w, Exact(more.bytes));
    more.bytes = w.bytes * 2.0;
    ExpectNotLess(more, w, Exact(more.bytes));
    more.bytes = w.bytes + B(1);
    ExpectNotLess(more, w, Exact(more.bytes));
  });
}

TEST(PricePropertyTest, MoreBandwidthTakesNoMore) {
  ForWorlds([](Draw* draw, const World& w) {
    World slower = w;
    Tier& tier = slower.fabric.tiers[static_cast<std::size_t>(draw->Whole(0, 1))];
    tier.bandwidth = tier.bandwidth / draw->Scaled(1, 10);
    ExpectNotLess(slower, w, tier.name + " at " + Exact(tier.bandwidth));
  });
}

TEST(PricePropertyTest, LongerLatencyOversubscriptionAndNeighboursTakeNoLess) {
  ForWorlds([](Draw* draw, const World& w) {
    World later = w;
    Tier& tier = later.fabric.tiers[static_cast<std::size_t>(draw->Whole(0, 1))];
    tier.latency = tier.latency * draw->Scaled(1, 10);
    ExpectNotLess(later, w, tier.name + " with " + Exact(tier.latency));
    World narrower = w;
    narrower.fabric.tiers[1].oversubscription *= draw->Scaled(1, 4);
    ExpectNotLess(narrower, w, "a narrower uplink");
    World crowded = w;
    crowded.request.group.concurrent += draw->Whole(0, 4);
    ExpectNotLess(crowded, w, "more groups side by side");
  });
}

// A ring's steps and its share of the bytes both grow with the ranks; p - 1 grows faster than p.
TEST(PricePropertyTest, ALongerRingTakesNoLess) {
  ForWorlds([](Draw*, const World& drawn) {
    World w = FixedTo(drawn, Algorithm::kRing);
    w.request.group.concurrent = 1;
    if (w.request.op == Op::kPointToPoint || w.request.op == Op::kAllToAll) return;
    World longer = w;
    longer.request.group.ranks += w.stand == Stand::kOverNodes ? w.Inner().ranks : 1;
    if (w.stand == Stand::kInside && longer.request.group.ranks > w.Inner().ranks) return;
    ExpectNotLess(longer, w, std::to_string(longer.request.group.ranks) + " ranks");
  });
}

// --- Scale ---

// Twice the latency, half the bandwidth and twice the adding time are the same world on a clock
// that runs at half the speed. Powers of two: exact.
TEST(PricePropertyTest, ASlowerClockScalesEveryTime) {
  ForWorlds([](Draw*, const World& w) {
    World slow = w;
    for (Tier& tier : slow.fabric.tiers) {
      tier.latency = tier.latency * 2.0;
      tier.bandwidth = tier.bandwidth / 2.0;
    }
    slow.engines[0].reduction = w.engines[0].reduction * 2.0;
    const auto model = Model(w), slow_model = Model(slow);
    const Price price = model->At(w.bytes), slow_price = slow_model->At(w.bytes);
    EXPECT_EQ(slow_price.variant, price.variant) << w.Text();
    for (std::size_t i = 0; i < kTermCount; ++i) {
      const Term term = static_cast<Term>(i);
      EXPECT_EQ(slow_price.cost.At(term), price.cost.At(term) * 2.0)
          << TermName(term) << ": " << w.Text();
      EXPECT_GE(price.cost.At(term), Seconds(0)) << TermName(term) << ": " << w.Text();
    }
  });
}

// --- Bounds, counted from the fabric itself ---

// What one rank can take in per second from all others of its domain.
Bandwidth RankRate(const World& w) {
  const Tier& tier = w.Inner();
  const Bandwidth rate = tier.half_duplex ? tier.bandwidth / 2.0 : tier.bandwidth;
  const double others = w.request.group.ranks - 1;
  switch (tier.kind) {
    case TierKind::kSwitch:
      return rate;
    case TierKind::kMesh:
      return rate * others;
    case TierKind::kBus:
      return rate / (others + 1);
  }
  return rate;
}

// What the cards and the uplink of one node let in, where `members` of its ranks take part.
Bandwidth NodeRate(const World& w, int members) {
  const double ports = w.Network().ports;
  const Bandwidth cards = w.Network().bandwidth * std::min<double>(ports, members);
  return Min(cards, w.Network().bandwidth * (ports / w.Network().oversubscription));
}

// The bytes that must come into one of `parts` equal parts of the group (its ranks, its nodes),
// counted as the operation counts S. Nothing where the bound is not that simple.
std::optional<Bytes> MustComeIn(const World& w, double parts) {
  const double others = (parts - 1) / parts;
  switch (w.request.op) {
    case Op::kAllReduce:
      return w.bytes * (2 * others);
    case Op::kAllGather:
    case Op::kReduceScatter:
      return w.bytes * others;
    case Op::kAllToAll:
      // S is what one rank holds, so a part of several ranks takes in that many times as much.
      return w.bytes * (others * (w.request.group.ranks / parts));
    case Op::kBroadcast:
    case Op::kReduce:
    case Op::kPointToPoint:
      return w.bytes;
  }
  return std::nullopt;
}

TEST(PricePropertyTest, NothingBeatsTheBytesThatMustComeIn) {
  ForWorlds([](Draw*, const World& drawn) {
    World w = drawn;
    w.request.group.concurrent = 1;
    // A switch that adds takes part of the bytes off the links.
    if (w.request.op == Op::kAllReduce) w.fabric.tiers[0].in_switch_reduction = false;
    const auto time = Total(w);
    if (!time) return;
    const bool inside = w.stand == Stand::kInside;
    const int parts = inside ? w.request.group.ranks : w.nodes();
    const Bandwidth rate =
        inside ? RankRate(w) : NodeRate(w, w.stand == Stand::kRail ? 1 : w.Inner().ranks);
    EXPECT_GE(*time, *MustComeIn(w, parts) / rate * (1 - kRounding)) << w.Text();
  });
}

// --- Identities ---

TEST(PricePropertyTest, ARingAllReduceIsScatterAndGather) {
  SCOPED_TRACE(SeedNote());
  Draw draw;
  for (int i = 0; i < kWorlds; ++i) {
    World w = FixedTo(DrawWorld(&draw), Algorithm::kRing);
    w.request.op = Op::kAllReduce;
    const Time reduce = *Total(w);
    w.request.op = Op::kReduceScatter;
    Time both = *Total(w);
    w.request.op = Op::kAllGather;
    both += *Total(w);
    if (w.stand != Stand::kOverNodes) {
      EXPECT_THAT(reduce, IsNearRelative(both, kRounding)) << w.Text();
      continue;
    }
    // Over nodes the 2(p - 1) hops in one go may cross the network once less than twice p - 1 hops.
    const Time crossing = w.Network().latency - w.Inner().latency;
    EXPECT_LE(reduce, (both + Max(-crossing, Seconds(0))) * (1 + kRounding)) << w.Text();
    EXPECT_GE(reduce, (both - Max(crossing, Seconds(0))) * (1 - kRounding)) << w.Text();
  }
}

TEST(PricePropertyTest, TheCheapestIsTheLeastOfAll) {
  ForWorlds([](Draw*, const World& w) {
    if (w.engines[0].rule != EngineRule::kCheapest) return;
    const auto model = Model(w);
    const Time time = model->At(w.bytes).cost.Total();
    for (const Alternative& other : model->AlternativesAt(w.bytes)) {
      EXPECT_GE(other.slower_by, -kRounding * time) << w.Text();
      EXPECT_EQ(other.time - time, other.slower_by) << w.Text();
    }
    // By another way: each algorithm asked for alone.
    std::optional<Time> least;
    std::size_t ways = 0;
    for (std::size_t i = 0; i < kAlgorithmCount; ++i) {
      World pinned = w;
      pinned.request.algorithm = static_cast<Algorithm>(i);
      const auto alone =
          CollectiveModel::Create(pinned.fabric, pinned.engines, pinned.engines[0], pinned.request);
      if (!alone.ok()) continue;
      ++ways;
      const Time other = alone->At(w.bytes).cost.Total();
      least = least ? Min(*least, other) : other;
    }
    EXPECT_EQ(ways, model->variants().size()) << w.Text();
    EXPECT_THAT(time, IsNearRelative(*least, kRounding)) << w.Text();
  });
}

}  // namespace
}  // namespace commplan
