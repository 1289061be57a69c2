#include "calibrate/fit/mean.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "model/base/check.h"

namespace commplan::fit {
namespace {

using Vector4 = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 4, 1>;
using Matrix4 = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, 4, 4>;

// A row further off than a tenth is met with a straight rather than a square loss.
constexpr double kRobustScale = 0.1;
// A term this far below the smallest time is nothing.
constexpr double kNothing = 1e-6;
// Keeps a direction that the rows do not see from running away; far below what a row weighs.
constexpr double kRidge = 1e-6;
constexpr int kSteps = 80;
constexpr double kLeastExponent = 0.1, kExponentRange = 0.85;

double Logistic(double u) { return 1 / (1 + std::exp(-u)); }

// One form over rows in their reduced units: s = S/S0, parameters ln a, ln b, ln c, logit of g.
class Problem {
 public:
  Problem(Form form, const Rows& rows) : form_(form), rows_(rows.rows) {
    double least = std::numeric_limits<double>::infinity();
    double rate = least;
    for (const Row& row : rows_) {
      s_.push_back(std::exp2(row.x));
      least = std::min(least, std::exp(row.y));
      rate = std::min(rate, std::exp(row.y) / s_.back());
    }
    ln_least_ = std::log(least);
    ln_rate_ = std::log(rate);
    const double nothing = ln_least_ + std::log(kNothing);
    const double largest = std::log(s_.back());
    bounds_.resize(FormParameters(form));
    for (Eigen::Index j = 0; j < bounds_.size(); ++j) bounds_[j] = nothing;
    if (form != Form::kConstant) bounds_[1] = nothing - largest;
    if (form == Form::kPower) bounds_[3] = -4;
  }

  double Exponent(const Vector4& p) const {
    return form_ == Form::kPower ? kLeastExponent + kExponentRange * Logistic(p[3]) : 0.5;
  }

  // ln m(s) and its derivative by each parameter.
  double Evaluate(const Vector4& p, double s, Vector4& derivative) const {
    const double a = std::exp(p[0]);
    const double b = p.size() > 1 ? std::exp(p[1]) * s : 0.0;
    const double g = Exponent(p);
    const double c = p.size() > 2 ? std::exp(p[2]) * std::pow(s, g) : 0.0;
    const double time = a + b + c;
    derivative[0] = a / time;
    if (p.size() > 1) derivative[1] = b / time;
    if (p.size() > 2) derivative[2] = c / time;
    if (p.size() > 3) {
      const double l = Logistic(p[3]);
      derivative[3] = c / time * std::log(s) * kExponentRange * l * (1 - l);
    }
    return std::log(time);
  }

  double Loss(const Vector4& p) const {
    Vector4 unused(p.size());
    double loss = kRidge * p.squaredNorm();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const double u = (rows_[i].y - Evaluate(p, s_[i], unused)) / kRobustScale;
      loss += rows_[i].weight * 2 * (std::sqrt(1 + u * u) - 1);
    }
    return loss;
  }

  // The curvature of the loss and its downhill direction.
  void Normal(const Vector4& p, Matrix4& curvature, Vector4& downhill) const {
    curvature.setZero(p.size(), p.size());
    downhill = -kRidge * p;
    Vector4 derivative(p.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const double error = rows_[i].y - Evaluate(p, s_[i], derivative);
      const double u = error / kRobustScale;
      const double weight = rows_[i].weight / (std::sqrt(1 + u * u) * kRobustScale * kRobustScale);
      curvature += weight * derivative * derivative.transpose();
      downhill += weight * error * derivative;
    }
  }

  Vector4 Solve(Vector4 p) const {
    double loss = Loss(p), damping = 1e-2;
    Matrix4 curvature;
    Vector4 downhill;
    for (int step = 0; step < kSteps; ++step) {
      Normal(p, curvature, downhill);
      bool improved = false;
      for (int attempt = 0; attempt < 12 && !improved; ++attempt, damping *= 4) {
        Matrix4 damped = curvature;
        damped.diagonal() += damping * curvature.diagonal();
        damped.diagonal().array() += kRidge;
        // At most a factor e^2 at a time: a logarithm is flat far away.
        const Vector4 move = damped.ldlt().solve(downhill).cwiseMax(-2.0).cwiseMin(2.0);
        const Vector4 next = (p + move).cwiseMax(bounds_);
        const double next_loss = Loss(next);
        if (!(next_loss < loss)) continue;
        const bool settled = loss - next_loss < 1e-10 * (1 + loss);
        p = next;
        loss = next_loss;
        damping = std::max(1e-7, damping / 20);
        if (settled) return p;
        improved = true;
      }
      if (!improved) break;
    }
    return p;
  }

  // Started from what the rows show: the smallest time, the best rate, a ramp between them.
  Vector4 Best() const {
    Vector4 p(FormParameters(form_));
    p[0] = ln_least_;
    if (p.size() > 1) p[1] = ln_rate_ - 0.1;
    if (p.size() == 3) p[2] = ln_least_ - 0.25 * std::log(s_.front() * s_.back()) - 1;
    if (p.size() < 4) return Solve(p);
    Vector4 best;
    double best_loss = std::numeric_limits<double>::infinity();
    for (const double g : {0.3, 0.5, 0.7}) {  // The exponent has more than one valley.
      const double l = (g - kLeastExponent) / kExponentRange;
      p[2] = ln_least_ - g * 0.5 * std::log(s_.front() * s_.back()) - 0.5;
      p[3] = std::log(l / (1 - l));
      const Vector4 found = Solve(p);
      const double loss = Loss(found);
      if (loss < best_loss) {
        best = found;
        best_loss = loss;
      }
    }
    return best;
  }

  // A small error counts as its square, a large one straight, as in the loss.
  double Scatter(const Vector4& p) const {
    Vector4 unused(p.size());
    double sum = 0, weights = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const double u = (rows_[i].y - Evaluate(p, s_[i], unused)) / kRobustScale;
      sum += rows_[i].weight * 2 * (std::sqrt(1 + u * u) - 1);
      weights += rows_[i].weight;
    }
    return kRobustScale * std::sqrt(sum / weights);
  }

  bool AtBound(const Vector4& p, Eigen::Index j) const { return p[j] < bounds_[j] + 1e-3; }
  int size() const { return static_cast<int>(rows_.size()); }

 private:
  Form form_;
  const std::vector<Row>& rows_;
  std::vector<double> s_;
  double ln_least_ = 0, ln_rate_ = 0;
  Vector4 bounds_;
};

// Relative standard error of each parameter: the scatter through the inverse curvature.
Vector4 LogErrors(const Problem& problem, const Vector4& p, double scatter) {
  Matrix4 curvature;
  Vector4 unused;
  problem.Normal(p, curvature, unused);
  const double n = problem.size(), k = static_cast<double>(p.size());
  const double spread = std::max(kUsualNoise, scatter * std::sqrt(n / std::max(1.0, n - k)));
  // In units of the squared error, as the loss behaves near its minimum.
  curvature *= kRobustScale * kRobustScale;
  curvature.diagonal().array() += 1e-12;
  const Matrix4 covariance = curvature.inverse() * (spread * spread);
  return covariance.diagonal().cwiseMax(0.0).cwiseSqrt();
}

std::vector<Parameter> Describe(const Problem& problem, const Vector4& p, const Mean& mean,
                                double scatter) {
  const Vector4 errors = LogErrors(problem, p, scatter);
  std::vector<Parameter> parameters;
  const auto add = [&](const char* name, double value, double scale, Eigen::Index j) {
    const bool enough = problem.size() >= p.size();
    parameters.push_back({name, value, scale * errors[j],
                          enough && !problem.AtBound(p, j) && scale * errors[j] < value});
  };
  add("latency_us", mean.latency_us, mean.latency_us, 0);
  if (p.size() > 1) {
    const double bandwidth = 1e-3 / mean.us_per_byte;  // Bytes per microsecond are 1e-3 GB/s.
    add("bandwidth_GBps", bandwidth, bandwidth, 1);
  }
  if (p.size() > 2) add("ramp_us", mean.ramp_us, mean.ramp_us, 2);
  if (p.size() > 3) {
    const double l = Logistic(p[3]);
    add("exponent", mean.exponent, kExponentRange * l * (1 - l), 3);
  }
  return parameters;
}

}  // namespace

const char* FormName(Form form) {
  switch (form) {
    case Form::kConstant:
      return "constant";
    case Form::kLine:
      return "line";
    case Form::kSqrt:
      return "sqrt";
    case Form::kPower:
      return "power";
  }
  return "unknown";
}

int FormParameters(Form form) { return static_cast<int>(form) + 1; }

double Mean::Ramp(double bytes) const {
  if (ramp_us == 0) return 0;
  const double s = bytes / reference_bytes;
  return ramp_us * (form == Form::kSqrt ? std::sqrt(s) : std::pow(s, exponent));
}

MeanFit FitMean(Form form, const Rows& rows) {
  CHECK(!rows.rows.empty());
  const Problem problem(form, rows);
  const Vector4 p = problem.Best();
  MeanFit fit;
  Mean& mean = fit.mean;
  mean.form = form;
  mean.reference_bytes = rows.reference_bytes;
  mean.latency_us = std::exp(p[0]) * rows.reference_us;
  if (p.size() > 1) mean.us_per_byte = std::exp(p[1]) * rows.reference_us / rows.reference_bytes;
  if (p.size() > 2) mean.ramp_us = std::exp(p[2]) * rows.reference_us;
  mean.exponent = problem.Exponent(p);
  fit.scatter = problem.Scatter(p);
  fit.parameters = Describe(problem, p, mean, fit.scatter);
  const double n = problem.size(), k = static_cast<double>(p.size()) + 1;
  fit.aicc_known = n - k - 1 > 0;
  if (fit.aicc_known) {
    // A scatter below the usual noise is no merit.
    const double scatter = std::max(fit.scatter, kUsualNoise);
    fit.aicc = 2 * n * std::log(scatter) + 2 * k + 2 * k * (k + 1) / (n - k - 1);
  }
  return fit;
}

}  // namespace commplan::fit
