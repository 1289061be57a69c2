// A measured curve is what measurements say of one collective among one group, over its size:
//
//   t(S) = (a + S/B + c sqrt(S/S0)) (1 + d(S))
//
// a is the latency, B the bandwidth of large messages, c the ramp: bandwidth that is reached
// slowly, because a pipeline of chunks fills (its best chunk costs 2 sqrt(m alpha beta d), hence
// the root). d is what the measurements have beyond these three terms, known at knots and
// interpolated monotonically over log2 S. With it goes the band: 90 % of measurements lie between
// t / (1 + w) and t (1 + w), w(S) interpolated between the same knots.
//
// Knots may lie outside the measured sizes too, where they hold what the fit makes of them. Below
// the first knot d stays what it is there, and the time neither falls with the size nor loses
// bandwidth with it. Beyond the last one each further byte costs what it does between the last two:
// a rate that grows for ever belongs to no link. w grows by a tenth for each octave.
#pragma once

#include <vector>

#include "model/base/cost.h"
#include "model/base/number.h"
#include "model/base/quantity.h"
#include "model/collective/algorithm.h"

namespace commplan {

struct CurveKnot {
  Bytes bytes{};
  double deviation = 0;  // d, more than -1
  double spread = 0;     // w, at least 0

  friend bool operator==(const CurveKnot&, const CurveKnot&) = default;
};

struct MeasuredCurve {
  Op op = Op::kAllReduce;
  int ranks = 2;
  int nodes = 1;
  Time latency{};
  Bandwidth bandwidth{};  // 0: no such term
  Time ramp{};            // of a message of `ramp_at`
  Bytes ramp_at = MiB(1);
  // Relative standard errors of the three. 0: not stated; 1: as large as the value or larger, so
  // that the sizes measured do not fix it.
  double latency_plus_minus = 0;
  double bandwidth_plus_minus = 0;
  double ramp_plus_minus = 0;
  Bytes measured_min{};  // the sizes that were measured
  Bytes measured_max{};
  bool predicted = false;  // made from other groups of the same kernel; nothing was measured here
  std::vector<CurveKnot> knots;  // by rising size, one at least
};

// The physics of a curve, with every term's own time.
template <class R>
struct CurveInputs {
  BytesOf<R> bytes{};           // S
  TimeOf<R> latency{};          // a
  TimePerByteOf<R> per_byte{};  // 1/B
  TimeOf<R> ramp{};             // c
  BytesOf<R> ramp_at{};         // S0
  R deviation{};                // d
};

// The formula, for a value, its wording or its derivative. The first two terms are those of the
// outermost links that the group crosses.
template <class R>
CostOf<R> CurveCost(const CurveInputs<R>& x, bool between_nodes) {
  const TimeOf<R> transfer = x.bytes * x.per_byte;
  const TimeOf<R> fill = x.ramp * Sqrt(x.bytes / x.ramp_at);
  CostOf<R> cost;
  cost.Add(between_nodes ? Term::kNetworkLatency : Term::kLatency, x.latency);
  cost.Add(between_nodes ? Term::kNetworkBandwidth : Term::kBandwidth, transfer);
  cost.Add(Term::kFill, fill);
  cost.Add(Term::kResidual, x.deviation * (x.latency + transfer + fill));
  return cost;
}

// A curve made ready to be asked many times.
class PreparedCurve {
 public:
  explicit PreparedCurve(const MeasuredCurve& curve);

  struct Answer {
    double ln_time = 0;         // of seconds
    double half_width = 0;      // of the band, in ln t
    double deviation = 0;       // d
    bool extrapolated = false;  // outside the measured sizes
  };
  Answer At(Bytes bytes) const;

  const MeasuredCurve& curve() const { return *curve_; }
  Time Mean(Bytes bytes) const;
  Time Ramp(Bytes bytes) const;

 private:
  const MeasuredCurve* curve_;  // outlives this
  double per_byte_ = 0;
  double beyond_per_byte_ = 0;  // s, beyond the last knot
  // By knot: log2 of its size, ln(1 + deviation) with its slope, ln(1 + spread).
  std::vector<double> x_, y_, slope_, width_;
};

}  // namespace commplan
