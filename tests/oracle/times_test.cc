// Finish times of whole algorithms, each derived by hand. Letters: p ranks, n bytes, a = alpha, b =
// beta, g = gamma, c bytes of a chunk.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "tests/oracle/catalogue.h"
#include "tests/oracle/tiers.h"

namespace commplan::oracle {
namespace {

Parameters Of(int ranks, std::int64_t elements) {
  Parameters parameters;
  parameters.ranks = ranks;
  parameters.elements = elements;
  return parameters;
}

Parameters Pipeline(int ranks, std::int64_t elements, int chunks, int window) {
  Parameters parameters = Of(ranks, elements);
  parameters.chunks = chunks;
  parameters.window = window;
  return parameters;
}

std::int64_t Finish(const Network& network, const std::string& op, const std::string& algorithm,
                    const Parameters& parameters) {
  const std::optional<Collective> collective = Make(op, algorithm, parameters);
  EXPECT_TRUE(collective.has_value());
  if (!collective.has_value()) return -1;
  const Outcome outcome = Perform(network, *collective);
  EXPECT_EQ(outcome.wrong, "");
  return outcome.timeline.finish;
}

TEST(AllReduceTime, Ring) {
  // p = 2, n = 2, a = 3, b = 1: blocks of 1 byte, so a step is 3 + 1 = 4; two steps: 8.
  EXPECT_EQ(Finish(Switch(2, 3, 1), "all-reduce", "ring", Of(2, 2)), 8);
  // The first step also adds one byte: g = 5 makes it 13.
  EXPECT_EQ(Finish(Switch(2, 3, 1).set_gamma(5), "all-reduce", "ring", Of(2, 2)), 13);
  // p = 4, n = 8: 6 steps of 3 + 2*1 = 5, three of them with 2 bytes to add: 30 + 3*2*5 = 60.
  EXPECT_EQ(Finish(Switch(4, 3, 1).set_gamma(5), "all-reduce", "ring", Of(4, 8)), 60);
  // Nothing to send is still sent: 6 steps of 3.
  EXPECT_EQ(Finish(Switch(4, 3, 1), "all-reduce", "ring", Of(4, 0)), 18);
  // On a bus the 4 messages of a step go in turn. The next step's first message was ready when the
  // medium came free (2 + 3 <= 8), so latency shows only once: 6*4*2 + 3 = 51.
  EXPECT_EQ(Finish(Bus(4, 3, 1), "all-reduce", "ring", Of(4, 8)), 51);
}

TEST(AllReduceTime, RecursiveDoubling) {
  // p = 4, n = 5: two rounds of 3 + 5 + 5*2 = 18.
  const Network four = Switch(4, 3, 1).set_gamma(2);
  EXPECT_EQ(Finish(four, "all-reduce", "recursive-doubling", Of(4, 5)), 36);
  // p = 5 folds with one more round of 18 before, and unfolds in 3 + 5 after.
  const Network five = Switch(5, 3, 1).set_gamma(2);
  EXPECT_EQ(Finish(five, "all-reduce", "recursive-doubling", Of(5, 5)), 62);
}

TEST(AllReduceTime, Rabenseifner) {
  // p = 4, n = 8: halving moves 4 then 2 bytes (3+4+4*2, 3+2+2*2), doubling 2 then 4 (3+2, 3+4):
  // 15 + 9 + 5 + 7 = 36.
  const Network four = Switch(4, 3, 1).set_gamma(2);
  EXPECT_EQ(Finish(four, "all-reduce", "rabenseifner", Of(4, 8)), 36);
  // p = 5 folds first (3 + 8 + 16 = 27) and unfolds last (3 + 8 = 11).
  const Network five = Switch(5, 3, 1).set_gamma(2);
  EXPECT_EQ(Finish(five, "all-reduce", "rabenseifner", Of(5, 8)), 74);
}

TEST(AllReduceTime, OneShot) {
  // p = 4, n = 5: each egress sends 3 messages of 5 ticks, the last arrives at 15 + 3; then 3*5
  // bytes are added at 2 ticks each: 18 + 30 = 48.
  EXPECT_EQ(Finish(Switch(4, 3, 1).set_gamma(2), "all-reduce", "one-shot", Of(4, 5)), 48);
  // On a mesh all three are sent at once: 5 + 3 + 30 = 38. On a bus 12 go in turn: 60 + 3 + 30.
  EXPECT_EQ(Finish(Mesh(4, 3, 1).set_gamma(2), "all-reduce", "one-shot", Of(4, 5)), 38);
  EXPECT_EQ(Finish(Bus(4, 3, 1).set_gamma(2), "all-reduce", "one-shot", Of(4, 5)), 93);
}

TEST(AllReduceTime, TwoShot) {
  // p = 4, n = 8: 3 messages of 2 bytes, 6 + 3 = 9; add 3*2 bytes, 12; 3 messages again, 9: 30.
  EXPECT_EQ(Finish(Switch(4, 3, 1).set_gamma(2), "all-reduce", "two-shot", Of(4, 8)), 30);
}

TEST(AllReduceTime, Binomial) {
  // p = 5: 3 rounds up of 3 + 4 + 4*2 = 15, 3 rounds down of 7: 66.
  EXPECT_EQ(Finish(Switch(5, 3, 1).set_gamma(2), "all-reduce", "binomial", Of(5, 4)), 66);
  // Eager, p = 3, no addition: rank 0 gets 1's at 7 and 2's (behind it at the ingress) at 11; it
  // sends to 2 during [11, 15] and to 1 during [15, 19]: 22.
  Parameters eager = Of(3, 4);
  eager.eager = true;
  EXPECT_EQ(Finish(Switch(3, 3, 1), "all-reduce", "binomial", eager), 22);
}

TEST(AllReduceTime, ChainOnAMesh) {
  // p = 4, n = 6 in 3 chunks of 2: an edge takes 3 + 2 = 5 per chunk, one chunk at a time; up 3 and
  // down 3 edges, then 2 more chunks: (6 + 2) * 5 = 40.
  EXPECT_EQ(Finish(Mesh(4, 3, 1), "all-reduce", "chain", Pipeline(4, 6, 3, 1)), 40);
  // Without a window the later chunks follow at 2 ticks each: 6*5 + 2*2 = 34.
  EXPECT_EQ(Finish(Mesh(4, 3, 1), "all-reduce", "chain", Pipeline(4, 6, 3, 0)), 34);
}

TEST(AllReduceTime, TreeOnAMesh) {
  // p = 7 has depth 2, so chunks go over 4 edges of 3 + 2 = 5: (4 + 2) * 5 = 30.
  EXPECT_EQ(Finish(Mesh(7, 3, 1), "all-reduce", "tree", Pipeline(7, 6, 3, 1)), 30);
  // Two trees, half the bytes each and links of their own unless they share an edge in the same
  // direction; with a = 0 and one chunk of 3 bytes per tree: 4 edges * 3.
  EXPECT_EQ(Finish(Mesh(7, 0, 1), "all-reduce", "double-tree", Pipeline(7, 6, 1, 1)), 12);
}

TEST(AllReduceTime, TreeOnASwitch) {
  // p = 3, n = 4, one chunk: both leaves send 4 bytes to the root's one ingress, 4 + 4 + 3 = 11;
  // the root sends to both through its one egress: 11 again.
  EXPECT_EQ(Finish(Switch(3, 3, 1), "all-reduce", "tree", Pipeline(3, 4, 1, 1)), 22);
}

TEST(AllReduceTime, DoubleTreeOfTwoIsAnExchange) {
  // p = 2: in one tree 1 is the root, in the other 0. Halves of 2 bytes go up together, 3 + 2 = 5,
  // and down together: 10.
  EXPECT_EQ(Finish(Switch(2, 3, 1), "all-reduce", "double-tree", Pipeline(2, 4, 1, 1)), 10);
}

TEST(AllReduceTime, Nvls) {
  // p = 4, n = 8, blocks of 2, ports in lockstep: sums at [0,2] [2,4] [4,6] [6,8], copies behind
  // them at [8,10] [10,12] [12,14] and, the last sum being there at 8 + 3, [14,16]: 16 + 3 = 19.
  EXPECT_EQ(Finish(Switch(4, 3, 1), "all-reduce", "nvls", Pipeline(4, 8, 1, 1)), 19);
}

TEST(AllReduceTime, Hierarchical) {
  // 2 nodes of 2, n = 8. Inside: half of 8 bytes, 1 + 4*1 = 5. Between: 4 bytes on a NIC each, two
  // ring steps of 2 bytes, 2 * (7 + 2*3) = 26. Inside again: 5. Total 36.
  TwoTierShape shape;
  shape.nodes = 2;
  shape.ranks_per_node = 2;
  shape.alpha1 = 1;
  shape.beta1 = 1;
  shape.alpha2 = 7;
  shape.beta2 = 3;
  shape.nics_per_node = 2;
  Parameters parameters = Of(4, 8);
  parameters.nodes = 2;
  EXPECT_EQ(Finish(TwoTier(shape), "all-reduce", "hierarchical", parameters), 36);
  parameters.inner_ring = false;
  EXPECT_EQ(Finish(TwoTier(shape), "all-reduce", "hierarchical", parameters), 36);
  // Two chunks: inside 1 + 2 = 3, between 2 * (7 + 3) = 20. The second chunk waits for the first
  // between the nodes: 3 + 20 + 20 + 3 = 46.
  parameters.chunks = 2;
  EXPECT_EQ(Finish(TwoTier(shape), "all-reduce", "hierarchical", parameters), 46);
}

TEST(AllGatherTime, EachAlgorithm) {
  // p = 4, n = 8, blocks of 2, a = 3, b = 1. Ring: 3 steps of 5.
  const Network network = Switch(4, 3, 1);
  EXPECT_EQ(Finish(network, "all-gather", "ring", Of(4, 8)), 15);
  // Rounds of 2 and of 4 bytes: 5 + 7.
  EXPECT_EQ(Finish(network, "all-gather", "recursive-doubling", Of(4, 8)), 12);
  EXPECT_EQ(Finish(network, "all-gather", "bruck", Of(4, 8)), 12);
  EXPECT_EQ(Finish(network, "all-gather", "pat", Of(4, 8)), 12);
  // Three messages of 2 bytes one behind the other: 6 + 3.
  EXPECT_EQ(Finish(network, "all-gather", "direct", Of(4, 8)), 9);
  // Four copies of 2 bytes in turn: 8 + 3.
  EXPECT_EQ(Finish(network, "all-gather", "nvls", Of(4, 8)), 11);
}

TEST(AllGatherTime, LogarithmicRoundsForAnyNumberOfRanks) {
  // p = 5, blocks of 2. Bruck moves 1, 2, 1 blocks and PAT 1, 1, 2: 3*3 + 4*2 = 17.
  EXPECT_EQ(Finish(Switch(5, 3, 1), "all-gather", "bruck", Of(5, 10)), 17);
  EXPECT_EQ(Finish(Switch(5, 3, 1), "all-gather", "pat", Of(5, 10)), 17);
  // A block per message makes no difference where messages queue at the egress.
  Parameters small = Of(5, 10);
  small.aggregate = 1;
  EXPECT_EQ(Finish(Switch(5, 3, 1), "all-gather", "pat", small), 17);
}

TEST(ReduceScatterTime, EachAlgorithm) {
  // p = 4, n = 8, a = 3, b = 1, g = 2. Ring: 3 steps of 3 + 2 + 2*2.
  const Network network = Switch(4, 3, 1).set_gamma(2);
  EXPECT_EQ(Finish(network, "reduce-scatter", "ring", Of(4, 8)), 27);
  // Rounds of 4 and of 2 bytes: 3 + 4 + 8 and 3 + 2 + 4.
  EXPECT_EQ(Finish(network, "reduce-scatter", "recursive-halving", Of(4, 8)), 24);
  EXPECT_EQ(Finish(network, "reduce-scatter", "pat", Of(4, 8)), 24);
  // Three messages of 2 bytes, then 6 bytes to add: 9 + 12.
  EXPECT_EQ(Finish(network, "reduce-scatter", "direct", Of(4, 8)), 21);
  // The switch adds for nothing: 4 sums of 2 bytes in turn, 8 + 3.
  EXPECT_EQ(Finish(network, "reduce-scatter", "nvls", Of(4, 8)), 11);
}

TEST(AllToAllTime, EachAlgorithm) {
  // p = 4, n = 8, blocks of 2. Pairwise: 3 steps of 3 + 2. Direct: 6 + 3.
  EXPECT_EQ(Finish(Switch(4, 3, 1), "all-to-all", "pairwise", Of(4, 8)), 15);
  EXPECT_EQ(Finish(Switch(4, 3, 1), "all-to-all", "direct", Of(4, 8)), 9);
  // 2 nodes of 2 on one switch: one message of 2 blocks inside, one across: 2 * (3 + 4).
  Parameters parameters = Of(4, 8);
  parameters.nodes = 2;
  EXPECT_EQ(Finish(Switch(4, 3, 1), "all-to-all", "hierarchical", parameters), 14);
}

TEST(BroadcastTime, EachAlgorithm) {
  // p = 5, n = 4: 3 rounds of 3 + 4.
  EXPECT_EQ(Finish(Switch(5, 3, 1), "broadcast", "binomial", Of(5, 4)), 21);
  // 4 edges, 2 chunks of 2 bytes: (4 + 1) * (3 + 2). No window: 4 * 5 + 2.
  EXPECT_EQ(Finish(Switch(5, 3, 1), "broadcast", "chain", Pipeline(5, 4, 2, 1)), 25);
  EXPECT_EQ(Finish(Switch(5, 3, 1), "broadcast", "chain", Pipeline(5, 4, 2, 0)), 22);
  // p = 3: two leaves, chunks of 2 leave the root at 0 (left), 2 (right), 5 (left: its first has
  // arrived), 7 (right): 7 + 2 + 3 = 12. No window: at 0, 2, 4, 6: 11.
  EXPECT_EQ(Finish(Switch(3, 3, 1), "broadcast", "tree", Pipeline(3, 4, 2, 1)), 12);
  EXPECT_EQ(Finish(Switch(3, 3, 1), "broadcast", "tree", Pipeline(3, 4, 2, 0)), 11);
}

TEST(ReduceTime, EachAlgorithm) {
  // p = 4, n = 4, g = 2: 2 rounds of 3 + 4 + 8.
  const Network network = Switch(4, 3, 1).set_gamma(2);
  EXPECT_EQ(Finish(network, "reduce", "binomial", Of(4, 4)), 30);
  // 3 edges, 2 chunks of 2: (3 + 1) * (3 + 2 + 4).
  EXPECT_EQ(Finish(network, "reduce", "chain", Pipeline(4, 4, 2, 1)), 36);
  // p = 3, one chunk, g = 0: both leaves through one ingress, 4 + 4 + 3.
  EXPECT_EQ(Finish(Switch(3, 3, 1), "reduce", "tree", Pipeline(3, 4, 1, 1)), 11);
}

TEST(PointToPointTime, IsOneMessage) {
  EXPECT_EQ(Finish(Switch(2, 3, 1), "p2p", "direct", Of(2, 4)), 7);
}

TEST(OneRank, NeedsNoTimeUnlessTheSwitchIsAsked) {
  for (const Entry& entry : Catalogue()) {
    const std::int64_t finish = Finish(Switch(1, 3, 1), entry.op, entry.algorithm, Of(1, 4));
    if (!entry.in_switch) {
      EXPECT_EQ(finish, 0) << entry.op << " " << entry.algorithm;
    }
  }
}

}  // namespace
}  // namespace commplan::oracle
