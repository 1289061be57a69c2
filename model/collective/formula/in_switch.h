// In-switch formulas: the switch adds what its ports send and copies what it is given to all ports
// (NVLS).
//
// A rank asks for the sum of its own slice, S/p, which all ranks send at the same time; and hands
// its slice to the switch, which copies it to every port, the sender's own one included. No rank
// adds anything itself.
#pragma once

#include "model/collective/formula/inputs.h"

namespace commplan {

// All p slices pass each port once: out of it for the sums, into it for the copies.
template <class R>
CostOf<R> InSwitchExchange(const Inputs<R>& x) {
  CostOf<R> cost;
  cost.Add(Term::kLatency, x.latency);
  cost.Add(Term::kBandwidth, x.bytes / x.bandwidth);
  return cost;
}

// Sums and copies in turn, chunk by chunk, a chunk following when the last one is copied: both
// directions are busy, S + S/p each way, but for the last chunk's way back. A library that passes
// each chunk through s further stages (into and out of its own buffers) fills that pipeline as
// well.
template <class R>
CostOf<R> InSwitchAllReduce(const Inputs<R>& x) {
  const R own = R(1) / x.ranks;
  const TimeOf<R> buffer = x.bytes / x.bandwidth;
  CostOf<R> cost;
  cost.Add(Term::kLatency, x.chunks * x.latency);
  cost.Add(Term::kBandwidth, (R(1) + own) * buffer);
  cost.Add(Term::kFill, (R(1) - own + x.stages * (R(1) + own)) * buffer / x.chunks);
  return cost;
}

// In-switch inside each node, a tree across nodes; both bandwidths count as bus bandwidth, and what
// the network adds over the node is its own term.
template <class R>
CostOf<R> InSwitchTreeAllReduce(const Inputs<R>& x) {
  CostOf<R> cost;
  cost.Add(Term::kLatency, x.latency);
  cost.Add(Term::kNetworkLatency, R(2) * Floor(Log2(x.nodes)) * x.net_latency);
  const BytesOf<R> traffic = R(2) * (x.ranks - R(1)) / x.ranks * x.bytes;
  cost.Add(Term::kBandwidth, traffic / x.bandwidth);
  cost.Add(Term::kNetworkBandwidth,
           Max(traffic / x.net_bandwidth - traffic / x.bandwidth, TimeOf<R>()));
  return cost;
}

}  // namespace commplan
