// Each card of a compressed collective on a world small enough to work out by hand, as text, and
// what its codec and port work through.
#include "model/collective/formula/compressed_cards.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace commplan {
namespace {

// Four ranks, 8 bytes, 1 s per message, 1 byte/s, 1 s to add a byte; over nodes: two nodes of two
// ranks, 10 s per message and half a byte per second between them.
Inputs<double> UnitWorld() {
  Inputs<double> x;
  x.ranks = 4;
  x.nodes = 2;
  x.local = 2;
  x.chunks = 1;
  x.bytes = B(8);
  x.latency = Seconds(1);
  x.bandwidth = Bps(1);
  x.net_latency = Seconds(10);
  x.net_bandwidth = Bps(0.5);
  x.reduction = SecondsPerByte(1);
  return x;
}

// A quarter of the bytes at half the rate: half a second on the wire for a byte of the tensor, one
// second between nodes. Encoding, decoding, decoding and adding: 1, 2, 3 s; a pass: 1 s.
CodecInputs<double> UnitCodec() {
  CodecInputs<double> c;
  c.share = 0.25;
  c.efficiency = 0.5;
  c.encode = SecondsPerByte(1);
  c.decode = SecondsPerByte(2);
  c.add = SecondsPerByte(3);
  c.pass = Seconds(1);
  return c;
}

struct HandCase {
  std::string_view id;
  double seconds;
  std::string_view why;
};

constexpr HandCase kHandCases[] = {
    // A block is 2 bytes, 1 s on the wire. The first block: 1 + 2. Three steps of a message, its
    // wire and a pass that adds 6 and encodes 2. Three steps of gathering, 2 s each; a block takes
    // 5 s to decode, so two of them queue for 3 s each, and the last one takes its 5.
    {"all-reduce/ring+codec", 3 + 3 * (1 + 1 + 1 + 6 + 2) + 3 * 2 + 2 * 3 + 5, "every hop"},
    {"all-reduce/ring-plain-gather+codec", 3 + 2 * 11 + 9 + 3 * (1 + 2),
     "the last sum stays plain; three plain steps"},
    {"all-reduce/gather-sum+codec", (1 + 8) + 3 * (1 + 4) + (1 + 72), "three buffers added"},
    {"all-reduce/one-shot+codec", (1 + 8) + (1 + 12) + (1 + 72), "one message, three buffers"},
    {"all-reduce/two-shot+codec", (1 + 6) + (1 + 3) + (1 + 18 + 2) + (1 + 3) + (1 + 12),
     "three blocks each way"},
    {"all-reduce/host-one-shot+codec", (1 + 8) + (1 + 4) + (1 + 16) + (1 + 96),
     "one buffer up, four down and added"},
    {"all-reduce/host-two-shot+codec",
     (1 + 6) + (1 + 3) + (1 + 3) + (1 + 18 + 2) + (1 + 1) + (1 + 3) + (1 + 12),
     "three blocks up and down, one up, three down"},
    {"all-reduce/host-ring", 6 * (2 + 4) + 6, "six hops of two messages; 6 bytes added"},
    // 4 bytes per rank between nodes, 2 of them for the other.
    {"all-reduce/hierarchical+codec",
     (1 + 4 + 4) + (1 + 2) + (10 + 2) + (1 + 6 + 2) + (10 + 2) + (1 + 4) + (1 + 4),
     "plain ring, compressed two-shot, plain ring"},
    {"all-gather/ring+codec", 3 + 3 * 2 + 2 * 3 + 5, "as the ring's gather phase"},
    {"all-gather/direct+codec", (1 + 2) + (1 + 3) + (1 + 12), "three blocks in"},
    {"all-gather/hierarchical+codec", (1 + 2) + (10 + 2) + (1 + 4) + (1 + 4), "across, inside"},
    {"reduce-scatter/ring+codec", 3 + 2 * 11 + 9, "as the ring's reduce phase"},
    {"reduce-scatter/direct+codec", (1 + 6) + (1 + 3) + (1 + 18), "three blocks in"},
    {"reduce-scatter/hierarchical+codec", 9 + (1 + 2) + (10 + 2) + (1 + 6), "inside, across"},
    {"reduce-scatter/two-hop+codec", (1 + 4) + (1 + 2) + (1 + 12) + (1 + 2) + (10 + 2) + (1 + 6),
     "both compressed"},
    {"all-to-all/direct+codec", (1 + 6) + (1 + 3) + (1 + 12), "three blocks each way"},
    {"all-to-all/pairwise+codec", (1 + 6) + (3 + 3) + (1 + 12), "three rounds"},
    {"all-to-all/hierarchical+codec", (1 + 4) + (1 + 4) + (10 + 4) + (1 + 8), "half across"},
    {"p2p/direct+codec", (1 + 8) + (1 + 4) + (1 + 16), "one message"},
};

TEST(CompressedCardsTest, EveryCardHasAHandDerivedCase) {
  std::set<std::string_view> known;
  for (const HandCase& c : kHandCases) known.insert(c.id);
  for (const CompressedCard& card : CompressedCards()) {
    EXPECT_TRUE(known.contains(card.id)) << card.id << ": add a line to kHandCases";
  }
}

TEST(CompressedCardsTest, HandDerivedCases) {
  for (const HandCase& c : kHandCases) {
    const CompressedCard* card = FindCompressedCard(c.id);
    ASSERT_NE(card, nullptr) << c.id;
    EXPECT_DOUBLE_EQ(InSeconds(card->value(UnitWorld(), UnitCodec()).Total()), c.seconds)
        << c.id << ": " << c.why;
  }
}

// Two chunks of 4 bytes: 1 + 4 to encode, 2 on the wire, 1 + 8 to decode; the first passes all
// three, the second follows the slowest.
TEST(CompressedCardsTest, ChunksHideTheFasterStages) {
  Inputs<double> x = UnitWorld();
  x.chunks = 2;
  EXPECT_DOUBLE_EQ(InSeconds(FindCompressedCard("p2p/direct+codec")->value(x, UnitCodec()).Total()),
                   (5 + 1 + 2 + 9) + 9);
  // Codec and wire of one chunk, and the codec, which is slower, of the other.
  const Cost cost = FindCompressedCard("all-reduce/one-shot+codec")->value(x, UnitCodec());
  EXPECT_DOUBLE_EQ(InSeconds(cost.Total()), 1 + 6 + (2 + 4 + 36) * 2);
  // A fast codec leaves only the wire and its own first chunk.
  CodecInputs<double> fast = UnitCodec();
  fast.encode = fast.add = SecondsPerByte(0.01);
  fast.pass = Seconds(0);
  x.chunks = 100;
  EXPECT_NEAR(InSeconds(FindCompressedCard("all-reduce/one-shot+codec")->value(x, fast).Total()),
              1 + 12 + (0.08 + 0.24) / 100, 1e-12);
}

TEST(CompressedCardsTest, ACallAddsTheFixedCosts) {
  Inputs<double> x = UnitWorld();
  x.launch = Seconds(100);
  CodecInputs<double> c = UnitCodec();
  c.call = Seconds(1000);
  const Cost cost = FindCompressedCard("all-reduce/two-shot+codec")->value(x, c);
  EXPECT_EQ(cost.At(Term::kLaunch), Seconds(1103)) << "and three passes";
}

// Without a codec what is left is the plain formula.
TEST(CompressedCardsTest, ACodecThatDoesNothingIsThePlainFormula) {
  CodecInputs<double> nothing;
  nothing.share = nothing.efficiency = 1;
  Inputs<double> x = UnitWorld();
  x.reduction = SecondsPerByte(0);
  for (const char* id :
       {"all-reduce/ring", "all-reduce/one-shot", "all-reduce/two-shot", "all-gather/ring",
        "all-gather/direct", "reduce-scatter/ring", "reduce-scatter/direct",
        "reduce-scatter/hierarchical", "all-to-all/direct", "all-to-all/pairwise",
        "all-to-all/hierarchical", "p2p/direct"}) {
    const std::string coded = std::string(id) + "+codec";
    const double difference = InSeconds(FindCompressedCard(coded)->value(x, nothing).Total()) -
                              InSeconds(FindCard(id)->value(x).Total());
    // A direct exchange between nodes needs one message where a ring needs N - 1: here both 1.
    EXPECT_DOUBLE_EQ(difference, 0) << id;
  }
}

// Per rank, in units of the tensor; see the table of volumes in the literature on two-shot.
TEST(CompressedCardsTest, VolumesAndPasses) {
  Inputs<double> x = UnitWorld();
  x.ranks = 8;
  x.bytes = B(8);
  const auto work = [&](const char* id) { return FindCompressedCard(id)->work(x); };
  for (const char* id : {"all-reduce/ring+codec", "all-reduce/two-shot+codec"}) {
    const CodecWork<double> w = work(id);
    EXPECT_EQ(w.sent, B(14)) << id << ": 2 * 7/8";
    EXPECT_EQ(w.encoded, B(8)) << id;
    EXPECT_EQ(w.added, B(7)) << id;
    EXPECT_EQ(w.decoded, B(7)) << id;
  }
  EXPECT_EQ(work("all-reduce/two-shot+codec").passes, 3);
  EXPECT_EQ(work("all-reduce/ring+codec").passes, 8 + 7);
  for (const char* id : {"all-reduce/one-shot+codec", "all-reduce/gather-sum+codec"}) {
    const CodecWork<double> w = work(id);
    EXPECT_EQ(w.sent, B(56)) << id;
    EXPECT_EQ(w.encoded, B(8)) << id;
    EXPECT_EQ(w.added, B(56)) << id << ": one for each peer, not one in all";
    EXPECT_EQ(w.decoded, B(0)) << id;
  }
  EXPECT_EQ(work("all-reduce/host-one-shot+codec").sent, B(8 + 64));
  EXPECT_EQ(work("all-reduce/host-one-shot+codec").added, B(64)) << "its own as well";
  EXPECT_EQ(work("all-reduce/host-ring").plain, B(28)) << "4 * 7/8";
  EXPECT_EQ(work("all-gather/direct+codec").encoded, B(1)) << "its own block, once";
  EXPECT_EQ(work("reduce-scatter/direct+codec").encoded, B(7));
  // Two nodes of four: plain inside, a quarter of the tensor across.
  x.nodes = 2;
  x.local = 4;
  const CodecWork<double> w = work("all-reduce/hierarchical+codec");
  EXPECT_EQ(w.plain, B(12)) << "2 * 3/4";
  EXPECT_EQ(w.sent, B(2)) << "2 * 1/2 of 8/4";
  EXPECT_EQ(w.encoded, B(2)) << "1/q";
  EXPECT_EQ(w.added, B(1)) << "(N-1)/(N q)";
}

TEST(CompressedCardsTest, TextSaysWhatTheValueIs) {
  const CostOf<Text> cost =
      FindCompressedCard("all-reduce/one-shot+codec")->text(Lettered(), LetteredCodec());
  EXPECT_EQ(cost.At(Term::kBandwidth).base().str(), "w*(p - 1)*S/(y*B)");
  EXPECT_EQ(cost.At(Term::kEncode).base().str(), "S*e/k");
  EXPECT_EQ(cost.At(Term::kReduce).base().str(), "(p - 1)*S*f/k");
  EXPECT_EQ(cost.At(Term::kLaunch).base().str(), "2*t1 + t0 + t2");
}

TEST(CompressedCardsTest, IdsAreUniqueAndFound) {
  std::set<std::string_view> ids;
  for (const CompressedCard& card : CompressedCards()) {
    EXPECT_TRUE(ids.insert(card.id).second) << card.id;
    EXPECT_EQ(FindCompressedCard(card.op, card.scheme, card.span), &card) << card.id;
    EXPECT_EQ(card.id.substr(0, card.id.find('/')), Name(card.op)) << card.id;
  }
  EXPECT_EQ(FindCompressedCard("all-reduce/telepathy"), nullptr);
  for (const std::string& name : CompressedSchemeNames())
    EXPECT_EQ(Name(*CompressedSchemeNamed(name)), name);
  EXPECT_EQ(CompressedSchemeNamed("telepathy"), std::nullopt);
}

}  // namespace
}  // namespace commplan
