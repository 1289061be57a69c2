// Where a curve, known only by asking for its values, is zero.
//
// The ends of the range are asked first. Where they lie on one side, some points between them are
// looked at, so that a curve which falls and rises again is not missed. Then the regula falsi with
// halved ends (Illinois) closes in: on a straight line its first guess is the answer. A curve that
// jumps over zero has no answer but a place, which is found too.
#pragma once

#include <functional>
#include <optional>

#include "model/base/result.h"

namespace commplan::cli {

struct CurvePoint {
  double x = 0;
  double y = 0;
};

struct Crossing {
  CurvePoint low, high;             // at the ends of the range
  std::optional<CurvePoint> found;  // nothing: never in the range
  bool jumps = false;               // the curve changes its sign there without being zero
};

// Asks `curve` a hundred times at most; its first error is the answer.
Result<Crossing> FindCrossing(const std::function<Result<double>(double)>& curve, double low,
                              double high);

}  // namespace commplan::cli
