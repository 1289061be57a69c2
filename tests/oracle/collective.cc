#include "tests/oracle/collective.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tests/oracle/phase.h"
#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

// Element k of the input of rank r: scattered bits, so that no wrong mixture sums up right by luck.
std::int64_t Value(int rank, std::int64_t k) {
  std::uint64_t x = static_cast<std::uint64_t>(rank) * 0x9E3779B97F4A7C15u +
                    static_cast<std::uint64_t>(k) * 0xC2B2AE3D27D4EB4Fu + 0x165667B19E3779F9u;
  x = (x ^ (x >> 31)) * 0xBF58476D1CE4E5B9u;
  return static_cast<std::int64_t>((x ^ (x >> 29)) >> 32);
}

// Says what every rank has at first and must have at last.
class Truth {
 public:
  explicit Truth(const Collective& collective)
      : op_(collective.op),
        p_(collective.parameters.ranks),
        root_(collective.parameters.root),
        all_{0, collective.parameters.elements} {}

  Span Input(int rank) const {
    if (op_ == "all-gather") return Block(all_, rank, p_);
    if (op_ == "broadcast" || op_ == "p2p") return rank == root_ ? all_ : Span{};
    return all_;
  }

  // Where the result of a rank begins in its buffer, and what it is.
  std::pair<std::int64_t, std::vector<std::int64_t>> Result(int rank) {
    if (op_ == "all-reduce" || op_ == "reduce-scatter" || op_ == "reduce") SumUp();
    if (op_ == "all-reduce") return {0, sums_};
    if (op_ == "reduce") return {0, rank == root_ ? sums_ : std::vector<std::int64_t>()};
    if (op_ == "p2p" && rank != p_ - 1) return {};
    const Span own = Block(all_, rank, p_);
    if (op_ == "reduce-scatter") {
      return {own.begin, {sums_.begin() + own.begin, sums_.begin() + own.end}};
    }
    std::vector<std::int64_t> values;
    if (op_ == "all-gather") {
      for (int from = 0; from < p_; ++from) Append(from, Block(all_, from, p_), &values);
    } else if (op_ == "all-to-all") {
      for (int from = 0; from < p_; ++from) Append(from, own, &values);
    } else {
      Require(op_ == "broadcast" || op_ == "p2p", "an operation with a known result");
      Append(root_, all_, &values);
    }
    return {0, values};
  }

 private:
  // Once, when the first result is asked for.
  void SumUp() {
    for (std::int64_t k = static_cast<std::int64_t>(sums_.size()); k < all_.end; ++k) {
      std::int64_t sum = 0;
      for (int rank = 0; rank < p_; ++rank) sum += Value(rank, k);
      sums_.push_back(sum);
    }
  }

  static void Append(int from, Span span, std::vector<std::int64_t>* values) {
    for (std::int64_t k = span.begin; k < span.end; ++k) values->push_back(Value(from, k));
  }

  const std::string& op_;
  int p_;
  int root_;
  Span all_;
  std::vector<std::int64_t> sums_;
};

const Group& GroupOf(const Schedule& schedule, int group) {
  return schedule.groups()[static_cast<std::size_t>(group)];
}

}  // namespace

void Fill(const Collective& collective, const Schedule& schedule, int group, Memory* memory) {
  const Truth truth(collective);
  const Group& place = GroupOf(schedule, group);
  for (int rank = 0; rank < collective.parameters.ranks; ++rank) {
    const Span input = truth.Input(rank);
    std::int64_t* values = memory->At(RankOf(place.members, rank), place.first_buffer, 0);
    for (std::int64_t k = input.begin; k < input.end; ++k) values[k] = Value(rank, k);
  }
}

std::string Check(const Collective& collective, const Schedule& schedule, int group,
                  const Memory& memory) {
  Truth truth(collective);
  const Group& place = GroupOf(schedule, group);
  for (int rank = 0; rank < collective.parameters.ranks; ++rank) {
    const auto [first, expected] = truth.Result(rank);
    const std::int64_t* found = memory.At(RankOf(place.members, rank),
                                          place.first_buffer + collective.result_buffer, first);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      if (found[k] == expected[k]) continue;
      return collective.op + " " + collective.algorithm +
             ", p = " + std::to_string(collective.parameters.ranks) +
             ", n = " + std::to_string(collective.parameters.elements) + ": rank " +
             std::to_string(rank) + " has " + std::to_string(found[k]) + " at " +
             std::to_string(k) + " of its result, expected " + std::to_string(expected[k]);
    }
  }
  return {};
}

Outcome Perform(const Network& network, const Collective& collective) {
  Outcome outcome;
  outcome.timeline = RunClock(network, collective.schedule);
  Memory memory(collective.schedule);
  Fill(collective, collective.schedule, 0, &memory);
  Play(collective.schedule, outcome.timeline, &memory);
  outcome.wrong = Check(collective, collective.schedule, 0, memory);
  return outcome;
}

Outcome PerformConcurrently(const Network& network,
                            const std::vector<const Collective*>& collectives,
                            const std::vector<std::vector<int>>& ranks,
                            const std::vector<std::int64_t>& starts, IssueOrder order) {
  Require(collectives.size() == ranks.size(), "each collective is placed");
  std::vector<Placement> placements;
  for (std::size_t g = 0; g < collectives.size(); ++g) {
    placements.push_back(
        {&collectives[g]->schedule, ranks[g], g < starts.size() ? starts[g] : std::int64_t{0}});
  }
  const Schedule merged = Concurrent(network.ranks(), placements, order);
  Outcome outcome;
  outcome.timeline = RunClock(network, merged);
  Memory memory(merged);
  const int groups = static_cast<int>(collectives.size());
  for (int g = 0; g < groups; ++g) {
    Fill(*collectives[static_cast<std::size_t>(g)], merged, g, &memory);
  }
  Play(merged, outcome.timeline, &memory);
  for (int g = 0; g < groups && outcome.wrong.empty(); ++g) {
    outcome.wrong = Check(*collectives[static_cast<std::size_t>(g)], merged, g, memory);
  }
  return outcome;
}

std::string CheckShuffled(const Collective& collective, std::uint64_t seed) {
  Memory memory(collective.schedule);
  Fill(collective, collective.schedule, 0, &memory);
  PlayShuffled(collective.schedule, seed, &memory);
  return Check(collective, collective.schedule, 0, memory);
}

}  // namespace commplan::oracle
