// The parts of a training step's microbatch with what their kernels take: embedding, one layer of
// each kind, head. Collectives are listed, not priced: what they take depends on where their group
// stands, kernels only on the cut.
#pragma once

#include <cstddef>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/step/kernels.h"
#include "model/step/training.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"

namespace commplan::training_internal {

// Of one microbatch.
struct KernelTimes {
  Time forward{};
  Time recompute{};
  Time input{};   // gradients of activations, and all else of the backward pass
  Time weight{};  // gradients of weights

  Time Total() const { return forward + recompute + input + weight; }
};

// A collective in a part.
struct Use {
  Site site = Site::kAttentionOutput;
  Direction direction = Direction::kForward;
  double count = 1;
  Collective what;
  Time behind{};   // compute that runs beside it
  Time product{};  // the matrix product next to it, which could run beside it in tiles
  int unit = 0;    // in PartCost::units
};

// What of the time of such a collective is waited for.
Time ExposedOf(const Use& use, Time time, const TrainOverlap& overlap);

// A matrix and the kernels up to the next one, for chains of weights that are gathered one by one.
struct Unit {
  Site site = Site::kQueryKeyValue;
  KernelTimes own{};    // of the matrix
  KernelTimes after{};  // what follows it, in the order of each pass
};

// Times and errors of one class of kernels, of one forward and backward pass.
struct ClassTimes {
  Time time{}, low{}, high{};
};

struct SiteTime {
  Site site = Site::kNorm;
  double count = 0;
  Time time{};
};

struct PartCost {
  Part part = Part::kLayer;
  int kind = -1;
  KernelTimes kernels;
  double forward_launches = 0, recompute_launches = 0, backward_launches = 0;
  std::vector<Use> uses;
  std::vector<Unit> units;
  // Only where asked for.
  std::vector<ClassTimes> classes;  // by KernelClass
  std::vector<SiteTime> sites;
  bool extrapolated = false;
};

struct MicrobatchCost {
  Cut cut;
  PartCost embedding, head;
  std::vector<PartCost> kinds;
  std::vector<Use> boundary;  // of one boundary, one way
};

// `full`: with classes and sites.
Status CostMicrobatch(const TrainJob& job, const TrainPlan& plan, bool full, Kernels& kernels,
                      Program& scratch, MicrobatchCost* cost);

}  // namespace commplan::training_internal
