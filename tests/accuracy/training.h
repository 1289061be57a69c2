// The training step against measured iterations: which rows there are, what was run in each, and
// how far the model is from them.
//
// What a row leaves out is filled in from what its source says of all its runs; docs and tests name
// these readings. Nothing is fitted here but what TrainConstants holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/step/machine.h"
#include "model/step/training.h"
#include "model/workload/transformer.h"

namespace commplan::accuracy {

enum class TrainSource {
  kKorthikanti,  // Table 5 and section 6.3
  kVtrain,       // several nodes, measured
  kVtrainNode,   // one node: output of a simulator
  kBigscience,   // A100, with shapes
  kMosaic,       // FSDP
  kNemo,         // Megatron and NeMo performance summaries
};
std::string_view Name(TrainSource source);

struct TrainRow {
  TrainSource source = TrainSource::kVtrain;
  std::string label;              // what a table shows
  std::string machine;            // profile
  std::vector<std::string> sets;  // what its cluster has otherwise
  std::string group;              // rows of one shape and cut, which are held out together
  Transformer model;
  TrainRequest request;        // its model pointer is set by Judge
  double seconds = 0;          // measured
  bool says_recompute = true;  // false: it may have recomputed any way
  bool whole = true;           // false: the row does not say enough for a time, only for memory
};

// The rows that can be priced, in the order of the files.
std::vector<TrainRow> ReadTraining(const std::string& folder);

// The shipped profile with values set; each is read once.
Result<Machine> ClusterMachine(const std::string& profile, const std::vector<std::string>& sets);

struct TrainConstants {
  double memory_efficiency = 0;  // of kernels that only move bytes; 0: the profile's
  double launch_us = -1;         // of a kernel by the host; below 0: the profile's
  double attention_factor = 1;   // TrainJob::attention_factor
  double factor = 1;             // of the machine: predicted times are multiplied with it
  RunBand run;
};

// Whose kernels stand for those of the training frameworks, which call cuBLAS: of the three
// measured providers the one that is nearest to the fitted half of vTrain's runs.
inline constexpr char kTrainingKernels[] = "trtllm";

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
std::vector<const TrainRow*> RowsOf(const std::vector<TrainRow>& rows, TrainSource source,
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
