// A residual table from rows: what a closed form leaves over, made smooth.
//
// The values at the knots are a Gaussian process with the Matern 3/2 kernel
//
//   k(d) = amplitude^2 (1 + sqrt(3) d) exp(-sqrt(3) d),   d^2 = sum ((p_i - p_j) / length)^2,
//
// with p the place of a knot on its axis. A row sees the multilinear mixture of its corners and has
// a noise; rows far off count less (weights 1 / sqrt(1 + u^2) of u = residual / (2 noise), found by
// repetition). With B the mixtures, W the weights over the noise and K the kernel among the knots,
// the values are A^-1 B^T W y, A = B^T W B + K^-1.
//
// Rows of one group (one shape, measured by several engines) are left out together: with
// H = B A^-1 B^T W restricted to the group and e their residuals, the errors they would have had
// are (I - H)^-1 e. No second fit is needed.
#pragma once

#include <cstddef>
#include <vector>

#include "model/compute/table.h"

namespace commplan::fit {

struct TableAxis {
  std::vector<double> knots;
  std::vector<double> places;  // As many; the knots themselves where distance is distance.
  double length = 1;
};

struct TableSpec {
  std::vector<TableAxis> axes;
  double amplitude = 0.1;
  double noise = 0.05;
};

struct TableRow {
  TablePoint point{};
  double residual = 0;    // ln(measured / formula)
  std::size_t group = 0;  // From 0 on.
};

struct TableFit {
  ResidualTable table;
  std::vector<double> left_out;  // Of each row: ln(measured / predicted without its group).
};

// Holds what all tables of one spec have in common, which takes as long as a fit.
class TableFitter {
 public:
  explicit TableFitter(TableSpec spec);

  const TableSpec& spec() const { return spec_; }
  TableFit Fit(const std::vector<TableRow>& rows) const;

 private:
  TableSpec spec_;
  std::vector<double> inverse_kernel_;  // columns one after the other
};

TableFit FitTable(const TableSpec& spec, const std::vector<TableRow>& rows);

}  // namespace commplan::fit
