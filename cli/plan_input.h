// What `plan` is asked, as options of the command line, and the questions of the planner that they
// make.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/step_input.h"
#include "cli/train_input.h"
#include "planner/serving.h"
#include "planner/training.h"
#include "profiles/workload_file.h"

namespace commplan::cli {

struct PlanOptions {
  CommonOptions common;
  StepOptions step;
  TrainOptions train;
  int gpus = 0;
  std::string workload;
  std::string prompt, output, sequence, global_batch, rate;
  std::string ttft, tpot, end_to_end, step_target;
  std::string objective, price;
  std::string tp, pp, ep, cp, attention_dp, gtp, micro_batch, virtual_stages, batch;
  std::string kernels, plot;
  std::string schedules, overlaps, codecs, quality;
  int top = 5;
  int threads = 0;
  bool timing = false;
  bool quick = false;
};

// `options` must outlive the parse.
void AddPlanOptions(CLI::App& command, PlanOptions& options);

// Both refer to `input`. A wrong word is a usage error that names its option.
Result<planner::ServingQuestion> ServingQuestionOf(const PlanOptions& options,
                                                   const StepInput& input,
                                                   const profiles::WorkloadFile& workload);
Result<planner::TrainingQuestion> TrainingQuestionOf(const PlanOptions& options,
                                                     const StepInput& input,
                                                     const profiles::WorkloadFile& workload);

}  // namespace commplan::cli
