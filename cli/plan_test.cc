// The command `plan` as a user calls it.
#include "cli/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
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

struct Outcome {
  int status;
  std::string out, err;
};

Outcome Plan(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "plan");
  std::ostringstream out, err;
  Io io{out, err};
  const int status = RunApp(arguments, io);
  return {status, out.str(), err.str()};
}

const std::vector<std::string> kServe = {"--model", "llama-3-8b", "--on",       "hgx-h100",
                                         "--gpus",  "8",          "--workload", "chat"};
const std::vector<std::string> kTrain = {"--model", "llama-2-7b", "--on",       "hgx-a100",
                                         "--gpus",  "8",          "--workload", "fine-tune"};

std::vector<std::string> With(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Json JsonOf(const std::vector<std::string>& arguments) {
  const Outcome run = Plan(With(arguments, {"--format", "json"}));
  EXPECT_EQ(run.err, "");
  return Json::parse(run.out, nullptr, false);
}

TEST(PlanTest, HasTheKeysOfTheContract) {
  for (const auto& arguments : {kServe, kTrain}) {
    const Json json = JsonOf(arguments);
    ASSERT_TRUE(json.is_object());
    for (const char* const key : {"schema", "best", "plans", "pareto", "evaluated", "rejected"}) {
      EXPECT_TRUE(json.contains(key)) << key;
    }
    EXPECT_EQ(json["best"], json["plans"][0]);
    for (const Json& plan : json["plans"]) {
      for (const char* const key :
           {"tp", "pp", "dp", "ep", "cp", "codec", "launch", "memory_bytes_per_device"}) {
        EXPECT_TRUE(plan.contains(key)) << key;
      }
      for (const char* const program : {"vllm", "sglang", "trtllm", "megatron"}) {
        EXPECT_TRUE(plan["launch"].contains(program)) << program;
      }
    }
    for (const Json& reason : json["rejected"]) {
      for (const char* const key : {"reason", "count", "example"}) {
        EXPECT_TRUE(reason.contains(key)) << key;
      }
    }
    EXPECT_FALSE(json.contains("elapsed_s"));
  }
  EXPECT_TRUE(JsonOf(With(kServe, {"--timing"})).contains("evaluations_per_s"));
}

TEST(PlanTest, IsTheSameForAnyNumberOfThreads) {
  for (const auto& arguments : {kServe, kTrain}) {
    EXPECT_EQ(Plan(With(arguments, {"--threads", "1"})).out,
              Plan(With(arguments, {"--threads", "4"})).out);
  }
}

TEST(PlanTest, PinnedDimensionsArePinned) {
  for (const Json& plan : JsonOf(With(kServe, {"--tp", "2", "--pp", "1..2"}))["plans"]) {
    EXPECT_EQ(plan["tp"], 2);
    EXPECT_LE(plan["pp"], 2);
  }
}

TEST(PlanTest, BestMeetsTheTargets) {
  const Json json = JsonOf(With(kServe, {"--tpot", "15ms", "--ttft", "300ms"}));
  EXPECT_LE(json["best"]["tpot_us"], 15000);
  EXPECT_LE(json["best"]["ttft_us"], 300000);
  EXPECT_GE(json["best"]["meets_tpot"], 0.5);
}

TEST(PlanTest, TheFewestDevicesThatCarryTheRate) {
  const Json little = JsonOf(With(kServe, {"--rate", "2"}));
  const Json much = JsonOf(With(kServe, {"--rate", "100"}));
  EXPECT_LT(little["best"]["devices"], much["best"]["devices"]);
  EXPECT_GE(much["best"]["requests_per_s"], 100);
}

TEST(PlanTest, WhatDoesNotFitEndsWithOneAndSaysWhatWould) {
  const Outcome run = Plan({"--model", "llama-3-70b", "--on", "l4-pcie", "--gpus", "2",
                            "--workload", "batch", "--format", "json"});
  EXPECT_EQ(run.status, kExitNegative);
  const Json json = Json::parse(run.out, nullptr, false);
  EXPECT_TRUE(json["best"].is_null());
  bool memory = false, devices = false;
  for (const Json& change : json["changes"]) {
    const auto text = change.get<std::string>();
    memory |= text.find("nothing fits in memory") != std::string::npos;
    devices |= text.find("devices there is a plan") != std::string::npos;
  }
  EXPECT_TRUE(memory);
  EXPECT_TRUE(devices);
  const Outcome late = Plan(With(kServe, {"--tpot", "1us"}));
  EXPECT_EQ(late.status, kExitNegative);
  EXPECT_THAT(late.out, HasSubstr("nearest by time per token"));
}

TEST(PlanTest, WrongWordsNameTheirOption) {
  const auto error = [](const std::vector<std::string>& more) {
    const Outcome run = Plan(With(kServe, more));
    EXPECT_NE(run.status, kExitOk);
    return run.err;
  };
  EXPECT_THAT(error({"--objective", "beauty"}), HasSubstr("--objective: found 'beauty'"));
  EXPECT_THAT(error({"--tp", "8..2"}), HasSubstr("--tp: found '8..2'"));
  EXPECT_THAT(error({"--tpot", "30"}), HasSubstr("--tpot: found '30'"));
  EXPECT_THAT(error({"--codec", "mxfp44"}), HasSubstr("mxfp44"));
  EXPECT_THAT(error({"--overlap", "magic"}), HasSubstr("--overlap: found 'magic'"));
  EXPECT_THAT(error({"--objective", "cost"}), HasSubstr("price"));
  EXPECT_THAT(error({"--kernels", "nobody"}), HasSubstr("nobody"));
  const Outcome unknown =
      Plan({"--model", "llama-3-8b", "--on", "hgx-h100", "--gpus", "8", "--workload", "chatting"});
  EXPECT_EQ(unknown.status, kExitBadInput);
  EXPECT_THAT(unknown.err, HasSubstr("found no workload 'chatting'"));
}

TEST(PlanTest, EveryFormatHasTheBestPlan) {
  for (const char* const format : {"text", "csv", "markdown"}) {
    const Outcome run = Plan(With(kServe, {"--format", format}));
    EXPECT_EQ(run.status, kExitOk);
    EXPECT_THAT(run.out, HasSubstr("tp"));
  }
}

TEST(PlanTest, DrawsTheParetoSet) {
  const std::string file = ::testing::TempDir() + "/pareto.svg";
  EXPECT_EQ(Plan(With(kServe, {"--plot", file})).status, kExitOk);
  EXPECT_TRUE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace commplan::cli
