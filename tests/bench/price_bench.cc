// How long the price of one collective takes: the question that a search over layouts asks millions
// of times. The goal is 100 ns for CollectiveModel::At; the bare latency/bandwidth formula, timed
// in the same run, is the floor to compare it with.
//
//   price_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/price.h"
#include "model/step/machine.h"
#include "profiles/library.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

// Latency-bound, near the crossover, and bandwidth-bound.
constexpr std::array<std::int64_t, 4> kSizes{8 << 10, 1 << 20, 64 << 20, 1 << 30};

Machine Shipped(const std::string& name) {
  Result<Machine> machine = profiles::LoadMachine(name, profiles::ShippedLibrary());
  CHECK(machine.ok());
  return *std::move(machine);
}

const Engine& EngineNamed(const Machine& machine, const std::string& name) {
  for (const Engine& engine : machine.engines) {
    if (engine.name == name) return engine;
  }
  CHECK(false);
}

CollectiveModel Model(const Machine& machine, const Engine& engine, int ranks) {
  Result<CollectiveModel> model =
      CollectiveModel::Create(machine.fabric, machine.engines, engine,
                              {.op = Op::kAllReduce, .group = {.ranks = ranks}, .algorithm = {}});
  CHECK(model.ok());
  return *std::move(model);
}

Bytes Size(const benchmark::State& state) { return B(static_cast<double>(state.range(0))); }

// The reference: a ring of 8 ranks by latency and bandwidth alone, with nothing to choose.
void AlphaBeta(benchmark::State& state) {
  double bytes = InBytes(Size(state));
  double ranks = 8;
  double latency = 3e-6;
  double bandwidth = 450e9;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    benchmark::DoNotOptimize(ranks);
    benchmark::DoNotOptimize(latency);
    benchmark::DoNotOptimize(bandwidth);
    const double steps = 2 * (ranks - 1);
    benchmark::DoNotOptimize(steps * latency + steps / ranks * bytes / bandwidth);
  }
}

void At(benchmark::State& state, const std::string& profile, const std::string& engine, int ranks) {
  const Machine machine = Shipped(profile);
  const CollectiveModel model = Model(machine, EngineNamed(machine, engine), ranks);
  Bytes bytes = Size(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    benchmark::DoNotOptimize(model.At(bytes));
  }
}

void CreateAndAt(benchmark::State& state, const std::string& profile, int ranks) {
  const Machine machine = Shipped(profile);
  Bytes bytes = Size(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    benchmark::DoNotOptimize(Model(machine, EngineNamed(machine, "nccl"), ranks).At(bytes));
  }
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t size : kSizes) benchmark->Arg(size);
}

BENCHMARK(AlphaBeta)->Arg(8 << 10);
BENCHMARK_CAPTURE(At, nccl_8_ranks, "hgx-h100", "nccl", 8)->Apply(Sizes);
BENCHMARK_CAPTURE(At, nccl_64_ranks, "hgx-h100+ib-ndr", "nccl", 64)->Apply(Sizes);
BENCHMARK_CAPTURE(At, vllm_8_ranks, "hgx-h100", "vllm", 8)->Apply(Sizes);
BENCHMARK_CAPTURE(At, ideal_8_ranks, "hgx-h100", "ideal", 8)->Apply(Sizes);
BENCHMARK_CAPTURE(At, ideal_64_ranks, "hgx-h100+ib-ndr", "ideal", 64)->Apply(Sizes);
BENCHMARK_CAPTURE(CreateAndAt, nccl_8_ranks, "hgx-h100", 8)->Arg(1 << 20);
BENCHMARK_CAPTURE(CreateAndAt, nccl_64_ranks, "hgx-h100+ib-ndr", 64)->Arg(1 << 20);

}  // namespace
}  // namespace commplan

BENCHMARK_MAIN();
