#include "planner/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/memory/serving.h"
#include "model/step/test_machine.h"
#include "model/workload/test_models.h"

namespace commplan::planner {
namespace {

using ::testing::HasSubstr;

// Six heads and ten layers: little divides them.
Transformer Odd() { return DenseModel("odd", 768, 10, 6, 3, 128, 3072, 32000); }

Transformer OddExperts() {
  Transformer model = DenseModel("experts", 512, 4, 4, 4, 128, 256, 16000);
  model.kinds[0].mlp.experts = 6;
  model.kinds[0].mlp.active = 2;
  return model;
}

Machine SmallMachine(std::mt19937& random) {
  Machine machine = TestMachine();
  const auto any = [&](double low, double high) {
    return std::exp(std::uniform_real_distribution<>(std::log(low), std::log(high))(random));
  };
  machine.device.memory = GB(any(0.2, 4));
  machine.fabric.tiers[0].bandwidth = GBps(any(1, 300));
  machine.fabric.tiers[0].latency = Micros(any(0.5, 50));
  return machine;
}

ServingQuestion QuestionOf(const Transformer& model, std::mt19937& random) {
  ServingQuestion question;
  question.model = &model;
  const auto pick = [&](int least, int most) {
    return std::uniform_int_distribution<>(least, most)(random);
  };
  question.devices = pick(1, 8);
  question.shape = {static_cast<double>(pick(16, 2000)), static_cast<double>(pick(1, 200))};
  if (pick(0, 1) == 1) question.long_prompt = 3000;
  if (pick(0, 1) == 1) question.rate = pick(1, 40);
  if (pick(0, 1) == 1) question.quantile = 0.9;
  if (pick(0, 1) == 1) question.targets.tpot = Micros(pick(50, 5000));
  if (pick(0, 1) == 1) question.targets.ttft = Micros(pick(500, 100000));
  if (pick(0, 3) == 0) question.targets.end_to_end = Millis(pick(10, 500));
  if (pick(0, 3) == 0) question.tp = {2, 4};
  if (pick(0, 3) == 0) question.sequence_parallel = {false};
  question.stacks = {{"one", "ring"}};
  question.overlaps = {Overlap::kNone};
  if (pick(0, 2) == 0) question.overlaps.push_back(Overlap::kTwoBatch);
  question.batches = {1, 2, 5, 16};
  question.price = 2;
  const std::array<Objective, 4> objectives = {
      Objective{Metric::kThroughput}, Objective{Metric::kTtft, Metric::kCost},
      Objective{Metric::kDevices, Metric::kTpot}, Objective{Metric::kCost}};
  question.wanted.objective = objectives[static_cast<std::size_t>(pick(0, 3))];
  question.wanted.pareto = {Metric::kTpot, Metric::kThroughput};
  question.wanted.top = 3;
  return question;
}

// ---- brute force: every plan by itself, through the whole bill, with no table and no bound ----

struct Brute {
  std::vector<Scored<ServingPlan>> met;
  std::map<Reason, std::int64_t> refused;
  std::int64_t cuts = 0;  // so far
};

bool Meets(const ServingQuestion& question, const ServingDetail& detail, const ServingPlan& plan,
           Reason* reason) {
  const Served& served = detail.served;
  const auto beyond = [](Time target, Time time) { return target > Time() && !(time <= target); };
  if (question.rate > 0 && !(served.requests * plan.layout.dp >= question.rate)) {
    *reason = Reason::kRate;
  } else if (beyond(question.targets.ttft, served.ttft)) {
    *reason = Reason::kTtft;
  } else if (beyond(question.targets.tpot, served.tpot)) {
    *reason = Reason::kTpot;
  } else if (beyond(question.targets.end_to_end, served.end_to_end)) {
    *reason = Reason::kEndToEnd;
  } else {
    return true;
  }
  return false;
}

ServingLoad LoadOf(const ServingQuestion& question, const Machine& machine,
                   const ServingPlan& plan) {
  ServingLoad load;
  load.sequences = plan.batch;
  load.tokens = question.shape.prompt + question.shape.output;
  load.batched_tokens = std::max(
      {question.shape.prompt, question.long_prompt, plan.batch / plan.layout.attention_dp});
  load.block = machine.compute.cache_block;
  return load;
}

void TryPlan(const Machine& machine, const ServingQuestion& question, ServingPlan plan,
             Brute* brute) {
  if (plan.batch < plan.layout.attention_dp) return;
  if (std::fmod(plan.batch, plan.layout.attention_dp) != 0) return;
  const Result<Fit> fit =
      FitServing(*question.model, plan.layout, question.precision, LoadOf(question, machine, plan),
                 machine.device.memory, machine.compute.margins);
  ASSERT_THAT(fit, IsOk());
  if (!fit->fits) {
    ++brute->refused[Reason::kMemory];
    return;
  }
  const int most = question.devices / EngineDevices(plan.layout);
  plan.layout.dp = most;
  const Metric first = question.wanted.objective.front();
  const bool fewest = first == Metric::kDevices || (question.rate > 0 && first == Metric::kCost);
  Result<ServingDetail> detail = DetailOf(machine, question, plan);
  if (!detail.ok()) {
    ++brute->refused[Reason::kNoPrice];
    return;
  }
  Reason reason = Reason::kRate;
  if (!Meets(question, *detail, plan, &reason)) {
    ++brute->refused[reason];
    return;
  }
  for (int engines = 1; fewest && engines < most; ++engines) {
    ServingPlan fewer = plan;
    fewer.layout.dp = engines;
    const Result<ServingDetail> other = DetailOf(machine, question, fewer);
    if (!Meets(question, *other, fewer, &reason)) continue;
    plan = fewer;
    detail = other;
    break;
  }
  brute->met.push_back({plan, detail->metrics, 0, brute->cuts});
}

void TryBatches(const Machine& machine, const ServingQuestion& question, ServingPlan plan,
                Brute* brute) {
  std::vector<double> batches = question.batches;
  const Result<double> most = SequencesThatFit(*question.model, plan.layout, question.precision,
                                               LoadOf(question, machine, plan),
                                               machine.device.memory, machine.compute.margins);
  ASSERT_THAT(most, IsOk());
  const bool listed = std::count(batches.begin(), batches.end(), *most) > 0;
  if (!listed && *most >= 1 && *most <= 16) batches.push_back(*most);
  for (const double batch : batches) {
    plan.batch = batch;
    TryPlan(machine, question, plan, brute);
  }
}

Brute TryAll(const Machine& machine, const ServingQuestion& question) {
  Brute brute;
  const bool experts = question.model->kinds[0].mlp.IsExperts();
  const int n = question.devices;
  for (int tp = 1; tp <= n; ++tp) {
    for (int pp = 1; pp <= std::min<int>(n, static_cast<int>(question.model->layers)); ++pp) {
      for (int ranks = 1; ranks <= (experts ? n : 1); ++ranks) {
        for (int ep = 1; ep <= (experts ? tp * ranks : 1); ++ep) {
          for (const bool parallel : question.sequence_parallel) {
            if (tp * pp * ranks > n || tp * ranks % ep != 0 || (parallel && tp == 1)) continue;
            if (!question.tp.Has(tp)) continue;
            ++brute.cuts;
            ServingPlan plan;
            plan.layout = {.tp = tp, .pp = pp, .ep = ep, .attention_dp = ranks};
            plan.layout.sequence_parallel = parallel;
            const bool travels = ranks > 1;
            const bool whole = ep == tp * ranks && (tp == 1 || parallel);
            plan.layout.expert_exchange = !travels ? ExpertExchange::kReduce
                                          : whole  ? ExpertExchange::kAllToAll
                                                   : ExpertExchange::kGather;
            if (!CheckLayout(*question.model, plan.layout, Phase::kServe).ok()) {
              ++brute.refused[Reason::kIndivisible];
              continue;
            }
            for (const Overlap overlap : question.overlaps) {
              plan.overlap = overlap;
              TryBatches(machine, question, plan, &brute);
            }
          }
        }
      }
    }
  }
  return brute;
}

bool Near(const Metrics& a, const Metrics& b) {
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    const auto metric = static_cast<Metric>(i);
    const double scale = std::max(std::abs(a[metric]), std::abs(b[metric]));
    if (std::abs(a[metric] - b[metric]) > 1e-9 * scale) return false;
  }
  return true;
}

void ExpectSame(const ServingAnswer& answer, const Brute& brute, const ServingQuestion& question) {
  const Collector<ServingPlan>& found = answer.found.all;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const auto counted = brute.refused.find(reason);
    EXPECT_EQ(found.refused(reason).count, counted == brute.refused.end() ? 0 : counted->second)
        << Name(reason);
  }
  // Values, not layouts: equal plans are possible.
  std::map<std::int64_t, double> of_cuts;
  for (const auto& one : brute.met) {
    const double loss = one.metrics.Loss(question.wanted.objective[0]);
    const auto [place, first] = of_cuts.emplace(one.family, loss);
    place->second = std::min(place->second, loss);
  }
  std::vector<double> losses;
  for (const auto& [family, loss] : of_cuts) losses.push_back(loss);
  std::sort(losses.begin(), losses.end());
  const auto best = found.Best();
  ASSERT_EQ(best.size(), std::min<std::size_t>(question.wanted.top, losses.size()));
  for (std::size_t i = 0; i < best.size(); ++i) {
    const double loss = best[i].metrics.Loss(question.wanted.objective[0]);
    EXPECT_NEAR(loss, losses[i], 1e-9 * std::abs(losses[i]));
  }
  const auto pareto = found.Pareto();
  for (const auto& kept : pareto) {
    bool known = false;
    for (const auto& one : brute.met) known |= Near(one.metrics, kept.metrics);
    EXPECT_TRUE(known);
  }
  for (const auto& one : brute.met) {
    // Each is kept, or some kept one is as good in both up to rounding.
    bool covered = false;
    for (const auto& kept : pareto) {
      bool no_worse = true;
      for (const Metric metric : question.wanted.pareto) {
        const double slack = 1e-9 * std::abs(one.metrics[metric]);
        no_worse &= kept.metrics.Loss(metric) <= one.metrics.Loss(metric) + slack;
      }
      covered |= no_worse;
    }
    EXPECT_TRUE(covered);
  }
}

TEST(PlanServingTest, EqualsBruteForceOnSmallProblems) {
  constexpr std::uint32_t kProblems = 1500;
  const Transformer dense = Odd(), experts = OddExperts();
  std::map<Reason, int> seen;
  int solved = 0;
  for (std::uint32_t seed = 0; seed < kProblems; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const Machine machine = SmallMachine(random);
    const ServingQuestion question = QuestionOf(seed % 4 == 0 ? experts : dense, random);
    const auto answer = PlanServing(machine, question, {.threads = 1});
    ASSERT_THAT(answer, IsOk());
    const Brute brute = TryAll(machine, question);
    ExpectSame(*answer, brute, question);
    if (HasFailure()) return;
    solved += brute.met.empty() ? 0 : 1;
    for (const auto& [reason, count] : brute.refused) seen[reason] += count > 0 ? 1 : 0;
  }
  // The problems are worth asking: many have an answer, and every reason occurs.
  EXPECT_GT(solved, static_cast<int>(kProblems / 4));
  for (const Reason reason : {Reason::kIndivisible, Reason::kNoPrice, Reason::kMemory,
                              Reason::kRate, Reason::kTtft, Reason::kTpot, Reason::kEndToEnd}) {
    EXPECT_GT(seen[reason], 20) << Name(reason);
  }
}

TEST(PlanServingTest, IsTheSameForAnyNumberOfThreads) {
  std::mt19937 random(7);
  const Machine machine = SmallMachine(random);
  const Transformer model = OddExperts();
  ServingQuestion question = QuestionOf(model, random);
  question.devices = 8;
  question.targets = {};
  question.rate = 0;
  const auto one = PlanServing(machine, question, {.threads = 1});
  const auto four = PlanServing(machine, question, {.threads = 4});
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(four, IsOk());
  const auto a = one->found.all.Best(), b = four->found.all.Best();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].number, b[i].number);
  const auto p = one->found.all.Pareto(), q = four->found.all.Pareto();
  ASSERT_EQ(p.size(), q.size());
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_EQ(p[i].number, q[i].number);
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(one->found.all.refused(reason).count, four->found.all.refused(reason).count);
    EXPECT_EQ(one->found.all.refused(reason).text, four->found.all.refused(reason).text);
  }
}

TEST(PlanServingTest, SaysByHowMuchTheNearestMisses) {
  Machine machine = TestMachine();
  machine.device.memory = GB(100);
  const Transformer model = Llama70B();
  ServingQuestion question;
  question.model = &model;
  question.devices = 1;
  question.shape = {1000, 100};
  question.stacks = {{"one", "ring"}};
  question.wanted.objective = {Metric::kThroughput};
  const auto answer = PlanServing(machine, question, {});
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->found.all.Best().empty());
  const auto& memory = answer->found.all.refused(Reason::kMemory);
  // 70.55 billion weights of two bytes, and a cache of 1100 tokens of 320 KiB.
  EXPECT_NEAR(memory.excess, 0.42, 0.03);
  EXPECT_EQ(memory.plan.batch, 1);
  EXPECT_THAT(memory.text, HasSubstr("of 93.13 GiB"));
}

TEST(PlanServingTest, StopsWhenAsked) {
  const Machine machine = TestMachine();
  const Transformer model = Llama8B();
  ServingQuestion question;
  question.model = &model;
  question.devices = 8;
  question.shape = {1000, 100};
  question.stacks = {{"one", "ring"}};
  question.wanted.objective = {Metric::kThroughput};
  std::atomic<bool> stop{true};
  const auto answer = PlanServing(machine, question, {.threads = 2, .stop = &stop, .progress = {}});
  ASSERT_THAT(answer, IsOk());
  EXPECT_FALSE(answer->found.complete);
  EXPECT_TRUE(answer->found.all.Best().empty());
}

TEST(PlanServingTest, RefusesAQuestionWithoutAnAnswer) {
  const Machine machine = TestMachine();
  const Transformer model = Llama8B();
  ServingQuestion question;
  question.model = &model;
  question.shape = {0, 100};
  question.stacks = {{"one", "ring"}};
  question.wanted.objective = {Metric::kThroughput};
  EXPECT_FALSE(PlanServing(machine, question, {}).ok());
  question.shape = {100, 100};
  question.stacks = {{"nobody", "ring"}};
  EXPECT_FALSE(PlanServing(machine, question, {}).ok());
  question.stacks = {{"one", "ring"}};
  question.wanted.objective = {Metric::kCost};
  EXPECT_FALSE(PlanServing(machine, question, {}).ok());
}

}  // namespace
}  // namespace commplan::planner
