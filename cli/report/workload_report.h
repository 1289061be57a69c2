// The whole model judged by measured steps: every row with its price and band, the errors of each
// source and over all, and what could not be priced.
#pragma once

#include <string>
#include <vector>

#include "cli/report/document.h"
#include "model/base/quantity.h"
#include "model/memory/fit.h"
#include "profiles/workload_rows.h"

namespace commplan::report {

struct JudgedWorkload {
  const profiles::WorkloadRow* row = nullptr;
  std::string profile;
  Time time{}, low{}, high{};
  bool extrapolated = false;
  Fit memory;
};

struct WorkloadReport {
  std::vector<JudgedWorkload> rows;
  std::vector<profiles::LeftOut> left_out;
  std::vector<std::string> notes;
};

// Rows that a simulator printed, and those that say enough for their memory only, are no part of
// the errors over all.
Document WorkloadDocument(const WorkloadReport& report);

}  // namespace commplan::report
