// The timeline of the model against the oracle: random programs, to the tick, with and without
// slowdown; and the closed form for repeated blocks against both.
#include "tests/oracle/streams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/base/test_seed.h"
#include "model/schedule/timeline.h"

namespace commplan::oracle {
namespace {

using schedule::Block;
using schedule::Outcome;
using schedule::Program;
using schedule::Span;
using schedule::StreamKind;
using schedule::Task;

class Dice {
 public:
  Dice() : random_(TestSeed()) {}
  // 0 .. n-1
  int operator()(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }

 private:
  std::mt19937_64 random_;
};

StreamSpec SpecOf(const schedule::Stream& stream) {
  const Lane lane = stream.kind == StreamKind::kCompute        ? Lane::kCompute
                    : stream.kind == StreamKind::kCommunicator ? Lane::kCommunicator
                                                               : Lane::kCopy;
  return {lane, stream.device};
}

struct Play {
  std::vector<StreamSpec> streams;
  std::vector<Job> jobs;
  std::vector<int> numbers;  // per job: its task, counted through the blocks
};

// Writes a program out job by job; whole seconds become ticks of `scale` each.
Play WriteOut(const Program& program, std::int64_t scale) {
  Play play;
  std::vector<int> records;  // per job
  for (const schedule::Stream& stream : program.streams) play.streams.push_back(SpecOf(stream));
  int first = 0;
  for (const Block& block : program.blocks) {
    for (int repeat = 0; repeat < block.count; ++repeat) {
      int number = first;
      for (const Task& task : block.tasks) {
        Job job{.stream = task.stream};
        job.work = std::llround(InSeconds(task.work)) * scale;
        job.sm_quarters = static_cast<int>(task.load.sm * 4);
        job.memory_quarters = static_cast<int>(task.load.memory * 4);
        job.beside_compute_quarters = static_cast<int>(task.beside_compute * 4);
        for (const int event : task.waits) {
          for (int i = static_cast<int>(records.size()) - 1; i >= 0; --i) {
            if (records[static_cast<std::size_t>(i)] != event) continue;
            job.after.push_back(i);
            break;
          }
        }
        play.jobs.push_back(job);
        records.push_back(task.records);
        play.numbers.push_back(number++);
      }
    }
    first += static_cast<int>(block.tasks.size());
  }
  return play;
}

struct Told {
  std::vector<double> waited;
  std::vector<double> ran;
  double makespan = 0;
};

Told Ask(const Play& play, std::int64_t scale, int tasks, std::vector<JobTimes>* times) {
  Told told{std::vector<double>(static_cast<std::size_t>(tasks)),
            std::vector<double>(static_cast<std::size_t>(tasks))};
  *times = PlayJobs(play.streams, play.jobs);
  const std::vector<std::int64_t> blame = Blame(play.streams, play.jobs, *times);
  const auto seconds = [scale](std::int64_t ticks) {
    return static_cast<double>(ticks) / static_cast<double>(scale);
  };
  for (std::size_t i = 0; i < play.jobs.size(); ++i) {
    const auto number = static_cast<std::size_t>(play.numbers[i]);
    told.waited[number] += seconds(blame[i]);
    told.ran[number] += seconds((*times)[i].end - (*times)[i].start);
    told.makespan = std::max(told.makespan, seconds((*times)[i].end));
  }
  return told;
}

::testing::AssertionResult Same(const Outcome& outcome, const Told& told) {
  if (outcome.makespan != Seconds(told.makespan)) {
    return ::testing::AssertionFailure()
           << "makespan " << InSeconds(outcome.makespan) << ", the oracle's is " << told.makespan;
  }
  std::size_t next = 0;
  for (const auto& tasks : outcome.tasks) {
    for (const schedule::TaskSum& sum : tasks) {
      if (sum.waited != Seconds(told.waited[next]) || sum.ran != Seconds(told.ran[next])) {
        return ::testing::AssertionFailure()
               << "task " << next << " ran " << InSeconds(sum.ran) << " and was waited for "
               << InSeconds(sum.waited) << ", the oracle says " << told.ran[next] << " and "
               << told.waited[next];
      }
      ++next;
    }
  }
  return ::testing::AssertionSuccess();
}

int TaskCount(const Program& program) {
  int count = 0;
  for (const Block& block : program.blocks) count += static_cast<int>(block.tasks.size());
  return count;
}

// One or two devices with compute, communicators and a copy engine; several blocks.
Program RandomProgram(Dice& dice, int most_repeats, bool slowdown) {
  Program program;
  const int devices = 1 + dice(2);
  for (int device = 0; device < devices; ++device) {
    program.streams.push_back({StreamKind::kCompute, device});
    program.streams.push_back({StreamKind::kCommunicator, device});
    if (dice(2) == 0) program.streams.push_back({StreamKind::kCopy, device});
  }
  program.events = 1 + dice(6);
  const int longest = 1 + dice(12);
  const int blocks = 1 + dice(3);
  for (int b = 0; b < blocks; ++b) {
    Block block{.count = 1 + dice(most_repeats)};
    const int tasks = 1 + dice(7);
    for (int i = 0; i < tasks; ++i) {
      Task task{.stream = dice(static_cast<int>(program.streams.size()))};
      task.work = Seconds(dice(longest));
      for (int w = dice(3); w > 0; --w) task.waits.Add(dice(program.events));
      task.records = dice(3) == 0 ? schedule::kNoEvent : dice(program.events);
      if (slowdown) {
        switch (program.streams[static_cast<std::size_t>(task.stream)].kind) {
          case StreamKind::kCompute:
            task.load = {dice(2) * 1.0, dice(2) * 1.0};
            break;
          case StreamKind::kCommunicator:
            task.load = {dice(2) * 0.5, dice(2) * 0.5};
            task.beside_compute = 0.5 + 0.5 * dice(2);
            break;
          case StreamKind::kCopy:
            task.load = {0, dice(2) * 0.5};
            break;
        }
      }
      block.tasks.push_back(task);
    }
    program.blocks.push_back(block);
  }
  return program;
}

TEST(Streams, SimulationEqualsTheOracle) {
  SCOPED_TRACE(SeedNote());
  Dice dice;
  for (int round = 0; round < 1500; ++round) {
    const bool slowdown = round % 2 == 0;
    const std::int64_t scale = slowdown ? std::int64_t{1} << 40 : 1;
    const Program program = RandomProgram(dice, slowdown ? 2 : 4, slowdown);
    const Play play = WriteOut(program, scale);
    std::vector<JobTimes> times;
    const Told told = Ask(play, scale, TaskCount(program), &times);
    std::vector<Span> spans;
    const Outcome outcome = Simulate(program, &spans);
    ASSERT_TRUE(Same(outcome, told)) << "round " << round;
    ASSERT_EQ(spans.size(), times.size());
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const double start = static_cast<double>(times[i].start) / static_cast<double>(scale);
      ASSERT_EQ(InSeconds(spans[i].start), start) << "round " << round << " job " << i;
    }
  }
}

TEST(Streams, ClosedFormOfRepeatedBlocksEqualsTheOracle) {
  SCOPED_TRACE(SeedNote());
  Dice dice;
  for (int round = 0; round < 1500; ++round) {
    const Program program = RandomProgram(dice, 40, false);
    const Play play = WriteOut(program, 1);
    if (play.jobs.size() > 250) continue;
    std::vector<JobTimes> times;
    const Told told = Ask(play, 1, TaskCount(program), &times);
    ASSERT_TRUE(Same(Evaluate(program), told)) << "round " << round;
  }
}

// The oracle is too slow for these; the simulation, just held against it, is not.
TEST(Streams, ClosedFormOfManyRepetitionsEqualsTheSimulation) {
  SCOPED_TRACE(SeedNote());
  Dice dice;
  for (int round = 0; round < 1500; ++round) {
    const Program program = RandomProgram(dice, 300, false);
    const Outcome played = Simulate(program);
    const Outcome closed = Evaluate(program);
    ASSERT_EQ(closed.makespan, played.makespan) << "round " << round;
    ASSERT_EQ(closed.busy, played.busy) << "round " << round;
    ASSERT_EQ(closed.ends, played.ends) << "round " << round;
    for (std::size_t b = 0; b < played.tasks.size(); ++b) {
      for (std::size_t i = 0; i < played.tasks[b].size(); ++i) {
        ASSERT_EQ(closed.tasks[b][i].waited, played.tasks[b][i].waited)
            << "round " << round << " block " << b << " task " << i;
      }
    }
  }
}

// Two communicators of nearly equal pace: a gap that shrinks by one tick per repetition, so that no
// repetition is like the one before, until it closes.
TEST(Streams, ClosedFormOfAShrinkingGapEqualsTheOracle) {
  Program program;
  program.streams = {
      {StreamKind::kCompute}, {StreamKind::kCommunicator}, {StreamKind::kCommunicator}};
  program.events = 2;
  Block head{.tasks = {{.stream = 1, .work = Seconds(40)}}};
  Block body{.count = 60};
  body.tasks = {{.stream = 1, .work = Seconds(30), .records = 0},
                {.stream = 2, .work = Seconds(31), .records = 1},
                {.stream = 0, .work = Seconds(1), .waits = {0}},
                {.stream = 0, .work = Seconds(1), .waits = {1}}};
  program.blocks = {head, body};
  std::vector<JobTimes> times;
  const Told told = Ask(WriteOut(program, 1), 1, TaskCount(program), &times);
  EXPECT_TRUE(Same(Evaluate(program), told));
}

}  // namespace
}  // namespace commplan::oracle
