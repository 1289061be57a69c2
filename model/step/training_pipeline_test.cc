#include "model/step/training_pipeline.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>

#include "model/base/quantity.h"
#include "model/base/test_seed.h"
#include "model/schedule/pipeline.h"

namespace commplan::training_internal {
namespace {

using schedule::Pipeline;
using schedule::PipelineKind;

Pipeline Equal(PipelineKind kind, int devices, int microbatches, double ticks) {
  Pipeline pipeline;
  pipeline.kind = kind;
  pipeline.devices = devices;
  pipeline.microbatches = microbatches;
  pipeline.stages.assign(static_cast<std::size_t>(devices),
                         {Seconds(ticks), Seconds(ticks), Seconds(ticks)});
  return pipeline;
}

void ExpectSame(const Pipeline& pipeline) {
  PipelineEnds ends;
  RunPipeline(pipeline, &ends);
  const schedule::PipelineOutcome played = schedule::Play(pipeline);
  ASSERT_EQ(ends.makespan, played.makespan)
      << pipeline.devices << " devices, " << pipeline.microbatches << " microbatches";
  for (std::size_t d = 0; d < played.devices.size(); ++d) {
    ASSERT_EQ(ends.devices[d].end, played.devices[d].end);
    ASSERT_EQ(ends.devices[d].busy, played.devices[d].busy);
    ASSERT_EQ(ends.devices[d].sending, played.devices[d].sending);
  }
}

TEST(RunPipeline, ThreeIdleQuartersOfFourStagesWithOneMicrobatch) {
  PipelineEnds ends;
  RunPipeline(Equal(PipelineKind::kOneForwardOneBackward, 4, 1, 1), &ends);
  EXPECT_EQ(ends.makespan, Seconds(12));
  EXPECT_EQ(1 - ends.devices[0].busy / ends.makespan, 0.75);
}

// Whole ticks, so that sums are exact and equality means equality.
TEST(RunPipeline, EqualsThePlayedOneForRandomStages) {
  std::mt19937 random(TestSeed());
  const auto tick = [&random](int most) {
    return Seconds(std::uniform_int_distribution<int>(1, most)(random));
  };
  for (int devices = 2; devices <= 6; ++devices) {
    for (const int microbatches : {1, 2, 3, 5, 6, 7, 12, 31, 100}) {
      for (int round = 0; round < 24; ++round) {
        Pipeline pipeline =
            Equal(round % 4 < 2 ? PipelineKind::kGpipe : PipelineKind::kOneForwardOneBackward,
                  devices, microbatches, 1);
        for (schedule::StageTimes& stage : pipeline.stages) {
          stage = {tick(9), tick(9), tick(9)};
        }
        pipeline.transfer = round % 3 == 0 ? Seconds(0) : tick(5);
        pipeline.transfer_hidden = round % 2 == 0;
        ExpectSame(pipeline);
      }
    }
  }
}

TEST(RunPipeline, EqualsThePlayedOneForOtherSchedules) {
  for (const PipelineKind kind : {PipelineKind::kGpipe, PipelineKind::kZbH1, PipelineKind::kZbH2}) {
    ExpectSame(Equal(kind, 4, 9, 2));
  }
  Pipeline interleaved = Equal(PipelineKind::kInterleaved, 3, 6, 1);
  interleaved.chunks = 2;
  interleaved.stages.resize(6, interleaved.stages.front());
  ExpectSame(interleaved);
  Pipeline alone = Equal(PipelineKind::kInterleaved, 1, 5, 1);
  alone.chunks = 3;
  alone.stages.resize(3, alone.stages.front());
  ExpectSame(alone);
}

// No device is done before its bound, and with equal stages and no transfers none is later.
TEST(BoundPipeline, IsNeverAboveThePlayedOne) {
  std::mt19937 random(TestSeed());
  const auto tick = [&random](int most) {
    return Seconds(std::uniform_int_distribution<int>(0, most)(random));
  };
  for (const PipelineKind kind :
       {PipelineKind::kGpipe, PipelineKind::kOneForwardOneBackward, PipelineKind::kInterleaved,
        PipelineKind::kZbH1, PipelineKind::kZbH2, PipelineKind::kZbV}) {
    for (int devices = 1; devices <= 5; ++devices) {
      for (const int microbatches : {1, 2, 4, 5, 10}) {
        for (int round = 0; round < 16; ++round) {
          Pipeline pipeline = Equal(kind, devices, microbatches, 1);
          const bool many = kind == PipelineKind::kInterleaved;
          pipeline.chunks = many ? 1 + round % 3 : kind == PipelineKind::kZbV ? 2 : 1;
          pipeline.stages.resize(
              static_cast<std::size_t>(devices) * static_cast<std::size_t>(pipeline.chunks),
              pipeline.stages.front());
          const bool equal = round < 3;
          if (!equal) {
            for (schedule::StageTimes& stage : pipeline.stages) {
              stage = {tick(9), tick(9), tick(9)};
            }
            pipeline.transfer = tick(5);
          }
          pipeline.transfer_hidden = round % 2 == 0;
          PipelineEnds bound, ends;
          BoundPipeline(pipeline, &bound);
          RunPipeline(pipeline, &ends);
          ASSERT_LE(bound.makespan, ends.makespan) << Name(kind);
          for (std::size_t d = 0; d < ends.devices.size(); ++d) {
            ASSERT_LE(bound.devices[d].end, ends.devices[d].end) << Name(kind) << " device " << d;
          }
          const bool whole =
              kind == PipelineKind::kOneForwardOneBackward || (many && microbatches % devices == 0);
          if (equal && whole) {
            EXPECT_NEAR(InSeconds(bound.makespan), InSeconds(ends.makespan), 1e-9);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace commplan::training_internal
