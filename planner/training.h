// Plans of training: every way to cut a model and a batch over devices, priced, the best ones
// first.
//
//   TrainingQuestion question{.job = {.model = &gpt, .global_batch = 1536}, .devices = 4096};
//   ASSIGN_OR_RETURN(const TrainingAnswer answer, PlanTraining(machine, question, {.threads = 2}));
//
// The space. A cell is a cut: tensor x context x pipeline x weight-sharing (GTP) x data parallel
// ranks that use every device, and expert ranks that divide what they stand on, with and without
// sequence parallelism. In a cell: each micro batch that divides the batch of a rank; 1F1B, the
// zero-bubble schedules and each number of virtual stages that divides the layers of a stage; what
// is recomputed; what of the optimizer's state, gradients and weights is in shards; and what is
// overlapped.
//
// Order. Divisibility, then memory, then the price: what does not fit is never priced.
#pragma once

#include <cstdint>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/step/machine.h"
#include "model/step/training.h"
#include "planner/collector.h"
#include "planner/metrics.h"
#include "planner/search.h"
#include "planner/serving.h"

namespace commplan::planner {

// What hides behind compute; each level holds those before it.
enum class Hiding : std::uint8_t {
  kNothing,
  kGradients,   // reduced in buckets beside the last backward pass
  kParameters,  // gathered beside the next forward pass
  kBoundaries,  // sends between stages
  kTensor,      // gathers and reduce-scatters of sequence parallelism, tile by tile
};
std::string_view Name(Hiding hiding);

struct TrainingQuestion {
  TrainJob job;
  int devices = 1;
  Time step_target{};  // zero: none
  double price = 0;    // of a device and hour; 0: not known

  Bound tp, pp, ep, micro_batch, virtual_stages;
  Bound cp = {1, 1};
  Bound gtp = {1, 1};
  std::vector<bool> sequence_parallel = {false, true};
  std::vector<schedule::PipelineKind> schedules = {schedule::PipelineKind::kOneForwardOneBackward,
                                                   schedule::PipelineKind::kInterleaved};
  std::vector<Recompute> recomputes = {Recompute::kNone, Recompute::kSelective, Recompute::kFull};
  std::vector<Scheme> schemes = {Scheme::kReplicated, Scheme::kOptimizer, Scheme::kGradients,
                                 Scheme::kWeights};
  std::vector<Hiding> hidings = {Hiding::kNothing, Hiding::kGradients, Hiding::kParameters,
                                 Hiding::kBoundaries, Hiding::kTensor};
  Wanted wanted;
};

struct TrainingAnswer {
  Found<TrainPlan> found;
  std::int64_t cells = 0;  // cuts
};

Result<TrainingAnswer> PlanTraining(const Machine& machine, const TrainingQuestion& question,
                                    const Control& control);

}  // namespace commplan::planner
