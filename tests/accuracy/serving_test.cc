#include "tests/accuracy/serving.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/accuracy/measured.h"

namespace commplan::accuracy {
namespace {

// Constants of engine, kind and generation on rows of an even place, judged on the others. The
// table (serving_table) has what is reached; these are the bars.
TEST(Serving, TimePerTokenOfRowsHeldOut) {
  const std::optional<std::string> folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout";
  const ServedRows all = ReadServed(*folder);
  EXPECT_GE(all.rows.size(), 1400U);
  EXPECT_EQ(all.unpriced, 0);
  std::vector<ServedRow> even, dense, experts;
  for (const ServedRow& row : all.rows) {
    if (row.index % 2 == 0) {
      even.push_back(row);
    } else {
      (row.experts ? experts : dense).push_back(row);
    }
  }
  const auto costs = FitServed(even);
  EXPECT_LT(ScoreServed(dense, costs).median, 0.08);
  EXPECT_LT(ScoreServed(experts, costs).median, 0.12);
}

}  // namespace
}  // namespace commplan::accuracy
