// The commands `fit` and `accuracy` as a user calls them, on logs written here.
#include "cli/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/exit_status.h"
#include "cli/report/json.h"

namespace commplan::cli {
namespace {

using report::Json;
using ::testing::HasSubstr;
using ::testing::Not;

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

// A fresh folder for each test.
class FitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "other");
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return Path(name);
  }

  // A table: an all-reduce takes 10 us log2 n + S / 100 GB/s, every size `repeats` times.
  std::string Table(const std::string& name, const std::vector<int>& ranks, int repeats = 1,
                    const std::string& system = "made") const {
    std::string text =
        "system,library,library_version,op,dtype,num_gpus,message_bytes,latency_us\n";
    for (const int n : ranks) {
      for (int e = 10; e <= 26; ++e) {
        for (int i = 0; i < repeats; ++i) {
          const double bytes = std::exp2(e);
          text += system + ",nccl,2.27.3,all_reduce,half," + std::to_string(n) + "," +
                  std::to_string(static_cast<std::int64_t>(bytes)) + "," +
                  std::to_string(10 * std::log2(n) + bytes / 100e3) + "\n";
        }
      }
    }
    return Write(name, text);
  }

  std::filesystem::path folder_;
};

TEST_F(FitTest, JudgesEverySecondRow) {
  const Outcome run = RunWith({"fit", Table("t.csv", {8}), "--holdout", "odd", "--format", "json"});
  ASSERT_EQ(run.status, kExitOk) << run.err;
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json["points"], 8);  // of 17 rows
  EXPECT_LT(json["mape"], 0.02);
  EXPECT_GE(json["coverage90"], 0.85);
  EXPECT_EQ(json["groups"][0]["rows"].size(), 8U);
  EXPECT_EQ(json["groups"][0]["rows"][0]["bytes"], 2048);
}

TEST_F(FitTest, RepeatsOfARowAreNeverOnBothSides) {
  const Outcome run =
      RunWith({"fit", Table("t.csv", {8}, 2), "--holdout", "odd", "--format", "json"});
  ASSERT_EQ(run.status, kExitOk) << run.err;
  EXPECT_EQ(Json::parse(run.out)["points"], 8);
}

TEST_F(FitTest, WritesAProfileThatLoadsFromAnotherFolder) {
  const std::string laws = Path("other/laws.yaml");
  ASSERT_EQ(RunWith({"fit", Table("laws.csv", {2, 4, 8}), "--count-laws", "-o", laws}).status,
            kExitOk);
  const std::string profile = Path("mine.yaml");
  const Outcome fit = RunWith({"fit", Table("t.csv", {2, 4}), "--laws", laws, "-o", profile});
  ASSERT_EQ(fit.status, kExitOk) << fit.err;
  const Outcome price = RunWith({"price", "all-reduce", "--on", profile, "--ranks", "4", "--bytes",
                                 "1MiB", "--format", "json"});
  ASSERT_EQ(price.status, kExitOk) << price.err;
  const Json json = Json::parse(price.out);
  EXPECT_EQ(json["basis"], "measured");
  EXPECT_NEAR(json["time_us"], 20 + 10.486, 0.5);
  // 8 ranks were not measured: a law, and so extrapolated.
  const Outcome eight = RunWith({"price", "all-reduce", "--on", profile, "--ranks", "8", "--bytes",
                                 "1MiB", "--format", "json"});
  ASSERT_EQ(eight.status, kExitOk) << eight.err;
  EXPECT_EQ(Json::parse(eight.out)["basis"], "beyond");
  EXPECT_EQ(Json::parse(eight.out)["extrapolated"], true);
}

TEST_F(FitTest, AccuracyPricesEveryRow) {
  const std::string table = Table("t.csv", {2, 8});
  const std::string profile = Path("mine.yaml");
  ASSERT_EQ(RunWith({"fit", table, "-o", profile}).status, kExitOk);
  const Outcome run = RunWith({"accuracy", "--on", profile, table, "--format", "json"});
  ASSERT_EQ(run.status, kExitOk) << run.err;
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json["points"], 34);
  EXPECT_EQ(json["rows"].size(), 34U);
  EXPECT_LT(json["mape"], 0.02);
}

TEST_F(FitTest, BrowsesTheDatasheetBehindTheCurves) {
  const std::string profile = Path("mine.yaml");
  const Outcome fit = RunWith({"fit", Table("t.csv", {8}), "--like", "hgx-h100", "-o", profile});
  ASSERT_EQ(fit.status, kExitOk) << fit.err;
  const Outcome gather = RunWith({"price", "all-gather", "--on", profile, "--ranks", "8", "--bytes",
                                  "1MiB", "--format", "json"});
  ASSERT_EQ(gather.status, kExitOk) << gather.err;
  EXPECT_EQ(Json::parse(gather.out)["basis"], "scaled");
  EXPECT_EQ(RunWith({"profile", "check", profile}).status, kExitOk);
}

TEST_F(FitTest, RefusesWhatIsNoMachine) {
  const std::string a = Table("a.csv", {8}, 1, "a"), b = Table("b.csv", {8}, 1, "b");
  const Outcome two = RunWith({"fit", a, b, "-o", Path("x.yaml")});
  EXPECT_EQ(two.status, kExitBadInput);
  EXPECT_THAT(two.err, HasSubstr("2 machines"));
  EXPECT_FALSE(std::filesystem::exists(Path("x.yaml")));
  const Outcome twice = RunWith({"fit", a, a});
  EXPECT_EQ(twice.status, kExitUsage);
  EXPECT_THAT(twice.err, HasSubstr("twice"));
  const Outcome absent = RunWith({"fit", Path("none.txt")});
  EXPECT_EQ(absent.status, kExitBadInput);
  const Outcome network = RunWith({"fit", a, "--like", "hgx-h100+ib-ndr", "-o", Path("x.yaml")});
  EXPECT_EQ(network.status, kExitUsage);
}

TEST_F(FitTest, DrawsAndSuggests) {
  const std::string picture = Path("p.svg");
  const Outcome run =
      RunWith({"fit", Table("t.csv", {8}), "--suggest", "--plot", picture, "--format", "json"});
  ASSERT_EQ(run.status, kExitOk) << run.err;
  EXPECT_FALSE(Json::parse(run.out)["suggestions"].empty());
  std::ifstream in(picture);
  std::string head;
  std::getline(in, head);
  EXPECT_THAT(head, HasSubstr("svg"));
}

TEST_F(FitTest, TheSameInputGivesTheSameBytes) {
  const std::string table = Table("t.csv", {2, 4, 8});
  EXPECT_EQ(RunWith({"fit", table, "--holdout", "odd"}).out,
            RunWith({"fit", table, "--holdout", "odd"}).out);
  EXPECT_THAT(RunWith({"fit", table}).out, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace commplan::cli
