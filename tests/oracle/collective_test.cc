// That wrong data are noticed, and that groups can run side by side.
#include "tests/oracle/collective.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/oracle/catalogue.h"
#include "tests/oracle/tiers.h"

namespace commplan::oracle {
namespace {

Parameters Of(int ranks, std::int64_t elements) {
  Parameters parameters;
  parameters.ranks = ranks;
  parameters.elements = elements;
  return parameters;
}

constexpr Region kAll = {0, 0, 3};

Collective Broken(int ranks) {
  Collective collective{"all-reduce", "broken", Of(ranks, 3), Schedule(ranks), 0};
  collective.schedule.AddBuffer(3);
  return collective;
}

TEST(Check, NoticesAMissingPart) {
  // Rank 0 has the sum, rank 1 never gets it.
  Collective collective = Broken(2);
  collective.schedule.Send(1, {kAll}, 0, {kAll}, {}, Arrival::kAdd);
  const Outcome outcome = Perform(Switch(2, 1, 1), collective);
  EXPECT_NE(outcome.wrong.find("rank 1"), std::string::npos) << outcome.wrong;
}

TEST(Check, NoticesAPartAddedTwice) {
  Collective collective = Broken(2);
  const int once = collective.schedule.Send(1, {kAll}, 0, {kAll}, {}, Arrival::kAdd);
  const int twice = collective.schedule.Send(1, {kAll}, 0, {kAll}, {once}, Arrival::kAdd);
  collective.schedule.Send(0, {kAll}, 1, {kAll}, {twice});
  EXPECT_NE(Perform(Switch(2, 1, 1), collective).wrong, "");
}

TEST(Check, NoticesMemoryThatNobodyWrote) {
  Collective collective = Broken(2);
  collective.schedule.AddBuffer(3);
  collective.result_buffer = 1;
  EXPECT_NE(Perform(Switch(2, 1, 1), collective).wrong, "");
}

// Both send what they have and add what they get. In step on a full-duplex switch it works, but
// only by luck: on a bus the addition comes before the rank's own message is read.
TEST(CheckShuffled, NoticesWhatWorksOnlyByLuckyTiming) {
  Collective collective = Broken(2);
  collective.schedule.Send(0, {kAll}, 1, {kAll}, {}, Arrival::kAdd);
  collective.schedule.Send(1, {kAll}, 0, {kAll}, {}, Arrival::kAdd);
  EXPECT_EQ(Perform(Switch(2, 1, 1), collective).wrong, "");
  EXPECT_NE(Perform(Bus(2, 0, 1), collective).wrong, "");
  bool noticed = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    noticed = noticed || !CheckShuffled(collective, seed).empty();
  }
  EXPECT_TRUE(noticed);
}

TEST(Concurrently, GroupsOnDifferentLinksDoNotMeet) {
  // Rings in two nodes, each 2 * (3 + 1) = 8 as if alone.
  TwoTierShape shape;
  shape.nodes = 2;
  shape.ranks_per_node = 2;
  shape.alpha1 = 3;
  shape.beta1 = 1;
  const Collective ring = *Make("all-reduce", "ring", Of(2, 2));
  const Outcome outcome = PerformConcurrently(TwoTier(shape), {&ring, &ring}, {{0, 1}, {3, 2}});
  EXPECT_EQ(outcome.wrong, "");
  EXPECT_EQ(outcome.timeline.group_finish, (std::vector<std::int64_t>{8, 8}));
}

TEST(Concurrently, GroupsShareLinksInTurn) {
  // Two messages of 4 bytes over one NIC: [0, 4] and [4, 8], arrivals 5 later.
  TwoTierShape shape;
  shape.nodes = 2;
  shape.ranks_per_node = 2;
  shape.alpha2 = 5;
  shape.beta2 = 1;
  const Network network = TwoTier(shape);
  const Collective message = *Make("p2p", "direct", Of(2, 4));
  const std::vector<const Collective*> both = {&message, &message};
  const std::vector<std::vector<int>> ranks = {{0, 2}, {1, 3}};
  EXPECT_EQ(PerformConcurrently(network, both, ranks).timeline.group_finish,
            (std::vector<std::int64_t>{9, 13}));
  // If the first starts one tick later, it is the second in the queue: [4, 8]. Alone: 6 + 4.
  EXPECT_EQ(PerformConcurrently(network, both, ranks, {1, 0}).timeline.group_finish,
            (std::vector<std::int64_t>{13, 9}));
}

TEST(Concurrently, IssueOrderDecidesBetweenGroupsAtEqualTicks) {
  // Every rank sends to both others, 2 bytes each, on one bus. In turn, messages of the two groups
  // alternate and the groups end at 22 + 1 and 24 + 1; else the first is through at 12 + 1.
  const Collective gather = *Make("all-gather", "direct", Of(3, 6));
  const std::vector<const Collective*> both = {&gather, &gather};
  const std::vector<std::vector<int>> ranks = {{0, 1, 2}, {3, 4, 5}};
  const Network bus = Bus(6, 1, 1);
  EXPECT_EQ(PerformConcurrently(bus, both, ranks).timeline.group_finish,
            (std::vector<std::int64_t>{23, 25}));
  EXPECT_EQ(
      PerformConcurrently(bus, both, ranks, {}, IssueOrder::kSequential).timeline.group_finish,
      (std::vector<std::int64_t>{13, 25}));
}

TEST(Concurrently, GroupsMayShareRanksAndKeepTheirOwnData) {
  const Collective ring = *Make("all-reduce", "ring", Of(4, 13));
  const Collective exchange = *Make("all-to-all", "pairwise", Of(3, 10));
  const Collective nvls = *Make("all-reduce", "nvls", Of(4, 9));
  const Outcome outcome = PerformConcurrently(Switch(6, 2, 1), {&ring, &exchange, &nvls},
                                              {{5, 1, 3, 0}, {1, 5, 2}, {0, 1, 2, 5}});
  EXPECT_EQ(outcome.wrong, "");
  EXPECT_EQ(outcome.timeline.group_finish.size(), 3u);
}

TEST(Make, RefusesWhatItDoesNotServe) {
  EXPECT_TRUE(Make("all-gather", "recursive-doubling", Of(8, 5)).has_value());
  EXPECT_FALSE(Make("all-gather", "recursive-doubling", Of(6, 5)).has_value());
  EXPECT_FALSE(Make("all-gather", "no-such", Of(8, 5)).has_value());
  Parameters nodes = Of(6, 5);
  nodes.nodes = 3;
  EXPECT_TRUE(Make("all-reduce", "hierarchical", nodes).has_value());
  nodes.nodes = 4;
  EXPECT_FALSE(Make("all-reduce", "hierarchical", nodes).has_value());
}

}  // namespace
}  // namespace commplan::oracle
