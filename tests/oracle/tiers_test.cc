#include "tests/oracle/tiers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/oracle/schedule.h"
#include "tests/oracle/simulator.h"

namespace commplan::oracle {
namespace {

struct Pair {
  int src;
  int dst;
};

// When messages of 4 bytes, all ready at 0 and issued in this order, are there.
std::vector<std::int64_t> Arrivals(const Network& network, const std::vector<Pair>& pairs) {
  Schedule schedule(network.ranks());
  schedule.AddBuffer(4);
  for (const Pair& pair : pairs) {
    schedule.Send(pair.src, {{0, 0, 4}}, pair.dst, {{0, 0, 4}}, {});
  }
  std::vector<std::int64_t> ticks;
  for (const Times& times : RunClock(network, schedule).operations) ticks.push_back(times.done);
  return ticks;
}

using Ticks = std::vector<std::int64_t>;

TwoTierShape TwoNodes(int ranks_per_node, int nics_per_node) {
  TwoTierShape shape;
  shape.nodes = 2;
  shape.ranks_per_node = ranks_per_node;
  shape.alpha1 = 1;
  shape.beta1 = 1;
  shape.alpha2 = 5;
  shape.beta2 = 2;
  shape.nics_per_node = nics_per_node;
  return shape;
}

TEST(TwoTier, PricesInsideAndOutsideDiffer) {
  // Inside: 4*1 + 1 = 5. Between nodes: 4*2 + 5 = 13.
  const Network network = TwoTier(TwoNodes(2, 2));
  EXPECT_EQ(Arrivals(network, {{0, 1}}), Ticks{5});
  EXPECT_EQ(Arrivals(network, {{0, 2}}), Ticks{13});
}

TEST(TwoTier, RanksShareANic) {
  // One NIC: [0, 8] and [8, 16], arrivals 5 later. Two: no waiting.
  EXPECT_EQ(Arrivals(TwoTier(TwoNodes(2, 1)), {{0, 2}, {1, 3}}), (Ticks{13, 21}));
  EXPECT_EQ(Arrivals(TwoTier(TwoNodes(2, 2)), {{0, 2}, {1, 3}}), (Ticks{13, 13}));
}

TEST(TwoTier, RanksOfANodeAreDealtToNicsInOrder) {
  // Three ranks on two NICs: 0*2/3 = 0, 1*2/3 = 0, 2*2/3 = 1. Ranks 0 and 1 share, 2 is alone.
  EXPECT_EQ(Arrivals(TwoTier(TwoNodes(3, 2)), {{0, 3}, {1, 4}, {2, 5}}), (Ticks{13, 21, 13}));
}

TEST(TwoTier, ANicWorksInBothDirections) {
  EXPECT_EQ(Arrivals(TwoTier(TwoNodes(2, 1)), {{0, 2}, {3, 1}}), (Ticks{13, 13}));
}

TEST(TwoTier, TrafficBetweenNodesLeavesTheInnerTierAlone) {
  EXPECT_EQ(Arrivals(TwoTier(TwoNodes(2, 2)), {{0, 2}, {0, 1}}), (Ticks{13, 5}));
}

TEST(TwoTier, AnUplinkIsSharedByTheNicsOfANode) {
  // The uplink takes 3 ticks a byte: [0, 12] and [12, 24], arrivals 5 later.
  TwoTierShape shape = TwoNodes(2, 2);
  shape.uplink_beta = 3;
  EXPECT_EQ(Arrivals(TwoTier(shape), {{0, 2}, {1, 3}}), (Ticks{17, 29}));
  // The way back has links of its own, and traffic inside a node uses none of them.
  EXPECT_EQ(Arrivals(TwoTier(shape), {{0, 2}, {3, 1}, {0, 1}}), (Ticks{17, 17, 5}));
}

TEST(TwoTier, InnerTierMayBeAMeshOrABusPerNode) {
  // Two messages from rank 0 inside its node: switch and bus 5 and 9, mesh 5 and 5. The other node
  // has a medium of its own.
  TwoTierShape shape = TwoNodes(3, 1);
  const std::vector<Pair> pairs = {{0, 1}, {0, 2}, {3, 4}};
  EXPECT_EQ(Arrivals(TwoTier(shape), pairs), (Ticks{5, 9, 5}));
  shape.inner = TierKind::kMesh;
  EXPECT_EQ(Arrivals(TwoTier(shape), pairs), (Ticks{5, 5, 5}));
  shape.inner = TierKind::kBus;
  EXPECT_EQ(Arrivals(TwoTier(shape), pairs), (Ticks{5, 9, 5}));
}

TEST(Tiered, RanksMeetOnTheLowestTierThatHasBoth) {
  // Three tiers of two; one byte per tick everywhere, so 4 ticks and the latency of the tier.
  const Network network = Tiered({{TierKind::kSwitch, 2, 1, 1},
                                  {TierKind::kSwitch, 2, 10, 1},
                                  {TierKind::kSwitch, 2, 100, 1}});
  EXPECT_EQ(network.ranks(), 8);
  EXPECT_EQ(Arrivals(network, {{0, 1}}), Ticks{5});
  EXPECT_EQ(Arrivals(network, {{0, 3}}), Ticks{14});
  EXPECT_EQ(Arrivals(network, {{0, 7}}), Ticks{104});
  // One port per pair on the middle tier, and one per four ranks on the outer: 1 waits for 0 there.
  EXPECT_EQ(Arrivals(network, {{0, 2}, {1, 3}}), (Ticks{14, 18}));
  EXPECT_EQ(Arrivals(network, {{0, 4}, {3, 7}}), (Ticks{104, 108}));
}

TEST(Tiered, OuterTiersMayBeMeshesOrBuses) {
  // Three domains of one rank each, behind a mesh or a bus.
  const std::vector<Pair> pairs = {{0, 1}, {0, 2}, {1, 2}};
  const Tier single = {TierKind::kSwitch, 1, 0, 0};
  EXPECT_EQ(Arrivals(Tiered({single, {TierKind::kMesh, 3, 1, 1}}), pairs), (Ticks{5, 5, 5}));
  EXPECT_EQ(Arrivals(Tiered({single, {TierKind::kBus, 3, 1, 1}}), pairs), (Ticks{5, 9, 13}));
}

TEST(SwitchPorts, OnlyRanksOfOneInnermostSwitchShareOne) {
  EXPECT_TRUE(Switch(4, 1, 1).SharesSwitch({0, 1, 2, 3}));
  EXPECT_FALSE(Mesh(4, 1, 1).SharesSwitch({0, 1}));
  EXPECT_FALSE(Bus(4, 1, 1).SharesSwitch({0, 1}));
  const Network network = TwoTier(TwoNodes(2, 1));
  EXPECT_TRUE(network.SharesSwitch({2, 3}));
  EXPECT_FALSE(network.SharesSwitch({1, 2}));
}

}  // namespace
}  // namespace commplan::oracle
