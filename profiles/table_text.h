// Numbers of kernels that are too many for one YAML value each: a table of residuals, ranges.
//
//   ranges   "0.93..1.14 0.83..1.39": low and high, blanks between
//   table    "0 2 4 | 5 8: 12 -7 0 3 44 -12": the knots of each axis, then the values in
//            thousandths, the last axis fastest
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/compute/table.h"

namespace commplan::profiles {

// Beyond it a table is a mistake; those that are shipped have under two thousand values.
inline constexpr std::size_t kMostTableValues = 1 << 16;

using Range = std::pair<double, double>;

std::string FormatRanges(const std::vector<Range>& ranges);
// Each from low to high; the error names the first wrong one.
Result<std::vector<Range>> ParseRanges(std::string_view text);

// Values are rounded to thousandths.
std::string FormatTable(const ResidualTable& table);
Result<ResidualTable> ParseTable(std::string_view text);

}  // namespace commplan::profiles
