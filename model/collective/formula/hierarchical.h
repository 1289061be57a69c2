// Hierarchical formulas: inside each node, then across nodes among ranks of equal position, then
// inside again; and where the group spans more tiers, on each of them in turn, out and back.
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

// The links of tier t, counted from 0 inside the nodes, and how many ranks of equal position it
// joins. The outermost tier joins all that is left.
template <class R>
struct TierLinks {
  R ranks{};
  TimeOf<R> latency{};
  BandwidthOf<R> bandwidth{};
};

template <class R>
TierLinks<R> LinksOf(const Inputs<R>& x, std::size_t t) {
  if (t == 0) return {x.local, x.latency, x.bandwidth};
  TierLinks<R> links{x.nodes, x.net_latency, x.net_bandwidth};
  if (t > 1) {
    const FurtherTier<R>& tier = x.further[t - 2];
    links = {tier.domains, tier.latency, tier.bandwidth};
  }
  if (t + 1 < x.tiers) links.ranks = links.ranks / x.further[t - 1].domains;
  return links;
}

// The inputs of a stage on tier t, among ranks that hold `bytes`.
template <class R>
Inputs<R> OnTier(const Inputs<R>& x, std::size_t t, const BytesOf<R>& bytes) {
  const TierLinks<R> links = LinksOf(x, t);
  Inputs<R> on;
  on.ranks = links.ranks;
  on.latency = links.latency;
  on.bandwidth = links.bandwidth;
  on.bytes = bytes;
  on.reduction = x.reduction;
  return on;
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

// Rings: reduce-scatter on each tier from the inside out, all-reduce of what is left on the
// outermost, all-gather on each tier back in, in k chunks that follow each other through the
// stages; with one chunk the stages simply follow each other. The outermost stage is counted for
// every chunk, the others for one chunk. Where a reduce-scatter (which takes no less than the
// all-gather of its tier) is slower, what that adds for the other chunks is fill.
template <class R>
CostOf<R> HierarchicalAllReduce(const Inputs<R>& x) {
  // A ring has no other terms.
  const auto time = [](const CostOf<R>& ring) {
    return ring.At(Term::kLatency) + ring.At(Term::kBandwidth) + ring.At(Term::kReduce);
  };
  CostOf<R> cost;
  TimeOf<R> slowest{};
  Inputs<R> tier = OnTier(x, 0, x.bytes / x.chunks);
  for (std::size_t t = 1; t < x.tiers; ++t) {
    const CostOf<R> scatter = RingReduceScatter(tier), gather = RingAllGather(tier);
    cost.Add(t == 1 ? Term::kLatency : Term::kNetworkLatency,
             scatter.At(Term::kLatency) + gather.At(Term::kLatency));
    cost.Add(t == 1 ? Term::kBandwidth : Term::kNetworkBandwidth,
             scatter.At(Term::kBandwidth) + gather.At(Term::kBandwidth));
    cost.Add(Term::kReduce, scatter.At(Term::kReduce));
    slowest = t == 1 ? time(scatter) : Max(slowest, time(scatter));
    tier = OnTier(x, t, tier.bytes / tier.ranks);
  }
  const CostOf<R> across = RingAllReduce(tier);
  cost.Add(Term::kNetworkLatency, x.chunks * across.At(Term::kLatency));
  cost.Add(Term::kNetworkBandwidth, x.chunks * across.At(Term::kBandwidth));
  cost.Add(Term::kReduce, x.chunks * across.At(Term::kReduce));
  cost.Add(Term::kFill, (x.chunks - R(1)) * Max(slowest - time(across), TimeOf<R>()));
  return cost;
}

// What a stage costs on all tiers beyond the nodes together, each on its slice of the data.
template <class R, class Stage>
CostOf<R> BeyondNodes(const Inputs<R>& x, const Stage& stage) {
  Inputs<R> tier = OnTier(x, 1, x.bytes / x.local);
  CostOf<R> cost = AsNetwork(stage(tier));
  for (std::size_t t = 2; t < x.tiers; ++t) {
    tier = OnTier(x, t, tier.bytes / tier.ranks);
    cost = cost + AsNetwork(stage(tier));
  }
  return cost;
}

// Each rank gathers its slice of all data from the outermost tier inwards.
template <class R>
CostOf<R> HierarchicalAllGather(const Inputs<R>& x) {
  return BeyondNodes(x, RingAllGather<R>) + RingAllGather(InsideNode(x));
}

template <class R>
CostOf<R> HierarchicalReduceScatter(const Inputs<R>& x) {
  return RingReduceScatter(InsideNode(x)) + BeyondNodes(x, RingReduceScatter<R>);
}

// Binomial trees: among one rank of each outermost domain, then among one of each domain inside
// those, and so on into the nodes. All of the data passes each tier.
template <class R>
CostOf<R> HierarchicalBroadcast(const Inputs<R>& x) {
  const auto whole = [&](Inputs<R> tier) {
    tier.bytes = x.bytes;
    return BinomialBroadcast(tier);
  };
  return BeyondNodes(x, whole) + BinomialBroadcast(InsideNode(x));
}

template <class R>
CostOf<R> HierarchicalReduce(const Inputs<R>& x) {
  const auto whole = [&](Inputs<R> tier) {
    tier.bytes = x.bytes;
    return BinomialReduce(tier);
  };
  return BinomialReduce(InsideNode(x)) + BeyondNodes(x, whole);
}

// Exchange inside the node by final position, then across nodes.
template <class R>
CostOf<R> HierarchicalAllToAll(const Inputs<R>& x) {
  return DirectExchange(InsideNode(x)) + AsNetwork(DirectExchange(AcrossNodes(x, x.bytes)));
}

}  // namespace commplan
