#include "calibrate/fit/groups.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace commplan::fit {
namespace {

using samples::Sample;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Sample Row(std::int64_t bytes, double us, int row, bool in_place = false) {
  Sample sample;
  sample.engine = "nccl";
  sample.ranks = 8;
  sample.nodes = 1;
  sample.bytes = bytes;
  sample.dtype = "float";
  sample.repeats_us = {us};
  sample.in_place = in_place;
  sample.origin = {"log", row + 10, row};
  return sample;
}

TEST(Groups, InPlaceIsARepeatOfItsRow) {
  const Groups groups = GroupSamples({Row(8, 1, 0), Row(8, 1.5, 0, true), Row(16, 2, 1)});
  ASSERT_EQ(groups.groups.size(), 1U);
  const Group& group = groups.groups[0];
  ASSERT_EQ(group.rows.size(), 2U);
  EXPECT_EQ(group.rows[0].point.time_us, 1);
  EXPECT_EQ(group.rows[0].point.repeat_us, 1.5);
  EXPECT_EQ(group.rows[1].point.repeat_us, 0);
  EXPECT_EQ(group.Text(), "all-reduce, 8 ranks, nccl, float");
}

TEST(Groups, RowsOfAnOddPlaceAreHeldOut) {
  const Groups groups = GroupSamples({Row(8, 1, 1), Row(16, 2, 2), Row(32, 3, 3)});
  const auto train = TrainingPoints(groups.groups[0], true);
  ASSERT_EQ(train.size(), 1U);
  EXPECT_EQ(train[0].bytes, 16);
  const auto held = HeldOutRows(groups.groups[0]);
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(held[0].point.bytes, 8);
  EXPECT_EQ(TrainingPoints(groups.groups[0], false).size(), 3U);
}

TEST(Groups, LeavesOutWhatCannotBeFittedAndSaysSo) {
  Sample alone = Row(8, 1, 0), unknown = alone, nowhere = Row(16, 2, 1);
  alone.ranks = 1;
  unknown.ranks = 0;
  nowhere.nodes = 0;
  const Groups groups = GroupSamples({alone, unknown, nowhere});
  ASSERT_EQ(groups.groups.size(), 1U);
  EXPECT_EQ(groups.groups[0].nodes, 1);
  EXPECT_THAT(groups.notes,
              ElementsAre(HasSubstr("single rank"), HasSubstr("without a number of ranks"),
                          HasSubstr("taken as one node")));
}

TEST(Groups, ACodecIsAGroupOfItsOwn) {
  Sample coded = Row(8, 1, 1);
  coded.codec = "fp8";
  const Groups groups = GroupSamples({Row(8, 2, 0), coded});
  ASSERT_EQ(groups.groups.size(), 2U);
  EXPECT_EQ(groups.groups[1].Text(), "all-reduce, 8 ranks, nccl, float, compressed with fp8");
}

TEST(Groups, OneDtypePrefersWhatModelsSend) {
  Sample integers = Row(8, 1, 0), halves = Row(8, 2, 1);
  integers.dtype = "int8";
  halves.dtype = "half";
  const Groups both = GroupSamples({integers, halves});
  ASSERT_EQ(both.groups.size(), 2U);
  const Groups one = OneDtypeEach(both);
  ASSERT_EQ(one.groups.size(), 1U);
  EXPECT_EQ(one.groups[0].dtype, "half");
  EXPECT_THAT(one.notes, ElementsAre(HasSubstr("1 groups of int8 left out")));
}

}  // namespace
}  // namespace commplan::fit
