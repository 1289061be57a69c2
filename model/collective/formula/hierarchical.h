// Hierarchical formulas: inside each node, then across nodes among ranks of equal position, then
// inside again.
//
// They are sums of the formulas of one tier, each on the part of the data that its stage holds:
// nothing about a ring is written here again. B2 is what one rank gets between nodes, so NICs that
// ranks share are counted in it.
#pragma once

#include "model/collective/formula/direct.h"
#include "model/collective/formula/ring.h"
#include "model/collective/formula/tree.h"

namespace commplan {

// The inputs of a stage inside one node.
template <class R>
Inputs<R> InsideNode(Inputs<R> x) {
  x.ranks = x.local;
  return x;
}

// The inputs of a stage among the N ranks of equal position, which hold `bytes`.
template <class R>
Inputs<R> AcrossNodes(Inputs<R> x, const BytesOf<R>& bytes) {
  x.ranks = x.nodes;
  x.bytes = bytes;
  x.latency = x.net_latency;
  x.bandwidth = x.net_bandwidth;
  return x;
}

// The cost of a stage between nodes, under its own names.
template <class R>
CostOf<R> AsNetwork(const CostOf<R>& cost) {
  CostOf<R> named;
  named.Add(Term::kNetworkLatency, cost.At(Term::kLatency));
  named.Add(Term::kNetworkBandwidth, cost.At(Term::kBandwidth));
  named.Add(Term::kReduce, cost.At(Term::kReduce));
  return named;
}

// Rings: reduce-scatter inside, all-reduce of S/q across, all-gather inside, in k chunks that
// follow each other through the three stages; with one chunk the stages simply follow each other.
// The network stage is counted for every chunk, the stages inside for one chunk. Where one of those
// is slower, or their links (which both use) are, what that adds for the other chunks is fill.
template <class R>
CostOf<R> HierarchicalAllReduce(const Inputs<R>& x) {
  Inputs<R> chunk = x;
  chunk.bytes = x.bytes / x.chunks;
  const CostOf<R> scatter = RingReduceScatter(InsideNode(chunk));
  const CostOf<R> across = RingAllReduce(AcrossNodes(chunk, chunk.bytes / x.local));
  const CostOf<R> gather = RingAllGather(InsideNode(chunk));
  const TimeOf<R> inside = Max(scatter.Total(), gather.Total());
  CostOf<R> cost = scatter + gather;
  cost.Add(Term::kNetworkLatency, x.chunks * across.At(Term::kLatency));
  cost.Add(Term::kNetworkBandwidth, x.chunks * across.At(Term::kBandwidth));
  cost.Add(Term::kReduce, x.chunks * across.At(Term::kReduce));
  cost.Add(Term::kFill, (x.chunks - R(1)) * Max(inside - across.Total(), TimeOf<R>()));
  return cost;
}

// Each rank gathers its 1/q of all nodes' data, then the node's ranks exchange what they have.
template <class R>
CostOf<R> HierarchicalAllGather(const Inputs<R>& x) {
  return AsNetwork(RingAllGather(AcrossNodes(x, x.bytes / x.local))) + RingAllGather(InsideNode(x));
}

template <class R>
CostOf<R> HierarchicalReduceScatter(const Inputs<R>& x) {
  return RingReduceScatter(InsideNode(x)) +
         AsNetwork(RingReduceScatter(AcrossNodes(x, x.bytes / x.local)));
}

// Binomial trees: among one rank of each node, then inside the nodes.
template <class R>
CostOf<R> HierarchicalBroadcast(const Inputs<R>& x) {
  return AsNetwork(BinomialBroadcast(AcrossNodes(x, x.bytes))) + BinomialBroadcast(InsideNode(x));
}

template <class R>
CostOf<R> HierarchicalReduce(const Inputs<R>& x) {
  return BinomialReduce(InsideNode(x)) + AsNetwork(BinomialReduce(AcrossNodes(x, x.bytes)));
}

// Exchange inside the node by final position, then across nodes.
template <class R>
CostOf<R> HierarchicalAllToAll(const Inputs<R>& x) {
  return DirectExchange(InsideNode(x)) + AsNetwork(DirectExchange(AcrossNodes(x, x.bytes)));
}

}  // namespace commplan
