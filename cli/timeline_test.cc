// The command `timeline` as a user calls it.
#include "cli/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/app.h"
#include "cli/exit_status.h"
#include "cli/report/json.h"

namespace commplan::cli {
namespace {

using report::Json;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

struct Outcome {
  int status;
  std::string out, err;
};

Outcome RunWith(const Arguments& arguments) {
  std::ostringstream out, err;
  Io io{out, err};
  const int status = RunApp(arguments, io);
  return {status, out.str(), err.str()};
}

std::string Joined(const Arguments& words) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "" : " ";
    text += word;
  }
  return text;
}

Arguments Decode(Arguments more) {
  Arguments all{"--model", "llama-3-70b", "--on", "hgx-h100",  "--phase",
                "decode",  "--batch",     "32",   "--context", "2048"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Arguments Train(Arguments more) {
  Arguments all{"--model", "llama-3-8b", "--on", "hgx-h100+ib-ndr", "--phase",
                "train",   "--batch",    "32",   "--context",       "4096"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class TimelineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

// The file is a Chrome trace whose last event ends with the bill's step, in whole picoseconds, and
// in which nothing overlaps on a lane.
TEST_F(TimelineTest, TheTraceEndsWithTheBill) {
  const std::vector<Arguments> all = {Decode({"--tp", "8"}),
                                      Decode({"--tp", "4", "--pp", "2", "--overlap", "two-batch"}),
                                      Decode({"--tp", "8", "--overlap", "tiles"}),
                                      Train({"--tp", "2", "--pp", "4"}),
                                      Train({"--dp", "8", "--zero", "3"}),
                                      Train({"--pp", "2", "--dp", "2", "--gtp", "2"})};
  for (const Arguments& options : all) {
    SCOPED_TRACE(Joined(options));
    Arguments bill{"bill", "--format", "json"}, timeline{"timeline", "-o", Path("trace.json")};
    bill.insert(bill.end(), options.begin(), options.end());
    timeline.insert(timeline.end(), options.begin(), options.end());
    const Outcome billed = RunWith(bill);
    const Outcome drawn = RunWith(timeline);
    ASSERT_EQ(drawn.status, billed.status) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr("The trace is in"));
    EXPECT_THAT(drawn.out, HasSubstr(Path("trace.json")));
    const Json trace = Json::parse(ReadAll(Path("trace.json")), nullptr, false);
    ASSERT_FALSE(trace.is_discarded());
    const double step = Json::parse(billed.out, nullptr, false)["step_time_us"];
    EXPECT_EQ(trace["otherData"]["step_time_us"], step);
    std::map<std::pair<int, int>, std::vector<std::pair<std::int64_t, std::int64_t>>> lanes;
    for (const Json& event : trace["traceEvents"]) {
      if (event["ph"] != "X") continue;
      const std::int64_t start = std::llround(event["ts"].get<double>() * 1e6);
      const std::int64_t time = std::llround(event["dur"].get<double>() * 1e6);
      lanes[{event["pid"], event["tid"]}].emplace_back(start, start + time);
    }
    std::int64_t latest = 0;
    for (auto& [lane, spans] : lanes) {
      std::sort(spans.begin(), spans.end());
      for (std::size_t i = 1; i < spans.size(); ++i) {
        EXPECT_GE(spans[i].first, spans[i - 1].second);
      }
      latest = std::max(latest, spans.back().second);
    }
    EXPECT_EQ(latest, std::llround(step * 1e6));
  }
}

TEST_F(TimelineTest, WithoutAFileItSumsUp) {
  Arguments arguments{"timeline"};
  const Arguments options = Decode({"--tp", "8"});
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Outcome text = RunWith(arguments);
  EXPECT_EQ(text.status, kExitOk) << text.err;
  EXPECT_THAT(text.out, HasSubstr("tp communicator"));
  EXPECT_THAT(text.out, HasSubstr("mlp down all-reduce"));
  EXPECT_THAT(text.out, ::testing::Not(HasSubstr("The trace is in")));
  arguments.insert(arguments.end(), {"--format", "json"});
  const Json json = Json::parse(RunWith(arguments).out, nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["schema"], "commplan/timeline/1");
  EXPECT_TRUE(json["file"].is_null());
  EXPECT_EQ(json["lanes"][0]["lane"], "compute");
}

TEST_F(TimelineTest, TheSameStepGivesTheSameBytes) {
  Arguments arguments{"timeline", "-o", Path("a.json")};
  const Arguments options = Train({"--tp", "2", "--pp", "4"});
  arguments.insert(arguments.end(), options.begin(), options.end());
  ASSERT_EQ(RunWith(arguments).status, kExitOk);
  arguments[2] = Path("b.json");
  ASSERT_EQ(RunWith(arguments).status, kExitOk);
  EXPECT_EQ(ReadAll(Path("a.json")), ReadAll(Path("b.json")));
}

TEST_F(TimelineTest, SaysWhyThereIsNoFile) {
  Arguments arguments{"timeline", "-o", Path("no/such/folder.json")};
  const Arguments options = Decode({"--tp", "8"});
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Outcome run = RunWith(arguments);
  EXPECT_NE(run.status, kExitOk);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("create the folder first"));
}

}  // namespace
}  // namespace commplan::cli
