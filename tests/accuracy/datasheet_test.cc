// The datasheet profiles against measured tables. The bounds are what was reached when they were
// last improved: a change that makes the model worse fails here.
#include "tests/accuracy/datasheet.h"

#include <gtest/gtest.h>

namespace commplan::accuracy {
namespace {

TEST(DatasheetAccuracyTest, NotWorseThanWhatWasReached) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const std::vector<Judged> judged = JudgeDatasheets(*folder);
  ASSERT_GT(judged.size(), 3000U);
  EXPECT_LT(Summarize(judged).mape, 0.20);
}

TEST(DatasheetAccuracyTest, SummaryOfKnownErrors) {
  MeasuredRow row;
  row.time_us = 10;
  const Summary s = Summarize({{row, 11, true}, {row, 8, false}, {row, 10, true}});
  EXPECT_EQ(s.rows, 3U);
  EXPECT_NEAR(s.mape, 0.1, 1e-12);  // (0.1 + 0.2 + 0) / 3
  EXPECT_NEAR(s.median, 0.1, 1e-12);
  EXPECT_NEAR(s.bias, -0.1 / 3, 1e-12);
  EXPECT_NEAR(s.coverage, 2.0 / 3, 1e-12);
}

}  // namespace
}  // namespace commplan::accuracy
