#include "model/collective/curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "model/base/check.h"

namespace commplan {
namespace {

// As in calibrate/fit/curve.cc, whose knots reach four octaves out; a test on logs checks it.
constexpr double kHalfWidthPerOctave = 0.1;

double Clip(double value, double a, double b) {
  return std::clamp(value, std::min(a, b), std::max(a, b));
}

// Slopes of the monotone cubic (Fritsch and Butland): the weighted harmonic mean of the two
// neighbouring secants, zero where they differ in sign.
std::vector<double> MonotoneSlopes(const std::vector<double>& x, const std::vector<double>& y) {
  const std::size_t n = x.size();
  std::vector<double> slope(n, 0.0);
  if (n < 2) return slope;
  const auto secant = [&](std::size_t i) { return (y[i + 1] - y[i]) / (x[i + 1] - x[i]); };
  slope.front() = secant(0);
  slope.back() = secant(n - 2);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double before = secant(i - 1), after = secant(i);
    if (before * after <= 0) continue;
    const double h0 = x[i] - x[i - 1], h1 = x[i + 1] - x[i];
    const double w0 = 2 * h1 + h0, w1 = h1 + 2 * h0;
    slope[i] = (w0 + w1) / (w0 / before + w1 / after);
  }
  return slope;
}

}  // namespace

PreparedCurve::PreparedCurve(const MeasuredCurve& curve) : curve_(&curve) {
  CHECK(!curve.knots.empty());
  per_byte_ = curve.bandwidth > Bandwidth() ? 1 / InBps(curve.bandwidth) : 0;
  for (const CurveKnot& knot : curve.knots) {
    CHECK(knot.bytes > Bytes() && knot.deviation > -1 && knot.spread >= 0);
    x_.push_back(std::log2(InBytes(knot.bytes)));
    y_.push_back(std::log1p(knot.deviation));
    width_.push_back(std::log1p(knot.spread));
    CHECK(x_.size() < 2 || x_[x_.size() - 2] < x_.back());
  }
  slope_ = MonotoneSlopes(x_, y_);
  if (x_.size() > 1) {
    const CurveKnot& last = curve.knots.back();
    const CurveKnot& before = curve.knots[curve.knots.size() - 2];
    const double rise = InSeconds(Mean(last.bytes)) * (1 + last.deviation) -
                        InSeconds(Mean(before.bytes)) * (1 + before.deviation);
    beyond_per_byte_ = std::max(0.0, rise / InBytes(last.bytes - before.bytes));
  }
}

Time PreparedCurve::Ramp(Bytes bytes) const {
  return curve_->ramp * std::sqrt(bytes / curve_->ramp_at);
}

Time PreparedCurve::Mean(Bytes bytes) const {
  return curve_->latency + bytes * SecondsPerByte(per_byte_) + Ramp(bytes);
}

PreparedCurve::Answer PreparedCurve::At(Bytes bytes) const {
  const double ln_mean = std::log(InSeconds(Mean(bytes)));
  // A message of nothing takes what the smallest one does.
  const double x = std::log2(std::max(1.0, InBytes(bytes)));
  Answer answer;
  answer.extrapolated =
      curve_->predicted || bytes < curve_->measured_min || bytes > curve_->measured_max;
  if (x <= x_.front() || x >= x_.back()) {
    const bool larger = x >= x_.back();
    const std::size_t edge = larger ? x_.size() - 1 : 0;
    const double octaves = std::abs(x - x_[edge]);
    const double edge_ln = std::log(InSeconds(Mean(curve_->knots[edge].bytes))) + y_[edge];
    if (larger) {
      const double further = InBytes(bytes - curve_->knots[edge].bytes) * beyond_per_byte_;
      answer.ln_time = std::log(std::exp(edge_ln) + further);
    } else {
      answer.ln_time = Clip(ln_mean + y_[edge], edge_ln, edge_ln + (x - x_[edge]) * std::log(2.0));
    }
    answer.half_width = width_[edge] + kHalfWidthPerOctave * octaves;
  } else {
    const auto above = std::upper_bound(x_.begin(), x_.end(), x);
    const auto i = static_cast<std::size_t>(above - x_.begin()) - 1;
    const double h = x_[i + 1] - x_[i];
    const double u = (x - x_[i]) / h, v = 1 - u;
    answer.ln_time = ln_mean + y_[i] * v * v * (1 + 2 * u) + slope_[i] * h * u * v * v +
                     y_[i + 1] * u * u * (3 - 2 * u) - slope_[i + 1] * h * u * u * v;
    answer.half_width = v * width_[i] + u * width_[i + 1];
  }
  answer.deviation = std::expm1(answer.ln_time - ln_mean);
  return answer;
}

}  // namespace commplan
