// A collector keeps what a search has to tell of the plans that it was offered: the best by the
// objective, one of each family, the Pareto set, and why the others were refused.
//
// What it keeps does not depend on the order of the offers: equal plans are told apart by their
// number in the space. So each thread has a collector of its own, and they are added at the end.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "planner/metrics.h"

namespace commplan::planner {

enum class Reason : std::uint8_t {
  kIndivisible,  // the engines would refuse the cut
  kBatch,        // the batch does not divide
  kNoPrice,      // the machine has no price for it
  kMemory,       // does not fit
  kRate,         // cannot carry the requests
  kTtft,         // targets missed
  kTpot,
  kEndToEnd,
  kStep,
};
inline constexpr std::size_t kReasonCount = 9;

template <class Plan>
struct Scored {
  Plan plan;
  Metrics metrics;
  std::int64_t number = 0;  // in the space
  std::int64_t family = 0;  // plans of one family are variants of each other
};

// Plans that were refused for one reason.
template <class Plan>
struct Refused {
  std::int64_t count = 0;
  // Of the nearest: by how much it missed, as a share of the limit; 0 where there is no measure.
  double excess = 0;
  std::int64_t number = 0;
  Plan plan;
  std::string text;
};

struct Wanted {
  Objective objective;
  Objective pareto;  // empty: no Pareto set
  std::size_t top = 1;
};

template <class Plan>
class Collector {
 public:
  explicit Collector(Wanted wanted) : wanted_(std::move(wanted)) {}

  void Offer(const Scored<Plan>& one) {
    ++evaluated_;
    Keep(one);
  }

  // `text` makes the words, and is called only for the nearest so far.
  template <class Text>
  void Refuse(Reason reason, double excess, std::int64_t number, const Plan& plan,
              std::int64_t count, const Text& text) {
    Refused<Plan>& all = refused_[static_cast<std::size_t>(reason)];
    const bool nearer =
        all.count == 0 || excess < all.excess || (excess == all.excess && number < all.number);
    all.count += count;
    if (!nearer) return;
    all.excess = excess;
    all.number = number;
    all.plan = plan;
    all.text = text();
  }

  // Whether a plan that is in no metric better than `bound` would change nothing that is kept.
  bool CannotMatter(const Metrics& bound) const {
    if (wanted_.top > 0) {
      if (best_.size() < wanted_.top) return false;
      if (Compare(bound, best_.back().metrics, wanted_.objective) <= 0) return false;
    }
    return wanted_.pareto.empty() ||
           std::any_of(pareto_.begin(), pareto_.end(), [&](const Scored<Plan>& kept) {
             return Dominates(kept.metrics, bound, wanted_.pareto);
           });
  }

  // One more refused, which misses by more than the nearest.
  bool RefuseFarther(Reason reason, double excess) {
    Refused<Plan>& all = refused_[static_cast<std::size_t>(reason)];
    if (all.count == 0 || excess <= all.excess) return false;
    ++all.count;
    return true;
  }

  // Plans whose time was found, or proven to change nothing. Those refused before are not in it.
  void CountEvaluated(std::int64_t plans) { evaluated_ += plans; }

  void Add(const Collector& other) {
    evaluated_ += other.evaluated_;
    for (const Scored<Plan>& one : other.best_) KeepBest(one);
    for (const Scored<Plan>& one : other.pareto_) KeepPareto(one);
    for (std::size_t i = 0; i < kReasonCount; ++i) {
      const Refused<Plan>& more = other.refused_[i];
      if (more.count == 0) continue;
      Refuse(static_cast<Reason>(i), more.excess, more.number, more.plan, more.count,
             [&] { return more.text; });
    }
  }

  std::int64_t evaluated() const { return evaluated_; }
  // The best of each family, from the best on.
  const std::vector<Scored<Plan>>& Best() const { return best_; }
  // In the order of its first metric.
  std::vector<Scored<Plan>> Pareto() const {
    std::vector<Scored<Plan>> sorted = pareto_;
    std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) {
      const int order = Compare(a.metrics, b.metrics, wanted_.pareto);
      return order != 0 ? order < 0 : a.number < b.number;
    });
    return sorted;
  }
  const Refused<Plan>& refused(Reason reason) const {
    return refused_[static_cast<std::size_t>(reason)];
  }

 private:
  bool Before(const Scored<Plan>& a, const Scored<Plan>& b) const {
    const int order = Compare(a.metrics, b.metrics, wanted_.objective);
    return order != 0 ? order < 0 : a.number < b.number;
  }

  void Keep(const Scored<Plan>& one) {
    KeepBest(one);
    if (!wanted_.pareto.empty()) KeepPareto(one);
  }

  // The best of each family, from the best on.
  void KeepBest(const Scored<Plan>& one) {
    if (wanted_.top == 0) return;
    if (best_.size() == wanted_.top && !Before(one, best_.back())) return;
    const auto same = std::find_if(best_.begin(), best_.end(), [&](const Scored<Plan>& other) {
      return other.family == one.family;
    });
    if (same != best_.end()) {
      if (!Before(one, *same)) return;
      best_.erase(same);
    } else if (best_.size() == wanted_.top) {
      best_.pop_back();
    }
    const auto place = std::upper_bound(
        best_.begin(), best_.end(), one,
        [&](const Scored<Plan>& a, const Scored<Plan>& b) { return Before(a, b); });
    best_.insert(place, one);
  }

  // Of plans that are equal in every metric the first of the space stays. A plan that shuts many
  // out stands in front, where the next one meets it first.
  void KeepPareto(const Scored<Plan>& one) {
    for (std::size_t i = 0; i < pareto_.size(); ++i) {
      Scored<Plan>& other = pareto_[i];
      if (Dominates(other.metrics, one.metrics, wanted_.pareto)) {
        if (i > 0) std::swap(pareto_[i], pareto_[i / 2]);
        return;
      }
      if (Compare(other.metrics, one.metrics, wanted_.pareto) != 0) continue;
      if (one.number < other.number) other = one;
      return;
    }
    std::erase_if(pareto_, [&](const Scored<Plan>& other) {
      return Dominates(one.metrics, other.metrics, wanted_.pareto);
    });
    pareto_.push_back(one);
  }

  Wanted wanted_;
  std::int64_t evaluated_ = 0;
  std::vector<Scored<Plan>> best_;
  std::vector<Scored<Plan>> pareto_;
  std::array<Refused<Plan>, kReasonCount> refused_;
};

// "layout does not divide", as a row of the rejected is titled.
std::string_view Name(Reason reason);
// Whether what is counted are cuts with all plans in them, refused before there are any plans.
constexpr bool CountsCuts(Reason reason) {
  return reason == Reason::kIndivisible || reason == Reason::kBatch;
}

}  // namespace commplan::planner
