#include "cli/condition.h"

#include "model/base/test_matchers.h"

namespace commplan::cli {
namespace {

using ::testing::HasSubstr;

TEST(ParseForKeyTest, TheUnitFollowsTheKey) {
  EXPECT_THAT(ParseForKey("step_time_us", "30ms"), IsOkAndHolds(30000));
  EXPECT_THAT(ParseForKey("step_time_us", "30"), IsOkAndHolds(30));
  EXPECT_THAT(ParseForKey("comm_fraction", "10%"), IsOkAndHolds(0.1));
  EXPECT_THAT(ParseForKey("busbw_GBps", "50GB/s"), IsOkAndHolds(50));
  EXPECT_THAT(ParseForKey("memory_bytes_per_device", "2KiB"), IsOkAndHolds(2048));
  EXPECT_THAT(ParseForKey("comm_fraction", "10ms"),
              IsError(ErrorCode::kUsage, HasSubstr("comm_fraction")));
  EXPECT_THAT(ParseForKey("time_us", "fast"), IsError(ErrorCode::kUsage, HasSubstr("'fast'")));
}

TEST(ParseConditionTest, EachSign) {
  const auto below = ParseCondition("comm_fraction<=10%");
  ASSERT_THAT(below, IsOk());
  EXPECT_EQ(below->key, "comm_fraction");
  EXPECT_TRUE(below->Holds(0.1));
  EXPECT_TRUE(below->Holds(0.05));
  EXPECT_FALSE(below->Holds(0.11));
  const auto above = ParseCondition("tokens_per_s > 1e4");
  ASSERT_THAT(above, IsOk());
  EXPECT_EQ(above->key, "tokens_per_s");
  EXPECT_FALSE(above->Holds(1e4));
  EXPECT_TRUE(above->Holds(1e4 + 1));
  const auto from = ParseCondition("step_time_us>=1ms");
  ASSERT_THAT(from, IsOk());
  EXPECT_TRUE(from->Holds(1000));
  EXPECT_FALSE(from->Holds(999));
}

TEST(ParseConditionTest, WhatIsNoCondition) {
  for (const char* const text : {"", "<3", "comm_fraction", "comm_fraction=3", "time_us<", "a<b"}) {
    EXPECT_THAT(ParseCondition(text), IsError(ErrorCode::kUsage, ::testing::_)) << text;
  }
}

}  // namespace
}  // namespace commplan::cli
