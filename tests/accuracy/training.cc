#include "tests/accuracy/training.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "cli/workload_accuracy.h"
#include "model/base/quantity.h"
#include "profiles/document.h"
#include "profiles/library.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"
#include "profiles/text_file.h"

namespace commplan::accuracy {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 26;

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
    std::unique_ptr<Machine>& machine = loaded[{row->profile, row->sets}];
    if (machine == nullptr) {
      Result<Machine> found = ClusterMachine(row->profile, row->sets);
      if (!found.ok()) {
        judgement.refused.push_back(row->profile + ": " + found.error().message);
        continue;
      }
      machine = std::make_unique<Machine>(*std::move(found));
      if (constants.memory_efficiency > 0 && machine->compute.sweep) {
        machine->compute.sweep->memory = constants.memory_efficiency;
      }
      if (constants.launch_us >= 0) machine->compute.launch = Micros(constants.launch_us);
      for (TrainingProfile& one : machine->training) {
        if (constants.attention_factor > 0) one.attention_factor = constants.attention_factor;
        if (constants.run) one.run = *constants.run;
      }
    }
    Result<cli::PricedWorkload> priced = cli::PriceWorkload(*machine, *row);
    if (!priced.ok()) {
      judgement.refused.push_back(row->label + ": " + priced.error().message);
      continue;
    }
    JudgedRun run{.row = row,
                  .predicted = InSeconds(priced->time) * constants.factor,
                  .low = InSeconds(priced->low) * constants.factor,
                  .high = InSeconds(priced->high) * constants.factor,
                  .bill = *std::move(priced->train)};
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

std::vector<TrainRow> ReadTraining(const std::string& folder) {
  std::vector<profiles::WorkloadFile> files;
  for (const char* const name : {"training", "bigscience_a100_shapes"}) {
    std::string file = folder + "/training/" + name + ".csv";
    Result<std::string> text = profiles::ReadTextFile(file, kMostBytes);
    if (text.ok()) files.push_back({std::move(file), *std::move(text)});
  }
  Result<profiles::WorkloadRows> read = profiles::ReadWorkloads(files, profiles::ShippedModels());
  return read.ok() ? std::move(read->rows) : std::vector<TrainRow>();
}

std::vector<const TrainRow*> RowsOf(const std::vector<TrainRow>& rows, std::string_view source,
                                    std::optional<int> half) {
  std::vector<const TrainRow*> all;
  for (const TrainRow& row : rows) all.push_back(&row);
  return Only(half ? profiles::HalfOf(rows, *half) : all,
              [&](const TrainRow& row) { return row.source == source; });
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
