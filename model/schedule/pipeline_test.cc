// The arithmetic of pipelines that is known from the literature. Every small world against the
// oracle: tests/oracle/pipeline_test.cc.
#include "model/schedule/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "model/base/test_matchers.h"

namespace commplan::schedule {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;

Pipeline Equal(PipelineKind kind, int devices, int microbatches, const StageTimes& times,
               int chunks = 1) {
  Pipeline pipeline{
      .kind = kind, .devices = devices, .chunks = chunks, .microbatches = microbatches};
  pipeline.stages.assign(static_cast<std::size_t>(devices) * static_cast<std::size_t>(chunks),
                         times);
  return pipeline;
}

StageTimes Times(double forward, double input, double weight) {
  return {Seconds(forward), Seconds(input), Seconds(weight)};
}

constexpr PipelineKind k1f1b = PipelineKind::kOneForwardOneBackward;

TEST(Pipeline, OneMicrobatchOnFourStagesIdlesThreeQuarters) {
  EXPECT_EQ(EqualStagesBubbleShare(4, 1, 1), 0.75);
  for (const PipelineKind kind : {PipelineKind::kGpipe, k1f1b}) {
    EXPECT_THAT(Play(Equal(kind, 4, 1, Times(1, 1, 1))).BubbleShare(), DoubleNear(0.75, 1e-12));
  }
}

TEST(Pipeline, EightStagesNeedSixtyThreeMicrobatchesForTenPercent) {
  EXPECT_EQ(MicrobatchesForBubble(8, 1, 0.10), 63);
  EXPECT_THAT(Play(Equal(k1f1b, 8, 63, Times(1, 1, 1))).BubbleShare(), DoubleNear(0.1, 1e-12));
  EXPECT_GT(Play(Equal(k1f1b, 8, 62, Times(1, 1, 1))).BubbleShare(), 0.1 + 1e-6);
  EXPECT_EQ(MicrobatchesForBubble(1, 1, 0.10), 1);
  EXPECT_EQ(MicrobatchesForBubble(8, 3, 0.10), 21);
}

// Idle cells over all cells of the grid, exactly (p-1) / (p-1 + v m).
TEST(Pipeline, IdleShareOfEqualStagesIsTheKnownFraction) {
  for (int p = 1; p <= 6; ++p) {
    for (int m = 1; m <= 12; ++m) {
      const StageTimes times = Times(1, 2, 1);
      const double share = EqualStagesBubbleShare(p, 1, m);
      EXPECT_THAT(Play(Equal(PipelineKind::kGpipe, p, m, times)).BubbleShare(),
                  DoubleNear(share, 1e-12));
      EXPECT_THAT(Play(Equal(k1f1b, p, m, times)).BubbleShare(), DoubleNear(share, 1e-12));
      for (int v = 2; v <= 4; ++v) {
        const Pipeline pipeline = Equal(PipelineKind::kInterleaved, p, m * p, times, v);
        EXPECT_THAT(Play(pipeline).BubbleShare(),
                    DoubleNear(EqualStagesBubbleShare(p, v, m * p), 1e-12));
      }
    }
  }
}

TEST(Pipeline, ClosedFormsEqualTheRecurrence) {
  int closed = 0;
  for (const PipelineKind kind : {PipelineKind::kGpipe, k1f1b, PipelineKind::kInterleaved,
                                  PipelineKind::kZbH1, PipelineKind::kZbH2, PipelineKind::kZbV}) {
    const int chunks = kind == PipelineKind::kZbV ? 2 : kind == PipelineKind::kInterleaved ? 3 : 1;
    for (int p = 1; p <= 6; ++p) {
      for (int m = 1; m <= 14; ++m) {
        for (int times = 0; times < 64; ++times) {
          const Pipeline pipeline =
              Equal(kind, p, m, Times(1 + times % 4, 1 + (times >> 2) % 4, times >> 4), chunks);
          const std::optional<Time> form = EqualStagesMakespan(pipeline);
          if (!form) continue;
          ++closed;
          ASSERT_EQ(*form, Play(pipeline).makespan)
              << Name(kind) << " p " << p << " m " << m << " times " << times;
        }
      }
    }
  }
  EXPECT_GT(closed, 15000);  // of 32256; the others are where no form is exact
  Pipeline unequal = Equal(k1f1b, 2, 4, Times(1, 1, 1));
  unequal.stages[1].forward = Seconds(2);
  EXPECT_EQ(EqualStagesMakespan(unequal), std::nullopt);
  Pipeline sending = Equal(k1f1b, 2, 4, Times(1, 1, 1));
  sending.transfer = Seconds(1);
  EXPECT_EQ(EqualStagesMakespan(sending), std::nullopt);
}

TEST(Pipeline, ActivationsInFlight) {
  const auto peaks = [](const Pipeline& pipeline) {
    std::vector<int> all;
    for (const DeviceOutcome& device : Play(pipeline).devices) all.push_back(device.peak_in_flight);
    return all;
  };
  const StageTimes times = Times(1, 1, 1);
  EXPECT_THAT(peaks(Equal(PipelineKind::kGpipe, 4, 10, times)), Each(10));
  EXPECT_THAT(peaks(Equal(k1f1b, 4, 10, times)), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(peaks(Equal(k1f1b, 4, 2, times)), ElementsAre(2, 2, 2, 1));
  // p v (1 + (p-1)/(p v)) = 11 chunks on the first device for p = 4, v = 2.
  EXPECT_EQ(peaks(Equal(PipelineKind::kInterleaved, 4, 12, times, 2)).front(), 11);
  EXPECT_THAT(peaks(Equal(PipelineKind::kZbH1, 4, 10, times)), Each(4));
  EXPECT_THAT(peaks(Equal(PipelineKind::kZbH2, 4, 10, times)), Each(7));
  // Two chunks of half a stage each: as much as the first device of 1F1B holds, on every device.
  EXPECT_THAT(peaks(Equal(PipelineKind::kZbV, 4, 10, times, 2)), Each(8));
}

// With F = B = W nobody stands still between its own first and last pass.
TEST(Pipeline, ZeroBubbleSchedulesHaveNone) {
  for (int p = 1; p <= 6; ++p) {
    for (int m = 2 * p; m <= 12; ++m) {
      const StageTimes times = Times(1, 1, 1);
      EXPECT_EQ(Play(Equal(PipelineKind::kZbH2, p, m, times)).period, Seconds(3 * m));
      EXPECT_EQ(Play(Equal(PipelineKind::kZbV, p, m, times, 2)).period, Seconds(6 * m));
      EXPECT_EQ(Play(Equal(PipelineKind::kZbH1, p, m, times)).makespan, Seconds(3 * m + p - 1));
    }
  }
}

TEST(Pipeline, ZeroBubbleSchedulesAreOrdered) {
  for (int p = 2; p <= 6; ++p) {
    for (int f = 1; f <= 4; ++f) {
      for (int b = 1; b <= 4; ++b) {
        for (int w = 0; w <= f; ++w) {
          const StageTimes times = Times(f, b, w);
          const Time h2 = Play(Equal(PipelineKind::kZbH2, p, 2 * p, times)).period;
          const Time h1 = Play(Equal(PipelineKind::kZbH1, p, 2 * p, times)).period;
          EXPECT_LE(h2, h1);
          EXPECT_LE(h1, Play(Equal(k1f1b, p, 2 * p, times)).period);
        }
      }
    }
  }
}

// 1F1B, one microbatch through two stages: forward 1 + 1, backward 2 + 2, and a transfer each way.
TEST(Pipeline, ATransferIsOnThePathHiddenOrNot) {
  Pipeline pipeline = Equal(k1f1b, 2, 1, Times(1, 1, 1));
  pipeline.transfer = Seconds(0.5);
  EXPECT_EQ(Play(pipeline).makespan, Seconds(7));
  pipeline.transfer_hidden = false;
  EXPECT_EQ(Play(pipeline).makespan, Seconds(7));
  // With more microbatches the exposed one also takes the sender's time, once per microbatch and
  // direction on a stage in the middle: 2x (m-1), and at the ends of the pipeline up to 2x (p-1).
  Pipeline middle = Equal(k1f1b, 3, 20, Times(1, 1, 1));
  const Time none = Play(middle).makespan;
  middle.transfer = Seconds(0.25);
  const Time hidden = Play(middle).makespan;
  middle.transfer_hidden = false;
  const PipelineOutcome exposed = Play(middle);
  EXPECT_EQ(exposed.devices[1].sending, Seconds(10));
  EXPECT_GE(exposed.makespan - none, Seconds(2 * 0.25 * 19));
  EXPECT_LE(exposed.makespan - none, Seconds(2 * 0.25 * (19 + 2)));
  EXPECT_LT(hidden, exposed.makespan);
}

// Hidden is not free in 1F1B: stage 0 of 3 has three microbatches under way, and each is under way
// for 3 (F + B + W) + 4 x = 10 s, so there is one per 10/3 s instead of 3.
TEST(Pipeline, AHiddenTransferLengthensTheRoundTrip) {
  Pipeline pipeline = Equal(k1f1b, 3, 200, Times(1, 1, 1));
  pipeline.transfer = Seconds(0.25);
  const Time longer = Play(pipeline).makespan;
  pipeline.microbatches = 110;
  EXPECT_EQ(longer - Play(pipeline).makespan, Seconds(30 * 10));
}

TEST(Pipeline, TheHeaviestStageSetsThePace) {
  Pipeline pipeline = Equal(k1f1b, 4, 50, Times(1, 1, 1));
  pipeline.stages[3] = Times(2, 1, 1);
  // 50 microbatches of 4 s on the last stage, the way there (3) and the way back (6).
  EXPECT_EQ(Play(pipeline).makespan, Seconds(50 * 4 + 3 + 6));
}

// Two stages, forwards of 1 s at 0 and 1 s. Hidden, the link takes 3 s for each, one behind the
// other; exposed, the device stands still for the first before it starts the second.
TEST(Pipeline, SpansSayWhenTheirResultsTravel) {
  Pipeline pipeline = Equal(PipelineKind::kGpipe, 2, 2, Times(1, 1, 1));
  pipeline.transfer = Seconds(3);
  for (const bool hidden : {true, false}) {
    pipeline.transfer_hidden = hidden;
    const PipelineOutcome outcome = Play(pipeline, true);
    const PipelineSpan& first = outcome.devices[0].spans[0];
    const PipelineSpan& second = outcome.devices[0].spans[1];
    EXPECT_EQ(first.receiver, 1);
    EXPECT_EQ(first.departs, Seconds(1));
    EXPECT_EQ(first.arrives, Seconds(4));
    EXPECT_EQ(second.start, Seconds(hidden ? 1 : 4));
    EXPECT_EQ(second.departs, Seconds(hidden ? 4 : 5));
    EXPECT_EQ(second.arrives, Seconds(hidden ? 7 : 8));
    EXPECT_EQ(outcome.devices[1].spans[0].receiver, -1);  // a forward of the last stage
    EXPECT_EQ(outcome.devices[1].spans[2].receiver, 0);
  }
}

// A last group of two microbatches where four are wanted: it runs, and takes longer than its share.
TEST(Pipeline, InterleavedTakesAnyNumberOfMicrobatches) {
  const StageTimes times = Times(1, 1, 1);
  const Time eight = Play(Equal(PipelineKind::kInterleaved, 4, 8, times, 2)).makespan;
  const Time six = Play(Equal(PipelineKind::kInterleaved, 4, 6, times, 2)).makespan;
  EXPECT_EQ(eight, Seconds((2 * 8 + 3) * 3));
  EXPECT_GT(six, Seconds((2 * 6 + 3) * 3));
  EXPECT_LE(six, eight);
}

}  // namespace
}  // namespace commplan::schedule
