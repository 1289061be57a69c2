// A curve is the time of one operation over its size: named physical terms, a smooth residual, and
// a band, fitted to measurements.
//
//   ln t(S) = sum over forms of v_f (ln m_f(S) + r_f(log2 S))
//
// m_f is a form of the mean (mean.h), r_f its residual (residual.h). The line and the sqrt form are
// averaged, 4 to 1 between the measured sizes, where the residual decides, and 1 to 1 from three
// octaves outside, where the line overestimates as surely as the root underestimates. Outside, the
// time also stays between that of the last row and that times the ratio of the sizes: neither falls
// with size nor loses bandwidth with it. The same holds between two rows that do not contradict it:
// beside a switch a smooth residual rings, and that is taken back (where rows contradict it, the
// time stays between the bounds in the other order). Fewer rows than 4 allow only the line, a
// single one a constant.
//
// The terms shown (latency, bandwidth, ramp) are those of the simplest form that the rows support:
// within 2 of the smallest AICc. The `residual` term is the rest, so the terms always add up.
//
// The band is a normalised conformal one. With spread the scatter of ln t among the forms, kink the
// larger leave-one-out error at the two ends of the bracket, and room how far apart the bounds of
// physics lie there (Envelope below),
//
//   sigma^2 = 0.01^2 + spread^2 + (kink/5)^2 + (room/10)^2 + (scatter/1.6)^2,
//   low, high = t exp(-+ q sigma),
//
// scatter what single measurements showed where many sizes were measured (rows.h), q by how far t
// is above the smallest time (the regime: latency, ramp, bandwidth). Outside, the half-width is
// that of the last row plus a tenth for each octave (ln 2 below 4 rows), and `extrapolated` is set.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "calibrate/fit/mean.h"
#include "calibrate/fit/rows.h"
#include "model/base/result.h"

namespace commplan::fit {

// Two neighbouring rows between which the library seems to change its algorithm or protocol. A sum
// of positive terms with one exponent each has a slope d ln t / d ln S that rises from 0 to 1.
struct Switch {
  enum class Sign {
    kTimeFalls,    // The larger size takes less time.
    kJump,         // Time grows faster than size.
    kSlopeBreaks,  // The slope falls by more than a quarter from this bracket to the next.
  };
  double bytes_before = 0, bytes_after = 0;
  Sign sign = Sign::kTimeFalls;
  double strength = 0;  // By how much, in ln t, the curve departs from a smooth one.
  std::string text;     // For people.
};

// One form with its residual.
struct Member {
  Mean mean;
  std::vector<double> alpha;
};

struct CurveFit {
  Mean mean;  // The form shown.
  std::vector<Parameter> parameters;
  double scatter = 0;  // Of the rows around `mean`, in ln t.
  std::vector<Switch> switches;
  std::vector<std::string> notes;  // What a reader must know: few rows, outliers, doubts.

  std::vector<Row> rows;  // What was fitted.
  double reference_bytes = 1, reference_us = 1;
  double least_us = 0;                // The smallest time of a row that is not an outlier.
  std::vector<double> leave_one_out;  // Of each row, in ln t, signed.
  std::vector<Member> members;        // At most kMostMembers.
  std::vector<double> fitted_y;       // Of each row, what the curve makes of it.

  double LeastBytes() const { return rows.front().bytes; }
  double MostBytes() const { return rows.back().bytes; }
};

inline constexpr std::size_t kMostMembers = 3;

// Any number of points from one on; an error where one is not positive (see PrepareRows).
Result<CurveFit> FitCurve(const std::vector<Point>& points);

struct CurveTerms {
  double latency_us = 0, bandwidth_us = 0, ramp_us = 0;
  double residual_us = 0;  // May be negative.
  double Total() const { return latency_us + bandwidth_us + ramp_us + residual_us; }
};

struct Prediction {
  double time_us = 0;              // terms.Total(), exactly.
  double low_us = 0, high_us = 0;  // 90 % of measurements lie between.
  bool extrapolated = false;       // Outside the measured sizes.
  CurveTerms terms;
};

// Linear in the rows, and allocates nothing. `bytes` must be positive and finite.
Prediction Predict(const CurveFit& fit, double bytes);

// What physics allows between two rows without a switch: time neither falls with size nor grows
// faster than it, so ln t lies between max(y1, y2 - ln(S2/S)) and min(y2, y1 + ln(S/S1)).
struct Envelope {
  bool known = false;            // False outside the measured sizes.
  double low_y = 0, high_y = 0;  // ln(t / reference_us)
};
Envelope EnvelopeAt(const CurveFit& fit, double bytes);

// sigma of the band (above), in ln t, for a size between the measured ones.
double BandSigma(const CurveFit& fit, double bytes);

// The 90 % quantiles of |error| / sigma by regime of ln t - ln least t. They say how far this fit
// errs, not how fast a machine is: so they stand here and no profile has them, but each knot of a
// profile holds the band that they made. logs_test computes them anew from the held-out rows of
// public logs, and covers each log with those of all the others.
struct RegimeQuantile {
  double up_to = 0;
  double q = 0;
};
inline constexpr std::array<RegimeQuantile, 5> kBandQuantiles = {
    {{0.15, 2.7}, {0.7, 3.6}, {2.0, 2.5}, {4.0, 2.6}, {HUGE_VAL, 1.9}}};

// The switches that the rows suggest, by size.
std::vector<Switch> FindSwitches(const std::vector<Row>& all);

}  // namespace commplan::fit
