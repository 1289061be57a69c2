#include "model/base/count.h"

#include <cstdint>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan {
namespace {

constexpr RankCount kNode = RankCount::Of(8);  // Compiles only because 8 is a number of ranks.

TEST(Count, HoldsWhatItWasMadeFrom) {
  EXPECT_EQ(kNode.value(), 8);
  EXPECT_EQ(kNode.AsDouble(), 8.0);
  EXPECT_THAT(RankCount::Create(8), IsOkAndHolds(kNode));
  EXPECT_THAT(LayerCount::Create(1), IsOkAndHolds(LayerCount::Of(1)));
}

TEST(Count, OrdersWithinItsKind) {
  EXPECT_LT(StageCount::Of(2), StageCount::Of(3));
  EXPECT_EQ(StageCount::Of(2), StageCount::Of(2));
  EXPECT_NE(StageCount::Of(2), StageCount::Of(3));
}

TEST(Count, RefusesZeroExceptWhereItMakesSense) {
  EXPECT_THAT(RankCount::Create(0),
              IsError(ErrorCode::kBadInput, "found 0 ranks, expected at least 1"));
  EXPECT_THAT(NodeCount::Create(0),
              IsError(ErrorCode::kBadInput, "found 0 nodes, expected at least 1"));
  EXPECT_THAT(MicrobatchCount::Create(0),
              IsError(ErrorCode::kBadInput, "found 0 microbatches, expected at least 1"));
  EXPECT_THAT(SequenceCount::Create(0),
              IsError(ErrorCode::kBadInput, "found 0 sequences, expected at least 1"));
  EXPECT_THAT(HeadCount::Create(0),
              IsError(ErrorCode::kBadInput, "found 0 heads, expected at least 1"));
  EXPECT_THAT(TokenCount::Create(0), IsOkAndHolds(TokenCount::Of(0)));
  EXPECT_THAT(ExpertCount::Create(0), IsOkAndHolds(ExpertCount::Of(0)));
}

TEST(Count, RefusesNegativeAndAbsurdNumbers) {
  EXPECT_THAT(TokenCount::Create(-1),
              IsError(ErrorCode::kBadInput, "found -1 tokens, expected at least 0"));
  EXPECT_THAT(
      TokenCount::Create(std::numeric_limits<std::int64_t>::min()),
      IsError(ErrorCode::kBadInput, "found -9223372036854775808 tokens, expected at least 0"));
  EXPECT_THAT(TokenCount::Create(kMaxCount), IsOk());
  EXPECT_THAT(
      TokenCount::Create(kMaxCount + 1),
      IsError(ErrorCode::kBadInput, "found 1099511627777 tokens, expected at most 1099511627776"));
}

TEST(CountDeathTest, OfAbortsForAWrongNumber) {
  EXPECT_DEATH((void)RankCount::Of(0), "InRange");
  EXPECT_DEATH((void)TokenCount::Of(kMaxCount + 1), "InRange");
}

}  // namespace
}  // namespace commplan
