// The residual is what the physics leaves over: a smooth function r of x = log2 S, added to ln m.
//
// It is a Gaussian process with the Matern 3/2 kernel and an unknown constant,
//
//   k(d) = A^2 (1 + sqrt(3) d / L) exp(-sqrt(3) d / L) + V,   L = 8 octaves, A = 0.1, V = 0.01,
//
// the same for every log: with ten to twenty rows there is nothing to learn them from. With K the
// kernel among the rows plus their noise, alpha = K^-1 (y - ln m(rows)) is found once by Cholesky;
// r(x) = sum of k(x - x_i) alpha_i, and the leave-one-out error of row i is alpha_i / (K^-1)_ii.
#pragma once

#include <vector>

#include "calibrate/fit/rows.h"

namespace commplan::fit {

// k(d) for a distance in octaves.
double ResidualKernel(double octaves);

struct Residual {
  std::vector<double> alpha;
  std::vector<double> leave_one_out;  // y_i less what the other rows say of it.
};

// One residual for each list of y_i - ln m(S_i) in `differences`.
std::vector<Residual> FitResiduals(const std::vector<Row>& rows,
                                   const std::vector<std::vector<double>>& differences);

}  // namespace commplan::fit
