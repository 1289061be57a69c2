// The clock in worlds so small that every tick can be derived by hand.
#include "tests/oracle/simulator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/oracle/tiers.h"

namespace commplan::oracle {
namespace {

constexpr Region kFourBytes = {0, 0, 4};

Schedule WithBuffer(int ranks) {
  Schedule schedule(ranks);
  schedule.AddBuffer(4);
  return schedule;
}

int SendFour(Schedule* schedule, int src, int dst, Deps after = {}) {
  return schedule->Send(src, {kFourBytes}, dst, {kFourBytes}, std::move(after));
}

std::vector<std::int64_t> DoneTicks(const Network& network, const Schedule& schedule) {
  std::vector<std::int64_t> ticks;
  for (const Times& times : RunClock(network, schedule).operations) ticks.push_back(times.done);
  return ticks;
}

using Ticks = std::vector<std::int64_t>;

TEST(OneMessage, CostsLatencyAndBytes) {
  // The link is held during [0, 4*2 = 8]; the last byte arrives 3 ticks later, at 11.
  Schedule schedule = WithBuffer(2);
  SendFour(&schedule, 0, 1);
  const Timeline timeline = RunClock(Switch(2, 3, 2), schedule);
  EXPECT_EQ(timeline.operations[0].start, 0);
  EXPECT_EQ(timeline.operations[0].done, 11);
  EXPECT_EQ(timeline.finish, 11);
  EXPECT_EQ(timeline.group_finish, Ticks{11});
  // Egress and ingress of both ranks: only two of the four links work, for 8 ticks.
  std::int64_t busy = 0;
  for (std::int64_t ticks : timeline.link_busy) busy += ticks;
  EXPECT_EQ(busy, 16);
}

TEST(OneMessage, WithoutBytesCostsTheLatency) {
  // 0 bytes hold nothing; 3 ticks of latency remain.
  Schedule schedule = WithBuffer(2);
  schedule.Send(0, {}, 1, {}, {});
  EXPECT_EQ(DoneTicks(Switch(2, 3, 2), schedule), Ticks{3});
}

TEST(OneMessage, GoesAtThePaceOfItsSlowestLink) {
  // NICs take 2 ticks per byte and the uplinks 5: 4*5 + 7 = 27.
  TwoTierShape shape;
  shape.nodes = 2;
  shape.alpha2 = 7;
  shape.beta2 = 2;
  shape.uplink_beta = 5;
  Schedule schedule = WithBuffer(2);
  SendFour(&schedule, 0, 1);
  EXPECT_EQ(DoneTicks(TwoTier(shape), schedule), Ticks{27});
}

TEST(Contention, TwoMessagesFromOneRankGoInTurnOnASwitch) {
  // Egress of rank 0: [0, 4] and [4, 8]; arrivals 3 ticks later.
  Schedule schedule = WithBuffer(3);
  SendFour(&schedule, 0, 1);
  SendFour(&schedule, 0, 2);
  EXPECT_EQ(DoneTicks(Switch(3, 3, 1), schedule), (Ticks{7, 11}));
  // A mesh has a link for each of the two.
  EXPECT_EQ(DoneTicks(Mesh(3, 3, 1), schedule), (Ticks{7, 7}));
}

TEST(Contention, TwoMessagesToOneRankGoInTurnOnASwitch) {
  // Ingress of rank 2: [0, 4] and [4, 8].
  Schedule schedule = WithBuffer(3);
  SendFour(&schedule, 0, 2);
  SendFour(&schedule, 1, 2);
  EXPECT_EQ(DoneTicks(Switch(3, 3, 1), schedule), (Ticks{7, 11}));
  EXPECT_EQ(DoneTicks(Mesh(3, 3, 1), schedule), (Ticks{7, 7}));
}

TEST(Contention, ABusCarriesOneMessageAtATime) {
  // Two pairs have nothing in common but the medium: [0, 4], then [4, 8].
  Schedule schedule = WithBuffer(4);
  SendFour(&schedule, 0, 1);
  SendFour(&schedule, 2, 3);
  EXPECT_EQ(DoneTicks(Bus(4, 3, 1), schedule), (Ticks{7, 11}));
  EXPECT_EQ(DoneTicks(Switch(4, 3, 1), schedule), (Ticks{7, 7}));
}

TEST(Contention, HalfDuplexPortsServeOneDirectionAtATime) {
  // Both directions need both ports: [0, 4], then [4, 8]. Full duplex: together.
  Schedule schedule = WithBuffer(2);
  SendFour(&schedule, 0, 1);
  SendFour(&schedule, 1, 0);
  EXPECT_EQ(DoneTicks(Switch(2, 3, 1, Duplex::kHalf), schedule), (Ticks{7, 11}));
  EXPECT_EQ(DoneTicks(Switch(2, 3, 1), schedule), (Ticks{7, 7}));
}

TEST(Contention, AWaitingMessageHoldsUpThoseBehindIt) {
  // 2->1 waits for the ingress of rank 1 until 4, then holds the egress of rank 2 until 8.
  // 2->3 stands behind it in that egress from tick 0, though its own way is free: [8, 12].
  Schedule schedule = WithBuffer(4);
  SendFour(&schedule, 0, 1);
  SendFour(&schedule, 2, 1);
  SendFour(&schedule, 2, 3);
  EXPECT_EQ(DoneTicks(Switch(4, 0, 1), schedule), (Ticks{4, 8, 12}));
}

TEST(Contention, FirstReadyIsFirstServedWhateverWasIssuedFirst) {
  // Ingress of rank 2 is held during [0, 4] by 3->2. The last message is ready for it at 0 and
  // starts at 4; the second, issued before it, is ready only at 4 + 1 = 5, and starts at 8.
  Schedule schedule = WithBuffer(5);
  const int first = SendFour(&schedule, 0, 1);
  SendFour(&schedule, 1, 2, {first});
  SendFour(&schedule, 3, 2);
  SendFour(&schedule, 4, 2);
  EXPECT_EQ(DoneTicks(Switch(5, 1, 1), schedule), (Ticks{5, 13, 5, 9}));
}

TEST(Arithmetic, OneUnitPerRankWorksInTurn) {
  // 4 bytes at 2 ticks each are 8 ticks; two such sums at one rank end at 8 and 16, and one at
  // another rank at 8.
  Schedule schedule = WithBuffer(2);
  schedule.Reduce(0, {kFourBytes, kFourBytes}, kFourBytes, {});
  schedule.Reduce(0, {kFourBytes, kFourBytes}, kFourBytes, {});
  schedule.Reduce(1, {kFourBytes, kFourBytes}, kFourBytes, {});
  EXPECT_EQ(DoneTicks(Switch(2, 0, 1).set_gamma(2), schedule), (Ticks{8, 16, 8}));
}

TEST(Arithmetic, KInputsTakeKMinusOneAdditionsAndACopyNone) {
  // Three inputs of 4 bytes: 2 * 4 bytes * 3 ticks = 24. A single input is copied in no time.
  Schedule schedule = WithBuffer(2);
  schedule.Reduce(0, {kFourBytes, kFourBytes, kFourBytes}, kFourBytes, {});
  schedule.Reduce(1, {kFourBytes}, kFourBytes, {});
  EXPECT_EQ(DoneTicks(Switch(2, 0, 1).set_gamma(3), schedule), (Ticks{24, 0}));
}

TEST(Arithmetic, AMessageAddedOnArrivalIsDoneAfterItsAddition) {
  // Both arrive at 4 + 1 = 5; the one unit adds during [5, 13] and [13, 21].
  Schedule schedule = WithBuffer(3);
  schedule.Send(0, {kFourBytes}, 2, {kFourBytes}, {}, Arrival::kAdd);
  schedule.Send(1, {kFourBytes}, 2, {kFourBytes}, {}, Arrival::kAdd);
  const Timeline timeline = RunClock(Mesh(3, 1, 1).set_gamma(2), schedule);
  EXPECT_EQ(timeline.operations[1].arrival, 5);
  EXPECT_EQ(timeline.operations[0].done, 13);
  EXPECT_EQ(timeline.operations[1].done, 21);
}

TEST(InSwitch, ASumHoldsAllItsPortsTogether) {
  // Lockstep: all three egress ports and one ingress during [0, 4], arrival 7. The second sum needs
  // the same egress ports: [4, 8], arrival 11.
  Schedule schedule = WithBuffer(3);
  schedule.SwitchReduce(0, kFourBytes, kFourBytes, {});
  schedule.SwitchReduce(1, kFourBytes, kFourBytes, {});
  EXPECT_EQ(DoneTicks(Switch(3, 3, 1), schedule), (Ticks{7, 11}));
}

TEST(InSwitch, ACopyHoldsAllIngressPortsOwnIncluded) {
  // One copy: [0, 4]. The next needs the ingress ports: [4, 8].
  Schedule schedule = WithBuffer(3);
  schedule.Multicast(0, kFourBytes, kFourBytes, {});
  schedule.Multicast(1, kFourBytes, kFourBytes, {});
  EXPECT_EQ(DoneTicks(Switch(3, 3, 1), schedule), (Ticks{7, 11}));
}

TEST(InSwitch, IndependentPortsLetASumAndACopyOverlap) {
  // 0->1 holds egress 0 until 4, so the sum flows on during [4, 8], but egress 1 and 2 gave their
  // parts during [0, 4]: the copy of rank 1 starts at 4, not at 8. Its ingress ports: 0 is held by
  // the sum until 8, so the copy is complete at 12. Lockstep would make it start at 8 as well.
  Schedule schedule = WithBuffer(3);
  SendFour(&schedule, 0, 1);
  schedule.SwitchReduce(0, kFourBytes, kFourBytes, {});
  schedule.Multicast(1, kFourBytes, kFourBytes, {});
  Network network = Switch(3, 0, 1);
  EXPECT_EQ(RunClock(network, schedule).operations[2].start, 8);
  network.set_port_timing(PortTiming::kIndependent);
  EXPECT_EQ(RunClock(network, schedule).operations[2].start, 4);
  EXPECT_EQ(DoneTicks(network, schedule), (Ticks{4, 8, 12}));
}

}  // namespace
}  // namespace commplan::oracle
