// Every pipelined formula is, over the number of chunks k, a branch A + P*k + Q/k or the larger of
// two such branches, and convex. A branch is least at sqrt(Q/P); where two branches meet, the least
// can lie there instead. Only P, Q and that place are written here; the value is the formula's own.
#include "model/collective/chunks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

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

// The network's latency is paid per chunk, the stages inside for one chunk only (one branch); where
// the inside is slower than the network, the other chunks wait for it (the other branch).
void AddHierarchical(const Inputs<double>& x, Candidates* candidates) {
  const double q = x.local, n = x.nodes;
  const Time inside = (q - 1) * x.latency;
  const Time gather = (q - 1) / q * (x.bytes / x.bandwidth);
  const Time scatter = gather + (q - 1) / q * (x.bytes * x.reduction);
  const Time network = 2 * (n - 1) * x.net_latency;
  const Bytes part = x.bytes / q;
  const Time across =
      2 * (n - 1) / n * (part / x.net_bandwidth) + (n - 1) / n * (part * x.reduction);
  const double meeting = (across - scatter) / (inside - network);
  const double free = std::sqrt((scatter + gather) / network);
  const double waiting = std::sqrt((gather + across) / inside);
  // Few chunks wait for their bytes inside, many for the latencies there.
  const bool few_wait = scatter > across, many_wait = inside >= network;
  const double few = few_wait ? waiting : free;
  const double many = many_wait ? waiting : free;
  // Both neighbours of a least on its own side of the meeting: the other branch does not matter.
  const bool is_few = few_wait == many_wait || few + 1 <= meeting;
  const bool is_many = few_wait == many_wait || many - 1 >= meeting;
  if (is_few || !is_many) {
    candidates->AddBranch(few_wait ? inside : network,
                          few_wait ? gather + across : scatter + gather);
    if (is_few) return;
  }
  candidates->AddBranch(many_wait ? inside : network,
                        many_wait ? gather + across : scatter + gather);
  if (!is_many) candidates->AddMeeting(meeting);
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
