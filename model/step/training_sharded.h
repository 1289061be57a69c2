// What a stage waits for weights that are kept in shards: the chain of gathers and reductions of
// one chunk of layers, played by model/schedule/chain.h for one microbatch.
//
//   ZeRO-3, FSDP   a layer is one unit; its gradient is reduce-scattered in every microbatch. A
//                  layer that is recomputed uses the weights gathered for its backward pass.
//   GTP            each matrix is a unit of its own, the experts of a layer two; recomputation
//                  gathers once more.
// Layers of a kind that the chunk has fewer of stand in front of the others.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/schedule/chain.h"
#include "model/step/training_impl.h"

namespace commplan::training_internal {

struct ChunkInput {
  TrainPricer::Impl& impl;
  const TrainPlan& plan;
  const MicrobatchCost& cost;
  const StageShapes& shapes;
  const std::vector<Waits>& waits;  // by kind, then embedding, then head
  std::size_t chunk = 0;
  bool first = false, last = false;
  WhatIf what_if = WhatIf::kAsIs;

  std::size_t stage() const { return chunk % shapes.stages.size(); }
};

struct ChunkWaits {
  Time forward{}, backward{};  // beyond the compute of the chunk
  Time alone{};                // all gathers and reductions
};

// What a stage holds beside its layers: the embedding, or the head with the last norm. A head that
// is the embedding on the same stage is gathered with it.
RankWeights EndWeights(const StageShapes& shapes, std::size_t stage, bool head);

Result<ChunkWaits> WaitsForWeights(const ChunkInput& input);

// What stands behind a weight of the chain; exchanges of several payloads count as one of their
// sum. One rank: nothing is exchanged.
struct ChunkUnit {
  std::string_view name;
  int kind = -1;   // of its layer; -1: embedding or head
  int layer = -1;  // of that kind in the chunk; -1: each in turn
  Collective gather{}, gather_backward{}, scatter{};
};

// The chain itself, for a trace.
struct ChunkPlan {
  schedule::ShardedModel model;
  schedule::ChainRules rules;
  Time compute_forward{}, compute_backward{};
  std::vector<ChunkUnit> units;  // as the sites of the chain count weights
};

Result<ChunkPlan> PlanOfChunk(const ChunkInput& input);

}  // namespace commplan::training_internal
