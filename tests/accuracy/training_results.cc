// The figures of the training step, each with what was fitted on which half of the rows.

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/accuracy/training.h"

namespace commplan::accuracy {
namespace {

std::vector<double> Steps(double from, double to, double step) {
  std::vector<double> values;
  for (int i = 0; from + i * step <= to + step / 2; ++i) values.push_back(from + i * step);
  return values;
}

// Two figures, at most: shorter texts are easier to compare.
std::string Short(double value) {
  std::string text = std::to_string(value);
  return text.substr(0, text.find('.') + 3);
}

std::vector<JudgedRun> RunsOf(const std::vector<const TrainRow*>& rows,
                              const TrainConstants& constants) {
  return Judge(rows, constants).runs;
}

bool OddHead(const TrainRow& row) { return row.model.kinds.front().attention.head_dim % 8 != 0; }

// Fits one constant and the band on each half, judges the other, and puts both together.
TrainResult Crossed(const std::string& what, const std::vector<TrainRow>& rows,
                    std::string_view source, double TrainConstants::*which,
                    const std::vector<double>& values) {
  TrainResult result{what + ", fitted on the other half:", {}};
  for (const int half : {0, 1}) {
    TrainConstants constants;
    const auto fitted = RowsOf(rows, source, 1 - half);
    constants.*which = FitConstant(fitted, constants, which, values);
    constants.run = BandOf(RunsOf(fitted, constants));
    result.what += " " + Short(constants.*which);
    for (JudgedRun& run : RunsOf(RowsOf(rows, source, half), constants)) {
      result.runs.push_back(std::move(run));
    }
  }
  return result;
}

// One factor for each generation of devices, both fitted on one half.
void AddMosaic(const std::vector<TrainRow>& rows, std::vector<TrainResult>* results) {
  for (const int half : {0, 1}) {
    TrainResult result{"MosaicML FSDP half " + std::to_string(half) +
                           ", attention factor of A100 and H100 fitted on the other:",
                       {}};
    for (const std::string_view device : {"a100", "h100"}) {
      const auto of = [device](const TrainRow& row) { return row.group.starts_with(device); };
      const auto fitted = Only(RowsOf(rows, kMosaic, 1 - half), of);
      TrainConstants constants;
      constants.attention_factor =
          FitConstant(fitted, constants, &TrainConstants::attention_factor, Steps(1, 5, 0.125));
      constants.run = BandOf(RunsOf(fitted, constants));
      result.what += " " + Short(constants.attention_factor);
      const auto test = Only(RowsOf(rows, kMosaic, half), of);
      for (JudgedRun& run : RunsOf(test, constants)) result.runs.push_back(std::move(run));
    }
    results->push_back(std::move(result));
  }
}

}  // namespace

std::vector<TrainResult> JudgeTraining(const std::vector<TrainRow>& rows) {
  std::vector<TrainResult> results;
  const auto add = [&](std::string_view source, const std::string& what,
                       const TrainConstants& constants, const auto& wanted) {
    results.push_back(
        {std::string(source) + what, RunsOf(Only(RowsOf(rows, source), wanted), constants)});
  };
  const auto all = [](const TrainRow& row) { return row.untimed.empty(); };
  // The tail of slow runs, from one half of vTrain's.
  TrainConstants band;
  const RunBand slow = BandOf(RunsOf(RowsOf(rows, kVtrain, 0), {}));
  band.run = slow;
  const std::string tail = ", band " + Short(slow.low) + " to " + Short(slow.high);
  add(kKorthikanti, ", nothing fitted" + tail, band, all);
  results.push_back({"vTrain, several nodes, half 1, nothing fitted" + tail,
                     RunsOf(RowsOf(rows, kVtrain, 1), band)});
  add(kVtrain, ", nothing fitted", {}, all);
  results.push_back(Crossed("vTrain, several nodes, memory efficiency", rows, kVtrain,
                            &TrainConstants::memory_efficiency, Steps(0.5, 0.95, 0.05)));
  const auto even = [](const TrainRow& row) { return !OddHead(row); };
  add(kBigscience, ", nothing fitted", band, all);
  results.push_back(Crossed("BigScience A100, machine factor", rows, kBigscience,
                            &TrainConstants::factor, Steps(1, 1.5, 0.01)));
  TrainResult without{results.back().what + "; without heads of 108", {}};
  for (const JudgedRun& run : results.back().runs) {
    if (even(*run.row)) without.runs.push_back(run);
  }
  results.push_back(std::move(without));
  TrainConstants plain = band;
  plain.attention_factor = 1;
  add(kMosaic, ", nothing fitted", plain, all);
  AddMosaic(rows, &results);
  add(kNemo, " 24.07, pretraining, nothing fitted", band, all);
  return results;
}

}  // namespace commplan::accuracy
