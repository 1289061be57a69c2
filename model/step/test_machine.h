// The test machine has numbers that can be computed by hand: 1 TB/s of memory, 100 TFLOP/s, kernels
// that reach both, and a ring of constant latency.
#pragma once

#include <array>
#include <string>

#include "model/base/quantity.h"
#include "model/collective/engine.h"
#include "model/step/machine.h"

namespace commplan {

// Any shape counts as measured, with factors of `low` and `high` around the time.
inline KernelEvidence TestEvidence(double low, double high) {
  KernelEvidence evidence;
  evidence.bands.fill({low, high});
  evidence.measured = {{-60, 60}, {-60, 60}, {-60, 60}, {-60, 60}};
  return evidence;
}

inline void AddTestKernels(const std::string& provider, ComputeProfile* compute) {
  // As sharp as numbers allow: the largest of the times alone.
  constexpr double kSharp = 32;
  GemmFit gemm;
  gemm.engine = provider;
  gemm.efficiency = {.launch = Time(),
                     .compute = 1,
                     .memory = 1,
                     .small = 1,
                     .serial = Time(),
                     .serial_exponent = 1,
                     .sharpness = kSharp};
  gemm.evidence = TestEvidence(0.9, 1.1);
  compute->gemm.push_back({gemm, ""});
  for (const AttentionPhase phase : {AttentionPhase::kContext, AttentionPhase::kGeneration}) {
    AttentionFit attention;
    attention.engine = provider;
    attention.phase = phase;
    attention.efficiency.compute = attention.efficiency.memory = 1;
    attention.efficiency.serial_exponent = 1;
    attention.efficiency.sharpness = kSharp;
    attention.efficiency.size_64 = attention.efficiency.size_192 = 1;
    attention.efficiency.size_256 = attention.efficiency.window = 1;
    attention.evidence = TestEvidence(0.8, 1.2);
    compute->attention.push_back({attention, ""});
  }
  for (const bool gated : {true, false}) {
    MoeEntry experts;
    experts.fit.engine = provider;
    experts.fit.efficiency = {.launch = Time(),
                              .compute = 1,
                              .memory = 1,
                              .expert = Time(),
                              .sharpness = kSharp,
                              .padding = 0,
                              .passes = 0};
    experts.fit.evidence = TestEvidence(0.5, 2);
    experts.gated = gated;
    compute->experts.push_back(experts);
  }
}

inline Machine TestMachine(int node_ranks = 8) {
  Machine machine;
  machine.name = "test";
  machine.device.name = "tester";
  machine.device.memory = GB(80);
  machine.device.memory_bandwidth = TBps(1);
  machine.device.cache = MB(50);
  machine.device.rates["bf16"] = TFlopps(100);
  Tier inner;
  inner.name = "link";
  inner.ranks = node_ranks;
  inner.bandwidth = GBps(100);
  inner.latency = Micros(2);
  machine.fabric.tiers = {inner};
  Engine ring;
  ring.name = "ring";
  ring.rule = EngineRule::kFixed;
  ring.fixed = Algorithm::kRing;
  ring.band_low = 0.8;
  ring.band_high = 1.25;
  machine.engines = {ring};
  AddTestKernels("one", &machine.compute);
  machine.compute.sweep = MemoryEfficiency{Time(), 1};
  machine.compute.sweep_band = {0.5, 1.5};
  return machine;
}

}  // namespace commplan
