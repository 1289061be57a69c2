#include "cli/bill.h"

#include <memory>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/bill_report.h"
#include "cli/step_input.h"

namespace commplan::cli {
namespace {

struct BillOptions {
  CommonOptions common;
  StepOptions step;
};

Result<int> RunBill(const BillOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const StepInput input, ReadStep(options.step, options.common));
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
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunBill(*options, io); });
}

}  // namespace commplan::cli
