// Tree formulas: a reduction goes up a tree and the result comes down again, so latency grows with
// log2 p only.
#pragma once

#include "model/collective/formula/inputs.h"

namespace commplan {

// Binomial tree, whole messages, ceil(log2 p) rounds.
template <class R>
CostOf<R> BinomialBroadcast(const Inputs<R>& x) {
  const R rounds = Ceil(Log2(x.ranks));
  CostOf<R> cost;
  cost.Add(Term::kLatency, rounds * x.latency);
  cost.Add(Term::kBandwidth, rounds * x.bytes / x.bandwidth);
  return cost;
}

template <class R>
CostOf<R> BinomialReduce(const Inputs<R>& x) {
  CostOf<R> cost = BinomialBroadcast(x);
  cost.Add(Term::kReduce, Ceil(Log2(x.ranks)) * x.bytes * x.reduction);
  return cost;
}

// Two complementary binary trees, each with half of the data in k chunks. A rank is an inner node
// in one of them at most: per pair of chunks 4 pass its port each way (2 where there are only two
// ranks). An edge sends its next chunk when the last one has arrived, so a chunk cannot follow
// faster than one message.
template <class R>
CostOf<R> DoubleTreeAllReduce(const Inputs<R>& x) {
  const R depth = Floor(Log2(x.ranks));
  const R load = Min(R(4), R(2) * (x.ranks - R(1)));
  const TimeOf<R> chunk = x.bytes / (R(2) * x.chunks * x.bandwidth);
  const R behind = x.chunks - R(1);
  CostOf<R> cost;
  cost.Add(Term::kLatency,
           R(2) * depth * x.latency + behind * Max(x.latency - (load - R(1)) * chunk, TimeOf<R>()));
  cost.Add(Term::kBandwidth, behind * load * chunk);
  cost.Add(Term::kFill, Max(R(2) * depth, load) * chunk);
  return cost;
}

// NCCL's tree: chains inside the nodes, two complementary trees across them, finely chunked. On one
// node it is a chain. B and B2 are what the trees sustain inside and across, already corrected for
// message size; what the network adds is its own term.
template <class R>
CostOf<R> ChainTreeAllReduce(const Inputs<R>& x) {
  CostOf<R> cost;
  cost.Add(Term::kLatency, R(2) * (x.local - R(1)) * x.latency);
  cost.Add(Term::kNetworkLatency, R(2) * Floor(Log2(x.nodes)) * x.net_latency);
  cost.Add(Term::kBandwidth, R(2) * x.bytes / x.bandwidth);
  cost.Add(Term::kNetworkBandwidth,
           R(2) * Max(x.bytes / x.net_bandwidth - x.bytes / x.bandwidth, TimeOf<R>()));
  return cost;
}

}  // namespace commplan
