// Which formulas serve a group on each kind of fabric, with which numbers put in, and with how many
// chunks: unit-sized worlds, worked out by hand.
#include "model/collective/variant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 8 ranks, 1 s per message, 2 bytes/s per port, link or medium.
Fabric OneTier(TierKind kind) {
  return {{{.name = "node",
            .kind = kind,
            .ranks = 8,
            .bandwidth = Bps(2),
            .latency = Seconds(1),
            .in_switch_reduction = false}}};
}

Fabric AddingSwitch() {
  Fabric fabric = OneTier(TierKind::kSwitch);
  fabric.tiers[0].in_switch_reduction = true;
  return fabric;
}

// Nodes of 4 ranks as above, joined by 2 cards of 1 byte/s each and 5 s per message.
Fabric Nodes(TierKind inside = TierKind::kSwitch) {
  Fabric fabric = OneTier(inside);
  fabric.tiers[0].ranks = 4;
  Tier network{.name = "network", .bandwidth = Bps(1), .latency = Seconds(5)};
  network.ports = 2;
  fabric.tiers.push_back(network);
  return fabric;
}

GroupShape Shape(const Fabric& fabric, const Group& group) {
  const Result<Placement> placement = Place(fabric, group);
  EXPECT_THAT(placement, IsOk());
  return ShapeOf(fabric, *placement);
}

const Engine& Ideal() {
  static const Engine kIdeal = [] {
    Engine engine;
    engine.name = "ideal";
    engine.reduction = SecondsPerByte(3);
    return engine;
  }();
  return kIdeal;
}

std::vector<Variant> Textbook(Op op, const Fabric& fabric, const Group& group) {
  return TextbookVariants(Ideal(), op, Shape(fabric, group));
}

std::vector<std::string> Algorithms(const std::vector<Variant>& variants) {
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.emplace_back(Name(variant.card->algorithm));
  return names;
}

const Inputs<double>& InputsOf(const std::vector<Variant>& variants, Algorithm algorithm) {
  for (const Variant& variant : variants) {
    if (variant.card->algorithm == algorithm) return variant.inputs;
  }
  ADD_FAILURE() << "no " << Name(algorithm);
  return variants.front().inputs;
}

// --- Shapes ---

TEST(ShapeTest, OneTierIsOneNode) {
  const GroupShape shape = Shape(OneTier(TierKind::kSwitch), {.ranks = 6});
  EXPECT_EQ(shape.ranks, 6);
  EXPECT_EQ(shape.nodes, 1);
  EXPECT_EQ(shape.local, 6);
  EXPECT_FALSE(shape.network_only);
  EXPECT_FALSE(shape.in_switch);
  EXPECT_EQ(shape.latency, Seconds(1));
  EXPECT_EQ(shape.neighbour, Bps(2));
  EXPECT_EQ(shape.all_peers, Bps(2));
  EXPECT_TRUE(Shape(AddingSwitch(), {.ranks = 6}).in_switch);
}

TEST(ShapeTest, ASingleRankHasNoLevel) {
  const GroupShape shape = Shape(Nodes(), {.ranks = 1});
  EXPECT_EQ(shape.ranks, 1);
  EXPECT_EQ(shape.nodes, 1);
  EXPECT_EQ(shape.latency, Seconds(0));
}

TEST(ShapeTest, OverNodesTheRanksShareTheCards) {
  // 4 ranks on 2 cards of 1 byte/s: half a byte per second each.
  const GroupShape shape = Shape(Nodes(), {.ranks = 8});
  EXPECT_EQ(shape.nodes, 2);
  EXPECT_EQ(shape.local, 4);
  EXPECT_FALSE(shape.network_only);
  EXPECT_EQ(shape.latency, Seconds(1));
  EXPECT_EQ(shape.neighbour, Bps(2));
  EXPECT_EQ(shape.net_latency, Seconds(5));
  EXPECT_EQ(shape.net_rank, Bps(0.5));
  EXPECT_EQ(shape.net_port, Bps(1));
  EXPECT_EQ(shape.net_ports, 2);
  // A single rank of each node uses one card, whatever the node has.
  const GroupShape rail = Shape(Nodes(), {.ranks = 3, .stride = 4});
  EXPECT_TRUE(rail.network_only);
  EXPECT_EQ(rail.nodes, 1);
  EXPECT_EQ(rail.local, 3);
  EXPECT_EQ(rail.latency, Seconds(5));
  EXPECT_EQ(rail.neighbour, Bps(1));
  EXPECT_EQ(rail.net_rank, Bps(1));
  EXPECT_EQ(rail.net_ports, 1);
}

// Four nodes of 4 on a leaf (4 cards of 2 bytes/s, 5 s), leaves on a spine (2 ports of 8 bytes/s,
// 7 s).
TEST(ShapeTest, SeveralNetworkTiersCountAsTheLongestAndNarrowestOne) {
  Fabric fabric = OneTier(TierKind::kSwitch);
  fabric.tiers[0].ranks = 4;
  Tier leaf{.name = "leaf", .ranks = 16, .bandwidth = Bps(2), .latency = Seconds(5)};
  leaf.ports = 4;
  Tier spine{.name = "spine", .bandwidth = Bps(8), .latency = Seconds(7)};
  spine.ports = 2;
  fabric.tiers.push_back(leaf);
  fabric.tiers.push_back(spine);
  // All 16 ranks of a leaf share 2 * 8 bytes/s: 1 each, less than their own cards.
  const GroupShape all = Shape(fabric, {.ranks = 32});
  EXPECT_EQ(all.nodes, 8);
  EXPECT_EQ(all.net_latency, Seconds(7));
  EXPECT_EQ(all.net_rank, Bps(1));
  EXPECT_EQ(all.net_port, Bps(2));
  // One rank of each node: the 4 of a leaf have 4 bytes/s each above it, but a card of 2 below.
  const GroupShape rail = Shape(fabric, {.ranks = 8, .stride = 4});
  EXPECT_TRUE(rail.network_only);
  EXPECT_EQ(rail.nodes, 2);
  EXPECT_EQ(rail.net_latency, Seconds(7));
  EXPECT_EQ(rail.net_rank, Bps(2));
  EXPECT_EQ(rail.net_port, Bps(2));
}

// --- Textbook formulas ---

TEST(TextbookTest, OnOneTier) {
  const Fabric fabric = OneTier(TierKind::kSwitch);
  const auto names = [&](Op op) { return Algorithms(Textbook(op, fabric, {.ranks = 8})); };
  EXPECT_THAT(names(Op::kAllReduce), ElementsAre("ring", "recursive-doubling", "rabenseifner",
                                                 "tree", "one-shot", "two-shot"));
  EXPECT_THAT(names(Op::kAllGather), ElementsAre("ring", "recursive-doubling", "direct", "pat"));
  EXPECT_THAT(names(Op::kReduceScatter),
              ElementsAre("ring", "recursive-doubling", "direct", "pat"));
  EXPECT_THAT(names(Op::kAllToAll), ElementsAre("pairwise", "direct"));
  EXPECT_THAT(names(Op::kBroadcast), ElementsAre("tree", "ring"));
  EXPECT_THAT(names(Op::kReduce), ElementsAre("tree", "ring"));
  EXPECT_THAT(names(Op::kPointToPoint), ElementsAre("direct"));
}

TEST(TextbookTest, OnASwitchThatAdds) {
  const auto names = [&](Op op) { return Algorithms(Textbook(op, AddingSwitch(), {.ranks = 8})); };
  EXPECT_EQ(names(Op::kAllReduce).back(), "nvls");
  EXPECT_EQ(names(Op::kAllGather).back(), "nvls");
  EXPECT_EQ(names(Op::kReduceScatter).back(), "nvls");
  EXPECT_THAT(names(Op::kAllToAll), ElementsAre("pairwise", "direct"));
}

// Halving needs a power of two; doubling has Bruck's rotation for the others.
TEST(TextbookTest, OfRanksThatAreNoPowerOfTwo) {
  const Fabric fabric = OneTier(TierKind::kSwitch);
  EXPECT_THAT(Algorithms(Textbook(Op::kReduceScatter, fabric, {.ranks = 6})),
              ElementsAre("ring", "direct", "pat"));
  EXPECT_THAT(Algorithms(Textbook(Op::kAllGather, fabric, {.ranks = 6})),
              ElementsAre("ring", "recursive-doubling", "direct", "pat"));
}

// On a mesh of 8, one neighbour is one link, and all peers are 7 links.
TEST(TextbookTest, OnAMeshDirectWaysUseAllLinks) {
  const Fabric fabric = OneTier(TierKind::kMesh);
  const auto reduce = Textbook(Op::kAllReduce, fabric, {.ranks = 8});
  EXPECT_EQ(InputsOf(reduce, Algorithm::kRing).bandwidth, Bps(2));
  EXPECT_EQ(InputsOf(reduce, Algorithm::kRabenseifner).bandwidth, Bps(2));
  EXPECT_EQ(InputsOf(reduce, Algorithm::kTree).bandwidth, Bps(2));
  EXPECT_EQ(InputsOf(reduce, Algorithm::kOneShot).bandwidth, Bps(14));
  EXPECT_EQ(InputsOf(reduce, Algorithm::kTwoShot).bandwidth, Bps(14));
  const auto exchange = Textbook(Op::kAllToAll, fabric, {.ranks = 8});
  EXPECT_EQ(InputsOf(exchange, Algorithm::kPairwise).bandwidth, Bps(2));
  EXPECT_EQ(InputsOf(exchange, Algorithm::kDirect).bandwidth, Bps(14));
  const auto message = Textbook(Op::kPointToPoint, fabric, {.ranks = 2});
  EXPECT_EQ(InputsOf(message, Algorithm::kDirect).bandwidth, Bps(2));
  // The exchange inside the nodes of a hierarchy is a direct one: 3 links of a mesh of 4.
  const auto nodes = Textbook(Op::kAllToAll, Nodes(TierKind::kMesh), {.ranks = 8});
  EXPECT_EQ(InputsOf(nodes, Algorithm::kHierarchical).bandwidth, Bps(6));
  EXPECT_EQ(InputsOf(nodes, Algorithm::kDirect).bandwidth, Bps(6));
}

// Everybody who talks shares the medium: 2 bytes/s over 4 ranks, or over 2 groups of 4.
TEST(TextbookTest, OnABusAllRanksShareTheMedium) {
  const Fabric fabric = OneTier(TierKind::kBus);
  const auto alone = Textbook(Op::kAllReduce, fabric, {.ranks = 4});
  EXPECT_EQ(InputsOf(alone, Algorithm::kRing).bandwidth, Bps(0.5));
  EXPECT_EQ(InputsOf(alone, Algorithm::kOneShot).bandwidth, Bps(0.5));
  const auto beside = Textbook(Op::kAllReduce, fabric, {.ranks = 4, .stride = 1, .concurrent = 2});
  EXPECT_EQ(InputsOf(beside, Algorithm::kRing).bandwidth, Bps(0.25));
}

TEST(TextbookTest, OverNodes) {
  const auto of = [&](Op op) { return Textbook(op, Nodes(), {.ranks = 8}); };
  EXPECT_THAT(Algorithms(of(Op::kAllReduce)), ElementsAre("ring", "hierarchical"));
  EXPECT_THAT(Algorithms(of(Op::kAllGather)), ElementsAre("ring", "hierarchical"));
  EXPECT_THAT(Algorithms(of(Op::kReduceScatter)), ElementsAre("ring", "hierarchical"));
  EXPECT_THAT(Algorithms(of(Op::kAllToAll)), ElementsAre("direct", "hierarchical"));
  EXPECT_THAT(Algorithms(of(Op::kBroadcast)), ElementsAre("hierarchical"));
  // A flat ring is fed by both cards, 2 bytes/s; a hierarchy counts a rank's part of them.
  const auto reduce = of(Op::kAllReduce);
  EXPECT_EQ(InputsOf(reduce, Algorithm::kRing).net_bandwidth, Bps(2));
  const Inputs<double>& x = InputsOf(reduce, Algorithm::kHierarchical);
  EXPECT_EQ(x.net_bandwidth, Bps(0.5));
  EXPECT_EQ(x.net_latency, Seconds(5));
  EXPECT_EQ(x.latency, Seconds(1));
  EXPECT_EQ(x.bandwidth, Bps(2));
  EXPECT_EQ(x.reduction, SecondsPerByte(3));
  EXPECT_EQ(x.ranks, 8);
  EXPECT_EQ(x.nodes, 2);
  EXPECT_EQ(x.local, 4);
}

// One rank per node: the network is the only tier, and formulas of one tier serve.
TEST(TextbookTest, OnTheNetworkOnly) {
  const auto variants = Textbook(Op::kAllReduce, Nodes(), {.ranks = 4, .stride = 4});
  EXPECT_THAT(Algorithms(variants), ElementsAre("ring", "recursive-doubling", "rabenseifner",
                                                "tree", "one-shot", "two-shot"));
  EXPECT_EQ(InputsOf(variants, Algorithm::kRing).latency, Seconds(5));
  EXPECT_EQ(InputsOf(variants, Algorithm::kRing).bandwidth, Bps(1));
}

TEST(TextbookTest, AFixedEngineHasItsOneAlgorithm) {
  Engine engine = Ideal();
  engine.rule = EngineRule::kFixed;
  engine.fixed = Algorithm::kRing;
  const auto names = [&](Op op, const Group& group) {
    return Algorithms(TextbookVariants(engine, op, Shape(Nodes(), group)));
  };
  EXPECT_THAT(names(Op::kAllReduce, {.ranks = 4}), ElementsAre("ring"));
  EXPECT_THAT(names(Op::kAllReduce, {.ranks = 8}), ElementsAre("ring"));
  EXPECT_THAT(names(Op::kBroadcast, {.ranks = 4}), ElementsAre("ring"));
  EXPECT_THAT(names(Op::kAllToAll, {.ranks = 4}), ElementsAre("pairwise")) << "the ring's own link";
  EXPECT_THAT(names(Op::kAllToAll, {.ranks = 8}), ElementsAre("direct")) << "over nodes";
  EXPECT_THAT(names(Op::kPointToPoint, {.ranks = 2}), ElementsAre("direct"))
      << "one message can go one way only";
}

// --- Chunks ---

TEST(ChunksTest, AreTheBestOfAllCounts) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  // A message takes as long as 2 bytes at least, so that no chunk wants to be smaller than a byte.
  std::uniform_real_distribution<double> log_latency(0, 12);
  int pipelined = 0;
  for (int i = 0; i < 60; ++i) {
    const Bytes bytes = B(64.0 + static_cast<double>(random() % 1500));
    for (const Op op : {Op::kAllReduce, Op::kBroadcast, Op::kReduce}) {
      for (const int ranks : {2, 3, 4, 7, 8, 16, 24}) {
        Fabric fabric = Nodes();
        fabric.tiers[0].ranks = ranks < 16 ? 16 : 4;
        fabric.tiers[0].in_switch_reduction = true;
        for (Tier& tier : fabric.tiers) tier.latency = Seconds(std::exp2(log_latency(random)));
        for (const Variant& variant : Textbook(op, fabric, {.ranks = ranks})) {
          if (variant.size_rule != SizeRule::kBestChunks) continue;
          ++pipelined;
          Inputs<double> x = InputsFor(variant, bytes);
          const double chosen = x.chunks;
          const Time time = variant.card->value(x).Total();
          Time least = time;
          for (x.chunks = 1; x.chunks <= InBytes(bytes); x.chunks += 1) {
            least = Min(least, variant.card->value(x).Total());
          }
          ASSERT_LE(time, least * (1 + 1e-12))
              << variant.card->id << " p=" << ranks << " S=" << InBytes(bytes)
              << " a=" << InSeconds(x.latency) << ": " << chosen << " chunks";
        }
      }
    }
  }
  EXPECT_GT(pipelined, 1000) << "of 60 rounds";
}

// The comparison of lines is that of values.
TEST(ChoiceTest, ComparesTheValue) {
  for (const Op op : {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter, Op::kAllToAll,
                      Op::kBroadcast, Op::kReduce, Op::kPointToPoint}) {
    for (const int ranks : {2, 3, 4, 8, 16, 20}) {
      if (op == Op::kPointToPoint && ranks > 2) continue;
      Fabric fabric = Nodes();
      fabric.tiers[0].in_switch_reduction = true;
      if (ranks % 4 != 0) fabric.tiers[0].ranks = 8;
      for (const Variant& variant : Textbook(op, fabric, {.ranks = ranks})) {
        for (const double bytes : {0.0, 1.0, 3.0, 64.0, 1e3, 1e6, 1e9, 1e12}) {
          const Time value = variant.card->value(InputsFor(variant, B(bytes))).Total();
          const std::string where = std::string(variant.card->id) + " p=" + std::to_string(ranks) +
                                    " S=" + std::to_string(bytes);
          EXPECT_THAT(ChoiceTime(variant, B(bytes)), IsNearRelative(value, 1e-12)) << where;
          // No limit makes the answer larger, and one that is not reached leaves it alone.
          for (const double part : {0.0, 0.5, 0.999, 1.001, 2.0}) {
            const Time time = ChoiceTime(variant, B(bytes), part * value);
            EXPECT_LE(time, value * (1 + 1e-12)) << where;
            if (time < part * value) {
              EXPECT_THAT(time, IsNearRelative(value, 1e-12)) << where;
            }
          }
        }
      }
    }
  }
}

// A chain of 5 ranks, 64 bytes at 2 bytes/s, 1 s per message: (3 + k)(1 s + 32 s / k) is least at
// k = sqrt(96) = 9.8; 10 gives 54.6 s and 9 gives 54.7 s.
TEST(ChunksTest, OfAChain) {
  const auto variants = Textbook(Op::kBroadcast, OneTier(TierKind::kSwitch), {.ranks = 5});
  ASSERT_EQ(variants[1].card->algorithm, Algorithm::kRing);
  EXPECT_EQ(InputsFor(variants[1], B(64)).chunks, 10);
  EXPECT_EQ(ChoiceTime(variants[1], B(64)), Seconds(54.6));
  EXPECT_EQ(InputsFor(variants[1], B(0)).chunks, 1);
  EXPECT_EQ(InputsFor(variants[1], B(1)).chunks, 1) << "a chunk has a byte at least";
}

// --- Kernels ---

Engine Custom() {
  Engine engine;
  engine.name = "custom";
  engine.rule = EngineRule::kRules;
  engine.kernels = {{.algorithm = Algorithm::kOneShot,
                     .launch = Seconds(10),
                     .latency = Seconds(4),
                     .bandwidth_share = 0.5,
                     .reduction = SecondsPerByte(7)},
                    {.algorithm = Algorithm::kTwoShot,
                     .launch = Seconds(20),
                     .latency = Seconds(5),
                     .bandwidth_share = 0.25,
                     .reduction = SecondsPerByte(0)}};
  return engine;
}

TEST(KernelTest, TakesItsOwnCostsAndAShareOfTheTier) {
  const Engine engine = Custom();
  const GroupShape shape = Shape(OneTier(TierKind::kMesh), {.ranks = 8});
  const auto variants = KernelVariants(engine, Op::kAllReduce, shape);
  ASSERT_THAT(Algorithms(variants), ElementsAre("one-shot", "two-shot"));
  EXPECT_EQ(variants[0].inputs.launch, Seconds(10));
  EXPECT_EQ(variants[0].inputs.latency, Seconds(4)) << "its barrier, not the tier's message";
  EXPECT_EQ(variants[0].inputs.bandwidth, Bps(7)) << "half of 7 links of 2 bytes/s";
  EXPECT_EQ(variants[0].inputs.reduction, SecondsPerByte(7));
  EXPECT_EQ(variants[1].inputs.bandwidth, Bps(3.5));
  EXPECT_EQ(variants[0].engine, &engine);
  // 8 bytes by one-shot: 10 + 4 s, 7 * 8 bytes at 7 bytes/s, and 7 * 8 bytes added.
  EXPECT_EQ(ChoiceTime(variants[0], B(8)), Seconds(10 + 4 + 8 + 7 * 56));
}

TEST(KernelTest, RunInsideANodeOnlyAndForOperationsThatTheyKnow) {
  const Engine engine = Custom();
  EXPECT_THAT(KernelVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 8})), IsEmpty());
  EXPECT_THAT(KernelVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 2, .stride = 4})),
              IsEmpty());
  EXPECT_THAT(KernelVariants(engine, Op::kAllGather, Shape(Nodes(), {.ranks = 4})), IsEmpty());
}

}  // namespace
}  // namespace commplan
