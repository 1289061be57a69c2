#include "model/workload/data_type.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace commplan {
namespace {

struct Row {
  std::string_view name;
  double bytes;
};

// In the order of the enumeration.
constexpr std::array<Row, kDataTypeCount> kRows = {{
    {"fp32", 4},
    {"bf16", 2},
    {"fp16", 2},
    {"fp8", 1},
    {"fp8-block", 1 + 4.0 / 128},
    {"int8", 1},
    {"int4", 0.5 + 2.0 / 128},
    {"mxfp8", 1 + 1.0 / 32},
    {"mxfp4", 0.5 + 1.0 / 32},
    {"nvfp4", 0.5 + 1.0 / 16},
}};

}  // namespace

double BytesPerValue(DataType type) { return kRows[static_cast<std::size_t>(type)].bytes; }

std::string_view Name(DataType type) { return kRows[static_cast<std::size_t>(type)].name; }

std::optional<DataType> DataTypeNamed(std::string_view word) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == word) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

std::vector<std::string_view> DataTypeNames() {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.name);
  return names;
}

}  // namespace commplan
