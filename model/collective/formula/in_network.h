// In-network formulas: the switches between the nodes add what one rank of each node gives them,
// and hand the sum back to all (SHARP; NCCL calls it CollNet).
//
// Each of a node's q ranks is the head for its slice, S/q: inside the node the slice is summed up
// on its way to the head and spread on its way back, and through the network it goes once in each
// direction, however many nodes there are. Chunks are so fine that everything is on its way at the
// same time: links inside and network work side by side, and the slower one sets the pace. B2 is
// one rank's part of the network, a2 a message's way up to the switches and down again.
#pragma once

#include "model/collective/formula/inputs.h"

namespace commplan {

// `inside` is how long the links of a node are busy; what the network adds to that is its own term.
template <class R>
CostOf<R> ThroughNetwork(const Inputs<R>& x, const R& hops, const TimeOf<R>& inside) {
  CostOf<R> cost;
  cost.Add(Term::kLatency, hops * x.latency);
  cost.Add(Term::kNetworkLatency, x.net_latency);
  cost.Add(Term::kBandwidth, inside);
  cost.Add(Term::kNetworkBandwidth, Max(x.bytes / x.local / x.net_bandwidth - inside, TimeOf<R>()));
  return cost;
}

// Slices that go through the links inside a node: all but a rank's own, out and back.
template <class R>
CostOf<R> SlicesThroughNetwork(const Inputs<R>& x, const R& hops) {
  const R others = (x.local - R(1)) / x.local;
  CostOf<R> cost = ThroughNetwork(x, hops, R(2) * others * x.bytes / x.bandwidth);
  cost.Add(Term::kReduce, others * x.bytes * x.reduction);
  return cost;
}

// To all heads at once, and back: one hop each way where a node has several ranks.
template <class R>
CostOf<R> CollnetDirectAllReduce(const Inputs<R>& x) {
  return SlicesThroughNetwork(x, R(2) * Min(x.local - R(1), R(1)));
}

// Along a chain through the node's ranks to each head, and back along it.
template <class R>
CostOf<R> CollnetChainAllReduce(const Inputs<R>& x) {
  return SlicesThroughNetwork(x, R(2) * (x.local - R(1)));
}

// The node's own switch adds and copies too.
template <class R>
CostOf<R> InSwitchThroughNetworkAllReduce(const Inputs<R>& x) {
  return ThroughNetwork(x, R(1), (R(1) + R(1) / x.local) * x.bytes / x.bandwidth);
}

}  // namespace commplan
