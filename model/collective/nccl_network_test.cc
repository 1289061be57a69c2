// What NCCL's model does over nodes beyond its table: stages to fill, slow networks, messages to
// post; and what RCCL says in the same fields.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/test_matchers.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/collective/test_nccl.h"
#include "model/collective/variant.h"
#include "model/fabric/fabric.h"

namespace commplan {
namespace {

using ::testing::ElementsAre;

// 16 channels * 8 ranks = 128 parts. 128 KiB from 16 * 128 * 128 KiB = 256 MiB on (that step
// changes nothing), then 64 KiB below 4 * 128 * 128 KiB = 64 MiB, 32 KiB below 1 * 128 * 64 KiB = 8
// MiB. From four nodes on 64 KiB at most. A message of k rounds takes the time of k + 2.
TEST(NcclNetworkTest, InSwitchTreesFillTheirStages) {
  const Engine engine = Nccl();
  const auto rounds = [&](int ranks, Bytes bytes) {
    const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = ranks}));
    const Variant& tree = *Find(variants, Algorithm::kNvlsTree, Protocol::kSimple);
    const Inputs<double> x = InputsFor(tree, bytes);
    const double share = x.chunks / (x.chunks + 2);
    EXPECT_THAT(x.bandwidth, IsNearRelative(tree.inputs.bandwidth * share, kRounding));
    EXPECT_THAT(x.net_bandwidth, IsNearRelative(tree.inputs.net_bandwidth * share, kRounding));
    return x.chunks;
  };
  EXPECT_EQ(rounds(16, GiB(1)), 64);
  EXPECT_EQ(rounds(16, MiB(64)), 4);
  EXPECT_EQ(rounds(16, MiB(63)), 8);
  EXPECT_EQ(rounds(16, MiB(8)), 1);
  EXPECT_EQ(rounds(16, MiB(7)), 2);
  EXPECT_EQ(rounds(16, B(0)), 1);
  EXPECT_EQ(rounds(32, GiB(1)), 128);
}

TEST(NcclNetworkTest, InSwitchTreesAreComparedWithACorrectionBySize) {
  NcclTuning blackwell = Hopper();
  blackwell.nvls_tree_correction = {0.9, 0.5};
  const Engine engine = Nccl(blackwell);
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 16}));
  const Variant& tree = *Find(variants, Algorithm::kNvlsTree, Protocol::kSimple);
  const Bandwidth whole = GBps(57.7 * 8 * 16 / 30);
  EXPECT_THAT(ChoiceTime(tree, B(64)), IsNearRelative(Micros(66.8) + B(64) / (0.9 * whole), 1e-12));
  EXPECT_THAT(ChoiceTime(tree, B(255)),
              IsNearRelative(Micros(66.8) + B(255) / (0.5 * whole), kRounding));
  EXPECT_THAT(ChoiceTime(tree, B(256)), IsNearRelative(Micros(66.8) + B(256) / whole, kRounding));
}

TEST(NcclNetworkTest, LongMessagesOnRingsOverNodesTakeLongerHops) {
  const Engine engine = Nccl();
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 16}));
  const Variant& ring = *Find(variants, Algorithm::kRing, Protocol::kSimple);
  EXPECT_THAT(InputsFor(ring, B(8191)).latency, IsNearRelative(Micros(3.4), kRounding));
  EXPECT_THAT(InputsFor(ring, B(8192)).latency, IsNearRelative(Micros(3.4 * 1.4), kRounding));
  EXPECT_THAT(InputsFor(ring, B(8192)).net_latency, IsNearRelative(Micros(14 * 1.4), kRounding));
}

// --- The network ---

// 20 us for a message where the table's hop has 2 us for it: 18 us more in the price, none in the
// choice. The choice has what the plugin reports, twice for Simple.
TEST(NcclNetworkTest, ASlowNetworkAddsToTheHop) {
  Fabric slow = Nodes();
  slow.tiers[1].latency = Micros(20);
  NcclTuning tuning = Hopper();
  tuning.network_reported = Micros(75);
  const Engine engine = Nccl(tuning);
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(slow, {.ranks = 16}));
  const Variant& tree = *Find(variants, Algorithm::kTree, Protocol::kLL);
  EXPECT_THAT(tree.inputs.net_latency, IsNearRelative(Micros(5 + 18), kRounding));
  EXPECT_THAT(tree.choice_latency, IsNearRelative(Micros(6.8 + 14 * 0.6 + 2 * 80), kRounding));
  const Variant& ring = *Find(variants, Algorithm::kRing, Protocol::kSimple);
  EXPECT_THAT(ring.inputs.net_latency, IsNearRelative(Micros(14 + 18), kRounding));
  EXPECT_THAT(ring.choice_latency,
              IsNearRelative(Micros(8.4 + 28 * 3.4 + 2 * (14 + 150)), kRounding));
  const Variant& nvls = *Find(variants, Algorithm::kNvlsTree, Protocol::kSimple);
  EXPECT_THAT(nvls.inputs.net_latency, IsNearRelative(Micros(20.9 + 18), kRounding));
  EXPECT_THAT(nvls.choice_latency, IsNearRelative(Micros(25 + 2 * (20.9 + 150)), kRounding));
}

// A message to each of 24 peers beyond the node: 23 posts after the first one, 1 us each, 3 for
// Simple.
TEST(NcclNetworkTest, EveryPeerBeyondTheNodeCostsAPost) {
  const Engine engine = Nccl();
  const auto hop = [&](Op op, const Group& group, Protocol protocol) {
    const auto variants = NcclVariants(engine, op, Shape(Nodes(), group));
    return Find(variants, Algorithm::kDirect, protocol)->inputs;
  };
  EXPECT_THAT(hop(Op::kAllToAll, {.ranks = 32}, Protocol::kLL).net_latency,
              IsNearRelative(Micros(2.7 + 23), kRounding));
  EXPECT_THAT(hop(Op::kAllToAll, {.ranks = 32}, Protocol::kSimple).net_latency,
              IsNearRelative(Micros(14 + 3 * 23), kRounding));
  EXPECT_THAT(hop(Op::kAllToAll, {.ranks = 4, .stride = 8}, Protocol::kLL).latency,
              IsNearRelative(Micros(5 + 2), kRounding));
  EXPECT_THAT(hop(Op::kPointToPoint, {.ranks = 2, .stride = 8}, Protocol::kLL).latency,
              IsNearRelative(Micros(5), kRounding));
  EXPECT_THAT(hop(Op::kAllToAll, {.ranks = 8}, Protocol::kLL).latency,
              IsNearRelative(Micros(0.6), kRounding));
}

// --- A network whose switches add ---

Fabric Adding() {
  Fabric fabric = Nodes();
  fabric.tiers[1].in_switch_reduction = true;
  return fabric;
}

TEST(NcclNetworkTest, CollnetRunsWhereTheNetworkAdds) {
  const std::vector<std::string> added{"nvls/simple", "collnet-direct/simple",
                                       "collnet-chain/simple"};
  const auto beyond = [](const NcclTuning& tuning, Op op, const Group& group) {
    std::vector<std::string> names = NamesFor(tuning, op, Adding(), group);
    const std::vector<std::string> without = NamesFor(tuning, op, Nodes(), group);
    EXPECT_TRUE(std::equal(without.begin(), without.end(), names.begin()));
    names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(without.size()));
    return names;
  };
  EXPECT_EQ(beyond(Hopper(), Op::kAllReduce, {.ranks = 16}), added);
  EXPECT_THAT(beyond(Hopper(), Op::kAllReduce, {.ranks = 4, .stride = 8}),
              ElementsAre("collnet-direct/simple", "collnet-chain/simple"))
      << "one rank per node: no switch inside is used";
  EXPECT_THAT(beyond(Hopper(), Op::kAllReduce, {.ranks = 8}), ElementsAre()) << "one node";
  EXPECT_THAT(beyond(Hopper(), Op::kAllGather, {.ranks = 16}), ElementsAre());
  NcclTuning tuning = Hopper();
  tuning.collnet_ranks_max = 7;
  EXPECT_THAT(beyond(tuning, Op::kAllReduce, {.ranks = 16}), ElementsAre());
  tuning = Hopper();
  tuning.collnet_direct_share = 0;
  EXPECT_THAT(beyond(tuning, Op::kAllReduce, {.ranks = 16}), ElementsAre());
}

// 16 ranks on two nodes with 8 cards. Choice: 45 GB/s each, 360 in all. Direct: 31 us, 0.4 us for
// each of 7 peers and way, 3.7 us each way; half of 360, of that 85 %. Chain: 30 us and 14 hops
// of 2.8. In-switch: 25 + 18 us; the cards set the pace (inside 2*40*0.85*7/8 = 59.5), times
// p/2(p-1).
TEST(NcclNetworkTest, CollnetIsComparedAsInTheTable) {
  const Engine engine = Nccl();
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Adding(), {.ranks = 16}));
  const auto expect = [&](Algorithm algorithm, double latency, double bandwidth) {
    const Variant& variant = *Find(variants, algorithm, Protocol::kSimple);
    EXPECT_THAT(variant.choice_latency, IsNearRelative(Micros(latency), kRounding));
    EXPECT_THAT(variant.choice_bandwidth, IsNearRelative(GBps(bandwidth), kRounding));
  };
  expect(Algorithm::kCollnetDirect, 31 + 5.6 + 7.4, 360 * 0.5 * 0.85);
  expect(Algorithm::kCollnetChain, 30 + 14 * 2.8, 360 * 0.5);
  expect(Algorithm::kNvls, 25 + 18, 360.0 * 16 / 30);
  // Two cards for eight ranks: the shortage of 4 counts for 4 - 3/2.
  Fabric few = Adding();
  few.tiers[1].ports = 2;
  const auto shared = NcclVariants(engine, Op::kAllReduce, Shape(few, {.ranks = 16}));
  EXPECT_THAT(Find(shared, Algorithm::kCollnetDirect, Protocol::kSimple)->choice_bandwidth,
              IsNearRelative(GBps(2 * 48 * 0.5 * 0.85 / 2.5), kRounding));
}

// 80 MB: 2*7/8*80 MB through 360 GB/s inside (389 us); each rank's 10 MB through its card of 50
// GB/s takes less. By the node's switch 9/8*80 MB at 9 heads of 40 GB/s * 0.85 (294 us).
TEST(NcclNetworkTest, CollnetCostsWhatTheLinksCarry) {
  Fabric slow = Adding();
  slow.tiers[1].latency = Micros(5);
  const Engine engine = Nccl();
  const auto price = [&](const Fabric& fabric, Algorithm algorithm) {
    const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(fabric, {.ranks = 16}));
    const Variant& variant = *Find(variants, algorithm, Protocol::kSimple);
    return InMicros(variant.card->value(InputsFor(variant, MB(80))).Total());
  };
  const double links = 2 * 7 / 8.0 * 80e6 / 360e3;
  EXPECT_NEAR(price(Adding(), Algorithm::kCollnetDirect), 44 + links, 1e-6);
  EXPECT_NEAR(price(Adding(), Algorithm::kCollnetChain), 69.2 + links, 1e-6);
  EXPECT_NEAR(price(Adding(), Algorithm::kNvls), 43 + 9 / 8.0 * 80e6 / (9 * 34e3), 1e-6);
  EXPECT_NEAR(price(slow, Algorithm::kCollnetChain), 69.2 + 3 + links, 1e-6)
      << "2 us of the table's hop are the wire's";
  Fabric one_card = Adding();
  one_card.tiers[1].ports = 1;
  EXPECT_NEAR(price(one_card, Algorithm::kCollnetChain), 69.2 + 80e6 / 50e3, 1e-6);
}

// --- RCCL's ways in the same fields ---

NcclTuning Rccl() {
  NcclTuning t = Hopper();
  t.channel_ring_ll128 = {};
  t.pat_share = 0;
  t.nvls_efficiency = 0;
  t.tree_simple_off_inside = true;
  t.tree_simple_steers = true;
  t.tree_share = 0.11;
  t.tree_simple_share_more = 0.59;
  t.ring_correction = {{{0.1, 0.2}, {}, {0.3, 0.4}}};
  return t;
}

TEST(NcclNetworkTest, WhatAnEngineLacksIsAbsent) {
  EXPECT_THAT(NamesFor(Rccl(), Op::kAllReduce, Nodes(), {.ranks = 8}),
              ElementsAre("ring/ll", "tree/ll", "ring/simple"));
  EXPECT_THAT(NamesFor(Rccl(), Op::kAllReduce, Nodes(), {.ranks = 16}),
              ElementsAre("ring/ll", "tree/ll", "ring/simple", "tree/simple"));
  EXPECT_THAT(NamesFor(Rccl(), Op::kAllGather, Nodes(), {.ranks = 4, .stride = 8}),
              ElementsAre("ring/ll", "ring/simple"));
}

TEST(NcclNetworkTest, RingsOverNodesAreCorrectedBySize) {
  const Engine engine = Nccl(Rccl());
  const auto ring = [&](int ranks) {
    return *Find(NcclVariants(engine, Op::kAllGather, Shape(Nodes(), {.ranks = ranks})),
                 Algorithm::kRing, Protocol::kSimple);
  };
  const Variant over = ring(16), inside = ring(8);
  EXPECT_THAT(ChoiceTime(over, B(130)),
              IsNearRelative(over.choice_latency + B(130) / (0.4 * over.choice_bandwidth), 1e-12));
  EXPECT_EQ(InputsFor(over, B(130)).net_bandwidth, over.inputs.net_bandwidth) << "the choice only";
  EXPECT_THAT(ChoiceTime(inside, B(130)),
              IsNearRelative(inside.choice_latency + B(130) / inside.choice_bandwidth, 1e-12));
}

TEST(NcclNetworkTest, SharesThatSteerAreNotCharged) {
  const Engine engine = Nccl(Rccl());
  const auto tree = [&](int ranks) {
    return *Find(NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = ranks})),
                 Algorithm::kTree, Protocol::kSimple);
  };
  EXPECT_THAT(tree(16).choice_bandwidth, IsNearRelative(GBps(0.11 * 360 / 2), kRounding));
  EXPECT_THAT(tree(24).choice_bandwidth, IsNearRelative(GBps(0.59 * 360 / 2), kRounding));
  EXPECT_THAT(InputsFor(tree(16), MiB(1)).bandwidth, IsNearRelative(GBps(360), kRounding));
  EXPECT_THAT(InputsFor(tree(16), MiB(1)).net_bandwidth, IsNearRelative(GBps(400), kRounding));
}

}  // namespace
}  // namespace commplan
