// FindSwitches of curve.h.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "calibrate/fit/curve.h"

namespace commplan::fit {
namespace {

// Each is several times the noise of a pair of ordinary rows (1 % median, 6 % at the 95th
// percentile), so that a quiet smooth log has no switch.
constexpr double kLeastFall = 0.05;   // In ln t.
constexpr double kMostSlope = 1.10;   // Of ln t over ln S; 1 is pure bandwidth.
constexpr double kLeastBreak = 0.25;  // Of the slope.

Switch Between(const Row& before, const Row& after, Switch::Sign sign, double strength,
               const char* what) {
  return {before.bytes, after.bytes, sign, strength,
          std::string(what) + " between " + SizeText(before.bytes) + " and " +
              SizeText(after.bytes) + ": another algorithm or protocol is likely"};
}

}  // namespace

std::vector<Switch> FindSwitches(const std::vector<Row>& all) {
  std::vector<Row> rows;  // An outlier says nothing about the library.
  for (const Row& row : all) {
    if (!row.outlier) rows.push_back(row);
  }
  std::vector<Switch> found;
  const auto slope = [&rows](std::size_t i) {
    return (rows[i + 1].y - rows[i].y) / ((rows[i + 1].x - rows[i].x) * std::log(2.0));
  };
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    const Row& before = rows[i];
    const Row& after = rows[i + 1];
    const double rise = after.y - before.y;
    const double octaves_ln = (after.x - before.x) * std::log(2.0);
    if (rise < -kLeastFall) {
      found.push_back(Between(before, after, Switch::Sign::kTimeFalls, -rise, "the time falls"));
    } else if (slope(i) > kMostSlope && rise - octaves_ln > kLeastFall) {
      found.push_back(Between(before, after, Switch::Sign::kJump, rise - octaves_ln,
                              "the time grows faster than the size"));
    } else if (i + 2 < rows.size() && slope(i) - slope(i + 1) > kLeastBreak &&
               rows[i + 2].y - after.y > -kLeastFall) {  // A fall next is its own switch.
      found.push_back(Between(before, after, Switch::Sign::kSlopeBreaks,
                              (slope(i) - slope(i + 1)) * octaves_ln, "the growth breaks off"));
    }
  }
  return found;
}

}  // namespace commplan::fit
