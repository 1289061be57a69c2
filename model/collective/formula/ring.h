// Ring formulas: every rank sends one block to its right neighbour in each step, p - 1 steps round
// the ring.
//
// Bandwidth-optimal at any size, and slow at small ones because the steps wait for each other. Each
// block is S/p; where p does not divide S the largest block is larger and the formula is a lower
// bound.
#pragma once

#include "model/collective/formula/inputs.h"

namespace commplan {

template <class R>
CostOf<R> RingAllGather(const Inputs<R>& x) {
  const R steps = x.ranks - R(1);
  CostOf<R> cost;
  cost.Add(Term::kLatency, steps * x.latency);
  cost.Add(Term::kBandwidth, steps / x.ranks * x.bytes / x.bandwidth);
  return cost;
}

// As the all-gather, and each arriving block is added before it is sent on.
template <class R>
CostOf<R> RingReduceScatter(const Inputs<R>& x) {
  CostOf<R> cost = RingAllGather(x);
  cost.Add(Term::kReduce, (x.ranks - R(1)) / x.ranks * x.bytes * x.reduction);
  return cost;
}

template <class R>
CostOf<R> RingAllReduce(const Inputs<R>& x) {
  const R steps = R(2) * (x.ranks - R(1));
  CostOf<R> cost;
  cost.Add(Term::kLatency, steps * x.latency);
  cost.Add(Term::kBandwidth, steps / x.ranks * x.bytes / x.bandwidth);
  cost.Add(Term::kReduce, (x.ranks - R(1)) / x.ranks * x.bytes * x.reduction);
  return cost;
}

// A pipelined chain: k chunks travel p - 1 hops one behind the other; the next chunk is sent when
// the last one has arrived.
template <class R>
CostOf<R> ChainBroadcast(const Inputs<R>& x) {
  const R waiting = x.ranks - R(2);
  CostOf<R> cost;
  cost.Add(Term::kLatency, (waiting + x.chunks) * x.latency);
  cost.Add(Term::kBandwidth, x.bytes / x.bandwidth);
  cost.Add(Term::kFill, waiting * x.bytes / (x.chunks * x.bandwidth));
  return cost;
}

}  // namespace commplan
