// The training step against measured iterations: which rows there are, what was run in each, and
// how far the model is from them.
//
// The rows are read as `accuracy --workloads` reads them. Nothing is fitted here but what
// TrainConstants holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/step/machine.h"
#include "model/step/training.h"
#include "profiles/workload_rows.h"

namespace commplan::accuracy {

// As the reader calls the sources (profiles/workload_sources.h).
inline constexpr char kKorthikanti[] = "Korthikanti";  // Table 5 and section 6.3
inline constexpr char kVtrain[] = "vTrain, several nodes";
inline constexpr char kVtrainNode[] = "vTrain, one node (simulated)";
inline constexpr char kBigscience[] = "BigScience A100";  // with shapes
inline constexpr char kMosaic[] = "MosaicML FSDP";
inline constexpr char kNemo[] = "NeMo";

using TrainRow = profiles::WorkloadRow;

// The rows that can be priced, in the order of the files.
std::vector<TrainRow> ReadTraining(const std::string& folder);

// The shipped profile with values set; each is read once.
Result<Machine> ClusterMachine(const std::string& profile, const std::vector<std::string>& sets);

struct TrainConstants {
  double memory_efficiency = 0;  // of kernels that only move bytes; 0: the profile's
  double launch_us = -1;         // of a kernel by the host; below 0: the profile's
  double attention_factor = 0;   // TrainJob::attention_factor; 0: the profile's
  double factor = 1;             // of the machine: predicted times are multiplied with it
  std::optional<RunBand> run;    // nothing: the profile's
};

struct JudgedRun {
  const TrainRow* row = nullptr;
  double predicted = 0, low = 0, high = 0;  // seconds
  TrainBill bill;

  double Error() const { return predicted / row->seconds - 1; }
};

struct TrainJudgement {
  std::vector<JudgedRun> runs;
  std::vector<std::string> refused;  // rows that the model does not take, with the reason
};
TrainJudgement Judge(const std::vector<const TrainRow*>& rows, const TrainConstants& constants);

struct TrainSummary {
  std::size_t rows = 0;
  double mape = 0, median = 0, worst = 0, bias = 0, coverage = 0;
  std::size_t fits = 0;
};
TrainSummary Summarize(const std::vector<JudgedRun>& runs);

// Rows of a source; `half` 0 or 1: those of every other group, by name; nothing: all.
std::vector<const TrainRow*> RowsOf(const std::vector<TrainRow>& rows, std::string_view source,
                                    std::optional<int> half = std::nullopt);

// Of the values, the one with which the mean |ln(predicted / measured)| of the rows is least; an
// error counts 15 % at most, because some runs were slow for reasons of their own.
double FitConstant(const std::vector<const TrainRow*>& rows, TrainConstants constants,
                   double TrainConstants::*which, const std::vector<double>& values);

// Measured over predicted, 5 % and 95 % of the runs; never on the wrong side of 1.
RunBand BandOf(const std::vector<JudgedRun>& runs);

// Rows of these whose label or group the predicate takes.
template <class Wanted>
std::vector<const TrainRow*> Only(const std::vector<const TrainRow*>& rows, Wanted wanted) {
  std::vector<const TrainRow*> chosen;
  for (const TrainRow* const row : rows) {
    if (wanted(*row)) chosen.push_back(row);
  }
  return chosen;
}

// One line of a table: what was judged, and how it went.
struct TrainResult {
  std::string what;
  std::vector<JudgedRun> runs;
};

// Every figure that is reported: each with what was fitted on which half.
std::vector<TrainResult> JudgeTraining(const std::vector<TrainRow>& rows);

}  // namespace commplan::accuracy
