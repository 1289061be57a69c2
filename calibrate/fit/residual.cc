#include "calibrate/fit/residual.h"

#include <Eigen/Dense>
#include <cmath>
#include <cstddef>

#include "model/base/check.h"

namespace commplan::fit {
namespace {

constexpr double kLength = 8;
constexpr double kAmplitude = 0.1;
constexpr double kOffsetVariance = 0.01;

}  // namespace

double ResidualKernel(double octaves) {
  const double d = std::sqrt(3.0) * std::abs(octaves) / kLength;
  return kAmplitude * kAmplitude * (1 + d) * std::exp(-d) + kOffsetVariance;
}

std::vector<Residual> FitResiduals(const std::vector<Row>& rows,
                                   const std::vector<std::vector<double>>& differences) {
  const Eigen::Index n = static_cast<Eigen::Index>(rows.size());
  Eigen::MatrixXd kernel(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Row& row = rows[static_cast<std::size_t>(i)];
    for (Eigen::Index j = 0; j < n; ++j) {
      kernel(i, j) = ResidualKernel(row.x - rows[static_cast<std::size_t>(j)].x);
    }
    kernel(i, i) += row.noise * row.noise;
  }
  const Eigen::LLT<Eigen::MatrixXd> cholesky(kernel);
  CHECK(cholesky.info() == Eigen::Success);  // Noise on the diagonal keeps it positive definite.
  const Eigen::VectorXd inverse =
      cholesky.solve(Eigen::MatrixXd::Identity(n, n)).diagonal();  // Of K^-1.

  std::vector<Residual> residuals;
  for (const std::vector<double>& difference : differences) {
    CHECK_EQ(difference.size(), rows.size());
    const Eigen::VectorXd alpha =
        cholesky.solve(Eigen::Map<const Eigen::VectorXd>(difference.data(), n));
    const Eigen::VectorXd left_out = alpha.cwiseQuotient(inverse);
    residuals.push_back({{alpha.data(), alpha.data() + n}, {left_out.data(), left_out.data() + n}});
  }
  return residuals;
}

}  // namespace commplan::fit
