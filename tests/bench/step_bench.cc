// How long one serving step takes to price when everything is loaded: times alone, and the whole
// bill. The goal is 2 us for a dense model.

#include <benchmark/benchmark.h>

#include <utility>

#include "model/base/check.h"
#include "model/base/result.h"
#include "model/step/machine.h"
#include "model/step/pricer.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

StepRequest RequestOf(const profiles::ModelFile& file) {
  StepRequest request;
  request.model = &file.model;
  request.layout.tp = 8;
  request.demand = Decode(16, 2048);
  return request;
}

template <class Ask>
void Run(benchmark::State& state, Ask ask) {
  double context = 0;
  for (auto _ : state) {
    context = context > 1000 ? 0 : context + 1;
    benchmark::DoNotOptimize(ask(2048 + context));
  }
}

StepPricer PricerOf(const Machine& machine) {
  Result<StepPricer> pricer = StepPricer::Create(machine, "vllm", "vllm");
  CHECK(pricer.ok());
  return *std::move(pricer);
}

void DenseTimes(benchmark::State& state) {
  const Machine machine = profiles::LoadMachine("hgx-h100", profiles::ShippedLibrary()).value();
  const auto file = profiles::LoadModel("llama-3-70b", profiles::ShippedModels()).value();
  StepPricer pricer = PricerOf(machine);
  StepRequest request = RequestOf(file);
  Run(state, [&](double context) {
    request.demand.decode.context = context;
    return pricer.TimesOf(request).value().step;
  });
}
BENCHMARK(DenseTimes);

void DenseBill(benchmark::State& state) {
  const Machine machine = profiles::LoadMachine("hgx-h100", profiles::ShippedLibrary()).value();
  const auto file = profiles::LoadModel("llama-3-70b", profiles::ShippedModels()).value();
  StepPricer pricer = PricerOf(machine);
  StepRequest request = RequestOf(file);
  Run(state, [&](double context) {
    request.demand.decode.context = context;
    return pricer.BillOf(request).value().step;
  });
}
BENCHMARK(DenseBill);

void ExpertTimes(benchmark::State& state) {
  const Machine machine = profiles::LoadMachine("hgx-h200", profiles::ShippedLibrary()).value();
  const auto file = profiles::LoadModel("deepseek-v3", profiles::ShippedModels()).value();
  StepPricer pricer = PricerOf(machine);
  StepRequest request = RequestOf(file);
  Run(state, [&](double context) {
    request.demand.decode.context = context;
    return pricer.TimesOf(request).value().step;
  });
}
BENCHMARK(ExpertTimes);

}  // namespace
}  // namespace commplan

BENCHMARK_MAIN();
