// What a profile says of kernels and of serving on a machine: efficiencies per provider of kernels,
// tables of what their formulas leave over, memory that is not to be had, and what an engine costs
// beside its kernels.
//
// A provider is whose kernels they are: "vllm", "sglang", "trtllm", "ideal". Tables are named,
// because several entries share one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/compute/memory_bound.h"
#include "model/compute/model.h"
#include "model/compute/table.h"
#include "model/memory/fit.h"

namespace commplan {

template <class Fit>
struct Tabled {
  Fit fit;            // its evidence has no table yet
  std::string table;  // in ComputeProfile::tables; "": none
};

struct MoeEntry : Tabled<MoeFit> {
  bool gated = true;  // kernels for three matrices per expert, or for two
};

// What communication and computation take from each other while both run.
struct OverlapCost {
  double communication_sm = 0;      // share of the multiprocessors that a collective's kernel holds
  double communication_memory = 0;  // share of the memory's rate
  double beside_compute = 1;        // rate of a collective beside computation
};

// What stands between a request and its first token beside its prompt (model/step/first_token.h).
struct FirstTokenCost {
  Time front{};        // the client, the front end, the scheduler
  double steps = 1;    // decode steps that it waits for
  double prefill = 1;  // a prompt in the engine, as a share of what its kernels take alone
  double burst = 0;    // share of the other requests that came at the same time
  double band_low = 1, band_high = 1;  // on rows held out
};

// What an engine takes beside its kernels and collectives; fitted to served requests.
struct ServingCost {
  std::string engine;
  bool experts = false;
  // What kernels of a decode step take inside the engine, as a share of what they take alone, where
  // they were measured: it fuses, and starts a kernel while the one before it ends. Kernels that
  // only move bytes have a share of their own; there are more of them than a model's operations.
  double kernels = 1;
  double sweeps = 1;
  Time step{};               // once per step: scheduling, sampling, handing over
  Time layer{};              // for each layer: what the kernels' models leave out
  double interference = 0;   // of prompts that run between the steps: share of one prompt's time
  double prompt_tokens = 0;  // of prompts, that the engine takes into one step; 0: one prompt
  double band_low = 1, band_high = 1;  // around a whole step, on rows held out
  FirstTokenCost first{};
};

struct ComputeProfile {
  std::vector<Tabled<GemmFit>> gemm;  // of one provider and type the first one counts
  std::vector<Tabled<AttentionFit>> attention;
  std::vector<MoeEntry> experts;
  std::map<std::string, ResidualTable> tables;
  std::optional<MemoryEfficiency> sweep;  // kernels that only move bytes
  BandFactors sweep_band;
  Time launch{};           // of a kernel from the host, where graphs are off
  double widening = 1;     // of all bands: efficiencies that were measured on another device
  MemoryMargins margins;   // what an engine keeps free
  double cache_block = 1;  // tokens in a block of the cache
  OverlapCost overlap;
  std::vector<ServingCost> serving;

  bool empty() const {
    return gemm.empty() && attention.empty() && experts.empty() && !sweep && serving.empty();
  }
};

}  // namespace commplan
