// Knots of a measured curve as one text: "512B +1.2% 3%, 1KiB -0.35% 2.8%". Each is a size, how far
// the time there lies from the curve's physics, and the half-width of the 90 % band.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/collective/curve.h"

namespace commplan::profiles {

// More than any fit makes: each measured size gives about two.
inline constexpr std::size_t kMostKnots = 1024;

// Deviations are rounded to a hundredth of a percent, bands to a tenth.
std::string FormatKnots(const std::vector<CurveKnot>& knots);

// Sizes must rise; the error names the first wrong knot.
Result<std::vector<CurveKnot>> ParseKnots(std::string_view text);

}  // namespace commplan::profiles
