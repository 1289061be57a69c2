#include "model/schedule/rehearsal.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/test_seed.h"
#include "model/schedule/pipeline.h"

namespace commplan::schedule {
namespace {

Pipeline Equal(PipelineKind kind, int devices, int chunks, int microbatches) {
  Pipeline pipeline;
  pipeline.kind = kind;
  pipeline.devices = devices;
  pipeline.chunks = chunks;
  pipeline.microbatches = microbatches;
  pipeline.stages.assign(static_cast<std::size_t>(devices) * static_cast<std::size_t>(chunks),
                         {Seconds(2), Seconds(2), Seconds(2)});
  return pipeline;
}

std::string Say(const Pipeline& p) {
  return std::string(Name(p.kind)) + ", " + std::to_string(p.devices) + " devices, " +
         std::to_string(p.chunks) + " chunks, " + std::to_string(p.microbatches) +
         " microbatches in groups of " + std::to_string(p.group) +
         (p.transfer_hidden ? ", hidden" : ", exposed");
}

void ExpectSame(const Pipeline& pipeline, Rehearsal& rehearsal) {
  std::vector<DeviceEnd> ends;
  rehearsal.Run(pipeline, &ends);
  const PipelineOutcome played = Play(pipeline);
  for (std::size_t d = 0; d < played.devices.size(); ++d) {
    ASSERT_EQ(ends[d].end, played.devices[d].end) << Say(pipeline) << ", device " << d;
    ASSERT_EQ(ends[d].busy, played.devices[d].busy) << Say(pipeline);
    ASSERT_EQ(ends[d].sending, played.devices[d].sending) << Say(pipeline);
  }
}

class Random {
 public:
  Pipeline Filled(Pipeline pipeline, int round) {
    for (StageTimes& stage : pipeline.stages) stage = {Tick(9), Tick(9), Tick(9)};
    pipeline.transfer = round % 3 == 0 ? Seconds(0) : Tick(5);
    pipeline.transfer_hidden = round % 2 == 0;
    return pipeline;
  }

 private:
  Time Tick(int most) { return Seconds(std::uniform_int_distribution<int>(1, most)(random_)); }
  std::mt19937 random_{static_cast<unsigned>(TestSeed())};
};

// Whole ticks, so that equality means equality. One rehearsal for all numbers of microbatches that
// it covers, in turn, as a search asks.
TEST(Rehearsal, EqualsThePlayedPipelineForAllMicrobatches) {
  struct Case {
    PipelineKind kind;
    int chunks;
  };
  using Kind = PipelineKind;
  Random random;
  for (const Case& c :
       {Case{Kind::kGpipe, 1}, Case{Kind::kOneForwardOneBackward, 1}, Case{Kind::kInterleaved, 1},
        Case{Kind::kInterleaved, 2}, Case{Kind::kInterleaved, 3}, Case{Kind::kZbH1, 1},
        Case{Kind::kZbH2, 1}, Case{Kind::kZbV, 2}}) {
    for (int devices = 1; devices <= 6; ++devices) {
      std::vector<Rehearsal> known;
      for (int m = 1; m <= 48; ++m) {
        Pipeline pipeline = Equal(c.kind, devices, c.chunks, m);
        std::size_t i = 0;
        while (i < known.size() && !known[i].Covers(pipeline)) ++i;
        if (i == known.size()) known.push_back(Rehearsal::Of(pipeline));
        for (int round = 0; round < 2; ++round) {
          ExpectSame(random.Filled(pipeline, m + round), known[i]);
          if (HasFatalFailure()) return;
        }
      }
      // Longer ones share the lists of shorter ones.
      if (c.kind != Kind::kGpipe) {
        EXPECT_LT(known.size(), 6U * static_cast<std::size_t>(devices) + 8)
            << Say(Equal(c.kind, devices, c.chunks, 48));
      }
    }
  }
}

// Groups of more microbatches than devices, and a last group that is short.
TEST(Rehearsal, PlaysLargerGroups) {
  Random random;
  for (const int group : {3, 4, 6}) {
    for (int m = 1; m <= 40; ++m) {
      Pipeline pipeline = Equal(PipelineKind::kInterleaved, 3, 2, m);
      pipeline.group = group;
      Rehearsal rehearsal = Rehearsal::Of(pipeline);
      ExpectSame(random.Filled(pipeline, m), rehearsal);
      if (HasFatalFailure()) return;
    }
  }
}

// As deep as clusters are, and with thousands of microbatches.
TEST(Rehearsal, PlaysManyMicrobatches) {
  Random random;
  for (const PipelineKind kind :
       {PipelineKind::kInterleaved, PipelineKind::kZbH1, PipelineKind::kZbH2, PipelineKind::kZbV}) {
    const int chunks = kind == PipelineKind::kInterleaved ? 4 : kind == PipelineKind::kZbV ? 2 : 1;
    for (const int m : {64, 1000, 2000}) {
      Pipeline pipeline = Equal(kind, 8, chunks, m);
      Rehearsal rehearsal = Rehearsal::Of(pipeline);
      for (int round = 0; round < 4; ++round) ExpectSame(random.Filled(pipeline, round), rehearsal);
      ExpectSame(pipeline, rehearsal);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Rehearsal, CoversTheSameRestAlone) {
  const Rehearsal long_one = Rehearsal::Of(Equal(PipelineKind::kInterleaved, 4, 2, 64));
  EXPECT_TRUE(long_one.Covers(Equal(PipelineKind::kInterleaved, 4, 2, 128)));
  EXPECT_FALSE(long_one.Covers(Equal(PipelineKind::kInterleaved, 4, 2, 66)));
  EXPECT_FALSE(long_one.Covers(Equal(PipelineKind::kInterleaved, 4, 2, 4)));
  EXPECT_FALSE(long_one.Covers(Equal(PipelineKind::kInterleaved, 8, 2, 64)));
  EXPECT_FALSE(long_one.Covers(Equal(PipelineKind::kInterleaved, 4, 3, 64)));
}

}  // namespace
}  // namespace commplan::schedule
