// What is generated from public measurements, against what they give today. The measurements lie
// outside the repository; where they are absent the tests say so and are skipped.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/house/process.h"

namespace commplan::house {
namespace {

std::string Root() {
  const char* root = std::getenv("COMMPLAN_ROOT");
  return root == nullptr ? "." : root;
}

bool HasMeasurements() { return std::filesystem::is_directory(Root() + "/../shared/measured"); }

constexpr const char* kAbsent =
    "no ../shared/measured beside COMMPLAN_ROOT: nothing to compare with";

// Runs one of the tools with the program of this build.
Outcome RunTool(const std::string& tool) {
  Command command;
  command.line = "tools/" + tool;
  command.folder = Root();
  const char* path = std::getenv("PATH");
  command.environment = {std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path),
                         "COMMPLAN_ROOT=" + std::filesystem::absolute(Root()).string(),
                         "COMMPLAN_PROGRAM=" + std::filesystem::absolute("cli/commplan").string()};
  command.limit = std::chrono::minutes(3);
  return RunCommand(command);
}

TEST(Regenerated, ShippedMeasuredProfilesAreNotStale) {
  if (!HasMeasurements()) GTEST_SKIP() << kAbsent;
  const Outcome outcome = RunTool("refit_profiles --check");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

TEST(Regenerated, ValidationPageIsNotStale) {
  if (!HasMeasurements()) GTEST_SKIP() << kAbsent;
  const Outcome outcome = RunTool("generate_validation --print");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  std::ifstream in(Root() + "/docs/validation.md");
  std::ostringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), outcome.output) << "run tools/generate_validation and look at the change";
}

}  // namespace
}  // namespace commplan::house
