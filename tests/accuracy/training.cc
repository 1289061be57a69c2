#include "tests/accuracy/training.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "model/base/quantity.h"
#include "profiles/document.h"
#include "profiles/library.h"
#include "profiles/reader.h"

namespace commplan::accuracy {
namespace {

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace

Result<Machine> ClusterMachine(const std::string& profile, const std::vector<std::string>& sets) {
  static std::map<std::pair<std::string, std::vector<std::string>>, std::unique_ptr<Machine>> read;
  std::unique_ptr<Machine>& known = read[{profile, sets}];
  if (known == nullptr) {
    ASSIGN_OR_RETURN(profiles::Document document,
                     profiles::Load(profile, profiles::ShippedLibrary()));
    for (const std::string& set : sets) RETURN_IF_ERROR(profiles::Set(&document, set));
    ASSIGN_OR_RETURN(Machine machine, profiles::ToMachine(document));
    known = std::make_unique<Machine>(std::move(machine));
  }
  return *known;
}

TrainJudgement Judge(const std::vector<const TrainRow*>& rows, const TrainConstants& constants) {
  TrainJudgement judgement;
  std::map<std::pair<std::string, std::vector<std::string>>, std::unique_ptr<Machine>> loaded;
  for (const TrainRow* const row : rows) {
    std::unique_ptr<Machine>& machine = loaded[{row->machine, row->sets}];
    if (machine == nullptr) {
      Result<Machine> found = ClusterMachine(row->machine, row->sets);
      if (!found.ok()) {
        judgement.refused.push_back(row->machine + ": " + found.error().message);
        continue;
      }
      machine = std::make_unique<Machine>(*std::move(found));
      if (constants.memory_efficiency > 0 && machine->compute.sweep) {
        machine->compute.sweep->memory = constants.memory_efficiency;
      }
      if (constants.launch_us >= 0) machine->compute.launch = Micros(constants.launch_us);
    }
    TrainRequest request = row->request;
    request.job.model = &row->model;
    request.job.attention_factor = constants.attention_factor;
    Result<TrainBill> bill = TrainBillOf(*machine, request, constants.run);
    if (bill.ok() && !bill->memory.fits && !row->says_recompute) {
      // It ran with whatever recomputation it needed.
      TrainRequest full = request;
      full.plan.recompute = Recompute::kFull;
      const Result<TrainBill> other = TrainBillOf(*machine, full, constants.run);
      if (other.ok()) bill->memory = other->memory;
    }
    if (!bill.ok()) {
      judgement.refused.push_back(row->label + ": " + bill.error().message);
      continue;
    }
    JudgedRun run{.row = row,
                  .predicted = InSeconds(bill->step) * constants.factor,
                  .low = InSeconds(bill->low) * constants.factor,
                  .high = InSeconds(bill->high) * constants.factor,
                  .bill = *bill};
    judgement.runs.push_back(std::move(run));
  }
  return judgement;
}

TrainSummary Summarize(const std::vector<JudgedRun>& runs) {
  TrainSummary summary;
  std::vector<double> errors;
  for (const JudgedRun& run : runs) {
    if (run.bill.memory.fits) ++summary.fits;
    const double error = std::abs(run.Error());
    errors.push_back(error);
    summary.mape += error;
    summary.bias += run.Error();
    summary.worst = std::max(summary.worst, error);
    const bool inside = run.row->seconds >= run.low && run.row->seconds <= run.high;
    summary.coverage += inside ? 1 : 0;
  }
  summary.rows = runs.size();
  if (runs.empty()) return summary;
  const auto n = static_cast<double>(runs.size());
  summary.mape /= n;
  summary.bias /= n;
  summary.coverage /= n;
  summary.median = Median(errors);
  return summary;
}

std::vector<const TrainRow*> RowsOf(const std::vector<TrainRow>& rows, TrainSource source,
                                    std::optional<int> half) {
  std::map<std::string, int> place;  // of a group, by name
  for (const TrainRow& row : rows) {
    if (row.source == source) place[row.group] = 0;
  }
  int next = 0;
  for (auto& [group, number] : place) number = next++;
  std::vector<const TrainRow*> chosen;
  for (const TrainRow& row : rows) {
    if (row.source != source) continue;
    if (half && place[row.group] % 2 != *half) continue;
    chosen.push_back(&row);
  }
  return chosen;
}

double FitConstant(const std::vector<const TrainRow*>& rows, TrainConstants constants,
                   double TrainConstants::*which, const std::vector<double>& values) {
  constexpr double kMost = 0.15;
  double best = values.front();
  double least = 1e9;
  for (const double value : values) {
    constants.*which = value;
    double loss = 0;
    for (const JudgedRun& run : Judge(rows, constants).runs) {
      loss += std::min(std::abs(std::log(run.predicted / run.row->seconds)), kMost);
    }
    if (loss < least) {
      least = loss;
      best = value;
    }
  }
  return best;
}

RunBand BandOf(const std::vector<JudgedRun>& runs) {
  std::vector<double> ratios;
  for (const JudgedRun& run : runs) ratios.push_back(run.row->seconds / run.predicted);
  if (ratios.empty()) return {};
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double share) {
    return ratios[static_cast<std::size_t>(
        std::lround(share * static_cast<double>(ratios.size() - 1)))];
  };
  return {std::min(1.0, at(0.05)), std::max(1.0, at(0.95))};
}

}  // namespace commplan::accuracy
