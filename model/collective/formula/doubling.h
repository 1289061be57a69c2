// Doubling and halving formulas: partners at distance 1, 2, 4, ... exchange ever larger (or
// smaller) parts.
//
// The all-reduces work on P = 2^floor(log2 p) ranks; where p is larger the others first fold their
// buffer into a neighbour and get the result back at the end, which is one more message each way.
#pragma once

#include "model/collective/formula/inputs.h"

namespace commplan {

// What folding p ranks into the next lower power of two adds: nothing when p is one.
template <class R>
CostOf<R> Folding(const Inputs<R>& x) {
  const R folded = Ceil(Log2(x.ranks)) - Floor(Log2(x.ranks));
  CostOf<R> cost;
  cost.Add(Term::kLatency, R(2) * folded * x.latency);
  cost.Add(Term::kBandwidth, R(2) * folded * x.bytes / x.bandwidth);
  cost.Add(Term::kReduce, folded * x.bytes * x.reduction);
  return cost;
}

// Recursive doubling: log2 P exchanges of the whole buffer.
template <class R>
CostOf<R> RecursiveDoublingAllReduce(const Inputs<R>& x) {
  const R rounds = Floor(Log2(x.ranks));
  CostOf<R> cost;
  cost.Add(Term::kLatency, rounds * x.latency);
  cost.Add(Term::kBandwidth, rounds * x.bytes / x.bandwidth);
  cost.Add(Term::kReduce, rounds * x.bytes * x.reduction);
  return cost + Folding(x);
}

// Rabenseifner: reduce-scatter by halving, then all-gather by doubling.
template <class R>
CostOf<R> RabenseifnerAllReduce(const Inputs<R>& x) {
  const R rounds = Floor(Log2(x.ranks));
  const R share = (Exp2(rounds) - R(1)) / Exp2(rounds);
  CostOf<R> cost;
  cost.Add(Term::kLatency, R(2) * rounds * x.latency);
  cost.Add(Term::kBandwidth, R(2) * share * x.bytes / x.bandwidth);
  cost.Add(Term::kReduce, share * x.bytes * x.reduction);
  return cost + Folding(x);
}

// All-gather in ceil(log2 p) rounds: recursive doubling for powers of two, Bruck for any p, PAT in
// NCCL.
template <class R>
CostOf<R> DoublingAllGather(const Inputs<R>& x) {
  CostOf<R> cost;
  cost.Add(Term::kLatency, Ceil(Log2(x.ranks)) * x.latency);
  cost.Add(Term::kBandwidth, (x.ranks - R(1)) / x.ranks * x.bytes / x.bandwidth);
  return cost;
}

template <class R>
CostOf<R> HalvingReduceScatter(const Inputs<R>& x) {
  CostOf<R> cost = DoublingAllGather(x);
  cost.Add(Term::kReduce, (x.ranks - R(1)) / x.ranks * x.bytes * x.reduction);
  return cost;
}

}  // namespace commplan
