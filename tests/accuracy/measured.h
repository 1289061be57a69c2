// The measured collective tables beside the repository, as rows. They are read where they lie and
// never copied; where they are absent a test says so and is skipped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/collective/algorithm.h"

namespace commplan::accuracy {

struct MeasuredRow {
  std::string system;
  std::string library;
  std::string version;
  std::string kernel;
  std::string dtype;
  Op op = Op::kAllReduce;
  int ranks = 0;
  double bytes = 0;
  double time_us = 0;  // median over repeats of the same key
};

// The folder ../shared/measured beside the checkout, or nothing where it is absent.
std::optional<std::string> MeasuredFolder();

// The rows of collectives/SYSTEM.csv, repeats merged, in the order of the file.
std::vector<MeasuredRow> ReadCollectives(const std::string& folder, const std::string& system);

}  // namespace commplan::accuracy
