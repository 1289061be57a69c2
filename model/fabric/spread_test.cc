#include "model/fabric/spread.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

Fabric NodesOf(int ranks) { return {.tiers = {{.name = "node", .ranks = ranks}}}; }

TEST(Spread, FillsNodesEvenly) {
  EXPECT_EQ(*StrideOverNodes(NodesOf(8), 8, 1), 1);
  EXPECT_EQ(*StrideOverNodes(NodesOf(8), 16, 2), 1);
  EXPECT_EQ(*StrideOverNodes(NodesOf(8), 2, 2), 8);  // one on each
  EXPECT_EQ(*StrideOverNodes(NodesOf(8), 8, 4), 4);  // the first and the fifth of each node
  EXPECT_EQ(*StrideOverNodes(NodesOf(0), 64, 1), 1);
}

TEST(Spread, RefusesWhatDoesNotFit) {
  EXPECT_THAT(StrideOverNodes(NodesOf(8), 9, 2),
              IsError(ErrorCode::kUnsupported, HasSubstr("evenly over 2 nodes")));
  EXPECT_THAT(StrideOverNodes(NodesOf(8), 16, 1),
              IsError(ErrorCode::kUnsupported, HasSubstr("nodes of 8 ranks")));
  EXPECT_THAT(StrideOverNodes(NodesOf(8), 6, 2),
              IsError(ErrorCode::kUnsupported, HasSubstr("3 ranks per node")));
  EXPECT_THAT(StrideOverNodes(NodesOf(0), 4, 2),
              IsError(ErrorCode::kUnsupported, HasSubstr("no limit")));
}

}  // namespace
}  // namespace commplan
