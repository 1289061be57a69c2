#include "calibrate/fit/compute_table.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <utility>

#include "model/base/check.h"

namespace commplan::fit {
namespace {

constexpr int kRounds = 3;
// A thousandth is far below any noise, and keeps profiles short.
constexpr double kRounding = 1000;

using Index = Eigen::Index;

Index ToIndex(std::size_t i) { return static_cast<Index>(i); }

// The places of every knot of the table, one column each, in units of the axis' length.
Eigen::MatrixXd Places(const TableSpec& spec) {
  Index count = 1;
  for (const TableAxis& axis : spec.axes) count *= ToIndex(axis.knots.size());
  Eigen::MatrixXd places(ToIndex(spec.axes.size()), count);
  for (Index knot = 0; knot < count; ++knot) {
    Index rest = knot;
    for (std::size_t a = spec.axes.size(); a-- > 0;) {
      const TableAxis& axis = spec.axes[a];
      const Index size = ToIndex(axis.knots.size());
      places(ToIndex(a), knot) = axis.places[static_cast<std::size_t>(rest % size)] / axis.length;
      rest /= size;
    }
  }
  return places;
}

Eigen::MatrixXd InverseKernel(const TableSpec& spec) {
  const Eigen::MatrixXd places = Places(spec);
  const Index n = places.cols();
  Eigen::MatrixXd kernel(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      const double d = std::sqrt(3.0) * (places.col(i) - places.col(j)).norm();
      kernel(i, j) = kernel(j, i) = spec.amplitude * spec.amplitude * (1 + d) * std::exp(-d);
    }
    kernel(i, i) += 1e-6;  // Keeps the inverse in range; far below the noise.
  }
  const Eigen::LLT<Eigen::MatrixXd> cholesky(kernel);
  CHECK(cholesky.info() == Eigen::Success);
  return cholesky.solve(Eigen::MatrixXd::Identity(n, n));
}

double Mixed(const TableCorners& corners, const Eigen::VectorXd& values) {
  double sum = 0;
  for (std::size_t c = 0; c < corners.count; ++c) {
    sum += corners.share[c] * values[ToIndex(corners.index[c])];
  }
  return sum;
}

// The fit of the knots' values under given weights.
class Knots {
 public:
  Knots(const Eigen::Ref<const Eigen::MatrixXd>& inverse_kernel,
        const std::vector<TableCorners>& corners, const std::vector<TableRow>& rows,
        const std::vector<double>& weights)
      : corners_(corners) {
    Eigen::MatrixXd normal = inverse_kernel;
    Eigen::VectorXd right = Eigen::VectorXd::Zero(normal.rows());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const TableCorners& row = corners[i];
      for (std::size_t a = 0; a < row.count; ++a) {
        const double weighted = weights[i] * row.share[a];
        right[ToIndex(row.index[a])] += weighted * rows[i].residual;
        for (std::size_t b = 0; b < row.count; ++b) {
          normal(ToIndex(row.index[a]), ToIndex(row.index[b])) += weighted * row.share[b];
        }
      }
    }
    cholesky_.compute(normal);
    CHECK(cholesky_.info() == Eigen::Success);
    values_ = cholesky_.solve(right);
  }

  const Eigen::VectorXd& values() const { return values_; }

  // The columns L^-1 b of the rows named, so that b' A^-1 b is a product of two of them.
  Eigen::MatrixXd Reduced(const std::vector<std::size_t>& rows) const {
    Eigen::MatrixXd columns = Eigen::MatrixXd::Zero(values_.size(), ToIndex(rows.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const TableCorners& row = corners_[rows[i]];
      for (std::size_t c = 0; c < row.count; ++c) {
        columns(ToIndex(row.index[c]), ToIndex(i)) += row.share[c];
      }
    }
    cholesky_.matrixL().solveInPlace(columns);
    return columns;
  }

 private:
  const std::vector<TableCorners>& corners_;
  Eigen::LLT<Eigen::MatrixXd> cholesky_;
  Eigen::VectorXd values_;
};

std::vector<std::vector<std::size_t>> Groups(const std::vector<TableRow>& rows) {
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].group >= groups.size()) groups.resize(rows[i].group + 1);
    groups[rows[i].group].push_back(i);
  }
  return groups;
}

std::vector<double> LeftOut(const Knots& knots, const std::vector<TableRow>& rows,
                            const std::vector<double>& weights,
                            const std::vector<double>& residuals) {
  std::vector<double> left_out(rows.size());
  for (const std::vector<std::size_t>& group : Groups(rows)) {
    if (group.empty()) continue;
    const Eigen::MatrixXd columns = knots.Reduced(group);
    Eigen::MatrixXd rest = -(columns.transpose() * columns);
    Eigen::VectorXd errors(ToIndex(group.size()));
    for (Index j = 0; j < rest.cols(); ++j) {
      const std::size_t row = group[static_cast<std::size_t>(j)];
      rest.col(j) *= weights[row];
      rest(j, j) += 1;
      errors[j] = residuals[row];
    }
    const Eigen::VectorXd without = rest.partialPivLu().solve(errors);
    for (Index j = 0; j < rest.cols(); ++j) {
      left_out[group[static_cast<std::size_t>(j)]] = without[j];
    }
  }
  return left_out;
}

}  // namespace

TableFitter::TableFitter(TableSpec spec) : spec_(std::move(spec)) {
  const Eigen::MatrixXd inverse = InverseKernel(spec_);
  inverse_kernel_.assign(inverse.data(), inverse.data() + inverse.size());
}

TableFit FitTable(const TableSpec& spec, const std::vector<TableRow>& rows) {
  return TableFitter(spec).Fit(rows);
}

TableFit TableFitter::Fit(const std::vector<TableRow>& rows) const {
  std::vector<std::vector<double>> axes;
  std::size_t size = 1;
  for (const TableAxis& axis : spec_.axes) {
    CHECK_EQ(axis.knots.size(), axis.places.size());
    axes.push_back(axis.knots);
    size *= axis.knots.size();
  }
  const ResidualTable shape(axes, std::vector<double>(size));
  std::vector<TableCorners> corners;
  corners.reserve(rows.size());
  for (const TableRow& row : rows) corners.push_back(shape.CornersAt(row.point));

  const Eigen::Map<const Eigen::MatrixXd> inverse_kernel(inverse_kernel_.data(), ToIndex(size),
                                                         ToIndex(size));
  const double sure = 1 / (spec_.noise * spec_.noise);
  std::vector<double> weights(rows.size(), sure), residuals(rows.size());
  for (int round = 0;; ++round) {
    const Knots knots(inverse_kernel, corners, rows, weights);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      residuals[i] = rows[i].residual - Mixed(corners[i], knots.values());
    }
    if (round + 1 == kRounds) {
      std::vector<double> values(size);
      for (std::size_t i = 0; i < size; ++i) {
        values[i] = std::round(knots.values()[ToIndex(i)] * kRounding) / kRounding;
      }
      return {ResidualTable(std::move(axes), std::move(values)),
              LeftOut(knots, rows, weights, residuals)};
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double u = residuals[i] / (2 * spec_.noise);
      weights[i] = sure / std::sqrt(1 + u * u);
    }
  }
}

}  // namespace commplan::fit
