#include "tests/oracle/chain.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "tests/oracle/require.h"

namespace commplan::oracle {

namespace {

std::size_t At(int i) { return static_cast<std::size_t>(i); }

// A weight is met up to twice in one pass: by recompute ('r'), and by forward or backward ('m').
struct Visit {
  int weight = 0;
  char kind = 'm';
  bool operator==(const Visit&) const = default;
  bool operator<(const Visit& o) const {
    return std::tie(weight, kind) < std::tie(o.weight, o.kind);
  }
};

// A communication: what ('g' gather, 's' scatter) for whom.
struct Parcel {
  char what = 'g';
  Visit visit{};
  bool operator<(const Parcel& o) const {
    return std::tie(what, visit) < std::tie(o.what, o.visit);
  }
};

enum class Verb {
  kWork,      // compute for some ticks
  kIssue,     // put a parcel into its queue
  kAwait,     // stand still until a parcel has come
  kRelease,   // the weight of a visit is read no more
  kNeedRoom,  // stand still until there is a buffer for this weight's gradient
};

struct Line {
  Verb verb = Verb::kWork;
  std::int64_t ticks = 0;
  Parcel parcel{};
};

class Play {
 public:
  explicit Play(const ChainWorld& world) : world_(world) {
    story_.gather.resize(world.weights.size());
    story_.gather_again = story_.scatter = story_.gather;
    WriteVisits();
    for (std::size_t i = 0; i < visits_.size(); ++i) WriteScript(i);
  }

  ChainStory Run() {
    for (std::int64_t now = 0;; ++now) {
      Require(now < 1000000, "the chain is stuck");
      bool any = true;
      while (any) {
        any = MoveQueue(gathers_, now);
        any = MoveQueue(scatters_, now) || any;
        any = MoveCompute(now) || any;
      }
      if (line_ == script_.size()) {
        story_.finish = now;
        return story_;
      }
      if (working_until_ <= now) Blame();
    }
  }

 private:
  const ChainWeight& WeightOf(const Visit& visit) const { return world_.weights[At(visit.weight)]; }

  void WriteVisits() {
    const int count = static_cast<int>(world_.weights.size());
    if (!world_.backward) {
      for (int i = 0; i < count; ++i) visits_.push_back({i, 'm'});
      return;
    }
    std::vector<bool> again(world_.weights.size(), false);
    for (int i = count - 1; i >= 0; --i) {
      const int region = world_.weights[At(i)].region;
      if (region >= 0 && !again[At(i)]) {
        int first = i;
        while (first > 0 && world_.weights[At(first - 1)].region == region) --first;
        for (int k = first; k <= i; ++k) {
          visits_.push_back({k, 'r'});
          again[At(k)] = true;
        }
      }
      visits_.push_back({i, 'm'});
    }
  }

  // All visits of one prefetch chain, in order.
  std::vector<Visit> ChainOf(const Visit& visit) const {
    std::vector<Visit> chain;
    for (const Visit& other : visits_) {
      if (other.kind != visit.kind) continue;
      if (visit.kind == 'm' && WeightOf(other).list != WeightOf(visit).list) continue;
      chain.push_back(other);
    }
    return chain;
  }

  void Write(Verb verb, const Parcel& parcel, std::int64_t ticks = 0) {
    script_.push_back({verb, ticks, parcel});
  }
  void Work(std::int64_t ticks) { script_.push_back({Verb::kWork, ticks, {}}); }

  // The visit whose weight lies in the buffer that a gather would go to, were it issued now; they
  // are given out in turn.
  std::optional<Visit> LastIn(const Visit& visit) {
    if (WeightOf(visit).key < 0) return std::nullopt;
    std::deque<Visit>& order =
        buffer_order_[{visit.kind, WeightOf(visit).list, WeightOf(visit).key}];
    order.push_back(visit);
    const int last = static_cast<int>(order.size()) - 1 - world_.gather_buffers;
    if (last < 0) return std::nullopt;
    return order[At(last)];
  }

  void WriteScript(std::size_t place) {
    const Visit visit = visits_[place];
    const ChainWeight& weight = WeightOf(visit);
    const std::vector<Visit> chain = ChainOf(visit);
    const auto own = std::find(chain.begin(), chain.end(), visit);
    const int n = static_cast<int>(own - chain.begin());
    const int length = static_cast<int>(chain.size());
    const bool backward = world_.backward;
    const int depth = backward ? world_.backward_depth : world_.forward_depth;
    const auto issue = [this](const Visit& other) {
      holder_[other] = LastIn(other);
      Write(Verb::kIssue, {'g', other});
    };
    if (!world_.prefetch || n == 0) {
      issue(visit);
      for (int k = 1; world_.prefetch && k < depth && k < length; ++k) issue(chain[At(k)]);
    }
    Write(Verb::kAwait, {'g', visit});
    std::optional<Visit> later;
    if (world_.prefetch && n + depth < length) {
      const Visit other = chain[At(n + depth)];
      holder_[other] = LastIn(other);
      if (holder_[other] == visit) {
        later = other;  // it needs the very buffer that is about to be read
      } else {
        Write(Verb::kIssue, {'g', other});
      }
    }
    const auto read = [&](std::int64_t ticks) {
      Work(ticks);
      Write(Verb::kRelease, {'g', visit});
      if (later) Write(Verb::kIssue, {'g', *later});
    };
    if (!backward || visit.kind == 'r') {
      read(weight.forward);
      Work(weight.after_forward);
      return;
    }
    if (!world_.weight_gradient_first) read(weight.input_gradient);
    Write(Verb::kNeedRoom, {'s', visit});
    Work(weight.weight_gradient);
    if (n > 0) Write(Verb::kAwait, {'s', chain[At(n - 1)]});
    Write(Verb::kIssue, {'s', visit});
    if (n + 1 == length || weight.drains || !world_.async_reduction) {
      Write(Verb::kAwait, {'s', visit});
    }
    if (world_.weight_gradient_first) read(weight.input_gradient);
    Work(weight.after_backward);
  }

  struct Queue {
    std::deque<Parcel> parcels;
    bool busy = false;
    std::int64_t until = 0;
  };

  std::int64_t TicksOf(const Parcel& parcel) const {
    const ChainWeight& weight = WeightOf(parcel.visit);
    if (parcel.what == 's') return weight.scatter;
    if (parcel.visit.kind == 'r') return weight.gather_again;
    return world_.backward ? weight.gather_backward : weight.gather;
  }

  bool MoveQueue(Queue& queue, std::int64_t now) {
    if (queue.busy && queue.until == now) {
      arrived_[queue.parcels.front()] = true;
      queue.parcels.pop_front();
      queue.busy = false;
      return true;
    }
    if (queue.busy || queue.parcels.empty()) return false;
    const Parcel& next = queue.parcels.front();
    if (next.what == 'g') {
      const std::optional<Visit>& holder = holder_[next.visit];
      if (holder && !released_[*holder]) return false;
    }
    queue.busy = true;
    queue.until = now + TicksOf(next);
    return true;
  }

  // Is there room for the gradient of a weight? Of the same list and key, only so many may be
  // unreduced.
  bool HasRoom(const Visit& visit) {
    if (WeightOf(visit).key < 0) return true;
    int held = 0;
    for (const Visit& other : ChainOf(visit)) {
      if (other == visit) break;
      if (WeightOf(other).key == WeightOf(visit).key && !arrived_[{'s', other}]) ++held;
    }
    return held < world_.gradient_buffers;
  }

  bool MoveCompute(std::int64_t now) {
    if (now < working_until_ || line_ == script_.size()) return false;
    const Line& line = script_[line_];
    switch (line.verb) {
      case Verb::kWork:
        if (!started_) {
          working_until_ = now + line.ticks;
          started_ = true;
          return true;
        }
        started_ = false;
        break;
      case Verb::kIssue: {
        const bool scatter = line.parcel.what == 's' && !world_.shared_communicator;
        (scatter ? scatters_ : gathers_).parcels.push_back(line.parcel);
        break;
      }
      case Verb::kAwait:
        if (!arrived_[line.parcel]) return false;
        break;
      case Verb::kRelease:
        released_[line.parcel.visit] = true;
        break;
      case Verb::kNeedRoom:
        if (!HasRoom(line.parcel.visit)) return false;
        break;
    }
    ++line_;
    return true;
  }

  // Compute stands still at a line that waits for a parcel: for the one on the way in its queue.
  void Blame() {
    const Line& line = script_[line_];
    const bool reductions = line.parcel.what == 's' && !world_.shared_communicator;
    const Queue& queue = reductions ? scatters_ : gathers_;
    Require(queue.busy, "compute waits and nothing is on the way");
    const Parcel& parcel = queue.parcels.front();
    std::vector<std::int64_t>& sums = parcel.what == 's'         ? story_.scatter
                                      : parcel.visit.kind == 'r' ? story_.gather_again
                                                                 : story_.gather;
    ++sums[At(parcel.visit.weight)];
  }

  const ChainWorld& world_;
  std::vector<Visit> visits_;
  std::vector<Line> script_;
  std::map<std::tuple<char, int, int>, std::deque<Visit>> buffer_order_;
  std::map<Visit, std::optional<Visit>> holder_;  // whose reading must end before the gather
  std::map<Parcel, bool> arrived_;
  std::map<Visit, bool> released_;
  Queue gathers_;
  Queue scatters_;
  std::size_t line_ = 0;
  bool started_ = false;
  std::int64_t working_until_ = 0;
  ChainStory story_;
};

}  // namespace

ChainStory PlayChain(const ChainWorld& world) { return Play(world).Run(); }

}  // namespace commplan::oracle
