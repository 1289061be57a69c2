// Every pipelined formula is, over the number of chunks k, a branch A + P*k + Q/k or the larger of
// two such branches, and convex. A branch is least at sqrt(Q/P); where two branches meet, the least
// can lie there instead. Only P, Q and that place are written here; the value is the formula's own.
#include "model/collective/chunks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

#include "model/collective/formula/hierarchical.h"

namespace commplan {
namespace {

// Numbers of chunks that may be best, few enough to try them all.
class Candidates {
 public:
  explicit Candidates(Bytes bytes) : most_(std::max(1.0, std::floor(InBytes(bytes)))) {}

  // The least of A + P*k + Q/k. Of two neighbours k is the better one where P*k*(k+1) >= Q.
  void AddBranch(Time p, Time q) {
    Add(q <= Time() ? 1 : std::ceil(std::sqrt(0.25 + q / p) - 0.5));
  }
  // Where two branches meet; it lies between two whole numbers, or nowhere.
  void AddMeeting(double chunks) {
    if (!(chunks > 0 && chunks < most_)) return;
    Add(std::floor(chunks));
    Add(std::ceil(chunks));
  }
  void Add(double chunks) { chunks_[count_++] = std::clamp(chunks, 1.0, most_); }

  double Best(const FormulaCard& card, Inputs<double> x) const {
    if (count_ == 1) return chunks_[0];
    double best = 1;
    Time least{};
    for (std::size_t i = 0; i < count_; ++i) {
      x.chunks = chunks_[i];
      const Time time = card.value(x).Total();
      // Of equals the fewest chunks.
      if (i == 0 || time < least || (time == least && x.chunks < best)) {
        best = x.chunks;
        least = time;
      }
    }
    return best;
  }

 private:
  double most_;
  std::array<double, 6> chunks_{};
  std::size_t count_ = 0;
};

// An edge that is slower than its port's other work, a > (load - 1)*S/2kB, sets the pace: that is
// one branch, for many chunks. For few of them only the fill falls with k, and for few ranks not
// even that.
void AddTree(const Inputs<double>& x, Candidates* candidates) {
  const double depth = std::bit_width(static_cast<unsigned>(x.ranks)) - 1;
  const double load = std::min(4.0, 2 * (x.ranks - 1));
  const Time half = x.bytes / (2.0 * x.bandwidth);
  const Time fill = (std::max(2 * depth, load) - 1) * half;
  const double meeting = (load - 1) * (half / x.latency);
  candidates->AddBranch(x.latency, fill);
  // Both neighbours of the least are beyond the meeting: it does not matter.
  if (fill >= (meeting + 1) * (meeting + 1) * x.latency) return;
  candidates->AddMeeting(meeting);
  candidates->Add(1);
}

// A stage of a hierarchy for one chunk of k: u + v/k.
struct Stage {
  Time u{};
  Time v{};
};

// The stages that may be the slowest: reduce-scatter on each tier but the outermost, where it is
// the all-reduce; and what all stages (the all-gathers too) take together.
struct Stages {
  std::array<Stage, 2 + kFurtherTiers> of{};
  std::size_t count = 0;
  Time u{};
  Time v{};
};

Stages StagesOf(const Inputs<double>& x) {
  Stages stages;
  Bytes part = x.bytes;  // what the ranks of the tier hold together
  for (std::size_t t = 0; t < x.tiers; ++t) {
    const TierLinks<double> tier = LinksOf(x, t);
    const double steps = tier.ranks - 1, share = steps / tier.ranks;
    const Stage gather{steps * tier.latency, share * (part / tier.bandwidth)};
    const Stage scatter{gather.u, gather.v + share * (part * x.reduction)};
    const Stage both{gather.u + scatter.u, gather.v + scatter.v};
    stages.u += both.u;
    stages.v += both.v;
    stages.of[stages.count++] = t + 1 == x.tiers ? both : scatter;
    part = part / tier.ranks;
  }
  return stages;
}

// With stage s the slowest the whole takes U + V/k + (k - 1)(u + v/k), which is least where
// k = sqrt((V - v)/u). For few chunks the slowest is the one with the most bytes (v), for many the
// one with the most latency (u): from one to the next as k grows, until the least is passed.
void AddHierarchical(const Inputs<double>& x, Candidates* candidates) {
  const Stages stages = StagesOf(x);
  const auto later = [](const Stage& a, const Stage& b) {
    return a.u + a.v != b.u + b.v ? a.u + a.v < b.u + b.v : a.u < b.u;
  };
  const auto end = stages.of.begin() + static_cast<std::ptrdiff_t>(stages.count);
  Stage slowest = *std::max_element(stages.of.begin(), end, later);
  double from = 0;  // no meeting before
  while (true) {
    double until = std::numeric_limits<double>::infinity();
    Stage next;
    for (std::size_t s = 0; s < stages.count; ++s) {
      const Stage& other = stages.of[s];
      if (other.u <= slowest.u) continue;
      const double meeting = (slowest.v - other.v) / (other.u - slowest.u);
      if (meeting > until || (meeting == until && other.u < next.u)) continue;
      until = meeting;
      next = other;
    }
    const Time rest = stages.v - slowest.v;
    const double least = rest > Time() ? std::sqrt(rest / slowest.u) : 1;
    // Both neighbours of the least are on its own side of each meeting: no other branch matters.
    const bool after = from == 0 || least - 1 >= from;
    if (after && least + 1 <= until) return candidates->AddBranch(slowest.u, rest);
    if (least <= until) {
      candidates->AddBranch(slowest.u, rest);
      if (from > 0) candidates->AddMeeting(from);
      candidates->AddMeeting(until);
      return;
    }
    slowest = next;
    from = until;
  }
}

}  // namespace

double BestChunks(const FormulaCard& card, const Inputs<double>& x) {
  Candidates candidates(x.bytes);
  const Time buffer = x.bytes / x.bandwidth;
  if (card.span == Span::kOverNodes) {
    if (card.op != Op::kAllReduce || card.algorithm != Algorithm::kHierarchical) return 1;
    AddHierarchical(x, &candidates);
  } else if (card.op == Op::kBroadcast || card.op == Op::kReduce) {
    if (card.algorithm != Algorithm::kRing) return 1;
    candidates.AddBranch(x.latency, (x.ranks - 2) * buffer);
  } else if (card.op == Op::kAllReduce && card.algorithm == Algorithm::kTree) {
    AddTree(x, &candidates);
  } else if (card.op == Op::kAllReduce && card.algorithm == Algorithm::kNvls) {
    const double own = 1 / x.ranks;
    candidates.AddBranch(x.latency, (1 - own + x.stages * (1 + own)) * buffer);
  } else {
    return 1;
  }
  return candidates.Best(card, x);
}

}  // namespace commplan
