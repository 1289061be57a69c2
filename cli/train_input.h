// The training step that a command is asked about: what only training has beside the options of a
// step, and the request that both make together.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/step_input.h"
#include "model/step/training.h"

namespace commplan::cli {

struct TrainOptions {
  std::string framework;
  int micro_batch = 1;
  int virtual_stages = 1;
  int zero = 0;
  int gtp = 1;
  std::string recompute = "none";
  bool overlap_gradients = false;
};

// `options` must outlive the parse.
void AddTrainOptions(CLI::App& command, TrainOptions& options);

// A usage error where any of them was given to a step of another phase.
Status RefuseTrainOptions(const TrainOptions& options, const std::string& phase);

// A wrong word is a usage error that names its option. The request refers to `input`.
Result<TrainRequest> TrainRequestOf(const StepOptions& step, const TrainOptions& train,
                                    const StepInput& input);

}  // namespace commplan::cli
