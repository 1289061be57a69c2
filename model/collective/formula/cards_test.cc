// Each card on worlds small enough to work out by hand, and in its three readings.
#include "model/collective/formula/cards.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

namespace commplan {
namespace {

// Four ranks, 8 bytes, 1 s per message, 1 byte/s, 1 s to add a byte; over nodes: two nodes of two
// ranks, 10 s per message and half a byte per second between them.
Inputs<double> UnitWorld() {
  Inputs<double> x;
  x.ranks = 4;
  x.nodes = 2;
  x.local = 2;
  x.chunks = 2;
  x.bytes = B(8);
  x.latency = Seconds(1);
  x.bandwidth = Bps(1);
  x.net_latency = Seconds(10);
  x.net_bandwidth = Bps(0.5);
  x.reduction = SecondsPerByte(1);
  return x;
}

struct HandCase {
  std::string_view id;
  double seconds;
  std::string_view why;
};

// In the order of the registry.
constexpr HandCase kHandCases[] = {
    // 6 steps of 1 s and 2 bytes; 3 blocks of 2 bytes added.
    {"all-reduce/ring", 6 + 12 + 6, "2(p-1)a + 2(p-1)/p S/B + (p-1)/p S g"},
    {"all-reduce/recursive-doubling", 2 * (1 + 8 + 8), "two exchanges of 8 bytes, each added"},
    // 4 and 2 bytes away, 2 and 4 back; 6 bytes added.
    {"all-reduce/rabenseifner", 4 + 12 + 6, "4 messages, 2*6 bytes, 6 added"},
    // Depth 2, chunks of 2 bytes: 4 messages on the way, 4 chunks (8 s) behind them, 4 chunks (8 s)
    // of filling; the
    // message of 1 s is shorter than the 6 s of the other 3 chunks, so it does not hold up the
    // second pair.
    {"all-reduce/tree", 4 + 8 + 8, "2 D a + 4 c (k-1) + 2 D c"},
    {"all-reduce/one-shot", 1 + 24 + 24, "three whole buffers in, all added"},
    {"all-reduce/two-shot", 2 + 12 + 6, "3 blocks of 2 bytes in, and again"},
    // Each direction carries 8 + 2 bytes; two chunks of 4 bytes, of the last one 3 of 4 slices are
    // not overlapped.
    {"all-reduce/nvls", 2 + 10 + 3, "k a + (1 + 1/p) S + (1 - 1/p) S/k"},
    // 6 hops, every second one crosses: 3 of 1 s and 3 of 10 s; 6 blocks of 2 bytes at 1 byte/s,
    // the network takes
    // another second for each byte; 6 bytes added.
    {"all-reduce/ring-over-nodes", 3 + 30 + 12 + 12 + 6, "crossings = ceil(6/2)"},
    {"all-reduce/tree-over-nodes", 2 * 1 + 2 * 10 + 16 + 16,
     "chain of one hop, tree of one level, both ways"},
    {"all-reduce/nvls-tree", 1 + 20 + 12 + 12,
     "one latency inside, two across, 2(p-1)/p S/B; the network adds 1 s per byte"},
    // Inside: 1 + 4 + 4 added. Across: 2 messages, 4 bytes of 2 s each in 2 steps of 2 bytes, 2
    // added. Inside: 1 + 4.
    // Two chunks of 4 bytes. Inside, once: 1 + 2 + 2 added, and 1 + 2. Across, twice: 2 messages of
    // 10 s, 2 bytes at
    // half a byte per second, 1 added. That is 25 s a chunk, more than the 5 s inside, so nothing
    // waits.
    {"all-reduce/hierarchical", (1 + 2 + 2) + (1 + 2) + 2 * (20 + 4 + 1),
     "scatter, reduce, gather"},
    // The way inside to the heads and back, the network's, and 2 bytes of each slice out and back;
    // the slice of 4 bytes through the network takes as long; 4 bytes added.
    {"all-reduce/collnet-direct", 2 * 1 + 10 + 8 + 4, "2 a + a2 + 2(q-1)/q S/B + (q-1)/q S g"},
    {"all-reduce/collnet-chain", 2 * 1 + 10 + 8 + 4, "a chain of two ranks has one hop"},
    {"all-reduce/nvls-over-nodes", 1 + 10 + 12, "8 + 4 bytes each way hide the network's 8 s"},
    {"all-gather/ring", 3 + 6, "3 steps of 2 bytes"},
    {"all-gather/recursive-doubling", 2 + 6, "2 and then 4 bytes"},
    {"all-gather/direct", 1 + 6, "three blocks at once"},
    {"all-gather/pat", 2 + 6, "as doubling"},
    {"all-gather/nvls", 1 + 8, "all four blocks come in"},
    // 3 hops, ceil(3/2) = 2 cross.
    {"all-gather/ring-over-nodes", 1 + 20 + 6 + 6, "the network adds 1 s per byte"},
    {"all-gather/hierarchical", (10 + 4) + (1 + 4),
     "2 bytes across at half a byte per second, 4 inside"},
    {"reduce-scatter/ring", 3 + 6 + 6, "3 steps of 2 bytes, each added"},
    {"reduce-scatter/recursive-doubling", 2 + 6 + 6, "4 and then 2 bytes, each added"},
    {"reduce-scatter/direct", 1 + 6 + 6, "three blocks in, all added"},
    {"reduce-scatter/pat", 2 + 6 + 6, "as halving"},
    {"reduce-scatter/nvls", 1 + 8, "all four slices go out; the switch adds"},
    {"reduce-scatter/ring-over-nodes", 1 + 20 + 6 + 6 + 6, "as all-gather, each block added"},
    {"reduce-scatter/hierarchical", (1 + 4 + 4) + (10 + 4 + 2), "4 bytes inside, 2 across"},
    {"all-to-all/pairwise", 3 + 6, "three partners, 2 bytes each"},
    {"all-to-all/direct", 1 + 6, "three partners at once"},
    // Inside: 1 + 2. Across: 10 + 4 bytes at half a byte per second = 18, so 15 more.
    {"all-to-all/direct-over-nodes", 1 + 2 + 15, "the network side decides"},
    {"all-to-all/hierarchical", (1 + 4) + (10 + 8), "half of all bytes inside, half across"},
    {"broadcast/tree", 2 * (1 + 8), "two rounds"},
    // Two chunks of 4 bytes over 3 hops: 4 messages in a row.
    {"broadcast/ring", 4 * (1 + 4), "(p - 2 + k)(a + c)"},
    {"reduce/tree", 2 * (1 + 8 + 8), "two rounds, each added"},
    {"reduce/ring", 4 * (1 + 4), "as the broadcast"},
    // Across: one round of 10 s and 8 bytes at half a byte per second; inside: one round of 1 + 8.
    {"broadcast/hierarchical", (10 + 16) + (1 + 8), "one round of each"},
    {"reduce/hierarchical", (1 + 8 + 8) + (10 + 16 + 8), "one round of each, each added"},
    {"p2p/direct", 1 + 8, "one message"},
};

TEST(CardsTest, EveryCardHasAHandDerivedCase) {
  std::set<std::string_view> known;
  for (const HandCase& c : kHandCases) known.insert(c.id);
  for (const FormulaCard& card : FormulaCards()) {
    EXPECT_TRUE(known.contains(card.id)) << card.id << ": add a line to kHandCases";
  }
}

TEST(CardsTest, HandDerivedCases) {
  for (const HandCase& c : kHandCases) {
    const FormulaCard* card = FindCard(c.id);
    ASSERT_NE(card, nullptr) << c.id;
    EXPECT_DOUBLE_EQ(InSeconds(card->value(UnitWorld()).Total()), c.seconds)
        << c.id << ": " << c.why;
  }
}

// The number that collectives textbooks quote: 14 steps of 3 us, 117,440,512 bytes at 450 GB/s.
TEST(CardsTest, RingOfEightRanks) {
  Inputs<double> x;
  x.ranks = 8;
  x.bytes = MiB(64);
  x.latency = Micros(3);
  x.bandwidth = GBps(450);
  EXPECT_NEAR(InMicros(FindCard("all-reduce/ring")->value(x).Total()), 302.979, 0.0005);
}

TEST(CardsTest, ACallAddsItsOwnCost) {
  Inputs<double> x = UnitWorld();
  x.launch = Seconds(100);
  x.copying = SecondsPerByte(7);
  const Cost cost = FindCard("all-gather/direct")->value(x);
  EXPECT_EQ(cost.At(Term::kLaunch), Seconds(100));
  EXPECT_EQ(cost.At(Term::kCopy), Seconds(14)) << "its own block of 2 bytes";
}

TEST(CardsTest, RingAllReduceIsScatterAndGather) {
  for (const double ranks : {2.0, 3.0, 7.0, 64.0}) {
    Inputs<double> x = UnitWorld();
    x.ranks = ranks;
    const Cost sum =
        FindCard("reduce-scatter/ring")->value(x) + FindCard("all-gather/ring")->value(x);
    EXPECT_DOUBLE_EQ(InSeconds(FindCard("all-reduce/ring")->value(x).Total()),
                     InSeconds(sum.Total()));
  }
}

TEST(CardsTest, TextSaysWhatTheValueIs) {
  const CostOf<Text> cost = FindCard("all-reduce/ring")->text(Lettered());
  EXPECT_EQ(cost.At(Term::kLatency).base().str(), "2*(p - 1)*a");
  EXPECT_EQ(cost.At(Term::kBandwidth).base().str(), "2*(p - 1)/p*S/B");
  EXPECT_EQ(cost.At(Term::kReduce).base().str(), "(p - 1)/p*S*g");
  EXPECT_EQ(cost.At(Term::kLaunch).base().str(), "t0");
  EXPECT_EQ(cost.At(Term::kCopy).base().str(), "S/p*c");
}

// Two more tiers: two pods of two nodes in each of two zones; 100 s and a quarter of a byte per
// second between pods, 1000 s and an eighth between zones. Of `tiers` only the first ones.
Inputs<double> UnitTiers(std::size_t tiers) {
  Inputs<double> x = UnitWorld();
  x.tiers = tiers;
  x.nodes = tiers == 2 ? 2 : tiers == 3 ? 4 : 8;
  x.ranks = 2 * x.nodes;
  if (tiers > 2) x.further[0] = {x.nodes / 2, Seconds(100), Bps(0.25)};
  if (tiers > 3) x.further[1] = {2, Seconds(1000), Bps(0.125)};
  return x;
}

TEST(CardsTest, HierarchiesOverThreeTiersByHand) {
  const auto cost = [](std::string_view id, const Inputs<double>& x) {
    return InSeconds(FindCard(id)->value(x).Total());
  };
  Inputs<double> x = UnitTiers(3);
  // Inside 4 of 8 bytes, between nodes 2 of 4, between pods 1 of 2; what is received is added.
  EXPECT_DOUBLE_EQ(cost("all-gather/hierarchical", x), (100 + 4) + (10 + 4) + (1 + 4));
  EXPECT_DOUBLE_EQ(cost("reduce-scatter/hierarchical", x), 104 + 14 + 5 + (4 + 2 + 1));
  EXPECT_DOUBLE_EQ(cost("broadcast/hierarchical", x), (100 + 32) + (10 + 16) + (1 + 8));
  EXPECT_DOUBLE_EQ(cost("reduce/hierarchical", x), 132 + 26 + 9 + 3 * 8);
  // Two chunks of 4 bytes. Once inside (1 + 2 + 2 added, 1 + 2) and between nodes (10 + 2 + 1
  // added, 10 + 2); twice between pods: 2 messages with half a byte each, half a byte added.
  EXPECT_DOUBLE_EQ(cost("all-reduce/hierarchical", x), 8 + 25 + 2 * (200 + 4 + 0.5));
  // With 1 s between pods that stage is 6.5 s: the second chunk waits 6.5 s more between nodes.
  x.further[0].latency = Seconds(1);
  EXPECT_DOUBLE_EQ(cost("all-reduce/hierarchical", x), 8 + 25 + 2 * 6.5 + 6.5);
}

TEST(CardsTest, TextHasOneStageForEachTier) {
  const FormulaCard& card = *FindCard("all-gather/hierarchical");
  EXPECT_EQ(card.text(Lettered()).At(Term::kNetworkLatency).base().str(), "(N - 1)*a2");
  std::array<std::string_view, kSymbolCount> words;
  for (std::size_t i = 0; i < kSymbolCount; ++i) words[i] = SymbolTexts()[i].letter;
  words[static_cast<std::size_t>(Symbol::kDomains4)] = "0";
  EXPECT_EQ(card.text(Worded(words)).At(Term::kNetworkLatency).base().str(),
            "(N/N3 - 1)*a2 + (N3 - 1)*a3");
}

// Slopes against central differences, for every card and every continuous input.
TEST(CardsTest, SlopesAreTheDerivatives) {
  const double h = 1e-5;
  for (const std::size_t tiers : {2U, 3U, 4U}) {
    Inputs<double> x = UnitTiers(tiers);
    x.launch = Seconds(2);
    x.copying = SecondsPerByte(0.5);
    x.stages = 1;
    x.net_bandwidth = Bps(0.4);  // no two sides of a maximum are equal
    for (const FormulaCard& card : FormulaCards()) {
      if (tiers > 2 && card.algorithm != Algorithm::kHierarchical) continue;
      const Slopes total = card.slopes(Differentiable(x)).Total().base();
      EXPECT_DOUBLE_EQ(total.value(), InSeconds(card.value(x).Total())) << card.id;
      VisitInputs(x, [&](Symbol symbol, const auto& member) {
        using Member = std::decay_t<decltype(member)>;
        constexpr bool kIsCount = std::is_same_v<Member, double>;
        if (BaseNumber(member) == 0 || (kIsCount && symbol != Symbol::kChunks)) return;
        const auto at = [&](double by) {
          Inputs<double> moved = x;
          VisitInputs(moved, [&](Symbol other, auto& value) {
            if (other != symbol) return;
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
              value += by;
            } else {
              value += std::decay_t<decltype(value)>::FromBase(by);
            }
          });
          return InSeconds(card.value(moved).Total());
        };
        EXPECT_NEAR(total.slope(static_cast<std::size_t>(symbol)), (at(h) - at(-h)) / (2 * h), 1e-4)
            << card.id << " towards " << SymbolTexts()[static_cast<std::size_t>(symbol)].letter;
      });
    }
  }
}

TEST(CardsTest, IdsAreUniqueAndFound) {
  std::set<std::string_view> ids;
  for (const FormulaCard& card : FormulaCards()) {
    EXPECT_TRUE(ids.insert(card.id).second) << card.id;
    EXPECT_EQ(FindCard(card.op, card.algorithm, card.span), &card) << card.id;
    EXPECT_EQ(card.id.substr(0, card.id.find('/')), Name(card.op)) << card.id;
  }
  EXPECT_EQ(FindCard("all-reduce/telepathy"), nullptr);
}

}  // namespace
}  // namespace commplan
