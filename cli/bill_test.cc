// The command `bill` as a user calls it: that its parts add up, and what it refuses.
#include "cli/bill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

Outcome Bill(const std::string& words) {
  std::vector<std::string> arguments = {"bill"};
  std::istringstream stream(words);
  for (std::string word; stream >> word;) arguments.push_back(word);
  std::ostringstream out, err;
  Io io{out, err};
  const int status = RunApp(arguments, io);
  return {status, out.str(), err.str()};
}

Json JsonOf(const std::string& words) {
  const Outcome run = Bill(words + " --format json");
  EXPECT_THAT(run.status, ::testing::AnyOf(kExitOk, kExitNegative)) << run.err;
  return Json::parse(run.out, nullptr, false);
}

constexpr char kServing[] =
    "--model mixtral-8x7b --on hgx-h100 --phase decode --tp 4 --batch 16 --context 1000";
constexpr char kTraining[] =
    "--model llama-3-8b --on hgx-h100 --phase train --tp 2 --pp 2 --dp 2 --batch 16 --context 2048";

double Number(const Json& json, const char* key) { return json.at(key).get<double>(); }

TEST(BillTest, TheStepIsTheSumOfItsParts) {
  const Json serving = JsonOf(kServing);
  EXPECT_DOUBLE_EQ(Number(serving, "step_time_us"),
                   Number(serving, "compute_us") + Number(serving, "exposed_comm_us") +
                       Number(serving, "bubble_us") + Number(serving, "other_us"));
  const Json training = JsonOf(kTraining);
  EXPECT_NEAR(Number(training, "step_time_us"),
              Number(training, "compute_us") + Number(training, "exposed_comm_us") +
                  Number(training, "bubble_us") + Number(training, "optimizer_us"),
              1e-9 * Number(training, "step_time_us"));
}

TEST(BillTest, BothPhasesSpeakOfMemoryAlike) {
  const Json serving = JsonOf(kServing).at("memory");
  const Json training = JsonOf(kTraining).at("memory");
  std::vector<std::string> keys, others;
  for (const auto& [key, value] : serving.items()) keys.push_back(key);
  for (const auto& [key, value] : training.items()) others.push_back(key);
  EXPECT_EQ(keys, others);
  EXPECT_EQ(serving.at("optimizer_bytes"), 0);
  EXPECT_GT(training.at("optimizer_bytes"), 0);
}

TEST(BillTest, AnExplanationAddsUpToTheBill) {
  for (const char* const words : {kServing, kTraining}) {
    SCOPED_TRACE(words);
    const Json json = JsonOf(std::string(words) + " --explain");
    const Json& explanation = json.at("explanation");
    EXPECT_EQ(explanation.at("step").back().at("time_us"), json.at("step_time_us"));
    std::vector<std::string> formulas;
    for (const Json& card : explanation.at("formulas")) formulas.push_back(card.at("id"));
    ASSERT_FALSE(explanation.at("kernels").empty());
    for (const Json& kernel : explanation.at("kernels")) {
      SCOPED_TRACE(kernel.at("site"));
      EXPECT_NEAR(Number(kernel, "each_us"),
                  Number(kernel, "launch_us") + Number(kernel, "compute_us") +
                      Number(kernel, "memory_us") + Number(kernel, "serial_us"),
                  1e-9 * Number(kernel, "each_us"));
      EXPECT_THAT(formulas, ::testing::Contains(kernel.at("formula").get<std::string>()));
    }
  }
}

TEST(BillTest, ASitesKernelsAreThoseOfItsExplanation) {
  const Json json = JsonOf(std::string(kServing) + " --explain");
  for (const Json& site : json.at("kernel_sites")) {
    double count = 0;
    for (const Json& kernel : json.at("explanation").at("kernels")) {
      if (kernel.at("site") == site.at("site")) count += Number(kernel, "count");
    }
    EXPECT_EQ(count, site.at("count")) << site.at("site");
  }
}

TEST(BillTest, TextExplainsBothPhases) {
  for (const char* const words : {kServing, kTraining}) {
    EXPECT_THAT(Bill(words).out, Not(HasSubstr("How the step came about")));
    const std::string text = Bill(std::string(words) + " --explain").out;
    for (const char* const part : {"How the step came about", "Formulas of the kernels",
                                   "Sources of the kernels' numbers", "commplan price all-"}) {
      EXPECT_THAT(text, HasSubstr(part)) << words;
    }
  }
}

TEST(BillTest, ACodecsTermsAddUp) {
  const Json json = JsonOf(
      "--model llama-3-8b --on l4-pcie --phase prefill --tp 8 --context 2048 --codec mxfp4 "
      "--codec-scheme two-shot");
  EXPECT_EQ(json.at("codec"), "mxfp4");
  int compressed = 0;
  for (const Json& line : json.at("collectives")) {
    if (line.at("codec") == "none") continue;
    ++compressed;
    EXPECT_EQ(line.at("scheme"), "two-shot");
    double sum = 0;
    for (const Json& term : line.at("terms")) sum += Number(term, "time_us");
    EXPECT_NEAR(sum, Number(line, "each_us"), 1e-9 * sum);
    EXPECT_LT(line.at("each_us"), line.at("plain_each_us"));
  }
  EXPECT_EQ(compressed, 3);  // the logits stay as they are
  EXPECT_GT(json.at("memory").at("codec_bytes"), 0);
}

TEST(BillTest, OptionsOfTheOtherPhaseAreRefused) {
  const Outcome decode = Bill(std::string(kServing) + " --zero 1");
  EXPECT_EQ(decode.status, kExitUsage);
  EXPECT_THAT(decode.err, HasSubstr("--zero for --phase decode"));
  EXPECT_EQ(Bill(std::string(kTraining) + " --new-tokens 5").status, kExitUsage);
  EXPECT_EQ(Bill(std::string(kTraining) + " --codec mxfp4").status, kExitNegative);
  EXPECT_EQ(Bill(std::string(kTraining) + " --overlap ladder").status, kExitNegative);
  EXPECT_EQ(Bill(std::string(kServing) + " --codec-scheme two-shot").status, kExitUsage);
}

TEST(BillTest, CountsMayHaveExponents) {
  EXPECT_EQ(JsonOf("--model llama-3-8b --on hgx-h100 --phase decode --batch 1e2 --context 1e3"),
            JsonOf("--model llama-3-8b --on hgx-h100 --phase decode --batch 100 --context 1000"));
}

}  // namespace
}  // namespace commplan::cli
