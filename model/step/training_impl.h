// The inside of TrainPricer: one evaluation of a plan, shared by its time and its bill.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/schedule/chain.h"
#include "model/schedule/pipeline.h"
#include "model/step/exchanges.h"
#include "model/step/kernels.h"
#include "model/step/machine.h"
#include "model/step/priced.h"
#include "model/step/training.h"
#include "model/step/training_parts.h"
#include "model/step/training_pipeline.h"
#include "model/workload/sharding.h"
#include "model/workload/weights.h"

namespace commplan::training_internal {

// The stages of a cut: how many layers of each kind a chunk has, and what a stage's rank holds.
struct StageShapes {
  std::vector<std::int64_t> layers;  // chunk * kinds + kind
  std::vector<RankWeights> stages;   // by stage
  std::vector<RankWeights> kinds;    // of one layer
};

// A part's collectives, priced and summed; what is exposed is waited for.
struct Waits {
  Time forward{}, recompute{}, backward{};
  Time alone{};  // of all three, as if nothing ran beside them
};

// What happens behind the last backward pass of a stage.
struct Tail {
  Time reduce{};  // exposed part of the exchange of gradients
  Time alone{};   // the whole exchange
  Time optimizer{};
  Time gather{};        // of updated weights, exposed
  Time gather_alone{};  // all of it
};

struct Evaluation {
  Time step{}, compute{}, communication{}, exposed{}, bubble{}, optimizer{};
  int busiest = 0;  // stage
  int microbatches = 0;
  Time boundary{};     // one send
  double sends = 0;    // of the busiest stage
  Time sending{};      // exposed
  Time chain_waits{};  // of the busiest stage, for weights in shards
  Time chain_alone{};
  Tail tail;    // of the busiest stage
  Time tied{};  // exchange of tied embeddings
  Bytes tied_bytes{};
  std::vector<Time> stage_times;
};

using Key = std::array<std::int64_t, 16>;
struct KeyHash {
  std::size_t operator()(const Key& key) const;
};

}  // namespace commplan::training_internal

namespace commplan {

class TrainPricer::Impl {
 public:
  Impl(const Machine& on, const TrainJob& what, const RunBand& band, Kernels its_kernels,
       Exchanges its_exchanges)
      : machine(on),
        job(what),
        run(band),
        kernels(std::move(its_kernels)),
        exchanges(std::move(its_exchanges)) {}

  Status Evaluate(const TrainPlan& plan, WhatIf what_if, training_internal::Evaluation* result);
  Result<TrainBill> Bill(const TrainPlan& plan);

  Result<int> Microbatches(const TrainPlan& plan) const;
  Result<const training_internal::MicrobatchCost*> CostOf(const TrainPlan& plan);
  Result<const training_internal::StageShapes*> ShapesOf(const TrainPlan& plan);
  // One collective where its group stands under the plan.
  Result<const CollectiveModel*> ModelOf(const TrainPlan& plan, const Cut& cut,
                                         const Collective& collective);
  Result<Time> TimeOf(const TrainPlan& plan, const Cut& cut, const Collective& collective,
                      WhatIf what_if);

  const Machine& machine;
  TrainJob job;
  RunBand run;
  Kernels kernels;
  Exchanges exchanges;
  training_internal::Evaluation scratch;
  // Of the plan at hand, and what is used again from plan to plan.
  struct Known {
    Collective what;
    Time time;
  };
  template <class Value>
  using Cache = std::unordered_map<training_internal::Key, std::unique_ptr<Value>,
                                   training_internal::KeyHash>;
  Cache<training_internal::MicrobatchCost> costs;
  Cache<training_internal::StageShapes> shapes;
  std::vector<Known> known;  // prices of the plan at hand
  Program program;
  schedule::Pipeline pipeline;
  training_internal::PipelineEnds ends;
  std::vector<training_internal::Tail> tails;
};

// How many ranks of a group stand in one node.
int RanksInNode(const Fabric& fabric, const Group& group);

}  // namespace commplan
