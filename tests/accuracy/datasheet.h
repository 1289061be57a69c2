// How far the datasheet profiles lie from measured times: `price` on each row of the tables,
// nothing fitted.
#pragma once

#include <string>
#include <vector>

#include "tests/accuracy/measured.h"

namespace commplan::accuracy {

struct Judged {
  MeasuredRow row;
  double predicted_us = 0;
  bool in_band = false;
  double Error() const { return predicted_us / row.time_us - 1; }
};

// The systems that a datasheet profile is judged on, and the profile of each.
struct System {
  std::string name;  // of the table
  std::string profile;
};
const std::vector<System>& JudgedSystems();

// All NCCL rows in half precision, over all versions, operations, 2 to 8 ranks and sizes.
std::vector<Judged> JudgeDatasheets(const std::string& folder);

// An L40S host with more than two GPUs has no peer access between sockets: 1 to 5 GB/s, which no
// datasheet knows.
bool HasKnownFault(const Judged& judged);

// Mean and median of |error|, and the 95 % point, as fractions.
struct Summary {
  std::size_t rows = 0;
  double mape = 0, median = 0, p95 = 0, bias = 0, coverage = 0;
};
Summary Summarize(const std::vector<Judged>& judged);

// The report as Markdown: per system, operation, ranks and size decade.
std::string Report(const std::vector<Judged>& judged);

}  // namespace commplan::accuracy
