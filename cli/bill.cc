#include "cli/bill.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/bill_report.h"
#include "cli/report/training_report.h"
#include "cli/step_input.h"
#include "model/step/training.h"

namespace commplan::cli {
namespace {

// Whose kernels stand for a training framework's where the user does not say: of those that were
// measured, the ones nearest to measured training steps (tests/accuracy/training.cc).
constexpr std::string_view kTrainingKernels = "trtllm";

// What only a training step has.
struct TrainOptions {
  int micro_batch = 1;
  int virtual_stages = 1;
  int zero = 0;
  int gtp = 1;
  std::string recompute = "none";
  bool overlap_gradients = false;
};

struct BillOptions {
  CommonOptions common;
  StepOptions step;
  TrainOptions train;
};

Result<Recompute> RecomputeOf(const std::string& word) {
  if (word == "none") return Recompute::kNone;
  if (word == "selective") return Recompute::kSelective;
  if (word == "full") return Recompute::kFull;
  return UsageError("--recompute: found '" + word + "', expected none, selective or full");
}

Result<TrainRequest> TrainRequestOf(const BillOptions& options, const StepInput& input) {
  const StepRequest step = input.request();
  TrainRequest request;
  request.job.model = step.model;
  request.job.precision = step.precision;
  request.job.sequence = step.demand.prefill.new_tokens;
  request.job.global_batch = step.demand.prefill.sequences;
  request.job.kernels = options.step.kernels;
  if (options.step.kernels.empty()) {
    const auto& gemm = input.machine.compute.gemm;
    const bool has = std::any_of(gemm.begin(), gemm.end(), [](const auto& one) {
      return one.fit.engine == kTrainingKernels;
    });
    if (has) request.job.kernels = std::string(kTrainingKernels);
  }
  request.job.engine = options.step.engine;
  request.plan.layout = step.layout;
  request.plan.layout.virtual_stages = options.train.virtual_stages;
  request.plan.micro_batch = options.train.micro_batch;
  ASSIGN_OR_RETURN(request.plan.recompute, RecomputeOf(options.train.recompute));
  if (options.train.zero > 3) {
    return UsageError("--zero: found " + std::to_string(options.train.zero) +
                      ", expected a stage from 1 to 3");
  }
  if (options.train.zero == 3 && options.train.gtp > 1) {
    return UnsupportedError("ZeRO-3 and generalized tensor parallelism both cut the weights",
                            "choose one of --zero 3 and --gtp");
  }
  request.plan.sharding.scheme = static_cast<Scheme>(options.train.zero);
  request.plan.sharding.gtp = options.train.gtp;
  request.plan.overlap.gradients = options.train.overlap_gradients;
  request.plan.overlap.fraction = step.overlap_fraction;
  return request;
}

Result<int> RunTrain(const BillOptions& options, const StepInput& input, Io& io) {
  ASSIGN_OR_RETURN(const TrainRequest request, TrainRequestOf(options, input));
  ASSIGN_OR_RETURN(TrainBill bill, TrainBillOf(input.machine, request));
  bill.notes.insert(bill.notes.begin(), input.notes.begin(), input.notes.end());
  Print(report::TrainDocument(input.machine, request, bill, options.common.explain),
        options.common.format, io);
  return bill.memory.fits ? kExitOk : kExitNegative;
}

Result<int> RunBill(const BillOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const StepInput input, ReadStep(options.step, options.common));
  if (options.step.phase == "train") return RunTrain(options, input, io);
  const StepRequest request = input.request();
  ASSIGN_OR_RETURN(StepBill bill, BillOf(input.machine, request));
  bill.notes.insert(bill.notes.begin(), input.notes.begin(), input.notes.end());
  Print(report::BillDocument(input.machine, request, bill, options.common.explain),
        options.common.format, io);
  return bill.memory.fits ? kExitOk : kExitNegative;
}

void AddTrainOptions(CLI::App& command, TrainOptions& options) {
  AddCount(command, "--micro-batch", &options.micro_batch,
           "training: sequences of one pass; --batch is then the global batch (default 1)")
      ->option_text("B");
  AddCount(command, "--virtual-stages", &options.virtual_stages,
           "training: chunks of each pipeline stage (default 1)")
      ->option_text("N");
  AddCount(command, "--zero", &options.zero,
           "training: optimizer state (1), gradients too (2), weights too (3) in shards")
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

}  // namespace

void AddBill(CLI::App& app, Action* chosen) {
  CLI::App& command = *app.add_subcommand(
      "bill", "what one step of a model takes under a layout, and what of it is communication");
  auto options = std::make_shared<BillOptions>();
  AddStepOptions(command, options->step);
  AddTrainOptions(command, options->train);
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunBill(*options, io); });
}

}  // namespace commplan::cli
