#include "cli/crossing.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace commplan::cli {
namespace {

using Curve = std::function<Result<double>(double)>;

constexpr int kScanned = 16;  // points between the ends
constexpr int kSmoothSteps = 10;
constexpr int kSteps = 80;
// Of the curve's values at the ends: as equal as two sums of the same numbers in another order.
constexpr double kSame = 1e-12;
// What rounding leaves is less.
constexpr double kJump = 1e-6;
// Ends that are further apart than this are scanned by factors, not by steps.
constexpr double kWide = 16;

bool SameSide(double a, double b) { return (a < 0) == (b < 0); }

// The first two neighbours, from the low end on, with the value between them.
Result<std::optional<std::pair<CurvePoint, CurvePoint>>> Bracket(const Curve& curve, CurvePoint low,
                                                                 CurvePoint high) {
  std::optional<std::pair<CurvePoint, CurvePoint>> bracket;
  if (!SameSide(low.y, high.y)) {
    bracket.emplace(low, high);
    return bracket;
  }
  const bool by_factors = low.x > 0 && high.x / low.x > kWide;
  CurvePoint before = low;
  for (int i = 1; i <= kScanned && !bracket; ++i) {
    const double part = static_cast<double>(i) / (kScanned + 1);
    CurvePoint next;
    next.x = by_factors ? low.x * std::pow(high.x / low.x, part) : low.x + (high.x - low.x) * part;
    ASSIGN_OR_RETURN(next.y, curve(next.x));
    if (!SameSide(before.y, next.y)) bracket.emplace(before, next);
    before = next;
  }
  return bracket;
}

}  // namespace

Result<Crossing> FindCrossing(const Curve& curve, double low, double high) {
  Crossing crossing;
  crossing.low.x = low;
  crossing.high.x = high;
  ASSIGN_OR_RETURN(crossing.low.y, curve(low));
  ASSIGN_OR_RETURN(crossing.high.y, curve(high));
  const double scale = std::max(std::abs(crossing.low.y), std::abs(crossing.high.y));
  const auto has = [&](const CurvePoint& point) { return std::abs(point.y) <= kSame * scale; };
  for (const CurvePoint& end : {crossing.low, crossing.high}) {
    if (!has(end)) continue;
    crossing.found = end;
    return crossing;
  }
  ASSIGN_OR_RETURN(const auto bracket, Bracket(curve, crossing.low, crossing.high));
  if (!bracket) return crossing;
  CurvePoint a = bracket->first, b = bracket->second;
  double off_a = a.y, off_b = b.y;  // what Illinois halves
  for (int i = 0; i < kSteps; ++i) {
    // Smooth curves are done after a few steps. Halving closes in on a jump as well.
    const bool halve = i >= kSmoothSteps && i % 2 == 0;
    double x = halve ? (a.x + b.x) / 2 : (a.x * off_b - b.x * off_a) / (off_b - off_a);
    if (!(x > std::min(a.x, b.x) && x < std::max(a.x, b.x))) x = (a.x + b.x) / 2;
    if (x == a.x || x == b.x) break;
    CurvePoint next{x, 0};
    ASSIGN_OR_RETURN(next.y, curve(x));
    if (has(next)) {
      crossing.found = next;
      return crossing;
    }
    if (SameSide(next.y, b.y)) {
      off_a /= 2;
    } else {
      a = b;
      off_a = off_b;
    }
    b = next;
    off_b = next.y;
  }
  crossing.found = b;
  crossing.jumps = std::abs(b.y) > kJump * scale;
  return crossing;
}

}  // namespace commplan::cli
