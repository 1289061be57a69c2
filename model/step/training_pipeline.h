// A pipeline's outcome as the training step needs it: when each device is done and how long it was
// busy. The same as schedule::Play, in a time that does not grow with the microbatches.
//
// GPipe. Each half is a row of machines that all microbatches pass in the same order: microbatch k
// leaves machine d at the sum of the times up to d plus k times the longest of them.
//
// 1F1B. In round k device d does forward k + p-1-d and backward k, as far as there are such
// microbatches; the warm-up are the rounds below zero. A round that has all of them is one and the
// same map of the devices' clocks, made of maxima and sums, so adding a time to all clocks adds it
// to all results: once a round has moved every clock by the same time, so does every later one.
//
// The others are rehearsed (model/schedule/rehearsal.h).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "model/base/quantity.h"
#include "model/schedule/pipeline.h"
#include "model/schedule/rehearsal.h"

namespace commplan::training_internal {

struct PipelineEnds {
  Time makespan{};
  std::vector<schedule::DeviceEnd> devices;
  // For the next pipelines of the same shapes.
  std::unordered_map<std::uint64_t, std::vector<schedule::Rehearsal>> rehearsed;
};

// *ends is reused.
void RunPipeline(const schedule::Pipeline& pipeline, PipelineEnds* ends);

// Times that no schedule of this kind can be done before: a device cannot start before the first
// microbatch has come to it, has all its passes to do, and behind the last backward pass of one
// device follow those of the devices before it. Where all stages take equal times and transfers
// none, these are the times of 1F1B and of interleaved 1F1B.
void BoundPipeline(const schedule::Pipeline& pipeline, PipelineEnds* ends);

}  // namespace commplan::training_internal
