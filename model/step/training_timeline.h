// The timeline of a training step: what each pipeline stage does when, as the bill of the step
// counts it. A process for each stage; its lanes:
//
//   compute          each pass of a microbatch through a chunk, what it waits for included; then
//                    the optimizer
//   send to stage N  activations and their gradients
//   weight gathers,  of weights in shards, one by one as model/schedule/chain.h plays them for the
//   weight scatters  bill: ZeRO-3, FSDP, generalized tensor parallelism
//   dp               gradients, in buckets where they run beside the last backward pass, and the
//                    gather of updated weights
//   pp               the exchange of tied embeddings
// What ranks of a stage exchange between the kernels of a pass (tensor, context, expert
// parallelism) is part of the pass.
#pragma once

#include "model/base/result.h"
#include "model/step/machine.h"
#include "model/step/trace.h"
#include "model/step/training.h"

namespace commplan {

struct TrainTimeline {
  TrainBill bill;
  Trace trace;  // its end is the bill's step
};

// Unsupported where TrainBillOf is.
Result<TrainTimeline> TrainTimelineOf(const Machine& machine, const TrainRequest& request);

}  // namespace commplan
