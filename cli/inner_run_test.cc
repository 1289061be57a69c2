#include "cli/inner_run.h"

#include <sstream>

#include "cli/app.h"
#include "cli/exit_status.h"
#include "model/base/test_matchers.h"

namespace commplan::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ArgumentsTest, AnOptionIsReplacedOrAdded) {
  EXPECT_THAT(WithOption({"price", "--bytes", "1KiB"}, "bytes", "2KiB"),
              ElementsAre("price", "--bytes", "2KiB"));
  EXPECT_THAT(WithOption({"price", "--bytes=1KiB", "--on", "x"}, "bytes", "2KiB"),
              ElementsAre("price", "--bytes=2KiB", "--on", "x"));
  EXPECT_THAT(WithOption({"price"}, "bytes", "2KiB"), ElementsAre("price", "--bytes", "2KiB"));
  // Another option that begins the same is another option.
  EXPECT_THAT(WithOption({"--bytes-max", "1"}, "bytes", "2"),
              ElementsAre("--bytes-max", "1", "--bytes", "2"));
}

TEST(ArgumentsTest, AFlagIsOnOrOff) {
  EXPECT_THAT(WithOption({"bill", "--sp", "--tp", "2"}, "sp", "false"),
              ElementsAre("bill", "--tp", "2", "--sp=false"));
  EXPECT_THAT(WithOption({"bill"}, "sp", "true"), ElementsAre("bill", "--sp=true"));
}

TEST(ArgumentsTest, SetsAreTakenOut) {
  EXPECT_THAT(WithoutSets({"price", "--set", "a=1", "--on", "x", "--set=b=2"}),
              ElementsAre("price", "--on", "x"));
}

TEST(FindKeyTest, PathsLeadThroughMapsAndNamedItems) {
  const auto json = report::Json::parse(
      R"({"time_us": 3, "terms": [{"name": "latency", "time_us": 1}, {"name": "fill"}],
          "plans": [{"tp": 8}],
          "collectives": [{"site": "mlp down", "op": "all-reduce", "ranks": 2},
                          {"site": "mlp down", "op": "all-gather", "ranks": 4}]})");
  ASSERT_NE(FindKey(json, "time_us"), nullptr);
  EXPECT_EQ(*FindKey(json, "time_us"), 3);
  ASSERT_NE(FindKey(json, "terms.latency.time_us"), nullptr);
  EXPECT_EQ(*FindKey(json, "terms.latency.time_us"), 1);
  ASSERT_NE(FindKey(json, "plans.0.tp"), nullptr);
  EXPECT_EQ(*FindKey(json, "plans.0.tp"), 8);
  EXPECT_EQ(FindKey(json, "plans.1.tp"), nullptr);
  ASSERT_NE(FindKey(json, "collectives.mlp down all-gather.ranks"), nullptr);
  EXPECT_EQ(*FindKey(json, "collectives.mlp down all-gather.ranks"), 4);
  EXPECT_EQ(FindKey(json, "time_us.more"), nullptr);
  EXPECT_EQ(FindKey(json, ""), nullptr);
}

TEST(RunInnerTest, AnswersAreJsonAndFailuresAreTold) {
  const Arguments price = {"price",   "all-reduce", "--on",    "textbook-nvlink",
                           "--ranks", "8",          "--bytes", "1MiB"};
  const auto answer = RunInner(RunApp, price);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->status, kExitOk);
  EXPECT_NE(FindKey(answer->json, "time_us"), nullptr);
  const auto failed = RunInner(RunApp, WithOption(price, "ranks", "100000000"));
  EXPECT_THAT(failed, IsError(ErrorCode::kUsage, HasSubstr("--ranks")));
  const auto negative = RunInner(RunApp, WithOption(price, "algorithm", "nvls"));
  ASSERT_THAT(negative, IsOk());
  EXPECT_TRUE(negative->json.is_null());
  EXPECT_THAT(negative->error, HasSubstr("nvls"));
  EXPECT_THAT(negative->error, Not(HasSubstr("commplan:")));
  EXPECT_THAT(RunInner(RunApp, {"pric"}), IsError(ErrorCode::kUsage, HasSubstr("pric")));
  EXPECT_THAT(RunInner(RunApp, {"--version"}),
              IsError(ErrorCode::kUsage, HasSubstr("no answer in JSON")));
}

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

TEST(SweepTest, RowsHoldWhatThePlainCommandAnswers) {
  const Arguments price = {"price", "all-reduce", "--on", "textbook-nvlink", "--ranks", "8"};
  Arguments sweep = {"sweep"};
  sweep.insert(sweep.end(), price.begin(), price.end());
  for (const char* word : {"--vary", "bytes=1KiB..16KiB:*4", "--vary", "ranks=2,8", "--keys",
                           "time_us", "--format", "json"}) {
    sweep.emplace_back(word);
  }
  const Outcome swept = RunWith(sweep);
  ASSERT_EQ(swept.status, kExitOk) << swept.err;
  const auto json = report::Json::parse(swept.out);
  ASSERT_EQ(json.at("rows").size(), 6U);
  for (const auto& row : json.at("rows")) {
    const auto bytes = std::to_string(row.at("bytes").get<std::int64_t>());
    const auto ranks = std::to_string(row.at("ranks").get<int>());
    const auto plain =
        RunInner(RunApp, WithOption(WithOption(price, "bytes", bytes), "ranks", ranks));
    ASSERT_THAT(plain, IsOk());
    EXPECT_EQ(row.at("time_us"), plain->json.at("time_us"));
  }
}

TEST(SweepTest, WhatCannotBeSweptIsRefused) {
  EXPECT_EQ(RunWith({"sweep"}).status, kExitUsage);
  EXPECT_EQ(RunWith({"sweep", "price"}).status, kExitUsage);
  EXPECT_THAT(RunWith({"sweep", "sweep", "price", "--vary", "bytes=1,2"}).err,
              HasSubstr("inside a sweep"));
  EXPECT_THAT(RunWith({"sweep", "price", "all-reduce", "--on", "textbook-nvlink", "--ranks", "2",
                       "--vary", "bytes=1,2", "--keys", "tim_us"})
                  .err,
              HasSubstr("no answer has 'tim_us'"));
}

TEST(WhatifTest, TheSecondSideIsTheFirstOneChanged) {
  const Arguments words = {
      "whatif", "price",   "all-reduce", "--on",  "textbook-nvlink",     "--ranks",
      "8",      "--bytes", "1MiB",       "--set", "tiers.0.latency=6us", "--format",
      "json",   "--vs",    "--bytes",    "2MiB"};
  const Outcome outcome = RunWith(words);
  ASSERT_EQ(outcome.status, kExitOk) << outcome.err;
  const auto json = report::Json::parse(outcome.out);
  EXPECT_THAT(json.at("b").get<std::string>(), HasSubstr("--bytes 2MiB"));
  EXPECT_THAT(json.at("b").get<std::string>(), Not(HasSubstr("--set")));
  bool seen = false;
  for (const auto& row : json.at("rows")) {
    if (row.at("key") != "bytes") continue;
    seen = true;
    EXPECT_EQ(row.at("difference"), 1048576);
    EXPECT_EQ(row.at("ratio"), 2);
  }
  EXPECT_TRUE(seen);
}

// The lab's step on its own links: 64 all-reduces and more of 8 KiB.
Arguments Lab(const std::string& command, const std::vector<std::string>& more) {
  Arguments words = {command,     "bill", "--model", "llama-3-8b", "--phase", "decode",
                     "--context", "512",  "--tp",    "2",          "--on",    "textbook-10gbe"};
  words.insert(words.end(), more.begin(), more.end());
  words.insert(words.end(), {"--format", "json"});
  return words;
}

TEST(SweepTest, TheFirstRowOfACondition) {
  const std::string latencies = "set:tiers.0.latency=1us..64us:*2";
  const Outcome found = RunWith(Lab("sweep", {"--vary", latencies, "--vary", "batch=1,8", "--first",
                                              "comm_fraction<=40%", "--keys", "comm_fraction"}));
  ASSERT_EQ(found.status, kExitOk) << found.err;
  const auto json = report::Json::parse(found.out);
  const auto& rows = json.at("first").at("rows");
  ASSERT_EQ(rows.size(), 1U);  // with 8 sequences it is more everywhere
  EXPECT_EQ(rows[0].at("tiers.0.latency"), "1us");
  EXPECT_LE(rows[0].at("comm_fraction"), 0.4);
  EXPECT_EQ(RunWith(Lab("sweep", {"--vary", latencies, "--first", "comm_fraction<1%"})).status,
            kExitNegative);
  EXPECT_THAT(RunWith(Lab("sweep", {"--vary", latencies, "--first", "com_fraction<1%"})).err,
              HasSubstr("no answer has a number 'com_fraction'"));
}

TEST(SweepTest, FlagsVaryToo) {
  const std::string key = "layout.sequence_parallel";
  const Outcome swept =
      RunWith(Lab("sweep", {"--batch", "8", "--vary", "sp=false,true", "--keys", key}));
  ASSERT_EQ(swept.status, kExitOk) << swept.err;
  const auto json = report::Json::parse(swept.out);
  EXPECT_EQ(json.at("rows")[0].at(key), false);
  EXPECT_EQ(json.at("rows")[1].at(key), true);
}

TEST(SolveTest, TheOverlapAtWhichOneLinkEqualsAnother) {
  const Arguments words = Lab("whatif", {"--set", "tiers.0.latency=6us", "--vs", "--set",
                                         "tiers.0.latency=3us", "--solve", "overlap-fraction"});
  const Outcome outcome = RunWith(words);
  ASSERT_EQ(outcome.status, kExitOk) << outcome.err;
  const auto json = report::Json::parse(outcome.out);
  const auto& rows = json.at("rows");
  ASSERT_EQ(rows.size(), 3U);
  // What is not hidden of the slow link is all of the fast one.
  const double slow = rows[0].at("a"), fast = rows[0].at("b"), hidden = rows[2].at("a");
  EXPECT_THAT(json.at("solve").at("value").get<double>(),
              IsNear((slow - fast) / (slow - hidden), 1e-9));
  EXPECT_THAT(rows[1].at("a").get<double>(), IsNear(fast, 1e-9 * fast));
}

TEST(SolveTest, NeverIsAnAnswer) {
  const Outcome never =
      RunWith(Lab("whatif", {"--vs", "--on", "textbook-nvlink", "--solve", "overlap-fraction"}));
  EXPECT_EQ(never.status, kExitNegative) << never.err;
  EXPECT_TRUE(report::Json::parse(never.out).at("solve").at("value").is_null());
}

TEST(SolveTest, ATargetInPlaceOfASecondCommand) {
  const Outcome outcome = RunWith(Lab("whatif", {"--solve", "set:tiers.0.latency=1us..100us",
                                                 "--key", "comm_fraction", "--target", "40%"}));
  ASSERT_EQ(outcome.status, kExitOk) << outcome.err;
  const auto json = report::Json::parse(outcome.out);
  const std::string latency = json.at("solve").at("value");
  const auto check =
      RunInner(RunApp, Arguments{"bill", "--model", "llama-3-8b", "--phase", "decode", "--context",
                                 "512", "--tp", "2", "--on", "textbook-10gbe", "--set",
                                 "tiers.0.latency=" + latency});
  ASSERT_THAT(check, IsOk());
  EXPECT_THAT(check->json.at("comm_fraction").get<double>(), IsNear(0.4, 1e-9));
}

TEST(SolveTest, BothCommandsChange) {
  // A ring of 8: 14 hops and 14/8 of the bytes. 3 us and 100 GB/s against 1 us and 50 GB/s are
  // equal where 14·2 us = 14/8·S·(1/50 - 1/100) s/GB, at 1.6 MB.
  const Outcome outcome = RunWith({"whatif",
                                   "price",
                                   "all-reduce",
                                   "--on",
                                   "textbook-nvlink",
                                   "--ranks",
                                   "8",
                                   "--set",
                                   "tiers.0.latency=3us",
                                   "--set",
                                   "tiers.0.bandwidth=100GB/s",
                                   "--bytes",
                                   "1MiB",
                                   "--vs",
                                   "--set",
                                   "tiers.0.latency=1us",
                                   "--set",
                                   "tiers.0.bandwidth=50GB/s",
                                   "--solve",
                                   "bytes=1KiB..64MiB",
                                   "--both",
                                   "--format",
                                   "json"});
  ASSERT_EQ(outcome.status, kExitOk) << outcome.err;
  const auto json = report::Json::parse(outcome.out);
  EXPECT_EQ(json.at("solve").at("value"), "1.6MB");
  const auto& rows = json.at("rows");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_GT(rows[0].at("a"), rows[0].at("b"));  // hops cost most in small messages
  EXPECT_LT(rows[2].at("a"), rows[2].at("b"));
  const double a = rows[1].at("a"), b = rows[1].at("b");
  EXPECT_THAT(a, IsNear(b, 1e-9 * b));
}

TEST(SolveTest, WhatCannotBeSolvedIsRefused) {
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--solve", "batch"},
           {"--target", "10%"},
           {"--solve", "batch=1..8", "--key", "tim_us", "--target", "1"},
           {"--solve", "batch=1..8", "--target", "1ms", "--vs", "--tp", "4"}}) {
    EXPECT_EQ(RunWith(Lab("whatif", more)).status, kExitUsage) << more.back();
  }
}

}  // namespace
}  // namespace commplan::cli
