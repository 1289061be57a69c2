// Buckets by hand, and the closed recurrences against the timeline.
#include "model/schedule/buckets.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::schedule {
namespace {

// 4 + 4 + 4 s of backward; reductions of 3, 6 and 2 s end at 7, 14 and 16: 4 s after backward.
TEST(Buckets, TheTailOfTheReductionsIsExposed) {
  const std::vector<Bucket> buckets = {
      {Seconds(4), Seconds(3)}, {Seconds(4), Seconds(6)}, {Seconds(4), Seconds(2)}};
  EXPECT_EQ(ExposedTail(buckets), Seconds(4));
}

// One bucket hides nothing; the last of many is what is left.
TEST(Buckets, OneBucketHidesNothing) {
  EXPECT_EQ(ExposedTail(std::vector<Bucket>{{Seconds(40), Seconds(10)}}), Seconds(10));
  EXPECT_EQ(ExposedTail(std::vector<Bucket>(10, {Seconds(4), Seconds(1)})), Seconds(1));
  EXPECT_EQ(ExposedTail({}), Time());
}

// Gathers end at 3, 9 and 11; compute 3..7, 9..13, 13..17: waits of 3 and 2 s.
TEST(Buckets, TheHeadOfTheGathersIsExposed) {
  const std::vector<Bucket> buckets = {
      {Seconds(4), Seconds(3)}, {Seconds(4), Seconds(6)}, {Seconds(4), Seconds(2)}};
  EXPECT_EQ(ExposedHead(buckets), Seconds(5));
}

TEST(Buckets, ClosedFormsEqualTheTimeline) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 500; ++round) {
    std::vector<Bucket> buckets;
    for (std::size_t k = 0; k < random() % 7; ++k) {
      buckets.push_back(
          {Seconds(static_cast<double>(random() % 9)), Seconds(static_cast<double>(random() % 9))});
    }
    const Program reduce = ReduceProgram(buckets);
    EXPECT_EQ(ExposedTail(buckets), WaitedFor(reduce, Simulate(reduce), StreamKind::kCommunicator));
    const Program gather = GatherProgram(buckets);
    EXPECT_EQ(ExposedHead(buckets), WaitedFor(gather, Simulate(gather), StreamKind::kCommunicator));
  }
}

}  // namespace
}  // namespace commplan::schedule
