// NCCL's tuning model on H100 nodes, against numbers worked out by hand from its source
// (src/graph/tuning.cc, search.cc and enqueue.cc of 2.30.7): every entry of its table, which entry
// wins, and the rules by which entries appear at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/test_matchers.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/collective/price.h"
#include "model/collective/test_nccl.h"
#include "model/collective/variant.h"
#include "model/fabric/fabric.h"

namespace commplan {
namespace {

using ::testing::ElementsAre;

// The entry that NCCL picks.
std::string Winner(const Fabric& fabric, Op op, const Group& group, Bytes bytes) {
  const std::vector<Engine> engines{Nccl()};
  const auto model =
      CollectiveModel::Create(fabric, engines, engines[0], {op, group, std::nullopt});
  EXPECT_THAT(model, IsOk());
  return Called(model->VariantOf(model->At(bytes)));
}

// --- The table: latency and algorithm bandwidth of each entry ---

struct Entry {
  Algorithm algorithm;
  Protocol protocol;
  double latency_us;
  double gigabytes_per_second;
};

void ExpectEntries(Op op, const Group& group, const std::vector<Entry>& entries) {
  const Engine engine = Nccl();
  const std::vector<Variant> variants = NcclVariants(engine, op, Shape(Nodes(), group));
  EXPECT_EQ(variants.size(), entries.size());
  for (const Entry& entry : entries) {
    const Variant* variant = Find(variants, entry.algorithm, entry.protocol);
    const std::string what =
        std::string(Name(entry.algorithm)) + "/" + std::string(Name(entry.protocol));
    ASSERT_NE(variant, nullptr) << what;
    EXPECT_THAT(variant->choice_latency, IsNearRelative(Micros(entry.latency_us), kRounding))
        << what;
    EXPECT_THAT(variant->choice_bandwidth,
                IsNearRelative(GBps(entry.gigabytes_per_second), kRounding))
        << what;
  }
}

TEST(NcclTest, TableOfAllReduceInOneNode) {
  // Rings: 14 steps, all inside; 12 * 30 = 360 GB/s of bus bandwidth, 8/14 of it for the algorithm.
  // Trees: 14 hops of a chain; min(0.92 * 360, 12 * 38.7) = 331.2 GB/s, half of it.
  // NVLS: 9 parts of 370.8 GB/s leave 40 per head, * 0.85 * 7/8 * 2 * 8 heads, 8/14 of that.
  ExpectEntries(Op::kAllReduce, {.ranks = 8},
                {{Algorithm::kRing, Protocol::kLL, 6.6 + 14 * 0.6, 141 * 8 / 14.0},
                 {Algorithm::kRing, Protocol::kLL128, 14 + 14 * 1.9, 0.92 * 360 * 8 / 14},
                 {Algorithm::kRing, Protocol::kSimple, 8.4 + 14 * 3.4, 360 * 8 / 14.0},
                 {Algorithm::kTree, Protocol::kLL, 6.8 + 14 * 0.6, 331.2 / 3.8 / 2},
                 {Algorithm::kTree, Protocol::kLL128, 14 + 14 * 1.25, 331.2 * 7 / 9 / 2},
                 {Algorithm::kTree, Protocol::kSimple, 8.4 + 14 * 4.0, 331.2 / 2},
                 {Algorithm::kNvls, Protocol::kSimple, 25, 40 * 0.85 * 7 / 8 * 2 * 8 * 8 / 14}});
}

TEST(NcclTest, TableOfAllReduceOverTwoNodes) {
  // 8 cards of 50 GB/s, but 370.8/8 = 46.35 GB/s of NVLink for each: the search settles at 45.
  // 30 steps, 2 of them between nodes, and a post of 1 us in each; 45 * 8 = 360 GB/s of bus
  // bandwidth, 16/30 of it. Trees: 14 hops inside and 2 across; min(0.92 * 360, 8 * 41.4) = 331.2
  // GB/s, half of it. NVLSTree: min(2 * 40 * 0.85 * 7/8 = 59.5 inside, 2 * 45 across, 57.7 per
  // channel) * 8 heads.
  ExpectEntries(Op::kAllReduce, {.ranks = 16},
                {{Algorithm::kRing, Protocol::kLL, 6.6 + 28 * 1.0 + 2 * 2.7, 39 * 16 / 30.0},
                 {Algorithm::kRing, Protocol::kLL128, 14 + 28 * 1.9 + 2 * 4, 8 * 36.7 * 16 / 30},
                 {Algorithm::kRing, Protocol::kSimple, 8.4 + 28 * 3.4 + 2 * 14, 360 * 16 / 30.0},
                 {Algorithm::kTree, Protocol::kLL, 6.8 + 14 * 0.6 + 2 * 5, 39 / 2.0},
                 {Algorithm::kTree, Protocol::kLL128, 14 + 14 * 1.25 + 2 * 8.5, 8 * 36.7 / 2},
                 {Algorithm::kTree, Protocol::kSimple, 8.4 + 14 * 4.0 + 2 * 14, 331.2 / 2},
                 {Algorithm::kNvlsTree, Protocol::kSimple, 25 + 2 * 20.9, 57.7 * 8 * 16 / 30}});
}

TEST(NcclTest, TableOfAllReduceOverFourNodes) {
  // 62 steps, 6 of them between nodes; 360 GB/s of bus bandwidth, 32/62 of it; the last column.
  // Trees: 2 levels across; min(331.2, 8 * 36) = 288 GB/s. LL128: min(288 * 120/128, 8 * 29) = 232.
  // NVLSTree: min(59.5 inside, 45 across, 45.5 per channel) * 8 heads.
  ExpectEntries(Op::kAllReduce, {.ranks = 32},
                {{Algorithm::kRing, Protocol::kLL, 6.6 + 56 * 1.0 + 6 * 2.7, 20.4 * 32 / 62},
                 {Algorithm::kRing, Protocol::kLL128, 14 + 56 * 1.9 + 6 * 4, 8 * 36.7 * 32 / 62},
                 {Algorithm::kRing, Protocol::kSimple, 8.4 + 56 * 3.4 + 6 * 14, 360 * 32 / 62.0},
                 {Algorithm::kTree, Protocol::kLL, 6.8 + 14 * 0.6 + 4 * 5, 20.4 / 2},
                 {Algorithm::kTree, Protocol::kLL128, 14 + 14 * 1.25 + 4 * 8.5, 232 / 2.0},
                 {Algorithm::kTree, Protocol::kSimple, 8.4 + 14 * 4.0 + 4 * 14, 288 / 2.0},
                 {Algorithm::kNvlsTree, Protocol::kSimple, 25 + 4 * 20.9, 45 * 8 * 32 / 62.0}});
}

TEST(NcclTest, TableOfAllGather) {
  // 7 steps; the algorithm's bandwidth is 8/7 of the bus bandwidth. NVLS: 8 heads of 40 * 0.85,
  // * 7/8 in the switch and * 7/8 for the ranks; not converted.
  ExpectEntries(Op::kAllGather, {.ranks = 8},
                {{Algorithm::kRing, Protocol::kLL, 6.6 + 7 * 0.6, 141 * 8 / 7.0},
                 {Algorithm::kRing, Protocol::kLL128, 14 + 7 * 1.9, 331.2 * 8 / 7},
                 {Algorithm::kRing, Protocol::kSimple, 8.4 + 7 * 3.4, 360 * 8 / 7.0},
                 {Algorithm::kNvls, Protocol::kSimple, 25, 8 * 40 * 0.85 * 7 / 8 * 7 / 8}});
}

TEST(NcclTest, TableOfReduceScatterWithOneRankPerNode) {
  // 8 nodes, one card of 48 GB/s. 7 steps, all of them between nodes, by the Tree row of latencies.
  // PAT: floor(log2 8) = 3 rounds of 14/3.5 us and 2.8 us per rank; 0.75 * 48 GB/s, not converted.
  ExpectEntries(Op::kReduceScatter, {.ranks = 8, .stride = 8},
                {{Algorithm::kRing, Protocol::kLL, 6.6 + 7 * 5.0, 20.4 * 8 / 7},
                 {Algorithm::kRing, Protocol::kLL128, 14 + 7 * 8.5, 36.7 * 8 / 7},
                 {Algorithm::kRing, Protocol::kSimple, 8.4 + 7 * 14.0, 48 * 8 / 7.0},
                 {Algorithm::kPat, Protocol::kSimple, 8 + 3 * 4.0 + 8 * 2.8, 36}});
}

// A ring over nodes posts in each step, three times for Simple: where that is longer, it counts.
TEST(NcclTest, PostingToTheNetworkSlowsSteps) {
  NcclTuning tuning = Hopper();
  tuning.network_post = Micros(2);  // hosts by AMD: 3 * 2 us instead of 3.4 us inside
  const Engine engine = Nccl(tuning);
  const auto over = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 16}));
  EXPECT_THAT(Find(over, Algorithm::kRing, Protocol::kSimple)->choice_latency,
              IsNearRelative(Micros(8.4 + 28 * 6 + 2 * 14), kRounding));
  EXPECT_THAT(Find(over, Algorithm::kRing, Protocol::kLL)->choice_latency,
              IsNearRelative(Micros(6.6 + 28 * 2 + 2 * 2.7), kRounding));
  const auto inside = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 8}));
  EXPECT_THAT(Find(inside, Algorithm::kRing, Protocol::kSimple)->choice_latency,
              IsNearRelative(Micros(56), kRounding));
}

// --- Which entries there are ---

TEST(NcclTest, InSwitchReductionNeedsThreeRanksAndASwitchThatAdds) {
  const std::vector<std::string> plain{"ring/ll",    "tree/ll",     "ring/ll128",
                                       "tree/ll128", "ring/simple", "tree/simple"};
  std::vector<std::string> with_nvls = plain;
  with_nvls.emplace_back("nvls/simple");
  EXPECT_EQ(NamesFor(Hopper(), Op::kAllReduce, Nodes(), {.ranks = 2}), plain);
  EXPECT_EQ(NamesFor(Hopper(), Op::kAllReduce, Nodes(), {.ranks = 3}), with_nvls);
  EXPECT_EQ(NamesFor(Hopper(), Op::kAllReduce, Nodes(8, false), {.ranks = 3}), plain);
  NcclTuning ampere = Hopper();
  ampere.nvls_efficiency = 0;
  EXPECT_EQ(NamesFor(ampere, Op::kAllReduce, Nodes(), {.ranks = 3}), plain);
}

TEST(NcclTest, OverNodesInSwitchReductionBecomesATreeOfAllReduceOnly) {
  const auto has = [](Op op, const Group& group, const char* name) {
    const auto names = NamesFor(Hopper(), op, Nodes(), group);
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_TRUE(has(Op::kAllReduce, {.ranks = 16}, "nvls-tree/simple"));
  EXPECT_FALSE(has(Op::kAllReduce, {.ranks = 16}, "nvls/simple"));
  EXPECT_FALSE(has(Op::kAllReduce, {.ranks = 8}, "nvls-tree/simple")) << "off on one node";
  EXPECT_FALSE(has(Op::kAllGather, {.ranks = 16}, "nvls-tree/simple"));
  EXPECT_FALSE(has(Op::kAllReduce, {.ranks = 4, .stride = 4}, "nvls-tree/simple"))
      << "two ranks in each node";
  EXPECT_TRUE(has(Op::kAllReduce, {.ranks = 8, .stride = 2}, "nvls-tree/simple"));
}

TEST(NcclTest, Ll128NeedsLinksThatKeepItsOrder) {
  NcclTuning pcie = Hopper();
  pcie.ll128_inside = false;
  EXPECT_THAT(NamesFor(pcie, Op::kAllGather, Nodes(8, false), {.ranks = 8}),
              ElementsAre("ring/ll", "ring/simple"));
  EXPECT_THAT(NamesFor(pcie, Op::kAllGather, Nodes(8, false), {.ranks = 16}),
              ElementsAre("ring/ll", "ring/simple"));
  // One rank per node uses no link inside.
  EXPECT_THAT(NamesFor(pcie, Op::kBroadcast, Nodes(8, false), {.ranks = 2, .stride = 8}),
              ElementsAre("ring/ll", "ring/ll128", "ring/simple"));
}

TEST(NcclTest, PatNeedsOneRankPerNode) {
  const std::vector<std::string> rings{"ring/ll", "ring/ll128", "ring/simple"};
  std::vector<std::string> with_pat = rings;
  with_pat.emplace_back("pat/simple");
  const Group rail{.ranks = 4, .stride = 8};
  EXPECT_EQ(NamesFor(Hopper(), Op::kAllGather, Nodes(), rail), with_pat);
  EXPECT_EQ(NamesFor(Hopper(), Op::kReduceScatter, Nodes(), rail), with_pat);
  EXPECT_EQ(NamesFor(Hopper(), Op::kAllGather, Nodes(), {.ranks = 16}), rings);
  EXPECT_EQ(NamesFor(Hopper(), Op::kBroadcast, Nodes(), rail), rings);
  EXPECT_EQ(NamesFor(Hopper(), Op::kReduce, Nodes(), {.ranks = 8}), rings) << "rings only";
  const auto names = NamesFor(Hopper(), Op::kAllReduce, Nodes(), rail);
  EXPECT_EQ(std::count(names.begin(), names.end(), "pat/simple"), 0);
}

// --- Which entry wins ---

struct Choice {
  Bytes bytes;
  std::string winner;
};

void ExpectChoices(const Fabric& fabric, const Group& group, const std::vector<Choice>& choices) {
  for (const Choice& choice : choices) {
    EXPECT_EQ(Winner(fabric, Op::kAllReduce, group, choice.bytes), choice.winner)
        << group.ranks << " ranks, " << Exact(choice.bytes);
  }
}

TEST(NcclTest, WinnersInOneNode) {
  // Ring/LL 15 us + S/80.6 GB/s against NVLS 25 us + S/272 GB/s: equal at 10 us / (1/80.57 -
  // 1/272) = 1.14 MB. Tree/LL starts 0.2 us later than Ring/LL and is slower per byte.
  ExpectChoices(Nodes(), {.ranks = 8},
                {{KiB(1), "ring/ll"},
                 {MiB(1), "ring/ll"},
                 {KB(1140), "ring/ll"},
                 {KB(1150), "nvls/simple"},
                 {GiB(1), "nvls/simple"}});
  // Four ranks, rings of 6 steps: LL 10.2 us + S/94, LL128 25.4 us + S/220.8, Simple 28.8 us +
  // S/240 meet at 15.2 us / (1/94 - 1/220.8) = 2.488 MB and 3.4 us / (1/220.8 - 1/240) = 9.384 MB.
  // NVLS (370.8/5 leaves 60 per head: 25 us + S/204) is never the first.
  ExpectChoices(Nodes(), {.ranks = 4},
                {{KB(2480), "ring/ll"},
                 {KB(2500), "ring/ll128"},
                 {KB(9370), "ring/ll128"},
                 {KB(9390), "ring/simple"},
                 {GiB(1), "ring/simple"}});
}

TEST(NcclTest, WinnersOverTwoNodes) {
  // 64 KiB: Tree/LL 25.2 + 65536/(19.5 * 0.6) = 30.8 us, Ring/LL 40.0 + 65536/20.8 = 43.2 us.
  // 256 KiB: Tree/LL 25.2 + 262144/(19.5 * 0.4) = 58.8 us, Ring/LL 52.6 us,
  // Tree/LL128 48.5 + 262144/(146.8 * 0.6) = 51.5 us.
  // 1 MiB: Ring/LL 90.4 us, Tree/LL128 48.5 + 1048576/(146.8 * 0.6) = 60.4 us, NVLSTree 71.1 us.
  // 8 MiB: Tree/LL128 48.5 + 8388608/(146.8 * 0.9) = 112 us, NVLSTree 66.8 + 34.1 = 100.9 us.
  ExpectChoices(Nodes(), {.ranks = 16},
                {{KiB(8), "tree/ll"},
                 {KiB(64), "tree/ll"},
                 {KiB(256), "tree/ll128"},
                 {MiB(1), "tree/ll128"},
                 {MiB(8), "nvls-tree/simple"},
                 {GiB(1), "nvls-tree/simple"}});
}

TEST(NcclTest, LongRingsOverNodesCostFourTenthsMoreLatency) {
  // 64 MiB without a switch that adds: Ring/LL128 75.2 + 428.6 = 503.8 us. Ring/Simple would take
  // 131.6 + 349.5 = 481.1 us; with 1.4 * 131.6 it takes 533.8 us. Trees: 556 and 599 us.
  ExpectChoices(Nodes(8, false), {.ranks = 16}, {{MiB(64), "ring/ll128"}, {GiB(1), "ring/simple"}});
  const Engine engine = Nccl();
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 16}));
  const Variant& ring = *Find(variants, Algorithm::kRing, Protocol::kSimple);
  // From 64 bytes for each of 8 channels and 16 ranks on: 8192 bytes.
  EXPECT_THAT(ChoiceTime(ring, B(8191)),
              IsNearRelative(Micros(131.6) + B(8191) / GBps(192), kRounding));
  EXPECT_THAT(ChoiceTime(ring, B(8192)),
              IsNearRelative(Micros(131.6 * 1.4) + B(8192) / GBps(192), kRounding));
}

TEST(NcclTest, WinnersOverFourNodes) {
  // 8 KiB: Tree/LL 35.2 + 8192/(10.2 * 0.7) = 36.3 us, Ring/LL 56.4 + 0.8 us.
  // 1 GiB: NVLSTree and Ring/Simple at 185.8 GB/s, from 108.6 and from 395.9 us.
  ExpectChoices(Nodes(), {.ranks = 32}, {{KiB(8), "tree/ll"}, {GiB(1), "nvls-tree/simple"}});
  ExpectChoices(Nodes(8, false), {.ranks = 32}, {{GiB(4), "ring/simple"}});
}

// --- What depends on the size ---

TEST(NcclTest, TreesAreCorrectedBySize) {
  const Engine engine = Nccl();
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 8}));
  const Variant& tree = *Find(variants, Algorithm::kTree, Protocol::kSimple);
  // Simple: 64.4 us + S / (165.6 GB/s * table[floor(log2(S / 64))]); no entry below 64 B and from
  // 512 MiB on.
  const struct {
    Bytes bytes;
    double factor;
  } kCases[] = {{B(32), 1},      {B(64), 0.9},  {KiB(8), 0.8},  {B(16383), 0.8}, {KiB(16), 0.7},
                {MiB(1), 0.5},   {MiB(8), 0.8}, {MiB(16), 0.7}, {MiB(64), 0.8},  {MiB(256), 0.9},
                {MiB(511), 0.9}, {MiB(512), 1}, {GiB(8), 1}};
  for (const auto& c : kCases) {
    EXPECT_THAT(ChoiceTime(tree, c.bytes),
                IsNearRelative(Micros(64.4) + c.bytes / GBps(165.6 * c.factor), kRounding))
        << Exact(c.bytes);
    EXPECT_THAT(InputsFor(tree, c.bytes).bandwidth,
                IsNearRelative(GBps(331.2 * c.factor), kRounding))
        << Exact(c.bytes);
  }
  const Variant& ll = *Find(variants, Algorithm::kTree, Protocol::kLL);
  EXPECT_THAT(ChoiceTime(ll, KiB(512)),  // table[13] = 0.4
              IsNearRelative(Micros(15.2) + KiB(512) / GBps(331.2 / 3.8 / 2 * 0.4), kRounding));
}

TEST(NcclTest, NvlsChunksShrinkWithTheMessage) {
  const Engine engine = Nccl();
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 8}));
  const Variant& nvls = *Find(variants, Algorithm::kNvls, Protocol::kSimple);
  // 16 channels * 8 ranks = 128 parts. 128 KiB from 64 * 128 * 128 KiB = 1 GiB on, then 64 KiB down
  // to 8 * 128 * 64 KiB = 64 MiB, 32 KiB down to 2 * 128 * 32 KiB = 8 MiB, 16 KiB below.
  const struct {
    Bytes bytes;
    double chunks;
  } kCases[] = {{GiB(1), 64}, {MiB(1023), 128}, {MiB(64), 8}, {MiB(63), 16}, {MiB(8), 2},
                {MiB(7), 4},  {MiB(2), 1},      {B(1), 1},    {B(0), 1}};
  for (const auto& c : kCases) {
    EXPECT_EQ(InputsFor(nvls, c.bytes).chunks, c.chunks) << Exact(c.bytes);
  }
}

TEST(NcclTest, SendsTakeLlUpToALimitPerChannel) {
  // All-to-all of 8 ranks: 16 KiB * 32 channels * 8 parts = 4 MiB. One message: 512 KiB.
  const Group node{.ranks = 8};
  EXPECT_EQ(Winner(Nodes(), Op::kAllToAll, node, B(1)), "direct/ll");
  EXPECT_EQ(Winner(Nodes(), Op::kAllToAll, node, MiB(4)), "direct/ll");
  EXPECT_EQ(Winner(Nodes(), Op::kAllToAll, node, MiB(4) + B(1)), "direct/simple");
  EXPECT_EQ(Winner(Nodes(), Op::kPointToPoint, {.ranks = 2}, KiB(512)), "direct/ll");
  EXPECT_EQ(Winner(Nodes(), Op::kPointToPoint, {.ranks = 2}, KiB(513)), "direct/simple");
  EXPECT_THAT(NamesFor(Hopper(), Op::kAllToAll, Nodes(), {.ranks = 16}),
              ElementsAre("direct/ll", "direct/simple"));
}

// --- What the price is made of, beside the choice ---

TEST(NcclTest, GroupsSideBySideShareTheCards) {
  const Engine engine = Nccl();
  const auto ring = [&](int cards, const Group& group) {
    return *Find(NcclVariants(engine, Op::kAllReduce, Shape(Nodes(cards), group)), Algorithm::kRing,
                 Protocol::kSimple);
  };
  // Data parallelism of 4 nodes in 8 groups: with 8 cards one for each, with 4 cards half of one.
  const Group alone{.ranks = 4, .stride = 8};
  const Group eight{.ranks = 4, .stride = 8, .concurrent = 8};
  EXPECT_THAT(ring(8, eight).inputs.bandwidth, IsNearRelative(GBps(50), kRounding));
  EXPECT_THAT(ring(4, eight).inputs.bandwidth, IsNearRelative(GBps(25), kRounding));
  EXPECT_THAT(ring(4, alone).inputs.bandwidth, IsNearRelative(GBps(50), kRounding));
  // NCCL itself knows of no other group.
  EXPECT_EQ(ring(4, eight).choice_bandwidth, ring(4, alone).choice_bandwidth);
  // Two groups of 4 ranks in each of 2 nodes: a group uses 4 cards (all of their 50 GB/s:
  // the search's step of 48 is for the choice), alone on them where there are 8 and with the other
  // one where there are 4.
  const Group two{.ranks = 8, .stride = 2, .concurrent = 2};
  EXPECT_THAT(ring(8, two).inputs.net_bandwidth, IsNearRelative(GBps(4 * 50), kRounding));
  EXPECT_THAT(ring(4, two).inputs.net_bandwidth, IsNearRelative(GBps(2 * 50), kRounding));
}

TEST(NcclTest, LatenciesFollowTheClockInsideAndNotBetweenNodes) {
  NcclTuning slow = Hopper();
  slow.latency_scale = 2;
  slow.extra_simple_reduce = Micros(5);
  const Engine engine = Nccl(slow);
  const auto variants = NcclVariants(engine, Op::kAllReduce, Shape(Nodes(), {.ranks = 16}));
  const Inputs<double> x = Find(variants, Algorithm::kRing, Protocol::kSimple)->inputs;
  EXPECT_THAT(x.launch, IsNearRelative(Micros(2 * 8.4 + 5), kRounding));
  EXPECT_THAT(x.latency, IsNearRelative(Micros(2 * 3.4), kRounding));
  EXPECT_THAT(x.net_latency, IsNearRelative(Micros(14), kRounding));
  // Copies by 12 * 2 channels of 44 GB/s.
  EXPECT_THAT(x.copying, IsNearRelative(1.0 / GBps(24 * 44), kRounding));
  // The choice is made with the tables as they are.
  EXPECT_THAT(Find(variants, Algorithm::kRing, Protocol::kSimple)->choice_latency,
              IsNearRelative(Micros(131.6), kRounding));
}

TEST(NcclTest, WithoutPeerAccessMoreThanTwoRanksGoThroughTheHost) {
  NcclTuning staged = Hopper();
  staged.host_staged_share = 0.25;
  const Engine engine = Nccl(staged);
  const auto bandwidth = [&](int ranks) {
    const auto variants =
        NcclVariants(engine, Op::kAllGather, Shape(Nodes(8, false), {.ranks = ranks}));
    return Find(variants, Algorithm::kRing, Protocol::kSimple)->inputs.bandwidth;
  };
  EXPECT_EQ(bandwidth(2), GBps(360));
  EXPECT_EQ(bandwidth(3), GBps(90));
}

}  // namespace
}  // namespace commplan
