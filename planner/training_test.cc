#include "planner/training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/step/pricer.h"
#include "model/step/test_machine.h"
#include "model/workload/test_models.h"

namespace commplan::planner {
namespace {

using schedule::PipelineKind;

Transformer Odd() { return DenseModel("odd", 768, 12, 6, 3, 128, 3072, 32000); }

Transformer OddExperts() {
  Transformer model = DenseModel("experts", 512, 4, 4, 4, 128, 256, 16000);
  model.kinds[0].mlp.experts = 4;
  model.kinds[0].mlp.active = 2;
  return model;
}

Machine SmallMachine(std::mt19937& random) {
  Machine machine = TestMachine();
  const auto any = [&](double low, double high) {
    return std::exp(std::uniform_real_distribution<>(std::log(low), std::log(high))(random));
  };
  machine.device.memory = GB(any(0.5, 8));
  machine.fabric.tiers[0].bandwidth = GBps(any(1, 300));
  return machine;
}

TrainingQuestion QuestionOf(const Transformer& model, std::mt19937& random) {
  TrainingQuestion question;
  const auto pick = [&](int least, int most) {
    return std::uniform_int_distribution<>(least, most)(random);
  };
  question.job.model = &model;
  question.job.sequence = 512;
  question.job.global_batch = pick(1, 3) * 4;
  question.devices = pick(1, 8);
  if (pick(0, 1) == 1) question.step_target = Millis(pick(20, 400));
  if (pick(0, 1) == 1) question.gtp = {1, 2};
  if (pick(0, 1) == 1) question.cp = {1, 2};
  if (pick(0, 1) == 1) question.schedules.push_back(PipelineKind::kZbH1);
  if (pick(0, 2) == 0) question.schedules.push_back(PipelineKind::kZbV);
  if (pick(0, 2) == 0) question.recomputes = {Recompute::kNone, Recompute::kFull};
  question.wanted = {.objective = {Metric::kStep, Metric::kMemory},
                     .pareto = {Metric::kStep, Metric::kMemory},
                     .top = 3};
  return question;
}

struct Brute {
  std::vector<Metrics> met;
  std::map<std::int64_t, double> best;  // step, by cut
  std::int64_t cuts = 0;                // so far
  std::map<Reason, std::int64_t> refused;
};

// Through the whole bill of a pricer that remembers nothing.
void TryPlan(const Machine& machine, const TrainingQuestion& question, const TrainPlan& plan,
             Brute* brute) {
  const Result<TrainBill> bill = TrainBillOf(machine, {question.job, plan});
  Result<TrainPricer> pricer = TrainPricer::Create(machine, question.job);
  const Result<MemoryNeed> need = pricer->NeedOf(plan);
  ASSERT_THAT(need, IsOk());
  const bool fits = need->Total() <= machine.device.memory;
  if (bill.ok()) {
    EXPECT_EQ(bill->memory.fits, fits);
  }
  if (!fits) {
    ++brute->refused[Reason::kMemory];
  } else if (!bill.ok()) {
    ++brute->refused[Reason::kNoPrice];
  } else if (question.step_target > Time() && bill->step > question.step_target) {
    ++brute->refused[Reason::kStep];
  } else {
    Metrics metrics;
    metrics[Metric::kStep] = InSeconds(bill->step);
    metrics[Metric::kMemory] = InBytes(bill->memory.need.Total());
    brute->met.push_back(metrics);
    const auto [place, first] = brute->best.emplace(brute->cuts, metrics[Metric::kStep]);
    place->second = std::min(place->second, metrics[Metric::kStep]);
  }
}

// What may be switched on for this plan, each with all that come before it in the list.
std::vector<TrainOverlap> OverlapsOf(const TrainPlan& plan) {
  std::vector<TrainOverlap> overlaps(1);
  TrainOverlap all;
  const bool data = plan.layout.dp * plan.layout.cp > 1;
  const bool shards =
      plan.sharding.scheme == Scheme::kOptimizer || plan.sharding.scheme == Scheme::kGradients;
  all.gradients = true;
  if (data || plan.sharding.gtp > 1) overlaps.push_back(all);
  all.parameters = true;
  if (data && shards) overlaps.push_back(all);
  all.boundaries = true;
  if (plan.layout.pp > 1) overlaps.push_back(all);
  all.tensor = true;
  if (plan.layout.sequence_parallel) overlaps.push_back(all);
  return overlaps;
}

void TryRuns(const Machine& machine, const TrainingQuestion& question, TrainPlan plan,
             Brute* brute) {
  for (const Recompute recompute : question.recomputes) {
    for (const Scheme scheme : question.schemes) {
      const bool alone = plan.layout.dp * plan.layout.cp == 1;
      if (scheme != Scheme::kReplicated && alone) continue;
      if (scheme == Scheme::kWeights && plan.sharding.gtp > 1) continue;
      plan.recompute = recompute;
      plan.sharding.scheme = scheme;
      for (const TrainOverlap& overlap : OverlapsOf(plan)) {
        plan.overlap = overlap;
        TryPlan(machine, question, plan, brute);
      }
    }
  }
}

void TrySchedules(const Machine& machine, const TrainingQuestion& question, TrainPlan plan,
                  int each, Brute* brute) {
  const auto layers = static_cast<int>(question.job.model->layers);
  const int pp = plan.layout.pp;
  for (int micro = 1; micro <= each; ++micro) {
    if (each % micro != 0) continue;
    plan.micro_batch = micro;
    for (const PipelineKind kind : question.schedules) {
      plan.schedule = kind;
      for (int chunks = 1; chunks <= layers / pp; ++chunks) {
        const bool interleaved = kind == PipelineKind::kInterleaved;
        const bool right = kind == PipelineKind::kZbV ? chunks == 2
                           : interleaved
                               ? chunks > 1 && layers % (pp * chunks) == 0 && each / micro % pp == 0
                               : chunks == 1;
        if (!right || (pp == 1 && kind != PipelineKind::kOneForwardOneBackward)) continue;
        plan.layout.virtual_stages = chunks;
        TryRuns(machine, question, plan, brute);
      }
    }
  }
}

void TryCut(const Machine& machine, const TrainingQuestion& question, const TrainPlan& plan,
            Brute* brute) {
  ++brute->cuts;
  if (!CheckLayout(*question.job.model, plan.layout, Phase::kTrain).ok()) {
    ++brute->refused[Reason::kIndivisible];
    return;
  }
  const int batch = static_cast<int>(question.job.global_batch);
  const int ranks = plan.layout.dp * plan.sharding.gtp;
  if (batch % ranks != 0) {
    ++brute->refused[Reason::kBatch];
    return;
  }
  TrySchedules(machine, question, plan, batch / ranks, brute);
}

void TryExperts(const Machine& machine, const TrainingQuestion& question, TrainPlan plan,
                Brute* brute) {
  if (!HasExperts(*question.job.model)) {
    TryCut(machine, question, plan, brute);
    return;
  }
  const int ranks = plan.layout.tp * plan.layout.cp * plan.layout.dp;
  for (int expert_tp = 1; expert_tp <= plan.layout.tp; ++expert_tp) {
    if (expert_tp != 1 && expert_tp != plan.layout.tp) continue;
    for (int ep = 1; ep <= ranks / expert_tp; ++ep) {
      if (ranks / expert_tp % ep != 0) continue;
      plan.layout.expert_tp = expert_tp;
      plan.layout.ep = ep;
      plan.layout.expert_exchange = ep > 1 ? ExpertExchange::kAllToAll : ExpertExchange::kReduce;
      TryCut(machine, question, plan, brute);
    }
  }
}

Brute TryAll(const Machine& machine, const TrainingQuestion& question) {
  Brute brute;
  const int n = question.devices;
  for (int tp = 1; tp <= n; ++tp) {
    for (int cp = 1; cp <= question.cp.most && cp <= n; ++cp) {
      for (int pp = 1; pp <= n; ++pp) {
        for (int gtp = 1; gtp <= question.gtp.most && gtp <= n; ++gtp) {
          if (n % (tp * cp * pp * gtp) != 0) continue;
          for (const bool parallel : {false, true}) {
            if (parallel && tp == 1) continue;
            TrainPlan plan;
            plan.layout = {.tp = tp, .pp = pp, .dp = n / (tp * cp * pp * gtp), .cp = cp};
            plan.layout.sequence_parallel = parallel;
            plan.sharding.gtp = gtp;
            TryExperts(machine, question, plan, &brute);
          }
        }
      }
    }
  }
  return brute;
}

void ExpectSame(const TrainingAnswer& answer, const Brute& brute, const Wanted& wanted) {
  const Collector<TrainPlan>& found = answer.found.all;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const auto counted = brute.refused.find(reason);
    EXPECT_EQ(found.refused(reason).count, counted == brute.refused.end() ? 0 : counted->second)
        << Name(reason) << ": " << found.refused(reason).text;
  }
  std::vector<double> steps;
  for (const auto& [cut, step] : brute.best) steps.push_back(step);
  std::sort(steps.begin(), steps.end());
  const auto best = found.Best();
  ASSERT_EQ(best.size(), std::min<std::size_t>(wanted.top, steps.size()));
  for (std::size_t i = 0; i < best.size(); ++i) {
    EXPECT_NEAR(best[i].metrics[Metric::kStep], steps[i], 1e-9 * steps[i]);
  }
  const auto pareto = found.Pareto();
  for (const Metrics& one : brute.met) {
    bool covered = false;
    for (const auto& kept : pareto) {
      covered |= kept.metrics[Metric::kStep] <= one[Metric::kStep] * (1 + 1e-9) &&
                 kept.metrics[Metric::kMemory] <= one[Metric::kMemory] * (1 + 1e-9);
    }
    EXPECT_TRUE(covered);
  }
  for (const auto& a : pareto) {
    for (const auto& b : pareto) EXPECT_FALSE(Dominates(a.metrics, b.metrics, wanted.pareto));
  }
}

TEST(PlanTrainingTest, EqualsBruteForceOnSmallProblems) {
  constexpr std::uint32_t kProblems = 150;
  const Transformer dense = Odd(), experts = OddExperts();
  std::map<Reason, int> seen;
  int solved = 0;
  for (std::uint32_t seed = 0; seed < kProblems; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const Machine machine = SmallMachine(random);
    const TrainingQuestion question = QuestionOf(seed % 4 == 0 ? experts : dense, random);
    const auto answer = PlanTraining(machine, question, {.threads = 2});
    ASSERT_THAT(answer, IsOk());
    const Brute brute = TryAll(machine, question);
    ExpectSame(*answer, brute, question.wanted);
    if (HasFailure()) return;
    solved += brute.met.empty() ? 0 : 1;
    for (const auto& [reason, count] : brute.refused) seen[reason] += count > 0 ? 1 : 0;
  }
  EXPECT_GT(solved, static_cast<int>(kProblems / 4));
  for (const Reason reason :
       {Reason::kIndivisible, Reason::kBatch, Reason::kMemory, Reason::kStep}) {
    EXPECT_GT(seen[reason], 5) << Name(reason);
  }
}

TEST(PlanTrainingTest, UsesEveryDevice) {
  const Machine machine = TestMachine();
  const Transformer model = Odd();
  TrainingQuestion question;
  question.job.model = &model;
  question.job.sequence = 512;
  question.job.global_batch = 24;
  question.devices = 6;  // no power of two
  question.wanted = {.objective = {Metric::kStep}, .pareto = {}, .top = 4};
  const auto answer = PlanTraining(machine, question, {});
  ASSERT_THAT(answer, IsOk());
  for (const auto& one : answer->found.all.Best()) {
    const Layout& l = one.plan.layout;
    EXPECT_EQ(l.tp * l.pp * l.dp * l.cp * one.plan.sharding.gtp, 6);
  }
}

}  // namespace
}  // namespace commplan::planner
