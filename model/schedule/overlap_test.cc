// The shapes of overlap, by hand and against the timeline.
#include "model/schedule/overlap.h"

#include <gtest/gtest.h>

#include <vector>

#include "model/base/test_matchers.h"

namespace commplan::schedule {
namespace {

const std::vector<Module> kLayer = {{Seconds(5), Seconds(3)}, {Seconds(7), Seconds(4)}};

TEST(Overlap, SerialLayersAddUp) {
  EXPECT_EQ(Evaluate(SerialLayers(kLayer, 10)).makespan, Seconds(10 * 19));
  EXPECT_EQ(Evaluate(SerialLayers(kLayer, 0)).makespan, Time());
}

// Each sum has the whole next module to hide behind; only the last one is left.
TEST(Overlap, ALadderHidesAllButTheLastSum) {
  EXPECT_EQ(Evaluate(LadderLayers(kLayer, 10)).makespan, Seconds(10 * 12 + 4));
  // Where communication is the longer part it sets the pace: 5, then 9 + 8 per layer.
  const std::vector<Module> slow = {{Seconds(5), Seconds(9)}, {Seconds(7), Seconds(8)}};
  EXPECT_EQ(Evaluate(LadderLayers(slow, 10)).makespan, Seconds(5 + 10 * 17));
}

// Module 0 of three waits for module 1 of the layer before: a module of work later, not two.
TEST(Overlap, ALadderLooksBackTwoModules) {
  const std::vector<Module> layer = {
      {Seconds(1), Seconds(0)}, {Seconds(1), Seconds(10)}, {Seconds(2), Seconds(0)}};
  // Per layer: compute 1, its sum 10, meanwhile 2; then module 0, which waits, and module 1.
  EXPECT_EQ(Evaluate(LadderLayers(layer, 3)).makespan, Seconds(1 + 1 + 10 + 2 * 12));
}

TEST(Overlap, TwoBatchesHideBehindEachOther) {
  const std::vector<Module> half = {{Seconds(3), Seconds(2)}, {Seconds(4), Seconds(2)}};
  // Compute is never idle until the last sum of the second half.
  EXPECT_EQ(Evaluate(TwoBatchLayers(half, half, 10)).makespan, Seconds(10 * 14 + 2));
  // One batch alone waits for each of its sums.
  EXPECT_EQ(Evaluate(SerialLayers(half, 10)).makespan, Seconds(10 * 11));
}

TEST(Overlap, TilesFormAPipeline) {
  for (const Module& tile : {Module{Seconds(3), Seconds(2)}, Module{Seconds(2), Seconds(3)}}) {
    for (const int tiles : {1, 2, 7}) {
      Program program{.streams = {{StreamKind::kCompute}, {StreamKind::kCommunicator}},
                      .events = 1};
      program.blocks = {{.tasks = {{.stream = 0, .work = tile.compute, .records = 0},
                                   {.stream = 1, .work = tile.communicate, .waits = {0}}},
                         .count = tiles}};
      EXPECT_EQ(Tiled(tile, tiles), Simulate(program).makespan);
      // Input that arrives in tiles: the other way round, and as long.
      program.blocks = {{.tasks = {{.stream = 1, .work = tile.communicate, .records = 0},
                                   {.stream = 0, .work = tile.compute, .waits = {0}}},
                         .count = tiles}};
      EXPECT_EQ(Tiled(tile, tiles), Simulate(program).makespan);
    }
  }
  EXPECT_EQ(Tiled({Seconds(3), Seconds(2)}, 7), Seconds(23));
}

TEST(Overlap, AShareMayBeSaidToBeHidden) {
  const Module module{Seconds(8), Seconds(4)};
  EXPECT_EQ(PartlyHidden(module, 0), Seconds(12));
  EXPECT_EQ(PartlyHidden(module, 0.5), Seconds(10));
  EXPECT_EQ(PartlyHidden(module, 1), Seconds(8));
  // 2 s of compute cannot hide 4 s.
  EXPECT_EQ(PartlyHidden({Seconds(2), Seconds(4)}, 1), Seconds(4));
}

}  // namespace
}  // namespace commplan::schedule
