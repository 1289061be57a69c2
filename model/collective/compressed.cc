#include "model/collective/compressed.h"

#include <algorithm>

#include "model/base/check.h"

namespace commplan {
namespace {

bool ThroughHost(CompressedScheme scheme) {
  return scheme == CompressedScheme::kHostOneShot || scheme == CompressedScheme::kHostTwoShot ||
         scheme == CompressedScheme::kHostRing;
}

Inputs<double> InputsOf(const GroupShape& shape, const CompressedCard& card, const CallCost& call) {
  Inputs<double> x = ShapeInputs(shape);
  if (card.all_peers) x.bandwidth = shape.all_peers;
  x.reduction = call.reduction;
  x.launch = call.launch;
  return x;
}

Span SpanOf(const GroupShape& shape) {
  return shape.nodes > 1 && !shape.network_only ? Span::kOverNodes : Span::kOneTier;
}

CompressedWay WayOf(const CompressedCard& card, const GroupShape& shape, const CodecCost& codec,
                    const CallCost& call) {
  // Only a card that talks to all peers uses a rank's other links, and the codec stands on the
  // network of a card over nodes.
  const bool many_links =
      card.all_peers && card.span == Span::kOneTier && shape.all_peers > shape.neighbour;
  return {&card, InputsOf(shape, card, call), CodecInputsOf(codec, many_links), codec.max_chunks};
}

}  // namespace

CodecCost CodecCostFromMemory(std::string name, double share, Bandwidth memory) {
  CodecCost codec;
  codec.name = std::move(name);
  codec.share = share;
  const TimePerByte moved = 1.0 / memory;
  codec.encode = (1 + share) * moved;  // reads the tensor, writes what is sent
  codec.decode = (1 + share) * moved;
  codec.add = (2 + share) * moved;  // reads the sum as well
  return codec;
}

CodecInputs<double> CodecInputsOf(const CodecCost& codec, bool many_links) {
  CodecInputs<double> c;
  c.share = codec.share;
  c.efficiency = many_links ? codec.many_links_efficiency : codec.one_link_efficiency;
  c.encode = codec.encode;
  c.decode = codec.decode;
  c.add = codec.add;
  c.pass = codec.pass;
  c.call = codec.call;
  return c;
}

Result<CompressedWay> PrepareCompressed(Op op, CompressedScheme scheme, const GroupShape& shape,
                                        const CodecCost& codec, const CallCost& call) {
  const CompressedCard* card = FindCompressedCard(op, scheme, SpanOf(shape));
  if (card == nullptr) {
    std::string message("no compressed ");
    message += Name(op);
    message += " by ";
    message += Name(scheme);
    message += SpanOf(shape) == Span::kOverNodes ? " over nodes" : " on one tier";
    std::string hint("schemes that serve it:");
    for (const CompressedCard& other : CompressedCards()) {
      if (other.op == op && other.span == SpanOf(shape)) {
        hint += ' ';
        hint += Name(other.scheme);
      }
    }
    return UnsupportedError(std::move(message), std::move(hint));
  }
  return WayOf(*card, shape, codec, call);
}

std::vector<CompressedWay> CompressedWays(Op op, const GroupShape& shape, const CodecCost& codec,
                                          const CallCost& call) {
  std::vector<CompressedWay> ways;
  if (shape.ranks < 2) return ways;
  for (const CompressedCard& card : CompressedCards()) {
    if (card.op != op || card.span != SpanOf(shape) || ThroughHost(card.scheme)) continue;
    ways.push_back(WayOf(card, shape, codec, call));
  }
  return ways;
}

Cost CostAt(const CompressedWay& way, Bytes bytes, int chunks) {
  Inputs<double> x = way.inputs;
  x.bytes = bytes;
  x.chunks = chunks;
  return way.card->value(x, way.codec);
}

CompressedPrice PriceAt(const CompressedWay& way, Bytes bytes) {
  CompressedPrice best;
  best.scheme = way.card->scheme;
  for (int chunks = 1; chunks <= way.max_chunks; chunks *= 2) {
    const Cost cost = CostAt(way, bytes, chunks);
    if (chunks == 1 || cost.Total() < best.cost.Total()) {
      best.cost = cost;
      best.chunks = chunks;
    }
  }
  best.work = WorkAt(way, bytes);
  return best;
}

CodecWork<double> WorkAt(const CompressedWay& way, Bytes bytes) {
  Inputs<double> x = way.inputs;
  x.bytes = bytes;
  return way.card->work(x);
}

Bytes ScratchOf(const CompressedWay& way, Bytes bytes) {
  const CodecWork<double> work = WorkAt(way, bytes);
  return way.codec.share * (work.encoded + Max(work.added, work.decoded));
}

Result<CompressedPrice> PriceCompressed(Op op, CompressedScheme scheme, const GroupShape& shape,
                                        const CodecCost& codec, const CallCost& call, Bytes bytes) {
  if (shape.ranks < 2)
    return CompressedPrice{.scheme = scheme, .cost = {}, .chunks = 1, .work = {}};
  ASSIGN_OR_RETURN(const CompressedWay way, PrepareCompressed(op, scheme, shape, codec, call));
  return PriceAt(way, bytes);
}

Result<CompressedPrice> CheapestCompressed(Op op, const GroupShape& shape, const CodecCost& codec,
                                           const CallCost& call, Bytes bytes) {
  const std::vector<CompressedWay> ways = CompressedWays(op, shape, codec, call);
  if (ways.empty()) {
    std::string message("no compressed ");
    message += Name(op);
    message += " among ";
    message += std::to_string(shape.ranks);
    message += " ranks";
    return UnsupportedError(std::move(message),
                            "compressed are all-reduce, all-gather, reduce-scatter, all-to-all and "
                            "p2p among two ranks or more");
  }
  CompressedPrice best = PriceAt(ways.front(), bytes);
  for (const CompressedWay& way : ways) {
    CompressedPrice price = PriceAt(way, bytes);
    if (price.cost.Total() < best.cost.Total()) best = price;
  }
  return best;
}

std::string_view Name(CompressionVerdict verdict) {
  switch (verdict) {
    case CompressionVerdict::kPays:
      return "pays";
    case CompressionVerdict::kLoses:
      return "loses";
    case CompressionVerdict::kWithinBand:
      return "within the band";
  }
  CHECK(false);
}

CompressionComparison CompareTimes(Time plain, Time compressed, double band) {
  CompressionComparison comparison;
  if (compressed > Seconds(0)) comparison.gain = plain / compressed;
  if (comparison.gain > 1 + band) comparison.verdict = CompressionVerdict::kPays;
  if (comparison.gain * (1 + band) < 1) comparison.verdict = CompressionVerdict::kLoses;
  return comparison;
}

}  // namespace commplan
