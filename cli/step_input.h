// The step that a command is asked about: model, machine, layout, batch, data types and whose
// kernels, as options of the command line, and what they mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "model/step/bill.h"
#include "model/step/machine.h"
#include "profiles/model_file.h"

namespace commplan::cli {

struct StepOptions {
  std::string model, on, phase;
  int tp = 1, pp = 1, dp = 1, ep = 1, cp = 1, attention_dp = 1, expert_tp = 0;
  bool sequence_parallel = false;
  std::string expert_exchange, context_exchange;
  std::string batch = "1", context, new_tokens;
  std::string weights = "bf16", activations, kv = "bf16";
  std::string kernels, engine, overlap = "none", overlap_fraction;
  std::string codec, codec_scheme, expert_codec;
  bool codec_where_it_pays = false;
  bool eager = false;
};

// `options` must outlive the parse.
void AddStepOptions(CLI::App& command, StepOptions& options);

// A step with all that it refers to. Not to be moved after request() was called.
struct StepInput {
  Machine machine;
  profiles::ModelFile model;
  StepRequest without_model;
  std::vector<std::string> notes;  // what was decided for the user

  StepRequest request() const {
    StepRequest request = without_model;
    request.model = &model.model;
    return request;
  }
};

// Reads the files that the options name. A wrong word is a usage error that names its option.
Result<StepInput> ReadStep(const StepOptions& options, const CommonOptions& common);

}  // namespace commplan::cli
