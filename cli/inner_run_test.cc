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

TEST(ArgumentsTest, SetsAreTakenOut) {
  EXPECT_THAT(WithoutSets({"price", "--set", "a=1", "--on", "x", "--set=b=2"}),
              ElementsAre("price", "--on", "x"));
}

TEST(FindKeyTest, PathsLeadThroughMapsAndNamedItems) {
  const auto json = report::Json::parse(
      R"({"time_us": 3, "terms": [{"name": "latency", "time_us": 1}, {"name": "fill"}],
          "plans": [{"tp": 8}]})");
  ASSERT_NE(FindKey(json, "time_us"), nullptr);
  EXPECT_EQ(*FindKey(json, "time_us"), 3);
  ASSERT_NE(FindKey(json, "terms.latency.time_us"), nullptr);
  EXPECT_EQ(*FindKey(json, "terms.latency.time_us"), 1);
  ASSERT_NE(FindKey(json, "plans.0.tp"), nullptr);
  EXPECT_EQ(*FindKey(json, "plans.0.tp"), 8);
  EXPECT_EQ(FindKey(json, "plans.1.tp"), nullptr);
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

}  // namespace
}  // namespace commplan::cli
