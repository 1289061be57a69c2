#include "planner/confidence.h"

#include <gtest/gtest.h>

namespace commplan::planner {
namespace {

TEST(LikelyWithinTest, TheBandsEndsAreItsQuantiles) {
  const Banded time{Millis(10), Millis(8), Millis(15)};
  EXPECT_NEAR(LikelyWithin(time, Millis(10)), 0.5, 1e-12);
  EXPECT_NEAR(LikelyWithin(time, Millis(8)), 0.05, 1e-9);
  EXPECT_NEAR(LikelyWithin(time, Millis(15)), 0.95, 1e-9);
}

TEST(LikelyWithinTest, WithoutABandItIsYesOrNo) {
  const Banded time{Millis(10), Millis(10), Millis(10)};
  EXPECT_EQ(LikelyWithin(time, Millis(9)), 0);
  EXPECT_EQ(LikelyWithin(time, Millis(10)), 1);
}

TEST(LostChallengesTest, NamesWhoWinsWhen) {
  // Plan 0 computes 9 and sends 1, plan 1 computes 5 and sends 5.5.
  const Judged judged = [](std::size_t plan, double compute, double communication) {
    return plan == 0 ? 9 * compute + communication : 5 * compute + 5.5 * communication;
  };
  EXPECT_TRUE(LostChallenges(2, {1, 1.05, 1, 2}, judged).empty());
  const auto lost = LostChallenges(2, {0.9, 1.2, 0.8, 1.2}, judged);
  ASSERT_FALSE(lost.empty());
  for (const Challenge& one : lost) {
    EXPECT_EQ(one.winner, 1U);
    EXPECT_GT(one.lead, 0);
    EXPECT_LT(judged(1, one.compute, one.communication), judged(0, one.compute, one.communication));
  }
}

}  // namespace
}  // namespace commplan::planner
