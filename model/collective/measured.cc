#include "model/collective/measured.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>

#include "model/base/check.h"

namespace commplan {
namespace {

// A term that falls with the count (by noise) is not followed below this share of its last value.
constexpr double kLeastOfLast = 0.5;

double Interpolate(double lower, double upper, double share) {
  const double value = lower + share * (upper - lower);
  return share > 1 ? std::max(value, kLeastOfLast * upper) : value;
}

double PerByte(const MeasuredCurve& curve) {
  return curve.bandwidth > Bandwidth() ? 1 / InBps(curve.bandwidth) : 0;
}

// The number that a law runs over: nodes where the group has several or could have had.
int CountOf(const MeasuredCurve& curve, bool over_nodes) {
  return over_nodes ? curve.nodes : curve.ranks;
}

bool SameLocalRanks(const MeasuredCurve& curve, int ranks, int nodes) {
  return static_cast<std::int64_t>(curve.ranks) * nodes ==
         static_cast<std::int64_t>(ranks) * curve.nodes;
}

// The two measured counts around `count`, or the two largest below it; false where there are none.
struct Neighbours {
  std::size_t lower = 0, upper = 0;
  bool found = false;
};

Neighbours NeighboursOf(const MeasuredTable& table, Op op, int ranks, int nodes) {
  const bool over_nodes = nodes > 1;
  const int count = over_nodes ? nodes : ranks;
  std::vector<std::size_t> usable;
  for (std::size_t i = 0; i < table.curves.size(); ++i) {
    const MeasuredCurve& curve = table.curves[i];
    if (curve.op != op) continue;
    if (over_nodes ? SameLocalRanks(curve, ranks, nodes) : curve.nodes == 1) usable.push_back(i);
  }
  std::sort(usable.begin(), usable.end(), [&](std::size_t a, std::size_t b) {
    return CountOf(table.curves[a], over_nodes) < CountOf(table.curves[b], over_nodes);
  });
  if (usable.size() < 2 || count < CountOf(table.curves[usable.front()], over_nodes)) return {};
  std::size_t above = 1;
  while (above + 1 < usable.size() && CountOf(table.curves[usable[above]], over_nodes) < count) {
    ++above;
  }
  return {usable[above - 1], usable[above], true};
}

std::string NumberText(double value) {
  const auto tenths = static_cast<std::int64_t>(std::lround(value * 10));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

constexpr double kMostlyLatency = 0.5;

double LatencyShare(const PreparedCurve& curve, double ln_time) {
  return InSeconds(curve.curve().latency) / std::exp(ln_time);
}

// How many times more a byte through a rank's link costs at `upper`, at the largest size of both.
double CostRatio(const PreparedCurve& lower, const PreparedCurve& upper) {
  const Bytes bytes = Min(lower.curve().measured_max, upper.curve().measured_max);
  // Where messages are so small that most of the time is latency, nothing is said of links.
  if (LatencyShare(upper, upper.At(bytes).ln_time) > kMostlyLatency) return 0;
  return std::exp(upper.At(bytes).ln_time - lower.At(bytes).ln_time) *
         BusBandwidthFactor(lower.curve().op, lower.curve().ranks) /
         BusBandwidthFactor(upper.curve().op, upper.curve().ranks);
}

CurveInputs<double> PhysicsOf(const MeasuredCurve& curve) {
  CurveInputs<double> x;
  x.latency = curve.latency;
  x.per_byte = SecondsPerByte(PerByte(curve));
  x.ramp = curve.ramp;
  x.ramp_at = curve.ramp_at;
  return x;
}

Time MeanOf(const CurveInputs<double>& x, Bytes bytes) {
  return x.latency + bytes * x.per_byte + x.ramp * std::sqrt(bytes / x.ramp_at);
}

}  // namespace

MeasuredWay::MeasuredWay(const MeasuredTable& table, std::size_t lower, std::size_t upper)
    : lower_(table.curves[lower]),
      upper_(table.curves[upper]),
      lower_index_(lower),
      upper_index_(upper),
      mean_(PhysicsOf(table.curves[upper])) {}

void MeasuredWay::SetLaw(double count, double lower_count, double upper_count, double volume) {
  const MeasuredCurve& lower = lower_.curve();
  const MeasuredCurve& upper = upper_.curve();
  const double share = std::log2(count / lower_count) / std::log2(upper_count / lower_count);
  beyond_ = count > upper_count;
  share_ = beyond_ ? 1 : share;
  mean_.latency = Seconds(Interpolate(InSeconds(lower.latency), InSeconds(upper.latency), share));
  mean_.ramp =
      Seconds(Interpolate(InSeconds(lower_.Ramp(upper.ramp_at)), InSeconds(upper.ramp), share));
  const double lower_rate = PerByte(lower) / BusBandwidthFactor(lower.op, lower.ranks);
  const double upper_rate = PerByte(upper) / BusBandwidthFactor(upper.op, upper.ranks);
  const bool both = lower_rate > 0 && upper_rate > 0;
  const double rate =
      beyond_ || !both ? upper_rate : lower_rate * std::pow(upper_rate / lower_rate, share);
  mean_.per_byte = SecondsPerByte(rate * volume);
}

void MeasuredWay::SetCorrection(const std::vector<CountCorrection>& corrections, double doublings,
                                bool over_nodes) {
  double known = 0;
  for (const CountCorrection& correction : corrections) {
    if (correction.op != upper_.curve().op) continue;
    if (!over_nodes) pooled_ = beyond_ ? correction.beyond : correction.between;
    known = beyond_ ? correction.beyond_band : correction.between_band;
  }
  law_half_width_ = std::max(1.0, doublings) * std::log1p(known > 0 ? known : kUnmeasuredLawBand);
}

Result<std::optional<MeasuredWay>> MeasuredWay::Find(const MeasuredTable& table, Op op, int ranks,
                                                     int nodes) {
  CHECK(ranks > 1 && nodes >= 1);
  for (std::size_t i = 0; i < table.curves.size(); ++i) {
    const MeasuredCurve& curve = table.curves[i];
    if (curve.op != op || curve.ranks != ranks || curve.nodes != nodes) continue;
    MeasuredWay way(table, i, i);
    way.between_nodes_ = nodes > 1;
    return std::optional<MeasuredWay>(std::move(way));
  }
  const Neighbours near = NeighboursOf(table, op, ranks, nodes);
  if (!near.found) return std::optional<MeasuredWay>();
  MeasuredWay way(table, near.lower, near.upper);
  way.between_nodes_ = nodes > 1;
  const bool over_nodes = nodes > 1;
  const int lower = CountOf(way.lower_.curve(), over_nodes);
  const int upper = CountOf(way.upper_.curve(), over_nodes);
  // Between nodes a fall of bandwidth is the network's and expected; between ranks it is not.
  const double ratio = CostRatio(way.lower_, way.upper_);
  if (!over_nodes && ratio > kPeerLossFactor) {
    return UnsupportedError(
        "peer access seems lost between " + std::to_string(lower) + " and " +
            std::to_string(upper) + " ranks: a byte through a rank's link costs " +
            NumberText(ratio) + " times as much, so " + std::to_string(ranks) +
            " ranks follow no law of those",
        "measure " + std::to_string(ranks) + " ranks, or ask another engine of the profile");
  }
  way.SetLaw(over_nodes ? nodes : ranks, lower, upper, BusBandwidthFactor(op, ranks));
  const double beyond = std::log2(static_cast<double>(over_nodes ? nodes : ranks) / upper);
  way.SetCorrection(table.corrections, beyond, over_nodes);
  return std::optional<MeasuredWay>(std::move(way));
}

double Correction(const CountCoefficients& k, const MeasuredWay::Features& f) {
  return k[0] + k[1] * f.g + k[2] * f.w + k[3] * f.w * f.g;
}

MeasuredWay::Features MeasuredWay::FeaturesAt(Bytes bytes) const {
  const PreparedCurve::Answer below = lower_.At(bytes), above = upper_.At(bytes);
  const double lower = below.ln_time, upper = above.ln_time;
  Features features;
  features.half_width = std::max(below.half_width, above.half_width);
  features.g = upper - lower;
  features.w =
      std::sqrt(std::clamp(LatencyShare(lower_, lower) * LatencyShare(upper_, upper), 0.0, 1.0));
  features.ln_base = beyond_ ? std::log(InSeconds(MeanOf(mean_, bytes))) + upper -
                                   std::log(InSeconds(upper_.Mean(bytes)))
                             : lower + share_ * (upper - lower);
  return features;
}

PreparedCurve::Answer MeasuredWay::LawAt(Bytes bytes) const {
  const PreparedCurve::Answer lower = lower_.At(bytes), upper = upper_.At(bytes);
  const Features f = FeaturesAt(bytes);
  // All of the correction half-way between and beyond, none at the measured counts.
  const double part = beyond_ ? 1 : 4 * share_ * (1 - share_);
  PreparedCurve::Answer answer;
  answer.ln_time = f.ln_base + part * Correction(pooled_, f);
  answer.half_width = f.half_width + law_half_width_;
  answer.deviation = std::expm1(answer.ln_time - std::log(InSeconds(MeanOf(mean_, bytes))));
  answer.extrapolated = beyond_ || lower.extrapolated || upper.extrapolated;
  return answer;
}

CurveInputs<double> MeasuredWay::InputsAt(Bytes bytes) const {
  CurveInputs<double> x = mean_;
  x.bytes = bytes;
  x.deviation = (is_law() ? LawAt(bytes) : upper_.At(bytes)).deviation;
  return x;
}

MeasuredWay::Answer MeasuredWay::At(Bytes bytes) const {
  const PreparedCurve::Answer found = is_law() ? LawAt(bytes) : upper_.At(bytes);
  CurveInputs<double> x = mean_;
  x.bytes = bytes;
  x.deviation = found.deviation;
  return {CurveCost(x, between_nodes_), found.half_width, found.extrapolated};
}

std::vector<std::size_t> MeasuredWay::CurvesUsed() const {
  if (!is_law()) return {upper_index_};
  return {lower_index_, upper_index_};
}

std::optional<std::size_t> NearestCurve(const MeasuredTable& table, Op op, int ranks, int nodes) {
  const auto distance = [&](const MeasuredCurve& curve) {
    const auto octaves = [](int a, int b) {
      return std::abs(std::log2(static_cast<double>(a) / static_cast<double>(b)));
    };
    return std::tuple(curve.op != op, octaves(curve.nodes, nodes), octaves(curve.ranks, ranks));
  };
  std::optional<std::size_t> nearest;
  for (std::size_t i = 0; i < table.curves.size(); ++i) {
    if (!nearest || distance(table.curves[i]) < distance(table.curves[*nearest])) nearest = i;
  }
  return nearest;
}

}  // namespace commplan
