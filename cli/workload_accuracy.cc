#include "cli/workload_accuracy.h"

#include <map>
#include <memory>
#include <utility>

#include "cli/exit_status.h"
#include "cli/machine_input.h"
#include "cli/output.h"
#include "cli/report/workload_report.h"
#include "model/step/pricer.h"
#include "model/step/serving.h"
#include "profiles/model_file.h"
#include "profiles/text_file.h"

namespace commplan::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 26;

Result<PricedWorkload> PriceTraining(const Machine& machine, const profiles::WorkloadRow& row) {
  TrainRequest request = *row.train;
  request.job.model = &row.model;
  PricedWorkload priced;
  ASSIGN_OR_RETURN(priced.train, TrainBillOf(machine, request));
  TrainBill& bill = *priced.train;
  if (!bill.memory.fits && !row.says_recompute) {
    // It ran with whatever recomputation it needed.
    request.plan.recompute = Recompute::kFull;
    const Result<TrainBill> other = TrainBillOf(machine, request);
    if (other.ok()) bill.memory = other->memory;
  }
  priced.time = bill.step;
  priced.low = bill.low;
  priced.high = bill.high;
  priced.extrapolated = bill.extrapolated;
  priced.memory = bill.memory;
  return priced;
}

Result<PricedWorkload> PriceServing(const Machine& machine, const profiles::WorkloadRow& row) {
  const profiles::ServedStep& served = *row.served;
  StepRequest request = served.step;
  request.model = &row.model;
  ASSIGN_OR_RETURN(StepPricer pricer, StepPricer::Create(machine, request.kernels, request.engine));
  ASSIGN_OR_RETURN(StepBill bill, pricer.BillOf(request));
  PricedWorkload priced;
  priced.time = bill.step;
  if (served.output > 0) {
    EngineLoad load;
    load.sequences = request.demand.decode.sequences;
    load.stages = request.layout.pp;
    double step_tokens = 0;
    if (const ServingCost* const cost =
            ServingCostOf(machine, row.model, pricer.kernels().provider())) {
      load.interference = cost->interference;
      load.first = cost->first;
      step_tokens = cost->prompt_tokens;
    }
    ASSIGN_OR_RETURN(const PromptTimes prompts,
                     PromptTimesOf(pricer, request, served.prompt, step_tokens));
    priced.time = Serve({served.prompt, served.output}, bill.step, prompts, load).tpot;
  }
  priced.low = bill.low * (priced.time / bill.step);
  priced.high = bill.high * (priced.time / bill.step);
  priced.extrapolated = bill.extrapolated;
  priced.memory = std::move(bill.memory);
  return priced;
}

// Profiles with what rows change of them; each is read once.
class Machines {
 public:
  explicit Machines(const CommonOptions& common) : common_(common) {}

  Result<const Machine*> For(const std::string& profile, const std::vector<std::string>& sets) {
    std::unique_ptr<Machine>& known = read_[{profile, sets}];
    if (known == nullptr) {
      CommonOptions common = common_;
      common.set.insert(common.set.begin(), sets.begin(), sets.end());
      ASSIGN_OR_RETURN(Machine machine, LoadMachineFor(profile, common));
      known = std::make_unique<Machine>(std::move(machine));
    }
    return known.get();
  }

 private:
  const CommonOptions& common_;
  std::map<std::pair<std::string, std::vector<std::string>>, std::unique_ptr<Machine>> read_;
};

}  // namespace

Result<PricedWorkload> PriceWorkload(const Machine& machine, const profiles::WorkloadRow& row) {
  return row.train ? PriceTraining(machine, row) : PriceServing(machine, row);
}

Result<int> RunWorkloads(const WorkloadOptions& options, Io& io) {
  std::vector<profiles::WorkloadFile> files;
  for (const std::string& file : options.files) {
    ASSIGN_OR_RETURN(std::string text, profiles::ReadTextFile(file, kMostBytes));
    files.push_back({file, std::move(text)});
  }
  ASSIGN_OR_RETURN(profiles::WorkloadRows read,
                   profiles::ReadWorkloads(files, profiles::ShippedModels()));
  report::WorkloadReport report;
  report.notes = std::move(read.notes);
  for (profiles::LeftOut& left : read.left_out) report.left_out.push_back(std::move(left));
  Machines machines(options.common);
  const bool odd = options.rows == "odd";
  std::vector<const profiles::WorkloadRow*> rows = profiles::HalfOf(read.rows, 1);
  if (!odd) {
    rows.clear();
    for (const profiles::WorkloadRow& row : read.rows) rows.push_back(&row);
  }
  for (const profiles::WorkloadRow* const row : rows) {
    const std::string& profile = row->profile.empty() ? options.on : row->profile;
    if (profile.empty()) {
      report.left_out.push_back(
          {row->file, row->line, "names no profile: add the column 'profile', or give --on"});
      continue;
    }
    // A profile that is not there is the user's mistake, not the row's.
    ASSIGN_OR_RETURN(const Machine* const machine, machines.For(profile, row->sets));
    Result<PricedWorkload> priced = PriceWorkload(*machine, *row);
    if (!priced.ok()) {
      report.left_out.push_back({row->file, row->line, priced.error().message});
      continue;
    }
    report.rows.push_back({.row = row,
                           .profile = profile,
                           .time = priced->time,
                           .low = priced->low,
                           .high = priced->high,
                           .extrapolated = priced->extrapolated,
                           .memory = std::move(priced->memory)});
  }
  Print(report::WorkloadDocument(report), options.common.format, io);
  return report.rows.empty() ? kExitNegative : kExitOk;
}

}  // namespace commplan::cli
