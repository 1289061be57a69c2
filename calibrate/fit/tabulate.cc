#include "calibrate/fit/tabulate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "calibrate/fit/mean.h"
#include "calibrate/fit/rows.h"

namespace commplan::fit {
namespace {

constexpr int kStepsPerBracket = 4;
// How far outside the measured sizes the knots follow the fit's extrapolation: from three octaves
// on it has one form (curve.h).
constexpr double kOctavesOutside = 4;
constexpr std::size_t kRowsForRamp = 4;
constexpr double kLeastPlusMinus = 0.001;  // the format's last digit

// A share as the double that its percentage with so many parts of one percent reads back as.
double InPercent(double share, double parts) {
  return std::round(share * 100 * parts) / parts / 100;
}

// A quantity of microseconds and one of bytes per second, as the format prints them.
Time RoundedMicros(double us) { return Micros(FiveDigits(us)); }
Bandwidth RoundedRate(double us_per_byte) {
  return us_per_byte > 0 ? GBps(FiveDigits(1e-3 / us_per_byte)) : Bandwidth();
}

Form PhysicsFor(std::size_t rows) {
  return rows < 2 ? Form::kConstant : rows < kRowsForRamp ? Form::kLine : Form::kSqrt;
}

// Whether a term is more than a trace: positive terms shrink where the rows do not need them, but
// never to nothing.
bool Counts(const Mean& mean, double term_us, double bytes) {
  return term_us > 1e-3 * mean.Time(bytes);
}

// The fit at one size.
struct Exact {
  Bytes bytes{};
  double ln_time = 0;
  double half_width = 0;
};

std::vector<Exact> Sampled(const CurveFit& fit) {
  std::vector<Exact> all;
  const auto add = [&](double bytes) {
    const Prediction p = Predict(fit, bytes);
    all.push_back({B(bytes), std::log(p.time_us * 1e-6), std::log(p.high_us / p.time_us)});
  };
  for (double octaves = kOctavesOutside; octaves >= 1; octaves /= 2) {
    const double bytes = std::round(fit.LeastBytes() * std::exp2(-octaves));
    if (bytes >= 1 && (all.empty() || bytes > InBytes(all.back().bytes))) add(bytes);
  }
  for (std::size_t i = 0; i < fit.rows.size(); ++i) {
    add(fit.rows[i].bytes);
    if (i + 1 == fit.rows.size()) break;
    const double ratio = fit.rows[i + 1].bytes / fit.rows[i].bytes;
    for (int step = 1; step < kStepsPerBracket; ++step) {
      const double bytes = std::round(
          fit.rows[i].bytes * std::pow(ratio, static_cast<double>(step) / kStepsPerBracket));
      if (bytes > InBytes(all.back().bytes) && bytes < fit.rows[i + 1].bytes) add(bytes);
    }
  }
  for (double octaves = 1; octaves <= kOctavesOutside; octaves *= 2) {
    add(std::round(fit.MostBytes() * std::exp2(octaves)));
  }
  return all;
}

CurveKnot KnotOf(const MeasuredCurve& physics, const Exact& exact) {
  const PreparedCurve mean(physics);
  const double ln_mean = std::log(InSeconds(mean.Mean(exact.bytes)));
  // The format keeps hundredths and tenths of a percent.
  return {exact.bytes, InPercent(std::expm1(exact.ln_time - ln_mean), 100),
          RoundedSpread(std::expm1(exact.half_width))};
}

// How far the curve is from the fit there, as a multiple of what is tolerated.
double Excess(const PreparedCurve& curve, const Exact& exact) {
  const PreparedCurve::Answer found = curve.At(exact.bytes);
  const double tolerated = std::max(kLeastWidthTolerance, kWidthTolerance * exact.half_width);
  return std::max(std::abs(found.ln_time - exact.ln_time) / kTimeTolerance,
                  std::abs(found.half_width - exact.half_width) / tolerated);
}

// The relative standard error of a parameter as the format prints it; at most 1, which says that
// the rows do not fix it.
double PlusMinus(const MeanFit& fit, std::string_view name) {
  for (const Parameter& parameter : fit.parameters) {
    if (parameter.name != name) continue;
    if (!parameter.identified) return 1;
    const double error = parameter.standard_error / parameter.value;
    return std::clamp(ThreeDecimals(error), kLeastPlusMinus, 1.0);
  }
  return 0;
}

// The physics with its three terms; of no size, any knot stands for it.
MeasuredCurve PhysicsOf(const CurveFit& fit) {
  Rows rows;
  rows.rows = fit.rows;
  rows.reference_bytes = fit.reference_bytes;
  rows.reference_us = fit.reference_us;
  const MeanFit found = FitMean(PhysicsFor(rows.rows.size()), rows);
  const Mean& mean = found.mean;
  const double largest = fit.MostBytes();
  MeasuredCurve curve;
  curve.latency = RoundedMicros(mean.latency_us);
  curve.latency_plus_minus = PlusMinus(found, "latency_us");
  curve.ramp_at = B(mean.reference_bytes);
  if (Counts(mean, mean.Bandwidth(largest), largest)) {
    curve.bandwidth = RoundedRate(mean.us_per_byte);
    curve.bandwidth_plus_minus = PlusMinus(found, "bandwidth_GBps");
  }
  if (Counts(mean, mean.Ramp(largest), largest) ||
      Counts(mean, mean.ramp_us, mean.reference_bytes)) {
    curve.ramp = RoundedMicros(mean.ramp_us);
    curve.ramp_plus_minus = PlusMinus(found, "ramp_us");
  }
  curve.knots = {{B(fit.rows.front().bytes), 0, 0}};
  return curve;
}

}  // namespace

double FiveDigits(double value) {
  if (!(value > 0)) return 0;
  const double scale = std::pow(10.0, 4 - std::floor(std::log10(value)));
  // Divided, not multiplied by an inverse: the result is the double nearest to the decimal.
  return scale >= 1 ? std::round(value * scale) / scale
                    : std::round(value * scale) * std::round(1 / scale);
}

double ThreeDecimals(double value) { return std::round(value * 1e3) / 1e3; }

double RoundedSpread(double spread) { return InPercent(spread, 10); }

MeasuredCurve Tabulate(const CurveFit& fit, Op op, int ranks, int nodes) {
  MeasuredCurve curve = PhysicsOf(fit);
  curve.op = op;
  curve.ranks = ranks;
  curve.nodes = nodes;
  curve.measured_min = B(fit.LeastBytes());
  curve.measured_max = B(fit.MostBytes());

  const std::vector<Exact> exact = Sampled(fit);
  std::vector<CurveKnot> knots = {KnotOf(curve, exact.front())};
  if (exact.size() > 1) knots.push_back(KnotOf(curve, exact.back()));
  // The worst place becomes a knot, until no place is bad; each sampled size can be one once.
  std::vector<bool> used(exact.size(), false);
  used.front() = used.back() = true;
  while (true) {
    curve.knots = knots;
    const PreparedCurve prepared(curve);
    double worst = 1;
    std::size_t at = exact.size();
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double excess = used[i] ? 0 : Excess(prepared, exact[i]);
      if (excess > worst) {
        worst = excess;
        at = i;
      }
    }
    if (at == exact.size()) return curve;
    used[at] = true;
    const CurveKnot knot = KnotOf(curve, exact[at]);
    knots.insert(
        std::upper_bound(knots.begin(), knots.end(), knot,
                         [](const CurveKnot& a, const CurveKnot& b) { return a.bytes < b.bytes; }),
        knot);
  }
}

}  // namespace commplan::fit
