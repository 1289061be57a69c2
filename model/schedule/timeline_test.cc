// Small programs worked out by hand. Random ones against the oracle: tests/oracle/streams_test.cc.
#include "model/schedule/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "model/base/test_matchers.h"

namespace commplan::schedule {
namespace {

constexpr int kCompute = 0;
constexpr int kNet = 1;

Program TwoStreams(int events, std::vector<Block> blocks) {
  return {.streams = {{StreamKind::kCompute}, {StreamKind::kCommunicator}},
          .events = events,
          .blocks = std::move(blocks)};
}

Time Exposed(const Program& program, const Outcome& outcome) {
  return WaitedFor(program, outcome, StreamKind::kCommunicator);
}

// Every layer computes 3 s and then sums for 2 s, and the next one needs the sum: 4 (3 + 2).
TEST(Timeline, NothingOverlapsInAChain) {
  const Program program = TwoStreams(
      2, {{.tasks = {{.stream = kCompute, .work = Seconds(3), .waits = {0}, .records = 1},
                     {.stream = kNet, .work = Seconds(2), .waits = {1}, .records = 0}},
           .count = 4}});
  for (const Outcome& outcome : {Simulate(program), Evaluate(program)}) {
    EXPECT_EQ(outcome.makespan, Seconds(20));
    EXPECT_EQ(outcome.busy[kCompute], Seconds(12));
    EXPECT_EQ(outcome.busy[kNet], Seconds(8));
    EXPECT_EQ(Exposed(program, outcome), Seconds(8));
  }
}

// Reduce-scatter (4 s), then all-gather (5 s) before the product that needs them. Meanwhile compute
// has 6 s of its own: of the reduce-scatter nothing is seen, of the all-gather 3 s.
TEST(Timeline, AWaitIsPutDownToWhoRanInIt) {
  const Program program =
      TwoStreams(2, {{.tasks = {{.stream = kNet, .work = Seconds(4)},
                                {.stream = kNet, .work = Seconds(5), .records = 0},
                                {.stream = kCompute, .work = Seconds(6)},
                                {.stream = kCompute, .work = Seconds(1), .waits = {0}}}}});
  const Outcome outcome = Simulate(program);
  EXPECT_EQ(outcome.makespan, Seconds(10));
  EXPECT_EQ(outcome.tasks[0][0].waited, Time());
  EXPECT_EQ(outcome.tasks[0][1].waited, Seconds(3));
  // With 1 s of compute instead of 6, the wait of 8 s is 3 s of the first and 5 s of the second.
  Program shorter = program;
  shorter.blocks[0].tasks[2].work = Seconds(1);
  const Outcome longer_wait = Evaluate(shorter);
  EXPECT_EQ(longer_wait.tasks[0][0].waited, Seconds(3));
  EXPECT_EQ(longer_wait.tasks[0][1].waited, Seconds(5));
}

TEST(Timeline, WhatRunsAfterTheLastComputeIsExposed) {
  const Program program =
      TwoStreams(1, {{.tasks = {{.stream = kCompute, .work = Seconds(3), .records = 0},
                                {.stream = kNet, .work = Seconds(10), .waits = {0}},
                                {.stream = kCompute, .work = Seconds(4)}}}});
  const Outcome outcome = Evaluate(program);
  EXPECT_EQ(outcome.makespan, Seconds(13));
  EXPECT_EQ(Exposed(program, outcome), Seconds(6));
}

TEST(Timeline, WaitingForAnotherDeviceIsNoExposedCommunication) {
  Program program{.streams = {{StreamKind::kCompute, 0}, {StreamKind::kCompute, 1}}, .events = 1};
  program.blocks = {{.tasks = {{.stream = 0, .work = Seconds(5), .records = 0},
                               {.stream = 1, .work = Seconds(2), .waits = {0}}}}};
  const Outcome outcome = Simulate(program);
  EXPECT_EQ(WaitedFor(program, outcome, StreamKind::kCommunicator), Time());
  // Device 1 waits 5 s for device 0, which waits 2 s for device 1 at the end.
  EXPECT_EQ(outcome.tasks[0][0].waited, Seconds(5));
  EXPECT_EQ(outcome.tasks[0][1].waited, Seconds(2));
}

// 4 s of communication at 0.8 of its pace take 5 s; meanwhile compute runs at 1 - 0.25 and gets
// 3.75 of its 10 s done. The other 6.25 s run alone.
TEST(Timeline, BothSidesSlowEachOther) {
  Program program = TwoStreams(0, {{.tasks = {{.stream = kCompute, .work = Seconds(10)},
                                              {.stream = kNet, .work = Seconds(4)}}}});
  program.blocks[0].tasks[0].load = {.sm = 1, .memory = 0.5};
  program.blocks[0].tasks[1].load = {.sm = 0.25, .memory = 0.25};
  program.blocks[0].tasks[1].beside_compute = 0.8;
  std::vector<Span> spans;
  const Outcome outcome = Simulate(program, &spans);
  EXPECT_THAT(outcome.makespan, IsNear(Seconds(11.25), Nanos(1)));
  EXPECT_THAT(spans[1].end, IsNear(Seconds(5), Nanos(1)));
  EXPECT_EQ(Evaluate(program).makespan, outcome.makespan);
}

// A compute task that needs 0.8 of the memory rate is slowed only when less than that is left.
TEST(Timeline, AShareThatIsLeftOverSlowsNobody) {
  Program program = TwoStreams(0, {{.tasks = {{.stream = kCompute, .work = Seconds(8)},
                                              {.stream = kNet, .work = Seconds(8)}}}});
  program.blocks[0].tasks[0].load = {.sm = 0, .memory = 0.8};
  program.blocks[0].tasks[1].load = {.sm = 0, .memory = 0.2};
  EXPECT_THAT(Simulate(program).makespan, IsNear(Seconds(8), Nanos(1)));
  program.blocks[0].tasks[1].load.memory = 0.6;
  // At half its pace it has done 4 s of work when the communication ends.
  EXPECT_THAT(Simulate(program).makespan, IsNear(Seconds(12), Nanos(1)));
  // A communication that takes everything stops compute and is itself not stopped.
  program.blocks[0].tasks[1].load.memory = 1;
  EXPECT_THAT(Simulate(program).makespan, IsNear(Seconds(16), Nanos(1)));
}

TEST(Timeline, LoadsCountOnTheirOwnDeviceOnly) {
  Program program = TwoStreams(0, {{.tasks = {{.stream = kCompute, .work = Seconds(8)},
                                              {.stream = kNet, .work = Seconds(8)}}}});
  program.blocks[0].tasks[0].load.sm = 1;
  program.blocks[0].tasks[1].load.sm = 0.5;
  program.streams[kNet].device = 1;
  EXPECT_EQ(Simulate(program).makespan, Seconds(8));
}

// A step of the planner must not cost more for more layers. Played out, these would take minutes.
TEST(Timeline, AHundredMillionLayersTakeNoLonger) {
  constexpr int kMany = 100'000'000;
  Program program = TwoStreams(
      2, {{.tasks = {{.stream = kCompute, .work = Seconds(3), .waits = {0}, .records = 1},
                     {.stream = kNet, .work = Seconds(2), .waits = {1}, .records = 0}},
           .count = kMany}});
  EXPECT_EQ(Evaluate(program).makespan, Seconds(5.0 * kMany));
  // Unlinked, and slower than compute: the queue grows, and all of it is exposed at the end.
  program.blocks[0].tasks[0].waits = {};
  program.blocks[0].tasks[1].work = Seconds(4);
  program.blocks[0].count = 1'000'000;
  const Outcome outcome = Evaluate(program);
  EXPECT_EQ(outcome.makespan, Seconds(4e6 + 3));
  EXPECT_EQ(Exposed(program, outcome), Seconds(1e6 + 3));
}

// A -> D in one repetition, D -> C in the next, C -> A in the one after: 9 s in two repetitions
// beat the 3 s of each stream, and the ends move by 3 and 6 s in turn.
TEST(Timeline, ARegimeMayTakeTwoRepetitions) {
  Program program{
      .streams = {{StreamKind::kCompute}, {StreamKind::kCommunicator}, {StreamKind::kCommunicator}},
      .events = 3,
      .blocks = {{.count = 100'000'000}}};
  program.blocks[0].tasks = {{.stream = 0, .work = Seconds(3), .waits = {2}, .records = 0},
                             {.stream = 2, .work = Seconds(3), .waits = {1}, .records = 2},
                             {.stream = 1, .work = Seconds(3), .waits = {0}, .records = 1}};
  // A ends at 3, 6, 12, 15, ...: repetition 2k + 1 at 9k + 6, and D follows 3 s later.
  EXPECT_EQ(Evaluate(program).makespan, Seconds(9 * 49'999'999.0 + 9));
}

TEST(Timeline, NumbersThatAreNotWholeAgreeWithinRounding) {
  const Program program = TwoStreams(
      2, {{.tasks = {{.stream = kCompute, .work = Micros(3.1), .waits = {0}, .records = 1},
                     {.stream = kNet, .work = Micros(2.7), .waits = {1}, .records = 0},
                     {.stream = kCompute, .work = Micros(0.9)}},
           .count = 1000}});
  const Outcome played = Simulate(program);
  const Outcome closed = Evaluate(program);
  EXPECT_THAT(closed.makespan, IsNear(played.makespan, 1e-11 * played.makespan));
  EXPECT_THAT(Exposed(program, closed), IsNear(Exposed(program, played), 1e-11 * played.makespan));
}

TEST(Timeline, AnEmptyProgramTakesNoTime) {
  EXPECT_EQ(Evaluate(Program{}).makespan, Time());
  EXPECT_EQ(Simulate(Program{}).makespan, Time());
}

TEST(TimelineDeathTest, FaultsOfTheCallerAreCaught) {
  EXPECT_DEATH(Evaluate(TwoStreams(0, {{.tasks = {{.stream = 2}}}})), "stream");
  EXPECT_DEATH(Evaluate(TwoStreams(1, {{.tasks = {{.waits = {1}}}}})), "event");
  EXPECT_DEATH(Evaluate(TwoStreams(0, {{.tasks = {{.work = Seconds(-1)}}}})), "work");
}

}  // namespace
}  // namespace commplan::schedule
