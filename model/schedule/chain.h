// Weights that are kept in shards and gathered just before use: generalized tensor parallelism, and
// FSDP and ZeRO-3 with other rules. What of the gathers and reductions is exposed follows from a
// timeline that this file writes.
//
// Gathers. Weights of one list form a prefetch chain. Compute consumes weight i: it waits for its
// gather; only then is the gather of the weight `depth` places further in the list issued. So slack
// never piles up. The head of a list has nobody to issue it and is gathered on demand, with it the
// depth - 1 weights after it. Lists do not link: weights inside and outside a captured graph are in
// different lists; grouped experts have lists of their own, with a whole block between two weights.
// Backward consumes in reverse order and gathers again.
//
// Reductions. After its weight gradient a weight's reduce-scatter is issued, and it is awaited just
// before that of the next weight of the list is issued. The last one is awaited at once.
//
// Recompute. Before the backward of a recomputed region its forwards run again, with gathers of
// their own that form one further list over all regions.
//
// Buffers. A key stands for a shape within a list; each key has a fixed number of buffers for
// gathered weights, used in turn. A gather is held back until the pass that last read its buffer
// (forward, or the gradient of the input) has ended. The same with buffers for full weight
// gradients: the next gradient waits until the reduction of the one that lay there has ended.
// Recompute has buffers of its own.
//
// One stream carries the gathers, one the reductions; a shared communicator carries both in the
// order of issue. Assumes that the order of consumption is known and the same in every step.
#pragma once

#include <vector>

#include "model/base/quantity.h"
#include "model/schedule/timeline.h"

namespace commplan::schedule {

inline constexpr int kOwnBuffer = -1;
inline constexpr int kNoRegion = -1;

// One weight, or a group that is gathered as one. In the order of the forward pass.
struct ShardedWeight {
  Time gather{};           // forward
  Time gather_backward{};  // backward; formats with two views gather another one
  Time gather_again{};     // for recompute
  Time scatter{};          // reduce-scatter of its gradient
  Time forward{};          // compute that reads the weight
  Time after_forward{};    // and what follows until the next weight is consumed
  Time input_gradient{};   // reads the weight
  Time weight_gradient{};
  Time after_backward{};
  int list = 0;
  int key = kOwnBuffer;
  // Weights side by side in one layer with the same number are recomputed together.
  int region = kNoRegion;
  bool drains = false;  // a graph ends after its backward: its reduction is awaited at once
};

struct ChainRules {
  bool prefetch = true;
  bool async_reduction = true;
  int forward_depth = 1;               // FSDP2 runs two ahead in forward, one in backward
  int backward_depth = 1;              // recompute included
  bool weight_gradient_first = false;  // its reduction then hides behind the input gradient too
  bool shared_communicator = false;
  int gather_buffers = 2;    // per key; at least the depths
  int gradient_buffers = 2;  // per key

  friend bool operator==(const ChainRules&, const ChainRules&) = default;
};

// The weights of a model in the order of the forward pass: the middle is there `layers` times.
struct ShardedModel {
  std::vector<ShardedWeight> before{};
  std::vector<ShardedWeight> layer{};
  int layers = 1;
  std::vector<ShardedWeight> after{};
};

enum class Direction { kForward, kBackward };

// The pass as a program: stream 0 computes, stream 1 gathers, stream 2 reduces (with a shared
// communicator stream 1 does both). Loads may be added before it is played. Where a pass looks only
// one weight ahead, all layers but the first and the last are one block.
Program BuildChain(const ShardedModel& model, const ChainRules& rules, Direction direction);

// A task's site is kChainSites times its weight (counted through before, layer and after) plus
// this.
enum class ChainSite { kGather, kGatherAgain, kScatter, kCompute };
inline constexpr int kChainSites = 4;

// Time that compute stood still for the communications of one weight, over all layers.
struct WeightWait {
  Time gather{};
  Time gather_again{};
  Time scatter{};
};
std::vector<WeightWait> WaitsOf(const Program& chain, const Outcome& outcome);

}  // namespace commplan::schedule
