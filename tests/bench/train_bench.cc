// How long one evaluation of a training plan takes: the question that a search over layouts asks
// for each candidate. Everything is loaded, and the kernels of the cut are priced; the goal is 5 us
// for dense models under tensor, pipeline and data parallelism. `NewCut` prices the kernels too.
//
//   train_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>

#include "model/base/check.h"
#include "model/base/result.h"
#include "model/step/machine.h"
#include "model/step/training.h"
#include "profiles/library.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

constexpr char kMachine[] = "hgx-a100-measured+ib-hdr";

Machine Shipped() {
  Result<Machine> machine = profiles::LoadMachine(kMachine, profiles::ShippedLibrary());
  CHECK(machine.ok());
  return *std::move(machine);
}

Transformer Model(const std::string& name) {
  const Result<profiles::ModelFile> file = profiles::LoadModel(name, profiles::ShippedModels());
  CHECK(file.ok());
  return file->model;
}

TrainPlan Plan(int tp, int pp, int dp, double micro) {
  TrainPlan plan;
  plan.layout.tp = tp;
  plan.layout.pp = pp;
  plan.layout.dp = dp;
  plan.layout.sequence_parallel = tp > 1;
  plan.micro_batch = micro;
  plan.recompute = Recompute::kSelective;
  return plan;
}

// Plans in turn, so that no answer is that of the plan before.
void Plans(benchmark::State& state) {
  const Machine machine = Shipped();
  const Transformer model = Model("gpt3-175b");
  TrainJob job;
  job.model = &model;
  job.global_batch = 1536;
  Result<TrainPricer> pricer = TrainPricer::Create(machine, job);
  CHECK(pricer.ok());
  const std::array<TrainPlan, 4> plans{Plan(8, 8, 8, 1), Plan(8, 16, 4, 1), Plan(4, 8, 16, 1),
                                       Plan(8, 4, 16, 2)};
  for (const TrainPlan& plan : plans) CHECK(pricer->TimeOf(plan).ok());
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(pricer->TimeOf(plans[next]));
    next = (next + 1) % plans.size();
  }
}

void OnePlan(benchmark::State& state, int tp, int pp, int dp, int virtual_stages, Scheme scheme) {
  const Machine machine = Shipped();
  const Transformer model = Model("gpt3-175b");
  TrainJob job;
  job.model = &model;
  job.global_batch = 1536;
  Result<TrainPricer> pricer = TrainPricer::Create(machine, job);
  CHECK(pricer.ok());
  TrainPlan plan = Plan(tp, pp, dp, 1);
  plan.layout.virtual_stages = virtual_stages;
  plan.sharding.scheme = scheme;
  CHECK(pricer->TimeOf(plan).ok());
  for (auto _ : state) benchmark::DoNotOptimize(pricer->TimeOf(plan));
}

// With all kernels of the cut, as the first plan of a new cut costs.
void NewCut(benchmark::State& state) {
  const Machine machine = Shipped();
  const Transformer model = Model("gpt3-175b");
  TrainJob job;
  job.model = &model;
  job.global_batch = 1536;
  Result<TrainPricer> pricer = TrainPricer::Create(machine, job);
  CHECK(pricer.ok());
  for (auto _ : state) {
    pricer->Forget();
    benchmark::DoNotOptimize(pricer->TimeOf(Plan(8, 8, 8, 1)));
  }
}

BENCHMARK(Plans);
BENCHMARK_CAPTURE(OnePlan, tp8_pp8_dp8, 8, 8, 8, 1, Scheme::kReplicated);
BENCHMARK_CAPTURE(OnePlan, tp8_pp1_dp64, 8, 1, 64, 1, Scheme::kOptimizer);
BENCHMARK_CAPTURE(OnePlan, tp8_pp32_dp2, 8, 32, 2, 1, Scheme::kReplicated);
BENCHMARK_CAPTURE(OnePlan, tp8_pp8_dp8_v3, 8, 8, 8, 3, Scheme::kReplicated);
BENCHMARK_CAPTURE(OnePlan, zero3_dp512, 1, 1, 512, 1, Scheme::kWeights);
BENCHMARK(NewCut);

}  // namespace
}  // namespace commplan

BENCHMARK_MAIN();
