// A fit says whether what a rank needs is less than what its device has, by how much, and what
// would make it so.
//
// Margins are no constants here: an engine's reserve, fragmentation and the share of the device
// that an engine may use differ from engine to engine and come from a profile.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"

namespace commplan {

struct MemoryMargins {
  Bytes reserve{};           // device context, captured graphs, workspaces
  double usable_share = 1;   // of the device's memory; vLLM's gpu_memory_utilization
  double fragmentation = 0;  // lost between allocations, as a share of activations
};

// What one rank needs. Every part is of the stage that needs the most in total.
struct MemoryNeed {
  Bytes weights{};
  Bytes cache{};  // keys and values, latents, states of linear attention
  Bytes gradients{};
  Bytes optimizer{};
  Bytes activations{};  // fragmentation included
  Bytes communication{};
  Bytes codec{};
  Bytes reserve{};
  int stage = 0;

  Bytes Total() const {
    return weights + cache + gradients + optimizer + activations + communication + codec + reserve;
  }
};

// One change that would do, with the number that it takes.
enum class RemedyKind : std::uint8_t {
  kFewerSequences,
  kShorterContext,
  kSmallerCacheType,   // fp8 keys and values
  kSmallerWeightType,  // fp8 weights
  kMoreTensorRanks,
  kMoreStages,
  kMoreExpertRanks,
  kSmallerMicrobatch,
  kRecompute,     // full recomputation
  kMoreSharding,  // ZeRO-3
  kMoreMemory,    // a device with this many bytes
};
// "fewer sequences", "more tensor ranks".
std::string_view Name(RemedyKind kind);

struct Remedy {
  RemedyKind kind = RemedyKind::kMoreMemory;
  double value = 0;  // sequences, ranks, stages or bytes; 0 for a change without a number
};

struct Fit {
  bool fits = false;
  MemoryNeed need;
  Bytes capacity{};              // what may be used
  Bytes shortfall{};             // zero where it fits
  std::vector<Remedy> remedies;  // where it does not; each by itself suffices
};

// Without remedies.
Fit Compare(const MemoryNeed& need, Bytes device_memory, const MemoryMargins& margins);

}  // namespace commplan
