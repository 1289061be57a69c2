// A table of nccl-tests as its lines state it, and the samples it makes. Both forms in which
// nccl-tests writes, text and JSON, become one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibrate/samples/collector.h"
#include "calibrate/samples/sample.h"

namespace commplan::samples {

// One half of a row: out of place or in place.
struct NcclSide {
  double time_us = 0;  // 0: none was printed
  // The bandwidths as printed, and how far rounding may have moved them. They are read to check
  // the time, and because the ratio tells the number of ranks.
  double algbw = 0;
  double busbw = 0;
  double rounding = 0;
  // Wrong values by count; or the largest error, as versions up to 2.12 print it.
  std::optional<double> wrong{};
  std::vector<Quantile> quantiles{};
};

struct NcclRow {
  int line = 0;
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  std::string type{};
  std::string redop{};        // "": the version does not print it
  std::optional<int> root{};  // none: the version does not print it
  int calls = 0;              // 0: as the table
  std::array<NcclSide, 2> sides{};
};

struct NcclRank {
  int rank = 0;
  int group = 0;
  std::string host{};
  std::string device{};
};

struct NcclTable {
  int line = 0;           // where it begins
  std::string program{};  // "all_reduce_perf"; from the text
  bool programs_differ = false;
  bool cpu_time = false;
  bool concluded = false;
  int headers = 0;  // how many there were before its first row
  std::string engine{};
  std::string version{};
  std::string tool{};
  std::string date{};
  Launch launch = Launch::kNotStated;
  int calls = 0;
  std::vector<NcclRank> ranks{};
  std::vector<std::pair<std::string, std::string>> environment{};
  std::vector<NcclRow> rows{};
};

// "2.28.7" for 22807, "2.8.4" for 2804: NCCL's own way to write its version as a number.
std::string NcclVersion(std::int64_t code);

// Whose library runs on a device of this name: "nccl", "rccl", or "" where the name does not tell.
std::string EngineOfDevice(std::string_view device);

// Adds the table's samples and notes. Rows that are no sample are noted one by one. Where a table
// follows one that never ended, both may come of processes that printed at the same time: what the
// other has is not taken again.
void AddTable(const NcclTable& table, bool after_open_table, Collector& out);

}  // namespace commplan::samples
