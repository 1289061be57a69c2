// Direct formulas: every rank talks to every other one at once, over a switch or over links of its
// own.
//
// B is what a rank gets for all its peers together: the port of a switch, or the sum of its links
// in a full mesh.
#pragma once

#include "model/collective/formula/inputs.h"

namespace commplan {

template <class R>
CostOf<R> PointToPoint(const Inputs<R>& x) {
  CostOf<R> cost;
  cost.Add(Term::kLatency, x.latency);
  cost.Add(Term::kBandwidth, x.bytes / x.bandwidth);
  return cost;
}

// One-shot all-reduce: each rank reads the whole buffer of every peer and adds them all itself.
template <class R>
CostOf<R> OneShotAllReduce(const Inputs<R>& x) {
  const R peers = x.ranks - R(1);
  CostOf<R> cost;
  cost.Add(Term::kLatency, x.latency);
  cost.Add(Term::kBandwidth, peers * x.bytes / x.bandwidth);
  cost.Add(Term::kReduce, peers * x.bytes * x.reduction);
  return cost;
}

// A block of S/p to each of p - 1 peers. S is the total for all-gather, one rank's buffer for
// all-to-all.
template <class R>
CostOf<R> DirectExchange(const Inputs<R>& x) {
  CostOf<R> cost;
  cost.Add(Term::kLatency, x.latency);
  cost.Add(Term::kBandwidth, (x.ranks - R(1)) / x.ranks * x.bytes / x.bandwidth);
  return cost;
}

template <class R>
CostOf<R> DirectReduceScatter(const Inputs<R>& x) {
  CostOf<R> cost = DirectExchange(x);
  cost.Add(Term::kReduce, (x.ranks - R(1)) / x.ranks * x.bytes * x.reduction);
  return cost;
}

// Two-shot all-reduce: a direct reduce-scatter, then a direct all-gather.
template <class R>
CostOf<R> TwoShotAllReduce(const Inputs<R>& x) {
  return DirectReduceScatter(x) + DirectExchange(x);
}

// Pairwise all-to-all: p - 1 rounds with one partner each.
template <class R>
CostOf<R> PairwiseExchange(const Inputs<R>& x) {
  const R rounds = x.ranks - R(1);
  CostOf<R> cost;
  cost.Add(Term::kLatency, rounds * x.latency);
  cost.Add(Term::kBandwidth, rounds / x.ranks * x.bytes / x.bandwidth);
  return cost;
}

}  // namespace commplan
