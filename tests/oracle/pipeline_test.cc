// Every schedule of the model against the oracle, to the tick: stages 1 to 6, microbatches 1 to 12,
// equal and random stage times, transfers of any length, hidden and exposed.
#include "tests/oracle/pipeline.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"
#include "model/schedule/pipeline.h"

namespace commplan::oracle {
namespace {

using schedule::Pass;
using schedule::Pipeline;
using schedule::PipelineKind;

constexpr PipelineKind kKinds[] = {PipelineKind::kGpipe,       PipelineKind::kOneForwardOneBackward,
                                   PipelineKind::kInterleaved, PipelineKind::kZbH1,
                                   PipelineKind::kZbH2,        PipelineKind::kZbV};

Time Ticks(std::int64_t ticks) { return Seconds(static_cast<double>(ticks)); }

Pipeline ToModel(PipelineKind kind, const PipelineWorld& world) {
  Pipeline pipeline{.kind = kind,
                    .devices = world.devices,
                    .chunks = world.chunks,
                    .microbatches = world.microbatches,
                    .group = kind == PipelineKind::kInterleaved ? world.group : 0};
  for (const PipelineStage& stage : world.stages) {
    pipeline.stages.push_back(
        {Ticks(stage.forward), Ticks(stage.input_gradient), Ticks(stage.weight_gradient)});
  }
  pipeline.transfer = Ticks(world.transfer);
  pipeline.transfer_hidden = !world.transfer_blocks_sender;
  return pipeline;
}

char Letter(Pass pass) {
  switch (pass) {
    case Pass::kForward:
      return 'f';
    case Pass::kBackward:
      return 'B';
    case Pass::kBackwardInput:
      return 'b';
    case Pass::kBackwardWeight:
      return 'w';
  }
  return '?';
}

void Compare(PipelineKind kind, const PipelineWorld& world) {
  const std::string schedule(Name(kind));
  SCOPED_TRACE(schedule + " on " + std::to_string(world.devices) + " devices, " +
               std::to_string(world.chunks) + " chunks, " + std::to_string(world.microbatches) +
               " microbatches, transfer " + std::to_string(world.transfer) +
               (world.transfer_blocks_sender ? " exposed" : " hidden"));
  std::vector<Sheet> sheets;
  for (int d = 0; d < world.devices; ++d) sheets.push_back(SheetOf(schedule, world, d));
  const auto story = PlayPipeline(world, sheets);
  const auto outcome = Play(ToModel(kind, world), true);
  ASSERT_TRUE(story.has_value()) << "the oracle's devices are stuck";
  ASSERT_EQ(outcome.makespan, Ticks(story->finish));
  std::int64_t period = 0;
  for (std::size_t d = 0; d < story->devices.size(); ++d) {
    const std::vector<Deed>& deeds = story->devices[d];
    const schedule::DeviceOutcome& device = outcome.devices[d];
    ASSERT_EQ(device.peak_in_flight, story->peak[d]) << "device " << d;
    ASSERT_EQ(device.spans.size(), deeds.size()) << "device " << d;
    std::int64_t busy = 0;
    for (std::size_t i = 0; i < deeds.size(); ++i) {
      const schedule::PipelineSpan& span = device.spans[i];
      ASSERT_EQ(Letter(span.op.pass), deeds[i].what) << "device " << d << " place " << i;
      ASSERT_EQ(span.op.stage, deeds[i].stage) << "device " << d << " place " << i;
      ASSERT_EQ(span.op.microbatch, deeds[i].microbatch) << "device " << d << " place " << i;
      ASSERT_EQ(span.start, Ticks(deeds[i].start)) << "device " << d << " place " << i;
      ASSERT_EQ(span.end, Ticks(deeds[i].end)) << "device " << d << " place " << i;
      ASSERT_EQ(span.sent, Ticks(deeds[i].free)) << "device " << d << " place " << i;
      busy += deeds[i].end - deeds[i].start;
    }
    ASSERT_EQ(device.busy, Ticks(busy));
    period = std::max(period, deeds.back().free - deeds.front().start);
  }
  ASSERT_EQ(outcome.period, Ticks(period));
}

std::vector<int> ChunksOf(PipelineKind kind) {
  if (kind == PipelineKind::kInterleaved) return {1, 2, 3};
  if (kind == PipelineKind::kZbV) return {2};
  return {1};
}

class Dice {
 public:
  Dice() : random_(TestSeed()) {}
  std::int64_t operator()(int n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

 private:
  std::mt19937_64 random_;
};

TEST(Pipeline, EverySmallWorldEqualsTheOracle) {
  SCOPED_TRACE(SeedNote());
  Dice dice;
  for (const PipelineKind kind : kKinds) {
    for (const int chunks : ChunksOf(kind)) {
      for (int devices = 1; devices <= 6; ++devices) {
        for (int microbatches = 1; microbatches <= 12; ++microbatches) {
          PipelineWorld world{.devices = devices, .chunks = chunks, .microbatches = microbatches};
          world.group = devices;
          world.v_shaped = kind == PipelineKind::kZbV;
          const auto count = static_cast<std::size_t>(devices) * static_cast<std::size_t>(chunks);
          world.stages.assign(count, {1, 1, 1});
          Compare(kind, world);
          for (int round = 0; round < 8 && !HasFatalFailure(); ++round) {
            const int longest = round < 4 ? 3 : 9;
            for (PipelineStage& stage : world.stages) {
              stage = {dice(longest), dice(longest), dice(longest)};
            }
            world.group = devices + (round % 2 == 0 ? 0 : static_cast<int>(dice(devices + 2)));
            world.transfer = round % 2 == 0 ? 0 : dice(6);
            world.transfer_blocks_sender = dice(2) == 0;
            Compare(kind, world);
          }
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

}  // namespace
}  // namespace commplan::oracle
