// Launch settings: a plan in the words of the engine or framework that would run it, with its own
// flag names, or the reason why it has no such words.
#pragma once

#include <string>
#include <vector>

#include "planner/serving.h"
#include "planner/training.h"

namespace commplan::planner {

struct Launch {
  std::string program;  // "vllm", "sglang", "trtllm", "megatron"
  std::string command;  // empty: it cannot be said
  std::string reason;   // why it cannot
  std::string note;     // what the command leaves to the user
};

// Of one engine; as many are started as the plan's dp says.
std::vector<Launch> LaunchesOf(const ServingQuestion& question, const ServingPlan& plan);
std::vector<Launch> LaunchesOf(const TrainingQuestion& question, const TrainPlan& plan);

}  // namespace commplan::planner
