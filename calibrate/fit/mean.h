// The mean is the physics of a time: a sum of positive terms over the size S,
//
//   constant   t = a
//   line       t = a + S/B
//   sqrt       t = a + S/B + c (S/S0)^(1/2)
//   power      t = a + S/B + c (S/S0)^g        0.1 < g < 0.95
//
// a is the latency, B the bandwidth, and the third term the ramp: bandwidth that is reached slowly,
// because a pipeline of chunks fills (its best chunk costs 2 sqrt(m alpha beta d), hence the root).
// S0 is a power of two near the middle of the measured sizes.
//
// The parameters are found in their logarithms, so they are positive by construction, by robust
// least squares of the relative error (Levenberg-Marquardt with exact derivatives):
//
//   sum of w rho((ln t_i - ln m(S_i)) / s),   rho(u) = 2 (sqrt(1 + u^2) - 1),   s = 0.1
//
// A term may shrink to a millionth of the smallest time; there it is "not identified".
#pragma once

#include <array>
#include <string>
#include <vector>

#include "calibrate/fit/rows.h"

namespace commplan::fit {

enum class Form { kConstant, kLine, kSqrt, kPower };

// "line" for kLine: as in JSON.
const char* FormName(Form form);

// How many parameters a form has.
int FormParameters(Form form);

struct Mean {
  Form form = Form::kConstant;
  double latency_us = 0;       // a
  double us_per_byte = 0;      // 1/B
  double ramp_us = 0;          // c
  double exponent = 0.5;       // g
  double reference_bytes = 1;  // S0

  double Bandwidth(double bytes) const { return us_per_byte * bytes; }
  double Ramp(double bytes) const;
  double Time(double bytes) const { return latency_us + Bandwidth(bytes) + Ramp(bytes); }
};

struct Parameter {
  std::string name;  // "latency_us", "bandwidth_GBps", "ramp_us", "exponent"
  double value = 0;
  // One standard deviation of the estimate, in the unit of the value. It follows from the scatter
  // of the rows around the form, at least the usual noise.
  double standard_error = 0;
  // False where the rows do not fix it: fewer rows than parameters, or an error as large as the
  // value. Such a value must not be read as physics.
  bool identified = false;
};

struct MeanFit {
  Mean mean;
  std::vector<Parameter> parameters;
  // s sqrt(mean of rho), by weight: the root mean square of ln t - ln m where it is small.
  double scatter = 0;
  // n ln(scatter^2) + 2k + 2k(k+1)/(n-k-1), k the parameters and the scatter.
  double aicc = 0;
  bool aicc_known = false;  // False where n - k - 1 <= 0.
};

// There must be at least one row.
MeanFit FitMean(Form form, const Rows& rows);

}  // namespace commplan::fit
