#include "cli/train_input.h"

#include <array>
#include <string>
#include <utility>

namespace commplan::cli {
namespace {

Result<Recompute> RecomputeOf(const std::string& word) {
  if (word == "none") return Recompute::kNone;
  if (word == "selective") return Recompute::kSelective;
  if (word == "full") return Recompute::kFull;
  return UsageError("--recompute: found '" + word + "', expected none, selective or full");
}

// What only serving engines do.
Status CheckServingOptions(const StepRequest& asked) {
  const bool plain = asked.codec.empty() || asked.codec == "none";
  if (!plain || !(asked.expert_codec.empty() || asked.expert_codec == "none")) {
    return UnsupportedError("the bill of a training step knows no codec",
                            "leave it out; price and breakeven compare compressed collectives one "
                            "at a time");
  }
  if (asked.overlap == Overlap::kLadder || asked.overlap == Overlap::kTwoBatch) {
    std::string message = "a training step does not overlap by ";
    message += Name(asked.overlap);
    return UnsupportedError(std::move(message), "take --overlap tiles or --overlap-gradients");
  }
  return OkStatus();
}

}  // namespace

Status RefuseTrainOptions(const TrainOptions& options, const std::string& phase) {
  const TrainOptions none;
  const std::array<std::pair<bool, const char*>, 7> given = {{
      {!options.framework.empty(), "--framework"},
      {options.micro_batch != none.micro_batch, "--micro-batch"},
      {options.virtual_stages != none.virtual_stages, "--virtual-stages"},
      {options.zero != none.zero, "--zero"},
      {options.gtp != none.gtp, "--gtp"},
      {options.recompute != none.recompute, "--recompute"},
      {options.overlap_gradients, "--overlap-gradients"},
  }};
  for (const auto& [is_given, name] : given) {
    if (!is_given) continue;
    std::string message = "found ";
    message += name;
    message += " for --phase " + phase;
    message += ", which only a training step has";
    return UsageError(std::move(message), "leave it out, or ask for --phase train");
  }
  return OkStatus();
}

Result<TrainRequest> TrainRequestOf(const StepOptions& step, const TrainOptions& train,
                                    const StepInput& input) {
  const StepRequest asked = input.request();
  RETURN_IF_ERROR(CheckServingOptions(asked));
  TrainRequest request;
  request.job.model = asked.model;
  request.job.precision = asked.precision;
  request.job.sequence = asked.demand.prefill.new_tokens;
  request.job.global_batch = asked.demand.prefill.sequences;
  request.job.kernels = step.kernels;
  request.job.framework = train.framework;
  request.job.engine = step.engine;
  request.plan.layout = asked.layout;
  request.plan.layout.virtual_stages = train.virtual_stages;
  request.plan.micro_batch = train.micro_batch;
  ASSIGN_OR_RETURN(request.plan.recompute, RecomputeOf(train.recompute));
  if (train.zero > 3) {
    return UsageError("--zero: found " + std::to_string(train.zero) +
                      ", expected a stage from 0 to 3");
  }
  if (train.zero == 3 && train.gtp > 1) {
    return UnsupportedError("ZeRO-3 and generalized tensor parallelism both cut the weights",
                            "choose one of --zero 3 and --gtp");
  }
  request.plan.sharding.scheme = static_cast<Scheme>(train.zero);
  request.plan.sharding.gtp = train.gtp;
  request.plan.overlap.gradients = train.overlap_gradients;
  request.plan.overlap.fraction = asked.overlap_fraction;
  request.plan.overlap.tensor = asked.overlap == Overlap::kTiles;
  return request;
}

void AddTrainOptions(CLI::App& command, TrainOptions& options) {
  command
      .add_option("--framework", options.framework,
                  "training: whose runs, such as megatron (default: the profile's first)")
      ->option_text("NAME");
  AddCount(command, "--micro-batch", &options.micro_batch,
           "training: sequences of one pass; --batch is then the global batch (default 1)")
      ->option_text("B");
  AddCount(command, "--virtual-stages", &options.virtual_stages,
           "training: chunks of each pipeline stage (default 1)")
      ->option_text("N");
  AddCount(
      command, "--zero", &options.zero,
      "training: nothing (0, default), optimizer state (1), gradients too (2), weights too (3) "
      "in shards",
      0)
      ->option_text("STAGE");
  AddCount(command, "--gtp", &options.gtp,
           "training: ranks that share each weight, gathered just in time (default 1)")
      ->option_text("G");
  command
      .add_option("--recompute", options.recompute, "training: none (default), selective or full")
      ->option_text("WHAT");
  command.add_flag("--overlap-gradients", options.overlap_gradients,
                   "training: gradients are reduced in buckets beside the last backward pass");
}

}  // namespace commplan::cli
