// Tabulating turns a fitted curve into the measured curve that a profile holds: the physics with
// its three terms, and as few knots as reproduce the fit.
#pragma once

#include "calibrate/fit/curve.h"
#include "model/collective/curve.h"

namespace commplan::fit {

// What the knots may lose against the fit, in ln t: a fifth of the usual noise of a measurement.
inline constexpr double kTimeTolerance = 0.002;
// What the band may lose, as a share of its half-width and at least in ln t.
inline constexpr double kWidthTolerance = 0.1;
inline constexpr double kLeastWidthTolerance = 0.005;

// The curve of `ranks` on `nodes`. Its numbers are rounded to what the format prints: five digits
// for the physics, a hundredth of a percent for deviations, a tenth for the band.
MeasuredCurve Tabulate(const CurveFit& fit, Op op, int ranks, int nodes);

// The spread of a knot as the format prints it.
double RoundedSpread(double spread);

// The double nearest to the number with five digits, or three decimals.
double FiveDigits(double value);
double ThreeDecimals(double value);

}  // namespace commplan::fit
