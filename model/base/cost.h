// A cost: a sum of named terms of time. The total is computed from the terms whenever it is asked
// for and never stored, so a table, a JSON document and an explanation cannot disagree.
//
// Terms answer "what is this time spent on?", not "which algorithm?". A formula adds only the terms
// that it has; the others stay zero and are not shown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/base/quantity.h"

namespace commplan {

enum class Term : std::uint8_t {
  kLaunch,            // fixed cost of a call: kernel launch, first and last synchronisation
  kLatency,           // messages on their way inside a node (or on the only tier)
  kBandwidth,         // bytes through the links inside a node (or of the only tier)
  kFill,              // filling and draining a pipeline of chunks
  kNetworkLatency,    // messages on their way between nodes
  kNetworkBandwidth,  // bytes through the links between nodes
  kReduce,            // arithmetic of the reduction
  kCopy,              // between the user's buffers and the library's
  kEncode,            // compressing
  kDecode,            // decompressing
  kContention,        // waiting for links that other groups use at the same time
  kResidual,          // what a measurement has beyond the terms above; may be negative
};
inline constexpr std::size_t kTermCount = 12;

// The word of a term in JSON and tables, such as "network_latency".
std::string_view TermName(Term term);

template <class R>
class CostOf {
 public:
  constexpr CostOf& Add(Term term, const TimeOf<R>& time) {
    terms_[static_cast<std::size_t>(term)] += time;
    return *this;
  }
  constexpr const TimeOf<R>& At(Term term) const { return terms_[static_cast<std::size_t>(term)]; }

  constexpr TimeOf<R> Total() const {
    TimeOf<R> total = terms_[0];
    for (std::size_t i = 1; i < kTermCount; ++i) total += terms_[i];
    return total;
  }

  friend constexpr CostOf operator+(CostOf a, const CostOf& b) {
    for (std::size_t i = 0; i < kTermCount; ++i) a.terms_[i] += b.terms_[i];
    return a;
  }

 private:
  std::array<TimeOf<R>, kTermCount> terms_{};
};

using Cost = CostOf<double>;

// The term with the largest share; the first one on a tie.
Term DominantTerm(const Cost& cost);

}  // namespace commplan
