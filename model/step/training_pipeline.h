// A pipeline's outcome as the training step needs it: when each device is done and how long it was
// busy. The same as schedule::Play, but the steady middle of 1F1B is not played microbatch by
// microbatch.
//
// In round k device d does forward k + p-1-d and backward k, as far as there are such microbatches;
// the warm-up are the rounds below zero. A round that has all of them is one and the same map of
// the devices' clocks, made of maxima and sums, so adding a time to all clocks adds it to all
// results: once a round has moved every clock by the same time, so does every later one.
#pragma once

#include <vector>

#include "model/base/quantity.h"
#include "model/schedule/pipeline.h"

namespace commplan::training_internal {

struct DeviceEnd {
  Time end{};      // of its last pass, and of what it sends then
  Time busy{};     // computing
  Time sending{};  // standing still for exposed transfers
};

struct PipelineEnds {
  Time makespan{};
  std::vector<DeviceEnd> devices;
};

// *ends is reused.
void RunPipeline(const schedule::Pipeline& pipeline, PipelineEnds* ends);

}  // namespace commplan::training_internal
