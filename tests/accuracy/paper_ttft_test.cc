#include "tests/accuracy/paper_ttft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "model/base/test_matchers.h"
#include "tests/accuracy/measured.h"

namespace commplan::accuracy {
namespace {

// All fourteen times within 15 %, wins and losses right; see the header for what that shows.
TEST(PaperTtft, BothScenariosGiveTheTable) {
  const std::optional<std::string> folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout";
  for (const PaperScenario& scenario : PaperScenarios()) {
    SCOPED_TRACE(scenario.name);
    const Result<std::vector<PaperRow>> rows = PaperRows(*folder, scenario);
    ASSERT_THAT(rows, IsOk());
    ASSERT_EQ(rows->size(), 7U);
    for (const PaperRow& row : *rows) {
      SCOPED_TRACE(row.model + " on " + std::to_string(row.ranks) + " " + row.gpu);
      EXPECT_LT(std::abs(row.plain.Error()), 0.15);
      EXPECT_LT(std::abs(row.coded.Error()), 0.15);
      EXPECT_TRUE(row.SameSign());
    }
  }
}

// A host whose collectives were measured, or one that follows the datasheet, is not the paper's.
TEST(PaperTtft, TheLinksAreNotThoseOfADatasheet) {
  const std::optional<std::string> folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout";
  const PaperScenario datasheet{.name = "datasheet", .l4 = "l4-pcie", .a100 = "paper-a100-eager"};
  const Result<std::vector<PaperRow>> rows = PaperRows(*folder, datasheet);
  ASSERT_THAT(rows, IsOk());
  for (const PaperRow& row : *rows) {
    if (row.gpu.find("L4") == std::string::npos) continue;
    EXPECT_LT(row.plain.Error(), -0.15) << row.model;
  }
}

}  // namespace
}  // namespace commplan::accuracy
