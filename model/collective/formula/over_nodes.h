// Formulas of one flat algorithm over ranks in several nodes: some of its hops cross the network,
// most do not.
//
// B2 is what the whole group gets between two nodes here (all cards that its ring uses), not one
// rank's part.
#pragma once

#include "model/collective/formula/inputs.h"

namespace commplan {

// A ring through all ranks, node by node. A block crosses the network in every q-th hop, and the
// slower of the two links sets the pace of all; what the network adds over the links inside is its
// own term.
template <class R>
CostOf<R> RingOverNodes(const Inputs<R>& x, const R& steps) {
  const R crossings = Ceil(steps / x.local);
  const BytesOf<R> block = x.bytes / x.ranks;
  CostOf<R> cost;
  cost.Add(Term::kLatency, (steps - crossings) * x.latency);
  cost.Add(Term::kNetworkLatency, crossings * x.net_latency);
  cost.Add(Term::kBandwidth, steps * block / x.bandwidth);
  cost.Add(Term::kNetworkBandwidth,
           steps * Max(block / x.net_bandwidth - block / x.bandwidth, TimeOf<R>()));
  return cost;
}

template <class R>
CostOf<R> RingOverNodesAllGather(const Inputs<R>& x) {
  return RingOverNodes(x, x.ranks - R(1));
}

template <class R>
CostOf<R> RingOverNodesReduceScatter(const Inputs<R>& x) {
  CostOf<R> cost = RingOverNodes(x, x.ranks - R(1));
  cost.Add(Term::kReduce, (x.ranks - R(1)) / x.ranks * x.bytes * x.reduction);
  return cost;
}

template <class R>
CostOf<R> RingOverNodesAllReduce(const Inputs<R>& x) {
  CostOf<R> cost = RingOverNodes(x, R(2) * (x.ranks - R(1)));
  cost.Add(Term::kReduce, (x.ranks - R(1)) / x.ranks * x.bytes * x.reduction);
  return cost;
}

// All peers at once, those in the node over its links and the others over the network, side by
// side. Here B2 is one rank's part of the network.
template <class R>
CostOf<R> DirectOverNodesExchange(const Inputs<R>& x) {
  const BytesOf<R> block = x.bytes / x.ranks;
  const TimeOf<R> inside = x.latency + (x.local - R(1)) * block / x.bandwidth;
  const TimeOf<R> across = x.net_latency + (x.ranks - x.local) * block / x.net_bandwidth;
  CostOf<R> cost;
  cost.Add(Term::kLatency, x.latency);
  cost.Add(Term::kBandwidth, (x.local - R(1)) * block / x.bandwidth);
  // What the network takes longer: first its latency, as far as that explains it, then its bytes.
  const TimeOf<R> longer = Max(across - inside, TimeOf<R>());
  const TimeOf<R> by_latency = Min(longer, Max(x.net_latency - x.latency, TimeOf<R>()));
  cost.Add(Term::kNetworkLatency, by_latency);
  cost.Add(Term::kNetworkBandwidth, longer - by_latency);
  return cost;
}

}  // namespace commplan
