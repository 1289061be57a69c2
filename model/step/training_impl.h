// The inside of TrainPricer: one evaluation of a plan, shared by its time and its bill.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/memory/fit.h"
#include "model/memory/training.h"
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
  Time reduce{};    // exposed part of the exchange of gradients
  Time alone{};     // the whole exchange
  int buckets = 0;  // in which it runs beside the last backward pass; 0: behind it
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

// What of an evaluation lies before the end of the last backward pass; the pipeline that it makes
// and the ends of its devices are beside it.
struct StagePart {
  bool known = false;
  bool played = false;   // the ends are those of the schedule
  bool bounded = false;  // they are times that it cannot be done before
  TrainPlan plan;        // without what does not matter here
  WhatIf what_if{};
  const MicrobatchCost* cost = nullptr;
  const StageShapes* shapes = nullptr;
  std::vector<Waits> waits;                    // by kind, then embedding, then head
  std::vector<Time> chain_waits, chain_alone;  // by stage
  std::vector<Time> computes;                  // of one microbatch, by stage
  std::vector<Time> alone;                     // collectives of one microbatch, by stage
  Time boundary{};                             // one send
};

// A bound is a time that the plan cannot be faster than, for less work than the time itself.
enum class Depth { kTime, kBound };

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

  // With what the profile says of the job's framework.
  static Result<std::unique_ptr<Impl>> Create(const Machine& machine, const TrainJob& asked);

  Status Evaluate(const TrainPlan& plan, WhatIf what_if, training_internal::Evaluation* result,
                  training_internal::Depth depth = training_internal::Depth::kTime);
  Result<TrainBill> Bill(const TrainPlan& plan);

  Result<int> Microbatches(const TrainPlan& plan) const;
  // What a rank must hold, and how much of the device is to be had: a training job has it to
  // itself; the profile's share is that of serving engines.
  TrainingLoad LoadOf(const TrainPlan& plan, double microbatches) const;
  MemoryMargins Margins() const;
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
  training_internal::StagePart part;  // of the last plan
  std::optional<TrainingRoom> room;   // of the last layout that was asked for
  Layout room_layout;
};

// How many ranks of a group stand in one node.
int RanksInNode(const Fabric& fabric, const Group& group);

}  // namespace commplan
