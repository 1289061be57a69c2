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

TEST_F(FitTest, SamplesOfADeviceBecomeItsCodecs) {
  const std::string samples = Path("s.json"), profile = Path("p.yaml");
  const Outcome measured = RunWith({"calibrate", "--backend", "fake", "-o", samples});
  ASSERT_EQ(measured.status, kExitOk) << measured.err;
  const Outcome fit = RunWith({"fit", samples, "-o", profile, "--format", "json"});
  ASSERT_EQ(fit.status, kExitOk) << fit.err;
  const Json codec = Json::parse(fit.out)["device"]["codecs"][0];
  EXPECT_EQ(codec["name"], "mxfp8");
  EXPECT_GT(codec["encode_ps_per_B"], 0);
  const Outcome shown = RunWith({"profile", "show", profile});
  EXPECT_THAT(shown.out, HasSubstr("codecs.mxfp8.encode"));
  EXPECT_THAT(shown.out, HasSubstr("measured"));
  const Outcome price = RunWith({"price", "all-reduce", "--on", profile, "--ranks", "4", "--bytes",
                                 "16MiB", "--codec", "mxfp8", "--format", "json"});
  EXPECT_EQ(price.status, kExitOk) << price.err;
  const Outcome even = RunWith({"breakeven", "--codec", "mxfp8", "--on", profile, "--ranks", "4",
                                "--bytes", "16MiB", "--format", "json"});
  EXPECT_EQ(even.status, kExitOk) << even.err;
  EXPECT_TRUE(Json::parse(even.out).contains("pays"));
}

TEST_F(FitTest, ADeviceAloneNeedsAMachineAroundIt) {
  const std::string samples = Write("w.json", R"({"schema": "commplan/samples/1", "samples": [
], "work": [
{"work":"encode","cores":1,"bytes":1048576,"dtype":"float","codec":"tq3","repeats_us":[50]},
{"work":"decode","cores":1,"bytes":1048576,"dtype":"float","codec":"tq3","repeats_us":[25]},
{"work":"decode-add","cores":1,"bytes":1048576,"dtype":"float","codec":"tq3","repeats_us":[30]},
{"work":"launch","launch":"eager","bytes":4,"repeats_us":[10]},
{"work":"launch","launch":"eager","bytes":400,"repeats_us":[208]}
]})");
  const std::string profile = Path("p.yaml");
  const Outcome alone = RunWith({"fit", samples, "-o", profile});
  EXPECT_EQ(alone.status, kExitBadInput);
  EXPECT_THAT(alone.err, HasSubstr("--like"));
  EXPECT_EQ(RunWith({"fit", samples}).status, kExitOk);
  const Outcome like = RunWith({"fit", samples, "--like", "hgx-h100", "-o", profile});
  ASSERT_EQ(like.status, kExitOk) << like.err;
  EXPECT_THAT(like.out, HasSubstr("Launch: 2 us"));
  EXPECT_EQ(RunWith({"profile", "check", profile}).status, kExitOk);
  const Outcome price = RunWith({"price", "all-reduce", "--on", profile, "--ranks", "8", "--bytes",
                                 "16MiB", "--codec", "tq3"});
  EXPECT_EQ(price.status, kExitOk) << price.err;
}

TEST_F(FitTest, AnEmptyNameIsNoFile) {
  for (const char* option : {"-o", "--plot", "--like", "--laws"}) {
    const Outcome run = RunWith({"fit", Table("t.csv", {8}), option, ""});
    EXPECT_EQ(run.status, kExitUsage) << option;
    EXPECT_THAT(run.err, HasSubstr("empty")) << option;
  }
}

TEST_F(FitTest, NeverWritesOverTheMeasurements) {
  const std::string table = Table("t.csv", {8});
  std::filesystem::create_symlink(table, Path("link.csv"));
  for (const char* option : {"-o", "--plot"}) {
    for (const std::string& name : {table, Path("link.csv"), Path("other/../t.csv")}) {
      const Outcome run = RunWith({"fit", table, option, name});
      EXPECT_EQ(run.status, kExitUsage) << option << " " << name;
      EXPECT_THAT(run.err, HasSubstr("written over"));
    }
  }
  EXPECT_EQ(RunWith({"fit", table}).status, kExitOk);
  const Outcome twice = RunWith({"fit", table, Path("other/../t.csv")});
  EXPECT_EQ(twice.status, kExitUsage);
  EXPECT_THAT(twice.err, HasSubstr("twice"));
}

TEST_F(FitTest, SaysWhyNothingWasLeft) {
  const std::string table =
      Write("t.csv", "op,message_bytes,latency_us\nall_reduce,1024,12\nall_reduce,2048,13\n");
  const Outcome fit = RunWith({"fit", table});
  EXPECT_EQ(fit.status, kExitBadInput);
  EXPECT_THAT(fit.err, HasSubstr("2 samples without a number of ranks"));
  const Outcome other = RunWith({"fit", Table("u.csv", {8}), "--only-ranks", "3"});
  EXPECT_EQ(other.status, kExitBadInput);
  EXPECT_THAT(other.err, HasSubstr("all 17 samples are of another device"));
  const Outcome laws = RunWith({"fit", Table("v.csv", {8}), "--count-laws", "-o", Path("l.yaml")});
  EXPECT_EQ(laws.status, kExitBadInput);
  EXPECT_THAT(laws.err, HasSubstr("three counts"));
  EXPECT_EQ(RunWith({"fit", Path("u.csv"), "--name", "a b"}).status, kExitUsage);
  const Outcome accuracy = RunWith({"accuracy", "--on", "hgx-h100", table});
  EXPECT_EQ(accuracy.status, kExitBadInput);
  EXPECT_THAT(accuracy.err, HasSubstr("2 samples without a number of ranks"));
}

TEST_F(FitTest, RefusesWhatNoMachineHas) {
  // Seconds where microseconds are expected.
  const std::string table = Write("t.csv",
                                  "op,num_gpus,message_bytes,latency_us\n"
                                  "all_reduce,8,1024,1.25e-5\nall_reduce,8,67108864,2e-4\n");
  const Outcome fit = RunWith({"fit", table, "-o", Path("p.yaml")});
  EXPECT_EQ(fit.status, kExitBadInput);
  EXPECT_THAT(fit.err, HasSubstr("microseconds"));
  EXPECT_FALSE(std::filesystem::exists(Path("p.yaml")));
}

TEST_F(FitTest, TheProfileSaysHowWellItsNumbersAreKnown) {
  const std::string profile = Path("mine.yaml");
  ASSERT_EQ(RunWith({"fit", Table("t.csv", {8}), "-o", profile}).status, kExitOk);
  EXPECT_THAT(RunWith({"profile", "show", profile}).out, HasSubstr("latency_plus_minus"));
}

TEST_F(FitTest, TheSameInputGivesTheSameBytes) {
  const std::string table = Table("t.csv", {2, 4, 8});
  EXPECT_EQ(RunWith({"fit", table, "--holdout", "odd"}).out,
            RunWith({"fit", table, "--holdout", "odd"}).out);
  EXPECT_THAT(RunWith({"fit", table}).out, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace commplan::cli
