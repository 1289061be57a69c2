#include "cli/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/exit_status.h"

namespace commplan::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int status;
  std::string out, err;
};

Outcome RunWith(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  Io io{out, err};
  const int status = RunApp(arguments, io);
  return {status, out.str(), err.str()};
}

TEST(AppTest, VersionNamesCommitCompilerAndBackends) {
  const Outcome run = RunWith({"--version"});
  EXPECT_EQ(run.status, kExitOk);
  EXPECT_THAT(run.out, StartsWith("commplan 0."));
  EXPECT_THAT(run.out, HasSubstr("(built from commit "));
  EXPECT_THAT(run.out, HasSubstr("\ncuda: "));
  EXPECT_THAT(run.out, HasSubstr("\nnccl: "));
  EXPECT_EQ(run.err, "");
}

TEST(AppTest, HelpGoesToStdout) {
  const Outcome run = RunWith({"--help"});
  EXPECT_EQ(run.status, kExitOk);
  EXPECT_THAT(run.out, HasSubstr("Usage: commplan"));
  EXPECT_EQ(run.err, "");
}

TEST(AppTest, NoCommandIsAUsageErrorWithHelp) {
  const Outcome run = RunWith({});
  EXPECT_EQ(run.status, kExitUsage);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("Usage: commplan"));
}

TEST(AppTest, AnUnknownOptionIsNamedWithItsNeighbour) {
  const Outcome run = RunWith({"--versoin"});
  EXPECT_EQ(run.status, kExitUsage);
  EXPECT_THAT(run.err, HasSubstr("unknown option --versoin"));
  EXPECT_THAT(run.err, HasSubstr("did you mean --version?"));
  EXPECT_THAT(run.err, HasSubstr("see commplan --help"));
}

}  // namespace
}  // namespace commplan::cli
