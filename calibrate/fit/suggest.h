// A suggestion names the size whose measurement would lower the error of a fit most.
//
// Each candidate is worth the error expected there now: outside the measured sizes the width that
// the band gains, inside the sigma of the band (curve.h) times how far the nearest rows are, at
// most one octave counting in full. A bracket that holds a suspected switch, or whose ends the
// other rows do not explain, has a large sigma; its candidates come first, and are named as such.
// After each choice the candidate counts as measured, as predicted, so that the next one lies
// elsewhere.
#pragma once

#include <string>
#include <vector>

#include "calibrate/fit/rows.h"
#include "model/base/result.h"

namespace commplan::fit {

struct Suggestion {
  double bytes = 0;
  double expected_error = 0;  // In ln t, about a fraction of the time.
  bool beside_switch = false;
  std::string reason;
};

// At most `how_many`, best first. Candidates that are measured already are passed over; without
// candidates, the powers of two between (and one beyond) the measured sizes are meant, and the
// middles of neighbours that are measured at both powers.
Result<std::vector<Suggestion>> SuggestSizes(const std::vector<Point>& points,
                                             std::vector<double> candidates, int how_many);

}  // namespace commplan::fit
