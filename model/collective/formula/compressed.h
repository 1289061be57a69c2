// Formulas of collectives whose traffic is compressed: the wire carries w bytes for each byte of
// the tensor, and every rank spends time on encoding, decoding and adding.
//
// A rank has one unit for the codec and one port, which work side by side. Where a message is cut
// into k chunks, one chunk's codec hides behind another one's wire, and what is left is
//
//   max(codec, wire) + min(codec, wire)/k,
//
// written as all of the wire, one chunk of the codec, and fill: what the codec takes longer than
// the wire for the other chunks. One chunk hides nothing.
//
// The terms: encode; decode; reduce (decoding and adding in one pass, and the addition of plain
// stages); launch (the fixed cost of each pass); bandwidth, latency and fill as everywhere.
#pragma once

#include "model/collective/formula/direct.h"
#include "model/collective/formula/hierarchical.h"
#include "model/collective/formula/inputs.h"
#include "model/collective/formula/ring.h"

namespace commplan {

// What a codec adds to the inputs of a formula. Times per byte are per byte of the tensor, not of
// what it shrinks to.
template <class R>
struct CodecInputs {
  R share{};                  // w, bytes on the wire for each byte of the tensor, scales included
  R efficiency{};             // y, rate of compressed traffic, as a share of B
  TimePerByteOf<R> encode{};  // e
  TimePerByteOf<R> decode{};  // d
  TimePerByteOf<R> add{};     // f, decoding a byte and adding it to another
  TimeOf<R> pass{};           // t1, once for each pass of the codec over a chunk
  TimeOf<R> call{};           // t2, once per call, beyond what a plain call costs
};

// What one rank does in one call: bytes of the tensor that pass through its codec and its port.
template <class R>
struct CodecWork {
  BytesOf<R> sent{};   // compressed, counted as bytes of the tensor
  BytesOf<R> plain{};  // sent as they are
  BytesOf<R> encoded{};
  BytesOf<R> decoded{};
  BytesOf<R> added{};  // decoded and added in one pass
  R passes{};          // that wait for each other
  R messages{};        // that wait for each other
};

// One rank's share of S times the peers that it exchanges it with: (p - 1)/p * S.
template <class R>
BytesOf<R> Foreign(const Inputs<R>& x) {
  return (x.ranks - R(1)) / x.ranks * x.bytes;
}

template <class R>
TimeOf<R> WireTime(const Inputs<R>& x, const CodecInputs<R>& c, const BytesOf<R>& tensor) {
  return c.share * tensor / (c.efficiency * x.bandwidth);
}

// The cost of work that is pipelined in k chunks.
template <class R>
CostOf<R> Pipelined(const Inputs<R>& x, const CodecInputs<R>& c, const CodecWork<R>& work) {
  const TimeOf<R> encode = work.encoded * c.encode / x.chunks;
  const TimeOf<R> decode = work.decoded * c.decode / x.chunks;
  const TimeOf<R> add = work.added * c.add / x.chunks;
  const TimeOf<R> passes = work.passes * c.pass;
  const TimeOf<R> wire = WireTime(x, c, work.sent);
  const TimeOf<R> longer = encode + decode + add + passes - wire / x.chunks;
  CostOf<R> cost;
  cost.Add(Term::kLaunch, passes);
  cost.Add(Term::kLatency, work.messages * x.latency);
  cost.Add(Term::kBandwidth, wire);
  cost.Add(Term::kEncode, encode);
  cost.Add(Term::kDecode, decode);
  cost.Add(Term::kReduce, add);
  cost.Add(Term::kFill, (x.chunks - R(1)) * Max(longer, TimeOf<R>()));
  return cost;
}

// --- Direct schemes ---

// Every rank sends its whole compressed buffer to every peer, decodes and adds what comes.
template <class R>
CodecWork<R> OneShotWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = work.added = (x.ranks - R(1)) * x.bytes;
  work.encoded = x.bytes;
  work.passes = R(2);
  work.messages = R(1);
  return work;
}

// The same bytes along a ring: all-gather of the compressed buffers, then a sum on every rank.
template <class R>
CodecWork<R> GatherSumWork(const Inputs<R>& x) {
  CodecWork<R> work = OneShotWork(x);
  work.messages = x.ranks - R(1);
  return work;
}

// A direct reduce-scatter, and a direct all-gather of sums that are encoded once more. A rank's own
// block stays plain until it is summed; the last of three passes decodes the gathered sums.
template <class R>
CodecWork<R> TwoShotWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = R(2) * Foreign(x);
  work.encoded = x.bytes;
  work.added = work.decoded = Foreign(x);
  work.passes = R(3);
  work.messages = R(2);
  return work;
}

template <class R>
CodecWork<R> DirectGatherWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = work.decoded = Foreign(x);
  work.encoded = x.bytes / x.ranks;
  work.passes = R(2);
  work.messages = R(1);
  return work;
}

template <class R>
CodecWork<R> DirectScatterWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = work.encoded = work.added = Foreign(x);
  work.passes = R(2);
  work.messages = R(1);
  return work;
}

template <class R>
CodecWork<R> ExchangeWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = work.encoded = work.decoded = Foreign(x);
  work.passes = R(2);
  work.messages = R(1);
  return work;
}

// p - 1 rounds with one partner each.
template <class R>
CodecWork<R> PairwiseWork(const Inputs<R>& x) {
  CodecWork<R> work = ExchangeWork(x);
  work.messages = x.ranks - R(1);
  return work;
}

template <class R>
CodecWork<R> PointToPointWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = work.encoded = work.decoded = x.bytes;
  work.passes = R(2);
  work.messages = R(1);
  return work;
}

// Sender's codec, wire and receiver's codec are three machines in a row: k chunks take one chunk
// through all three, and k - 1 more through the slowest.
template <class R>
CostOf<R> CodedPointToPoint(const Inputs<R>& x, const CodecInputs<R>& c) {
  const TimeOf<R> encode = x.bytes * c.encode / x.chunks;
  const TimeOf<R> decode = x.bytes * c.decode / x.chunks;
  const TimeOf<R> wire = WireTime(x, c, x.bytes);
  const TimeOf<R> longer = Max(encode, decode) + c.pass - wire / x.chunks;
  CostOf<R> cost;
  cost.Add(Term::kLaunch, R(2) * c.pass);
  cost.Add(Term::kLatency, x.latency);
  cost.Add(Term::kBandwidth, wire);
  cost.Add(Term::kEncode, encode);
  cost.Add(Term::kDecode, decode);
  cost.Add(Term::kFill, (x.chunks - R(1)) * Max(longer, TimeOf<R>()));
  return cost;
}

// --- Through host memory: a message up to it and a message down from it ---

// Every rank writes its compressed buffer once and reads all of them, its own as well.
template <class R>
CodecWork<R> HostOneShotWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = (x.ranks + R(1)) * x.bytes;
  work.encoded = x.bytes;
  work.added = x.ranks * x.bytes;
  work.passes = R(2);
  work.messages = R(2);
  return work;
}

// Two shots: up all but its own block, down that block's other parts; up its sum, down the others.
template <class R>
CodecWork<R> HostTwoShotWork(const Inputs<R>& x) {
  CodecWork<R> work = TwoShotWork(x);
  work.sent = R(3) * Foreign(x) + x.bytes / x.ranks;
  work.messages = R(4);
  return work;
}

// The plain ring through host memory, which those two replace: every hop is a write and a read.
template <class R>
CostOf<R> HostRingAllReduce(const Inputs<R>& x) {
  const R steps = R(2) * (x.ranks - R(1));
  CostOf<R> cost;
  cost.Add(Term::kLatency, R(2) * steps * x.latency);
  cost.Add(Term::kBandwidth, R(2) * steps / x.ranks * x.bytes / x.bandwidth);
  cost.Add(Term::kReduce, Foreign(x) * x.reduction);
  return cost;
}

// --- Rings ---

// The reduce-scatter of a ring. A rank encodes one block, and in each of p - 1 steps decodes and
// adds a block; it encodes the sum for the next step, and after the last one if `last` is one.
// Inside a step k chunks overlap codec and wire; a step waits for the one before.
template <class R>
CodecWork<R> RingScatterWork(const Inputs<R>& x, const R& last) {
  CodecWork<R> work;
  work.sent = work.added = Foreign(x);
  work.encoded = (x.ranks - R(1) + last) / x.ranks * x.bytes;
  work.passes = x.ranks;
  work.messages = x.ranks - R(1);
  return work;
}

template <class R>
CostOf<R> CodedRingScatter(const Inputs<R>& x, const CodecInputs<R>& c, const R& last) {
  const BytesOf<R> block = x.bytes / x.ranks;
  CodecWork<R> step;
  step.sent = step.added = step.encoded = block;
  step.passes = step.messages = R(1);
  CodecWork<R> end = step;
  end.encoded = last * block;
  const CostOf<R> middle = Pipelined(x, c, step);
  const R others = x.ranks - R(2);
  CostOf<R> cost = Pipelined(x, c, end);
  for (const Term term : {Term::kLaunch, Term::kLatency, Term::kBandwidth, Term::kEncode,
                          Term::kReduce, Term::kFill}) {
    cost.Add(term, others * middle.At(term));
  }
  cost.Add(Term::kLaunch, c.pass);
  cost.Add(Term::kEncode, block * c.encode);
  return cost;
}

// Blocks that are encoded already go round, and are decoded while the next one comes.
template <class R>
CodecWork<R> RingGatherWork(const Inputs<R>& x) {
  CodecWork<R> work;
  work.sent = work.decoded = Foreign(x);
  work.passes = x.ranks - R(1);
  work.messages = x.ranks - R(1);
  return work;
}

template <class R>
CostOf<R> CodedRingForward(const Inputs<R>& x, const CodecInputs<R>& c) {
  const BytesOf<R> block = x.bytes / x.ranks;
  const R steps = x.ranks - R(1);
  const TimeOf<R> step = x.latency + WireTime(x, c, block);
  const TimeOf<R> decode = block * c.decode;
  CostOf<R> cost;
  cost.Add(Term::kLaunch, c.pass);
  cost.Add(Term::kLatency, steps * x.latency);
  cost.Add(Term::kBandwidth, steps * WireTime(x, c, block));
  cost.Add(Term::kDecode, decode);
  cost.Add(Term::kFill, (steps - R(1)) * Max(decode + c.pass - step, TimeOf<R>()));
  return cost;
}

template <class R>
CostOf<R> CodedRingAllReduce(const Inputs<R>& x, const CodecInputs<R>& c) {
  return CodedRingScatter(x, c, R(1)) + CodedRingForward(x, c);
}

template <class R>
CostOf<R> CodedRingPlainGather(const Inputs<R>& x, const CodecInputs<R>& c) {
  return CodedRingScatter(x, c, R(0)) + RingAllGather(x);
}

template <class R>
CostOf<R> CodedRingReduceScatter(const Inputs<R>& x, const CodecInputs<R>& c) {
  return CodedRingScatter(x, c, R(0));
}

template <class R>
CostOf<R> CodedRingAllGather(const Inputs<R>& x, const CodecInputs<R>& c) {
  CostOf<R> cost = CodedRingForward(x, c);
  cost.Add(Term::kLaunch, c.pass);
  cost.Add(Term::kEncode, x.bytes / x.ranks * c.encode);
  return cost;
}

// --- Over nodes ---

// A compressed stage between nodes, under its own names.
template <class R>
CostOf<R> CodedAcross(const Inputs<R>& x, const CodecInputs<R>& c, const BytesOf<R>& bytes,
                      CodecWork<R> (*work)(const Inputs<R>&)) {
  const Inputs<R> across = AcrossNodes(x, bytes);
  const CostOf<R> cost = Pipelined(across, c, work(across));
  CostOf<R> named = AsNetwork(cost);
  for (const Term term : {Term::kLaunch, Term::kEncode, Term::kDecode, Term::kFill}) {
    named.Add(term, cost.At(term));
  }
  return named;
}

// The codec works on the slow tier alone: plain rings inside the nodes, compressed two shots of S/q
// between them.
template <class R>
CostOf<R> CodedHierarchicalAllReduce(const Inputs<R>& x, const CodecInputs<R>& c) {
  return RingReduceScatter(InsideNode(x)) +
         CodedAcross<R>(x, c, x.bytes / x.local, TwoShotWork<R>) + RingAllGather(InsideNode(x));
}

template <class R>
CostOf<R> CodedHierarchicalAllGather(const Inputs<R>& x, const CodecInputs<R>& c) {
  return CodedAcross<R>(x, c, x.bytes / x.local, DirectGatherWork<R>) +
         RingAllGather(InsideNode(x));
}

template <class R>
CostOf<R> CodedHierarchicalReduceScatter(const Inputs<R>& x, const CodecInputs<R>& c) {
  return RingReduceScatter(InsideNode(x)) +
         CodedAcross<R>(x, c, x.bytes / x.local, DirectScatterWork<R>);
}

// Two compressed hops: inside the node, and what is left of it between the nodes.
template <class R>
CostOf<R> CodedTwoHopReduceScatter(const Inputs<R>& x, const CodecInputs<R>& c) {
  const Inputs<R> inside = InsideNode(x);
  return Pipelined(inside, c, DirectScatterWork(inside)) +
         CodedAcross<R>(x, c, x.bytes / x.local, DirectScatterWork<R>);
}

// Blocks change their places between the two exchanges, so nothing is cut into chunks.
template <class R>
CostOf<R> CodedHierarchicalAllToAll(const Inputs<R>& x, const CodecInputs<R>& c) {
  Inputs<R> whole = x;
  whole.chunks = R(1);
  return DirectExchange(InsideNode(x)) + CodedAcross<R>(whole, c, x.bytes, ExchangeWork<R>);
}

}  // namespace commplan
