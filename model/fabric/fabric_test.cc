#include "model/fabric/fabric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/test_matchers.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

// Nodes of 8 ranks on a switch (8 B/s per port), joined by a network of 2 B/s per card.
Fabric Nodes(int cards, double oversubscription = 1) {
  return {{{.name = "node",
            .kind = TierKind::kSwitch,
            .ranks = 8,
            .bandwidth = Bps(8),
            .latency = Seconds(1)},
           {.name = "net",
            .kind = TierKind::kSwitch,
            .ranks = 0,
            .bandwidth = Bps(2),
            .latency = Seconds(5),
            .ports = cards,
            .oversubscription = oversubscription}}};
}

TEST(PlaceTest, AGroupInsideANodeUsesTheFirstTierOnly) {
  const auto placement = Place(Nodes(8), {.ranks = 4});
  ASSERT_THAT(placement, IsOk());
  ASSERT_EQ(placement->levels.size(), 1U);
  EXPECT_EQ(placement->levels[0].domains, 4);
  EXPECT_EQ(placement->levels[0].latency, Seconds(1));
  EXPECT_EQ(placement->levels[0].neighbour, Bps(8));
}

TEST(PlaceTest, AGroupOverNodesUsesBothTiers) {
  const auto placement = Place(Nodes(8), {.ranks = 16});
  ASSERT_THAT(placement, IsOk());
  ASSERT_EQ(placement->levels.size(), 2U);
  EXPECT_EQ(placement->levels[0].domains, 8);
  EXPECT_EQ(placement->levels[1].domains, 2);
  EXPECT_EQ(placement->levels[1].members, 16);
  // A card for each rank: the full 2 B/s.
  EXPECT_EQ(placement->levels[1].neighbour, Bps(2));
}

TEST(PlaceTest, RanksThatShareACardShareItsRate) {
  // 8 ranks on 2 cards: 4 on each, 2/4 B/s.
  const auto placement = Place(Nodes(2), {.ranks = 16});
  ASSERT_THAT(placement, IsOk());
  EXPECT_EQ(placement->levels[1].neighbour, Bps(0.5));
  // 8 ranks on 3 cards: the fullest one has 3.
  EXPECT_THAT(Place(Nodes(3), {.ranks = 16})->levels[1].neighbour,
              IsNear(Bps(2.0 / 3), Bps(1e-12)));
}

TEST(PlaceTest, StrideEightSkipsTheNode) {
  // Data parallelism over 4 nodes: one rank of each, alone on the card.
  const auto alone = Place(Nodes(1), {.ranks = 4, .stride = 8});
  ASSERT_THAT(alone, IsOk());
  ASSERT_EQ(alone->levels.size(), 1U);
  EXPECT_EQ(alone->levels[0].tier, 1);
  EXPECT_EQ(alone->levels[0].domains, 4);
  EXPECT_EQ(alone->levels[0].neighbour, Bps(2));
  // All eight such groups at once: eight ranks on the one card.
  EXPECT_EQ(Place(Nodes(1), {.ranks = 4, .stride = 8, .concurrent = 8})->levels[0].neighbour,
            Bps(0.25));
  // With eight cards they do not meet.
  EXPECT_EQ(Place(Nodes(8), {.ranks = 4, .stride = 8, .concurrent = 8})->levels[0].neighbour,
            Bps(2));
}

TEST(PlaceTest, AnOverSubscribedSpineIsTheTighterLimit) {
  // 8 cards of 2 B/s behind an uplink of 16/4 = 4 B/s for 8 ranks.
  EXPECT_EQ(Place(Nodes(8, 4), {.ranks = 16})->levels[1].neighbour, Bps(0.5));
  // A single rank of the node has its card to itself; the uplink's 4 B/s does not bind.
  EXPECT_EQ(Place(Nodes(8, 4), {.ranks = 2, .stride = 8})->levels[0].neighbour, Bps(2));
}

TEST(PlaceTest, MeshAndBus) {
  const Fabric mesh{{{.name = "mesh", .kind = TierKind::kMesh, .ranks = 8, .bandwidth = Bps(3)}}};
  EXPECT_EQ(Place(mesh, {.ranks = 8})->levels[0].neighbour, Bps(3));
  EXPECT_EQ(Place(mesh, {.ranks = 8})->levels[0].all_peers, Bps(21));
  const Fabric bus{{{.name = "bus", .kind = TierKind::kBus, .ranks = 8, .bandwidth = Bps(24)}}};
  EXPECT_EQ(Place(bus, {.ranks = 4})->levels[0].neighbour, Bps(6));
  // Two groups of four at once: eight ranks on the medium.
  EXPECT_EQ(Place(bus, {.ranks = 4, .concurrent = 2})->levels[0].neighbour, Bps(3));
}

TEST(PlaceTest, HalfDuplexHalves) {
  Fabric fabric = Nodes(8);
  fabric.tiers[0].half_duplex = true;
  EXPECT_EQ(Place(fabric, {.ranks = 2})->levels[0].neighbour, Bps(4));
}

TEST(PlaceTest, ASingleRankUsesNothing) {
  EXPECT_TRUE(Place(Nodes(1), {.ranks = 1})->levels.empty());
}

TEST(PlaceTest, RefusesWhatDoesNotFit) {
  Fabric node = Nodes(1);
  node.tiers.pop_back();
  EXPECT_THAT(Place(node, {.ranks = 16}),
              IsError(ErrorCode::kUnsupported, HasSubstr("do not fit on a fabric of 8 ranks")));
  EXPECT_THAT(Place(Nodes(1), {.ranks = 12}),
              IsError(ErrorCode::kUnsupported, HasSubstr("do not fill the domains of tier node")));
  EXPECT_THAT(Place(Nodes(1), {.ranks = 4, .stride = 3}),
              IsError(ErrorCode::kUnsupported, HasSubstr("4 ranks 3 apart")));
}

}  // namespace
}  // namespace commplan
