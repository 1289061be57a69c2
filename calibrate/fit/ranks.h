// A count law predicts the curve of a number of ranks or nodes that was not measured from curves of
// numbers that were.
//
// Between two measured counts p < n < q, with w = (log2 n - log2 p) / (log2 q - log2 p):
//
//   ln t_n(S) = (1-w) ln t_p(S) + w ln t_q(S) + 4 w (1-w) pooled(S)
//
// Beyond the largest measured count q, the sqrt form of each count (mean.h), with its latency a and
// ramp c linear in log2 n and its bandwidth term by the volume factor v (bytes through a rank's
// link per byte of message: 2(n-1)/n for a ring all-reduce), times what the largest count has
// beyond its own form:
//
//   m_n(S) = a(n) + c(n) (S/S0)^(1/2) + S/B_q v_n/v_q,    ln t_n = ln m_n + ln(t_q/m_q) + pooled
//
// Latency follows the logarithm, not the ring's steps, because small messages go through a tree.
//
// pooled(S) = A + B g + C w' + D w' g is a correction learnt from other groups, passed in as data
// and zero by default: g = ln(t_q/t_p) at S, w' the root of the product of the two latency shares
// a/t. `extrapolated` is set beyond the largest count or outside either curve's sizes.
//
// A machine whose ranks reach each other directly at p but not at q (peer access is lost, say
// across sockets) follows no law: the bandwidth per rank falls several times. Then there is a
// refusal.
#pragma once

#include <string>
#include <vector>

#include "calibrate/fit/curve.h"
#include "calibrate/fit/rows.h"
#include "model/base/result.h"

namespace commplan::fit {

struct CountCurve {
  double count = 0;          // Ranks, or nodes.
  double volume_factor = 1;  // v
  std::vector<Point> points;
};

struct PooledCoefficients {
  double a = 0, b = 0, c = 0, d = 0;
};

struct CountOptions {
  PooledCoefficients between;
  PooledCoefficients beyond;
  // Between nodes a fall of bandwidth is the network's and expected; between ranks it is not.
  bool refuse_when_peer_access_is_lost = true;
};

// How many times more a byte through a rank's link may cost at the upper count before peer access
// counts as lost. Over 2 to 4 and 2 to 8 ranks of one machine, machines that keep it measure 0.4 to
// 1.8, and those that lose it 3.3 to 17.
inline constexpr double kPeerLossFactor = 2.5;

struct CountLaw {
  bool beyond = false;
  std::string refusal;  // Why there is no prediction; empty where there is one.
  std::vector<std::string> notes;
  // What Predict needs: the two nearest counts and the forms.
  double share = 1;  // w; 1 beyond.
  CurveFit lower, upper;
  Mean lower_mean, upper_mean, mean;
  PooledCoefficients pooled;
};

// `known` needs two different counts. A target equal to a known count is an error: ask that
// curve. A target below all known counts is unsupported.
Result<CountLaw> FitCounts(const std::vector<CountCurve>& known, double count, double volume_factor,
                           const CountOptions& options = {});

// As Predict of curve.h; the law must have no refusal. The terms are those of `mean`.
Prediction Predict(const CountLaw& law, double bytes);

// One measured point of an unmeasured count, for learning PooledCoefficients.
struct PooledSample {
  double g = 0, w = 0;
  double excess = 0;  // ln t measured less the law without its correction.
};

PooledSample SampleOf(const CountLaw& law, double bytes, double measured_us);

// By least squares with a slight pull to zero, so that a few samples teach little.
PooledCoefficients FitPooled(const std::vector<PooledSample>& samples);

}  // namespace commplan::fit
