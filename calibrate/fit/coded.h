// Coded groups that were not measured, from those that were: a kernel measured with a codec among
// some ranks, and without one among others, tells what it takes with the codec there too
// (calibrate/fit/compressed.h).
#pragma once

#include <string>
#include <vector>

#include "calibrate/fit/groups.h"
#include "model/base/result.h"
#include "model/collective/curve.h"

namespace commplan::fit {

struct PredictedCurve {
  Group group;  // without rows
  MeasuredCurve curve;
  std::string note;  // what it was made of
};

// One curve for each codec and number of ranks that lacks measurements, where the same kernel was
// measured there without a codec and with that codec elsewhere; one operation and node count at a
// time. With `odd_held_out` only rows of an even place are used.
Result<std::vector<PredictedCurve>> PredictCoded(const std::vector<Group>& groups,
                                                 bool odd_held_out);

}  // namespace commplan::fit
