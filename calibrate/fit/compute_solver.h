// The parameters of a closed form from rows: robust least squares on ln t, in the logarithms of the
// parameters, with exact derivatives.
//
// The loss of a row is the pseudo-Huber 2 (sqrt(1 + u^2) - 1) of u = (ln t - ln f) / scale: a row
// that is off by more than the scale pulls straight, not with its square. A weak prior, worth less
// than one row, keeps a parameter that no row sees at its start. Steps are Levenberg-Marquardt.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "model/base/number.h"

namespace commplan::fit {

inline constexpr std::size_t kMostParameters = 13;
using ParameterSlopes = Dual<kMostParameters>;
template <class R>
using ParametersOf = std::array<R, kMostParameters>;  // In the units of the profile's keys.

struct ParameterSpec {
  std::string name;
  double start = 1, least = 0, most = 1;  // All positive.
};

struct Problem {
  std::vector<ParameterSpec> specs;  // At most kMostParameters.
  std::vector<double> y;             // ln t of each row.
  double scale = 0.1;
  // ln f of a row, as a value and with derivatives.
  std::function<double(const ParametersOf<double>&, std::size_t)> value;
  std::function<ParameterSlopes(const ParametersOf<ParameterSlopes>&, std::size_t)> slopes;
};

struct Solution {
  ParametersOf<double> parameters{};
  double loss = 0;
};

Solution Solve(const Problem& problem);

}  // namespace commplan::fit
