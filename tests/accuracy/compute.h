// How far the models of kernels lie from measured kernel times of shapes that their fit never saw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/compute/device.h"

namespace commplan::accuracy {

// The systems of the tables, with their datasheet's peaks.
struct ComputeSystem {
  std::string name;
  ComputeDevice device;
};
const std::vector<ComputeSystem>& ComputeSystems();
const ComputeSystem& ComputeSystemNamed(const std::string& name);

struct JudgedKernel {
  std::string kind;    // gemm, generation, context, moe
  std::string engine;  // with the kernel's name where there is one
  std::string type;
  bool decode = false;  // gemm: m up to 64, n and k from 512 on
  bool plain = true;    // attention: heads of 128 without a window
  double measured_us = 0, predicted_us = 0, low_us = 0, high_us = 0;
};

struct ComputeJudgement {
  std::vector<JudgedKernel> rows;
  int refused = 0;      // Rows faster than the datasheet allows.
  int unfitted = 0;     // Rows of parts too small to be fitted.
  int unsupported = 0;  // Rows of shapes at which a kernel collapses.
};

// All rows, or products and attention in 16 bits only, which a test can wait for.
enum class Scope { kAll, kHalf };

// Each shape held out once: `folds` fits, each on the other folds, parted by a hash of the shape so
// that all engines' rows of a shape are held out together. Nothing where a table is absent.
std::optional<ComputeJudgement> JudgeHeldOut(const std::string& folder, const ComputeSystem& system,
                                             int folds, Scope scope = Scope::kAll);

// All rows of `to`, predicted with what was fitted on `from`, only the datasheet's peaks exchanged.
std::optional<ComputeJudgement> JudgeTransfer(const std::string& folder, const ComputeSystem& from,
                                              const ComputeSystem& to, Scope scope = Scope::kAll);

struct ComputeSummary {
  std::size_t rows = 0;
  double median = 0, mape = 0, p95 = 0, coverage = 0;
};
ComputeSummary SummarizeKernels(const std::vector<JudgedKernel>& rows);

// The rows that `wanted` takes.
template <class Wanted>
std::vector<JudgedKernel> Select(const std::vector<JudgedKernel>& rows, Wanted wanted) {
  std::vector<JudgedKernel> selected;
  for (const JudgedKernel& row : rows) {
    if (wanted(row)) selected.push_back(row);
  }
  return selected;
}

// One Markdown table: a line per kind, engine and format, and the totals.
std::string ComputeReport(const std::string& title, const ComputeJudgement& judgement);

}  // namespace commplan::accuracy
