// What people know about layouts, asked of the planner on the shipped profiles. Not tuned: a
// profile that contradicts one of these is worth a second look.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/step/bill.h"
#include "planner/serving.h"
#include "planner/training.h"
#include "profiles/library.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"

namespace commplan::planner {
namespace {

struct Asked {
  std::string profile, model;
  int devices = 8;
  RequestShape shape = {1020, 129};
  Objective objective = {Metric::kThroughput};
  Targets targets{};
  std::vector<std::string> codecs = {"none"};
  std::vector<double> batches{};
};

class Folklore : public ::testing::Test {
 protected:
  Scored<ServingPlan> BestOf(const Asked& asked) {
    Load(asked.profile, asked.model);
    ServingQuestion question;
    question.model = &model_;
    question.devices = asked.devices;
    question.shape = asked.shape;
    question.targets = asked.targets;
    question.codecs = asked.codecs;
    question.batches = asked.batches;
    const std::string kernels = machine_.compute.gemm.front().fit.engine;
    std::string engine;
    for (const Engine& one : machine_.engines) {
      if (one.name == kernels) engine = one.name;
    }
    question.stacks = {{kernels, engine}};
    question.wanted = {.objective = asked.objective, .pareto = {}, .top = 1};
    const auto answer = PlanServing(machine_, question, {.threads = 2});
    EXPECT_THAT(answer, IsOk());
    if (!answer.ok() || answer->found.all.Best().empty()) {
      ADD_FAILURE() << "no plan for " << asked.model << " on " << asked.profile;
      return {};
    }
    return answer->found.all.Best().front();
  }

  void Load(const std::string& profile, const std::string& model) {
    machine_ = *profiles::LoadMachine(profile, profiles::ShippedLibrary());
    model_ = profiles::LoadModel(model, profiles::ShippedModels())->model;
  }

  Machine machine_;
  Transformer model_;
};

TEST_F(Folklore, TensorParallelismStaysInTheNodeAndStagesCrossASlowNetwork) {
  const auto best =
      BestOf({.profile = "hgx-h100+tcp-10g", .model = "llama-3.1-405b", .devices = 16});
  EXPECT_LE(best.plan.layout.tp, 8);
  EXPECT_GE(best.plan.layout.tp * best.plan.layout.pp, 16);
}

TEST_F(Folklore, TrainingKeepsTensorParallelismInTheNode) {
  Load("hgx-a100+ib-hdr", "gpt3-175b");
  TrainingQuestion question;
  question.job.model = &model_;
  question.job.global_batch = 512;
  question.devices = 128;
  question.wanted = {.objective = {Metric::kStep}, .pareto = {}, .top = 1};
  const auto answer = PlanTraining(machine_, question, {.threads = 2});
  ASSERT_THAT(answer, IsOk());
  ASSERT_FALSE(answer->found.all.Best().empty());
  EXPECT_LE(answer->found.all.Best().front().plan.layout.tp, 8);
}

TEST_F(Folklore, SlowLinksWantFewerTensorRanks) {
  const Asked fast{
      .profile = "textbook-nvlink", .model = "llama-3-8b", .objective = {Metric::kTpot}};
  Asked slow = fast;
  slow.profile = "textbook-10gbe";
  EXPECT_GT(BestOf(fast).plan.layout.tp, 1);
  EXPECT_EQ(BestOf(slow).plan.layout.tp, 1);
}

TEST_F(Folklore, DecodeOfASmallBatchReducesInOneShot) {
  Load("hgx-h100", "llama-3-70b");
  StepRequest request;
  request.model = &model_;
  request.layout.tp = 4;
  request.demand = Decode(1, 1024);
  request.kernels = request.engine = "vllm";
  const Result<StepBill> bill = BillOf(machine_, request);
  ASSERT_THAT(bill, IsOk());
  bool found = false;
  for (const BillLine& line : bill->collectives) {
    if (line.site != Site::kMlpDown) continue;
    found = true;
    EXPECT_EQ(line.algorithm, Algorithm::kOneShot);
  }
  EXPECT_TRUE(found);
}

TEST_F(Folklore, CodecsPayForPromptsOverPcieAndNotForDecodeOverNvlink) {
  const std::vector<std::string> codecs = {"none", "mxfp8", "mxfp4", "int8-b32"};
  const auto decode = BestOf({.profile = "hgx-h100",
                              .model = "llama-3-70b",
                              .objective = {Metric::kTpot},
                              .codecs = codecs,
                              .batches = {1}});
  EXPECT_EQ(decode.plan.codec, 0);
  const auto prompt = BestOf({.profile = "l4-pcie",
                              .model = "llama-2-70b",
                              .shape = {4000, 100},
                              .objective = {Metric::kTtft},
                              .codecs = codecs,
                              .batches = {1}});
  EXPECT_NE(prompt.plan.codec, 0);
}

// What twice the ranks add to the communication of a prompt where they leave the node, and where
// they stay in one NVLink domain. For decode the border does not move yet: the profile knows no
// kernel of the serving engines for more than eight ranks, and NCCL's latency is much the same.
TEST_F(Folklore, ALargerNvlinkDomainMovesTheBorderOfTensorParallelismForPrompts) {
  const auto added = [this](const std::string& profile) {
    Load(profile, "llama-3.1-405b");
    std::array<Time, 2> communication;
    for (std::size_t i = 0; i < communication.size(); ++i) {
      StepRequest request;
      request.model = &model_;
      request.layout.tp = 8 << i;
      request.demand = Prefill(1, 4096);
      const Result<StepBill> bill = BillOf(machine_, request);
      EXPECT_THAT(bill, IsOk());
      if (bill.ok()) communication.at(i) = bill->communication;
    }
    return communication.at(1) - communication.at(0);
  };
  EXPECT_LT(added("gb200-nvl72"), 0.5 * added("hgx-h100+ib-ndr"));
}

TEST_F(Folklore, ExpertsSpreadOverAFatNetwork) {
  const auto best = BestOf({.profile = "gb200-nvl72", .model = "deepseek-v3", .devices = 32});
  EXPECT_GT(best.plan.layout.ep, 1);
  EXPECT_GT(best.plan.layout.attention_dp, 1);
}

}  // namespace
}  // namespace commplan::planner
