#include "calibrate/fit/ranks.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "model/base/check.h"

namespace commplan::fit {
namespace {

// What the band of a predicted count gains over the curves it comes from, in ln t: it then covers
// 93 % (between) and about 90 % (beyond) of the points of measured tables.
constexpr double kBetweenWidth = 0.15;
constexpr double kBeyondWidth = 0.25;
// A term that falls with the count (by noise) is not followed below this share of its last value.
constexpr double kLeastOfLast = 0.5;

std::string NumberText(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

Result<Mean> SqrtForm(const CountCurve& curve) {
  ASSIGN_OR_RETURN(const Rows rows, PrepareRows(curve.points));
  return FitMean(rows.rows.size() < 3 ? Form::kLine : Form::kSqrt, rows).mean;
}

// How many times more a byte through a rank's link costs at `upper`, at the largest size of both.
double CostRatio(const CountCurve& lower, const CountCurve& upper, const CurveFit& lower_fit,
                 const CurveFit& upper_fit) {
  const double bytes = std::min(lower_fit.MostBytes(), upper_fit.MostBytes());
  return Predict(upper_fit, bytes).time_us / Predict(lower_fit, bytes).time_us *
         lower.volume_factor / upper.volume_factor;
}

double Interpolate(double lower, double upper, double share) {
  const double value = lower + share * (upper - lower);
  return share > 1 ? std::max(value, kLeastOfLast * upper) : value;
}

// The form of the target: a and c linear in log2 of the count, the bandwidth term by its volume.
// `share` is 0 at the lower count and 1 at the upper one.
Mean FormAt(const CountLaw& law, double share, double lower_volume, double upper_volume,
            double volume) {
  Mean mean = law.upper_mean;
  mean.latency_us = Interpolate(law.lower_mean.latency_us, law.upper_mean.latency_us, share);
  // Both ramps at the same reference size.
  mean.ramp_us =
      Interpolate(law.lower_mean.Ramp(mean.reference_bytes), law.upper_mean.ramp_us, share);
  const double lower_rate = law.lower_mean.us_per_byte / lower_volume;
  const double upper_rate = law.upper_mean.us_per_byte / upper_volume;
  const double rate =
      share > 1 ? upper_rate : lower_rate * std::pow(upper_rate / lower_rate, share);
  mean.us_per_byte = rate * volume;
  return mean;
}

struct Ingredients {
  Prediction lower, upper;
  double base = 0;  // ln t without the pooled correction.
  PooledSample sample;
};

Ingredients Evaluate(const CountLaw& law, double bytes) {
  Ingredients parts;
  parts.lower = Predict(law.lower, bytes);
  parts.upper = Predict(law.upper, bytes);
  const double lower = std::log(parts.lower.time_us), upper = std::log(parts.upper.time_us);
  parts.base = law.beyond
                   ? std::log(law.mean.Time(bytes)) + upper - std::log(law.upper_mean.Time(bytes))
                   : lower + law.share * (upper - lower);
  parts.sample.g = upper - lower;
  const double shares = law.lower_mean.latency_us / parts.lower.time_us *
                        law.upper_mean.latency_us / parts.upper.time_us;
  parts.sample.w = std::sqrt(std::clamp(shares, 0.0, 1.0));
  return parts;
}

// How much of the pooled correction applies: all of it half-way between and beyond.
double PooledShare(const CountLaw& law) {
  return law.beyond ? 1.0 : 4 * law.share * (1 - law.share);
}

Status CheckCounts(const std::vector<CountCurve>& known, double count, double volume_factor) {
  if (!(count >= 1) || !(volume_factor > 0)) {
    return BadInputError("the count asked for is " + NumberText(count) + " with volume factor " +
                         NumberText(volume_factor) + ", expected at least 1 and more than 0");
  }
  if (known.size() < 2) {
    return BadInputError("a law over counts needs curves of two counts, found " +
                         std::to_string(known.size()));
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (!(known[i].count >= 1) || !(known[i].volume_factor > 0)) {
      return BadInputError("a curve has count " + NumberText(known[i].count) +
                           " and volume factor " + NumberText(known[i].volume_factor) +
                           ", expected at least 1 and more than 0");
    }
    if (i > 0 && known[i].count == known[i - 1].count) {
      return BadInputError("the count " + NumberText(known[i].count) + " has two curves");
    }
    if (known[i].count == count) {
      return BadInputError("the count " + NumberText(count) + " was measured: ask its own curve");
    }
  }
  if (count < known.front().count) {
    return UnsupportedError("there is no law for fewer than the " +
                            NumberText(known.front().count) + " that were measured");
  }
  return OkStatus();
}

std::string PeerLoss(const CountCurve& lower, const CountCurve& upper, double ratio) {
  return "peer access seems lost between " + NumberText(lower.count) + " and " +
         NumberText(upper.count) + ": a byte through a rank's link costs " + NumberText(ratio) +
         " times as much; such a machine follows no law over counts, measure the count itself";
}

}  // namespace

Result<CountLaw> FitCounts(const std::vector<CountCurve>& known, double count, double volume_factor,
                           const CountOptions& options) {
  std::vector<CountCurve> curves = known;
  std::sort(curves.begin(), curves.end(),
            [](const CountCurve& a, const CountCurve& b) { return a.count < b.count; });
  RETURN_IF_ERROR(CheckCounts(curves, count, volume_factor));
  std::size_t above = 1;  // Index of the upper of the two nearest counts.
  while (above + 1 < curves.size() && curves[above].count < count) ++above;
  const CountCurve& lower = curves[above - 1];
  const CountCurve& upper = curves[above];

  CountLaw law;
  law.beyond = count > upper.count;
  law.pooled = law.beyond ? options.beyond : options.between;
  ASSIGN_OR_RETURN(law.lower, FitCurve(lower.points));
  ASSIGN_OR_RETURN(law.upper, FitCurve(upper.points));
  ASSIGN_OR_RETURN(law.lower_mean, SqrtForm(lower));
  ASSIGN_OR_RETURN(law.upper_mean, SqrtForm(upper));
  const double share = std::log2(count / lower.count) / std::log2(upper.count / lower.count);
  law.share = law.beyond ? 1 : share;
  law.mean = FormAt(law, share, lower.volume_factor, upper.volume_factor, volume_factor);
  const double ratio = CostRatio(lower, upper, law.lower, law.upper);
  if (options.refuse_when_peer_access_is_lost && ratio > kPeerLossFactor) {
    law.refusal = PeerLoss(lower, upper, ratio);
  }
  if (law.beyond) {
    law.notes.push_back("predicted beyond the largest measured count, " + NumberText(upper.count));
    if (options.refuse_when_peer_access_is_lost) {
      law.notes.push_back("nothing measured here shows whether " + NumberText(count) +
                          " ranks still reach each other directly");
    }
  }
  return law;
}

Prediction Predict(const CountLaw& law, double bytes) {
  CHECK(law.refusal.empty());
  const Ingredients parts = Evaluate(law, bytes);
  const PooledCoefficients& k = law.pooled;
  const double g = parts.sample.g, w = parts.sample.w;
  const double y = parts.base + PooledShare(law) * (k.a + k.b * g + k.c * w + k.d * w * g);
  Prediction prediction;
  CurveTerms& terms = prediction.terms;
  terms.latency_us = law.mean.latency_us;
  terms.bandwidth_us = law.mean.Bandwidth(bytes);
  terms.ramp_us = law.mean.Ramp(bytes);
  terms.residual_us = std::exp(y) - (terms.latency_us + terms.bandwidth_us + terms.ramp_us);
  prediction.time_us = terms.Total();
  const double widest = std::max(std::log(parts.lower.high_us / parts.lower.time_us),
                                 std::log(parts.upper.high_us / parts.upper.time_us));
  const double half_width = widest + (law.beyond ? kBeyondWidth : kBetweenWidth);
  prediction.low_us = prediction.time_us * std::exp(-half_width);
  prediction.high_us = prediction.time_us * std::exp(half_width);
  prediction.extrapolated = law.beyond || parts.lower.extrapolated || parts.upper.extrapolated;
  return prediction;
}

PooledSample SampleOf(const CountLaw& law, double bytes, double measured_us) {
  CHECK(measured_us > 0);
  Ingredients parts = Evaluate(law, bytes);
  parts.sample.excess = std::log(measured_us) - parts.base;
  return parts.sample;
}

PooledCoefficients FitPooled(const std::vector<PooledSample>& samples) {
  constexpr double kPull = 1;  // As if one more sample said that there is nothing to correct.
  Eigen::Matrix4d normal = kPull * Eigen::Matrix4d::Identity();
  Eigen::Vector4d right = Eigen::Vector4d::Zero();
  for (const PooledSample& sample : samples) {
    const Eigen::Vector4d row(1, sample.g, sample.w, sample.w * sample.g);
    normal += row * row.transpose();
    right += sample.excess * row;
  }
  const Eigen::Vector4d found = normal.ldlt().solve(right);
  return {found[0], found[1], found[2], found[3]};
}

}  // namespace commplan::fit
