#include "calibrate/fit/compute_solver.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "model/base/check.h"

namespace commplan::fit {
namespace {

constexpr double kPrior = 1.5;  // The width of the prior, in ln of a parameter.
constexpr int kSteps = 60, kAttempts = 12;

using Index = Eigen::Index;

// The problem in x = ln of the parameters.
class Search {
 public:
  explicit Search(const Problem& problem) : problem_(problem) {
    const Index n = static_cast<Index>(problem.specs.size());
    start_.resize(n);
    least_.resize(n);
    most_.resize(n);
    for (Index j = 0; j < n; ++j) {
      const ParameterSpec& spec = problem.specs[static_cast<std::size_t>(j)];
      CHECK(spec.least > 0 && spec.least <= spec.start && spec.start <= spec.most);
      start_[j] = std::log(spec.start);
      least_[j] = std::log(spec.least);
      most_[j] = std::log(spec.most);
    }
  }

  ParametersOf<double> Parameters(const Eigen::VectorXd& x) const {
    ParametersOf<double> parameters{};
    for (Index j = 0; j < x.size(); ++j) parameters[static_cast<std::size_t>(j)] = std::exp(x[j]);
    return parameters;
  }

  double Loss(const Eigen::VectorXd& x) const {
    const ParametersOf<double> parameters = Parameters(x);
    double loss = (x - start_).squaredNorm() / (kPrior * kPrior);
    for (std::size_t i = 0; i < problem_.y.size(); ++i) {
      const double u = (problem_.y[i] - problem_.value(parameters, i)) / problem_.scale;
      loss += 2 * (std::sqrt(1 + u * u) - 1);
    }
    return loss;
  }

  // Half the curvature of the loss (Gauss-Newton) and half its downhill slope.
  void Normal(const Eigen::VectorXd& x, Eigen::MatrixXd& curvature,
              Eigen::VectorXd& downhill) const {
    const Index n = x.size();
    ParametersOf<ParameterSlopes> parameters{};
    for (Index j = 0; j < n; ++j) {
      const std::size_t at = static_cast<std::size_t>(j);
      parameters[at] = ParameterSlopes::Input(std::exp(x[j]), at);
    }
    curvature = Eigen::MatrixXd::Identity(n, n) / (kPrior * kPrior);
    downhill = (start_ - x) / (kPrior * kPrior);
    Eigen::VectorXd row(n);
    for (std::size_t i = 0; i < problem_.y.size(); ++i) {
      const ParameterSlopes f = problem_.slopes(parameters, i);
      for (Index j = 0; j < n; ++j) {
        const std::size_t at = static_cast<std::size_t>(j);
        row[j] = f.slope(at) * parameters[at].value();  // d ln f / d ln parameter
      }
      const double error = problem_.y[i] - f.value();
      const double u = error / problem_.scale;
      const double weight = 1 / (std::sqrt(1 + u * u) * problem_.scale * problem_.scale);
      curvature += weight * row * row.transpose();
      downhill += weight * error * row;
    }
  }

  Eigen::VectorXd Clamped(const Eigen::VectorXd& x) const {
    return x.cwiseMax(least_).cwiseMin(most_);
  }
  const Eigen::VectorXd& start() const { return start_; }

 private:
  const Problem& problem_;
  Eigen::VectorXd start_, least_, most_;
};

}  // namespace

Solution Solve(const Problem& problem) {
  CHECK_LE(problem.specs.size(), kMostParameters);
  const Search search(problem);
  Eigen::VectorXd x = search.start();
  double loss = search.Loss(x), damping = 1e-2;
  Eigen::MatrixXd curvature;
  Eigen::VectorXd downhill;
  bool improved = true;
  for (int step = 0; step < kSteps && improved; ++step) {
    search.Normal(x, curvature, downhill);
    improved = false;
    for (int attempt = 0; attempt < kAttempts && !improved; ++attempt, damping *= 4) {
      Eigen::MatrixXd damped = curvature;
      damped.diagonal() *= 1 + damping;
      // At most a factor e at a time: a form is flat far from where its rows are.
      const Eigen::VectorXd move = damped.ldlt().solve(downhill).cwiseMax(-1.0).cwiseMin(1.0);
      const Eigen::VectorXd next = search.Clamped(x + move);
      const double next_loss = search.Loss(next);
      if (!(next_loss < loss)) continue;
      improved = loss - next_loss > 1e-9 * (1 + loss);
      x = next;
      loss = next_loss;
      damping = std::max(1e-7, damping / 20);
      if (!improved) return {search.Parameters(x), loss};
    }
  }
  return {search.Parameters(x), loss};
}

}  // namespace commplan::fit
