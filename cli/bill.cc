#include "cli/bill.h"

#include <memory>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/bill_report.h"
#include "cli/report/training_report.h"
#include "cli/step_input.h"
#include "cli/train_input.h"
#include "model/step/training.h"

namespace commplan::cli {
namespace {

struct BillOptions {
  CommonOptions common;
  StepOptions step;
  TrainOptions train;
};

Result<int> RunTrain(const BillOptions& options, const StepInput& input, Io& io) {
  ASSIGN_OR_RETURN(const TrainRequest request, TrainRequestOf(options.step, options.train, input));
  ASSIGN_OR_RETURN(TrainBill bill, TrainBillOf(input.machine, request));
  bill.notes.insert(bill.notes.begin(), input.notes.begin(), input.notes.end());
  Print(report::TrainDocument(input.machine, request, bill, options.common.explain),
        options.common.format, io);
  return bill.memory.fits ? kExitOk : kExitNegative;
}

Result<int> RunBill(const BillOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const StepInput input, ReadStep(options.step, options.common));
  if (options.step.phase == "train") return RunTrain(options, input, io);
  RETURN_IF_ERROR(RefuseTrainOptions(options.train, options.step.phase));
  const StepRequest request = input.request();
  ASSIGN_OR_RETURN(StepBill bill, BillOf(input.machine, request));
  bill.notes.insert(bill.notes.begin(), input.notes.begin(), input.notes.end());
  Print(report::BillDocument(input.machine, request, bill, options.common.explain),
        options.common.format, io);
  return bill.memory.fits ? kExitOk : kExitNegative;
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
