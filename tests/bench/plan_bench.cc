// How many plans a second a search settles, on one core, everything loaded; and how long one full
// evaluation of a training plan takes when it is not bounded away. The goals: a million a second
// and core; Calculon's gpt3-175B on 4096 A100 in 5 s on two cores.
//
//   plan_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <string>

#include "model/base/check.h"
#include "model/base/result.h"
#include "model/step/machine.h"
#include "planner/serving.h"
#include "planner/training.h"
#include "profiles/library.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

using planner::Metric;

Machine Shipped(const std::string& name) {
  Result<Machine> machine = profiles::LoadMachine(name, profiles::ShippedLibrary());
  CHECK(machine.ok());
  return *std::move(machine);
}

Transformer Model(const std::string& name) {
  const Result<profiles::ModelFile> file = profiles::LoadModel(name, profiles::ShippedModels());
  CHECK(file.ok());
  return file->model;
}

void Serve(benchmark::State& state, const std::string& profile, const std::string& name) {
  const Machine machine = Shipped(profile);
  const Transformer model = Model(name);
  planner::ServingQuestion question;
  question.model = &model;
  question.devices = static_cast<int>(state.range(0));
  question.shape = {1020, 129};
  question.stacks = {{"vllm", "vllm"}};
  question.wanted = {
      .objective = {Metric::kThroughput}, .pareto = {Metric::kTpot, Metric::kThroughput}, .top = 5};
  double plans = 0;
  for (auto _ : state) {
    const auto answer = planner::PlanServing(machine, question, {});
    CHECK(answer.ok());
    plans += static_cast<double>(answer->found.all.evaluated());
  }
  state.counters["plans/s"] = benchmark::Counter(plans, benchmark::Counter::kIsRate);
  state.counters["plans"] = plans / static_cast<double>(state.iterations());
}

void Train(benchmark::State& state, const std::string& name, double batch) {
  const Machine machine = Shipped("hgx-a100-measured+ib-hdr");
  const Transformer model = Model(name);
  planner::TrainingQuestion question;
  question.job.model = &model;
  question.job.global_batch = batch;
  question.devices = static_cast<int>(state.range(0));
  question.wanted = {.objective = {Metric::kStep, Metric::kMemory},
                     .pareto = {Metric::kStep, Metric::kMemory},
                     .top = 5};
  double plans = 0;
  for (auto _ : state) {
    const auto answer = planner::PlanTraining(machine, question, {});
    CHECK(answer.ok());
    plans += static_cast<double>(answer->found.all.evaluated());
  }
  state.counters["plans/s"] = benchmark::Counter(plans, benchmark::Counter::kIsRate);
  state.counters["plans"] = plans / static_cast<double>(state.iterations());
}

void Serve70B(benchmark::State& state) { Serve(state, "hgx-h100", "llama-3-70b"); }
BENCHMARK(Serve70B)->Arg(8)->Arg(64)->Arg(512)->Unit(benchmark::kMillisecond);

void ServeDeepSeek(benchmark::State& state) { Serve(state, "hgx-h200+ib-ndr", "deepseek-v3"); }
BENCHMARK(ServeDeepSeek)->Arg(32)->Unit(benchmark::kMillisecond);

void TrainGpt3(benchmark::State& state) { Train(state, "gpt3-175b", 4096); }
BENCHMARK(TrainGpt3)->Arg(64)->Arg(512)->Arg(4096)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace commplan

BENCHMARK_MAIN();
