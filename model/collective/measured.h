// The measured way: what an engine's measured curves say of one operation among one group, by the
// curve of that very group or, where it was not measured, by a law over counts.
//
// Between two measured counts p < n < q, with w = (log2 n - log2 p) / (log2 q - log2 p):
//
//   ln t_n(S) = (1-w) ln t_p(S) + w ln t_q(S) + 4 w (1-w) pooled(S)
//
// Beyond the largest measured count q, the physics of each count (curve.h), with its latency a and
// ramp c linear in log2 n and its bandwidth term by the volume factor v (bytes through a rank's
// link per byte of message: 2(n-1)/n for an all-reduce), times what the largest count has beyond
// its own physics:
//
//   m_n(S) = a(n) + c(n) (S/S0)^(1/2) + S/B_q v_n/v_q,    ln t_n = ln m_n + ln(t_q/m_q) + pooled
//
// Latency follows the logarithm, not the ring's steps, because small messages go through a tree.
//
// pooled(S) = A + B g + C w' + D w' g is a correction learnt from other machines, which a profile
// may carry: g = ln(t_q/t_p) at S, w' the root of the product of the two latency shares a/t. With
// it comes how far the law went astray on those machines; the band is wider by that. It is learnt
// over ranks; over nodes, of which too few machines are known, the correction is none and the band
// is the same.
//
// Counts are ranks of one node; or nodes, with the same number of ranks on each. A machine whose
// ranks reach each other directly at p but not at q (peer access is lost, say across sockets)
// follows no law over ranks: the bandwidth per rank falls several times. Then there is a refusal.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "model/base/cost.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/algorithm.h"
#include "model/collective/curve.h"

namespace commplan {

// A, B, C, D of the correction.
using CountCoefficients = std::array<double, 4>;

// The corrections for laws over ranks of one node.
struct CountCorrection {
  Op op = Op::kAllReduce;
  CountCoefficients between{};
  CountCoefficients beyond{};
  // By how much the band of a law is wider than that of the curves it stands on, as w of a factor
  // 1 + w either way; beyond, for each doubling. 0: nobody measured it.
  double between_band = 0;
  double beyond_band = 0;
};

struct MeasuredTable {
  std::vector<MeasuredCurve> curves;  // at most one for an operation, ranks and nodes
  std::vector<CountCorrection> corrections;
};

// How many times more a byte through a rank's link may cost at the upper count before peer access
// counts as lost. Over 2 to 4 and 2 to 8 ranks of one machine, machines that keep it measure 0.4 to
// 1.8, and those that lose it 3.3 to 17.
inline constexpr double kPeerLossFactor = 2.5;

// A law whose errors nobody measured may be off by a factor of two either way: as far as one more
// doubling of the count could bring it.
inline constexpr double kUnmeasuredLawBand = 1;

class MeasuredWay {
 public:
  // Nothing where no curve and no law reaches the group; Unsupported where peer access is lost on
  // the way. The table must outlive the way.
  static Result<std::optional<MeasuredWay>> Find(const MeasuredTable& table, Op op, int ranks,
                                                 int nodes);

  struct Answer {
    Cost cost;
    double half_width = 0;  // of the band, in ln t
    bool extrapolated = false;
  };
  Answer At(Bytes bytes) const;

  // What the formula was given at this size.
  CurveInputs<double> InputsAt(Bytes bytes) const;
  bool between_nodes() const { return between_nodes_; }

  // Indexes into MeasuredTable::curves: one, or the two of a law.
  std::vector<std::size_t> CurvesUsed() const;
  bool is_predicted() const { return upper_.curve().predicted; }
  bool is_law() const { return upper_index_ != lower_index_; }
  bool beyond() const { return beyond_; }

  // For learning the correction: what it would be computed from, and ln t without it.
  struct Features {
    double g = 0, w = 0;
    double ln_base = 0;
    double half_width = 0;  // of the wider band of its two curves, in ln t
  };
  Features FeaturesAt(Bytes bytes) const;

 private:
  MeasuredWay(const MeasuredTable& table, std::size_t lower, std::size_t upper);
  void SetLaw(double count, double lower_count, double upper_count, double volume);
  void SetCorrection(const std::vector<CountCorrection>& corrections, double doublings,
                     bool over_nodes);
  PreparedCurve::Answer LawAt(Bytes bytes) const;

  PreparedCurve lower_, upper_;  // the same one where the group itself was measured
  std::size_t lower_index_, upper_index_;
  bool between_nodes_ = false;
  bool beyond_ = false;
  double share_ = 1;           // w; 1 beyond
  double law_half_width_ = 0;  // what the law adds to the band, in ln t
  // The physics of the group, and the correction.
  CurveInputs<double> mean_;
  CountCoefficients pooled_{};
};

// pooled(S), as ln t.
double Correction(const CountCoefficients& k, const MeasuredWay::Features& f);

// The curve that is nearest to a group: of the same operation first, then by ranks and nodes.
// Nothing where the table is empty.
std::optional<std::size_t> NearestCurve(const MeasuredTable& table, Op op, int ranks, int nodes);

}  // namespace commplan
