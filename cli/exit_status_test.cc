#include "cli/exit_status.h"

#include <gtest/gtest.h>

namespace commplan::cli {
namespace {

// The table of the command contract, row by row.
TEST(ExitStatusTest, FollowsTheContract) {
  EXPECT_EQ(ExitStatusOf(ErrorCode::kInfeasible), 1);
  EXPECT_EQ(ExitStatusOf(ErrorCode::kUnsupported), 1);
  EXPECT_EQ(ExitStatusOf(ErrorCode::kUsage), 2);
  EXPECT_EQ(ExitStatusOf(ErrorCode::kBadInput), 3);
  EXPECT_EQ(ExitStatusOf(ErrorCode::kNotFound), 3);
  EXPECT_EQ(ExitStatusOf(ErrorCode::kIo), 3);
  EXPECT_EQ(ExitStatusOf(ErrorCode::kDevice), 4);
  EXPECT_EQ(ExitStatusOf(ErrorCode::kInternal), 70);
}

}  // namespace
}  // namespace commplan::cli
