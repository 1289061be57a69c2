#include "model/collective/formula/compressed_cards.h"

#include <algorithm>

namespace commplan {
namespace {

constexpr std::array<std::string_view, kCompressedSchemeCount> kSchemes{
    "ring",     "ring-plain-gather", "gather-sum", "one-shot",      "two-shot",      "direct",
    "pairwise", "hierarchical",      "two-hop",    "host-one-shot", "host-two-shot", "host-ring"};

// What a library adds around any scheme: its fixed cost, and the codec's.
template <class R>
CostOf<R> Called(const Inputs<R>& x, const CodecInputs<R>& c, CostOf<R> cost) {
  cost.Add(Term::kLaunch, x.launch + c.call);
  cost.Add(Term::kCopy, x.bytes / x.ranks * x.copying);
  return cost;
}

// One formula template, read in its two ways.
#define COMMPLAN_READINGS(Formula)                                            \
  [](const Inputs<double>& x, const CodecInputs<double>& c) -> Cost {         \
    return Called(x, c, Formula);                                             \
  },                                                                          \
      [](const Inputs<Text>& x, const CodecInputs<Text>& c) -> CostOf<Text> { \
        return Called(x, c, Formula);                                         \
      }
#define COMMPLAN_DIRECT(Work) \
  COMMPLAN_READINGS(Pipelined(x, c, Work(x))), [](const Inputs<double>& x) { return Work(x); }

using Plain = Inputs<double>;
using Load = CodecWork<double>;

Load operator+(Load a, const Load& b) {
  a.sent += b.sent;
  a.plain += b.plain;
  a.encoded += b.encoded;
  a.decoded += b.decoded;
  a.added += b.added;
  a.passes += b.passes;
  a.messages += b.messages;
  return a;
}

Load PlainLoad(Bytes sent, double messages) {
  Load load;
  load.plain = sent;
  load.messages = messages;
  return load;
}

// One plain ring phase inside a node.
Load InsideRing(const Plain& x) { return PlainLoad(Foreign(InsideNode(x)), x.local - 1); }

Plain Across(const Plain& x) { return AcrossNodes(x, x.bytes / x.local); }

// The pass and the block that a gather adds to the forwarding.
Load RingGatherLoad(const Plain& x) {
  Load load = RingGatherWork(x);
  load.encoded = x.bytes / x.ranks;
  load.passes += 1;
  return load;
}

constexpr std::string_view kOwn = "derived from the schedule that tests/oracle plays";
constexpr std::string_view kHops =
    "a step ends when its block is decoded, added and encoded; k chunks overlap inside a step";
constexpr std::string_view kPasses =
    "each pass waits for the one before; with k chunks the passes of one chunk run beside the wire "
    "of another";
constexpr std::string_view kHost =
    "every rank has a way of its own to the host memory; B is what it gets with all ranks on it; "
    "ways up and down follow each other, also where chunks could use both at once";

std::vector<CompressedCard> MakeAllReduceCards() {
  return {
      {"all-reduce/ring+codec", Op::kAllReduce, CompressedScheme::kRing, Span::kOneTier,
       Exactness::kEqualBlocks, false,
       "Ring all-reduce, encoded anew at every hop; the gathered sums are forwarded as they are",
       kHops, kOwn, COMMPLAN_READINGS(CodedRingAllReduce(x, c)),
       [](const Plain& x) { return RingScatterWork(x, 1.0) + RingGatherWork(x); }},
      {"all-reduce/ring-plain-gather+codec", Op::kAllReduce, CompressedScheme::kRingPlainGather,
       Span::kOneTier, Exactness::kEqualBlocks, false,
       "Ring all-reduce with a codec in its reduce phase and a plain gather phase", kHops, kOwn,
       COMMPLAN_READINGS(CodedRingPlainGather(x, c)),
       [](const Plain& x) { return RingScatterWork(x, 0.0) + PlainLoad(Foreign(x), x.ranks - 1); }},
      {"all-reduce/gather-sum+codec", Op::kAllReduce, CompressedScheme::kGatherSum, Span::kOneTier,
       Exactness::kEqualBlocks, false,
       "All-gather of the compressed buffers along a ring, then a sum on every rank",
       "a rank keeps its own part as it is; it sums when all parts are there", "arXiv 2411.09510",
       COMMPLAN_DIRECT(GatherSumWork)},
      {"all-reduce/one-shot+codec", Op::kAllReduce, CompressedScheme::kOneShot, Span::kOneTier,
       Exactness::kEqualBlocks, true,
       "One-shot: the compressed buffer to every peer at once, a sum on every rank", kPasses, kOwn,
       COMMPLAN_DIRECT(OneShotWork)},
      {"all-reduce/two-shot+codec", Op::kAllReduce, CompressedScheme::kTwoShot, Span::kOneTier,
       Exactness::kEqualBlocks, true,
       "Two-shot: direct reduce-scatter, sums encoded once more, direct all-gather", kPasses,
       "arXiv 2412.04964", COMMPLAN_DIRECT(TwoShotWork)},
      {"all-reduce/host-one-shot+codec", Op::kAllReduce, CompressedScheme::kHostOneShot,
       Span::kOneTier, Exactness::kEqualBlocks, false,
       "Through host memory: every rank writes its compressed buffer, and reads and adds all",
       kHost, "turboderp-org/exllamav3 pull request 181", COMMPLAN_DIRECT(HostOneShotWork)},
      {"all-reduce/host-two-shot+codec", Op::kAllReduce, CompressedScheme::kHostTwoShot,
       Span::kOneTier, Exactness::kEqualBlocks, false,
       "Through host memory: parts up, a rank sums its block, sums up and down again", kHost, kOwn,
       COMMPLAN_DIRECT(HostTwoShotWork)},
      {"all-reduce/host-ring", Op::kAllReduce, CompressedScheme::kHostRing, Span::kOneTier,
       Exactness::kEqualBlocks, false,
       "Without a codec: a ring through host memory, each hop a write and a read", kHost, kOwn,
       COMMPLAN_READINGS((static_cast<void>(c), HostRingAllReduce(x))),
       [](const Plain& x) { return PlainLoad(Foreign(x) * 4.0, 4 * (x.ranks - 1)); }},
      {"all-reduce/hierarchical+codec", Op::kAllReduce, CompressedScheme::kHierarchical,
       Span::kOverNodes, Exactness::kEqualBlocks, false,
       "Plain rings inside the nodes, compressed two-shot of S/q between them",
       "the three stages follow each other; B2 is one rank's part of the network",
       "as arXiv 2306.10209 does for gradients",
       COMMPLAN_READINGS(CodedHierarchicalAllReduce(x, c)),
       [](const Plain& x) { return InsideRing(x) + TwoShotWork(Across(x)) + InsideRing(x); }},
  };
}

std::vector<CompressedCard> MakeOtherCards() {
  return {
      {"all-gather/ring+codec", Op::kAllGather, CompressedScheme::kRing, Span::kOneTier,
       Exactness::kEqualBlocks, false,
       "Ring all-gather of blocks that are encoded once, forwarded, and decoded everywhere",
       "a block is decoded while the next one comes", kOwn,
       COMMPLAN_READINGS(CodedRingAllGather(x, c)), RingGatherLoad},
      {"all-gather/direct+codec", Op::kAllGather, CompressedScheme::kDirect, Span::kOneTier,
       Exactness::kEqualBlocks, true, "Direct all-gather of blocks that are encoded once", kPasses,
       kOwn, COMMPLAN_DIRECT(DirectGatherWork)},
      {"all-gather/hierarchical+codec", Op::kAllGather, CompressedScheme::kHierarchical,
       Span::kOverNodes, Exactness::kEqualBlocks, false,
       "Compressed direct all-gather between nodes, then a plain ring inside each",
       "the two stages follow each other; B2 is one rank's part of the network", kOwn,
       COMMPLAN_READINGS(CodedHierarchicalAllGather(x, c)),
       [](const Plain& x) { return DirectGatherWork(Across(x)) + InsideRing(x); }},
      {"reduce-scatter/ring+codec", Op::kReduceScatter, CompressedScheme::kRing, Span::kOneTier,
       Exactness::kEqualBlocks, false, "Ring reduce-scatter, encoded anew at every hop", kHops,
       kOwn, COMMPLAN_READINGS(CodedRingReduceScatter(x, c)),
       [](const Plain& x) { return RingScatterWork(x, 0.0); }},
      {"reduce-scatter/direct+codec", Op::kReduceScatter, CompressedScheme::kDirect, Span::kOneTier,
       Exactness::kEqualBlocks, true, "Direct reduce-scatter of compressed blocks", kPasses, kOwn,
       COMMPLAN_DIRECT(DirectScatterWork)},
      {"reduce-scatter/hierarchical+codec", Op::kReduceScatter, CompressedScheme::kHierarchical,
       Span::kOverNodes, Exactness::kEqualBlocks, false,
       "A plain ring inside each node, then a compressed exchange between them",
       "the two stages follow each other; B2 is one rank's part of the network", kOwn,
       COMMPLAN_READINGS(CodedHierarchicalReduceScatter(x, c)),
       [](const Plain& x) { return InsideRing(x) + DirectScatterWork(Across(x)); }},
      {"reduce-scatter/two-hop+codec", Op::kReduceScatter, CompressedScheme::kTwoHop,
       Span::kOverNodes, Exactness::kEqualBlocks, false,
       "Two compressed exchanges: inside each node, and of what is left between them",
       "the two stages follow each other; sums are encoded once more in between",
       "arXiv 2306.10209", COMMPLAN_READINGS(CodedTwoHopReduceScatter(x, c)),
       [](const Plain& x) {
         return DirectScatterWork(InsideNode(x)) + DirectScatterWork(Across(x));
       }},
      {"all-to-all/direct+codec", Op::kAllToAll, CompressedScheme::kDirect, Span::kOneTier,
       Exactness::kEqualBlocks, true, "Direct all-to-all of compressed blocks", kPasses, kOwn,
       COMMPLAN_DIRECT(ExchangeWork)},
      {"all-to-all/pairwise+codec", Op::kAllToAll, CompressedScheme::kPairwise, Span::kOneTier,
       Exactness::kEqualBlocks, false, "Pairwise all-to-all of compressed blocks", kPasses, kOwn,
       COMMPLAN_DIRECT(PairwiseWork)},
      {"all-to-all/hierarchical+codec", Op::kAllToAll, CompressedScheme::kHierarchical,
       Span::kOverNodes, Exactness::kEqualBlocks, true,
       "A plain exchange inside the node by final position, a compressed one across",
       "the two stages follow each other; equal blocks of S/p", kOwn,
       COMMPLAN_READINGS(CodedHierarchicalAllToAll(x, c)),
       [](const Plain& x) {
         return PlainLoad(Foreign(InsideNode(x)), 1) + ExchangeWork(AcrossNodes(x, x.bytes));
       }},
      {"p2p/direct+codec", Op::kPointToPoint, CompressedScheme::kDirect, Span::kOneTier,
       Exactness::kAlways, false, "One compressed message from one rank to another",
       "encoding, the wire and decoding are three stages that chunks pass one behind the other",
       kOwn, COMMPLAN_READINGS(CodedPointToPoint(x, c)),
       [](const Plain& x) { return PointToPointWork(x); }},
  };
}

#undef COMMPLAN_DIRECT
#undef COMMPLAN_READINGS

template <class Matches>
const CompressedCard* Find(Matches matches) {
  const auto& cards = CompressedCards();
  const auto found = std::find_if(cards.begin(), cards.end(), matches);
  return found == cards.end() ? nullptr : &*found;
}

Text Letter(CodecSymbol symbol) {
  return Text::Leaf(CodecSymbolTexts()[static_cast<std::size_t>(symbol)].letter);
}

}  // namespace

std::string_view Name(CompressedScheme scheme) {
  return kSchemes[static_cast<std::size_t>(scheme)];
}

std::optional<CompressedScheme> CompressedSchemeNamed(std::string_view word) {
  for (std::size_t i = 0; i < kCompressedSchemeCount; ++i) {
    if (kSchemes[i] == word) return static_cast<CompressedScheme>(i);
  }
  return std::nullopt;
}

std::vector<std::string> CompressedSchemeNames() { return {kSchemes.begin(), kSchemes.end()}; }

const std::array<SymbolText, kCodecSymbolCount>& CodecSymbolTexts() {
  static constexpr std::array<SymbolText, kCodecSymbolCount> kTexts{{
      {"w", "bytes on the wire for each byte of the tensor"},
      {"y", "rate of compressed traffic, as a share of B"},
      {"e", "time to encode one byte of the tensor"},
      {"d", "time to decode one byte of the tensor"},
      {"f", "time to decode one byte of the tensor and add it to another"},
      {"t1", "fixed cost of one pass of the codec"},
      {"t2", "fixed cost that the codec adds to a call"},
  }};
  return kTexts;
}

CodecInputs<Text> LetteredCodec() {
  CodecInputs<Text> c;
  c.share = Letter(CodecSymbol::kShare);
  c.efficiency = Letter(CodecSymbol::kEfficiency);
  c.encode = TimePerByteOf<Text>::FromBase(Letter(CodecSymbol::kEncode));
  c.decode = TimePerByteOf<Text>::FromBase(Letter(CodecSymbol::kDecode));
  c.add = TimePerByteOf<Text>::FromBase(Letter(CodecSymbol::kAdd));
  c.pass = TimeOf<Text>::FromBase(Letter(CodecSymbol::kPass));
  c.call = TimeOf<Text>::FromBase(Letter(CodecSymbol::kCall));
  return c;
}

const std::vector<CompressedCard>& CompressedCards() {
  static const std::vector<CompressedCard> kCards = [] {
    std::vector<CompressedCard> cards = MakeAllReduceCards();
    const std::vector<CompressedCard> more = MakeOtherCards();
    cards.insert(cards.end(), more.begin(), more.end());
    return cards;
  }();
  return kCards;
}

const CompressedCard* FindCompressedCard(Op op, CompressedScheme scheme, Span span) {
  return Find([&](const CompressedCard& card) {
    return card.op == op && card.scheme == scheme && card.span == span;
  });
}

const CompressedCard* FindCompressedCard(std::string_view id) {
  return Find([&](const CompressedCard& card) { return card.id == id; });
}

}  // namespace commplan
