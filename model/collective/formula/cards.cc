#include "model/collective/formula/cards.h"

#include <algorithm>

#include "model/collective/formula/direct.h"
#include "model/collective/formula/doubling.h"
#include "model/collective/formula/hierarchical.h"
#include "model/collective/formula/in_network.h"
#include "model/collective/formula/in_switch.h"
#include "model/collective/formula/over_nodes.h"
#include "model/collective/formula/ring.h"
#include "model/collective/formula/tree.h"

namespace commplan {
namespace {

// What a library adds around any algorithm: its fixed cost, and the copy of a rank's own block.
template <class R>
CostOf<R> Called(const Inputs<R>& x, CostOf<R> cost) {
  cost.Add(Term::kLaunch, x.launch);
  cost.Add(Term::kCopy, x.bytes / x.ranks * x.copying);
  return cost;
}

// One formula template, read in its three ways.
#define COMMPLAN_READINGS(Formula)                                 \
  [](const Inputs<double>& x) { return Called(x, Formula(x)); },   \
      [](const Inputs<Text>& x) { return Called(x, Formula(x)); }, \
      [](const Inputs<Slopes>& x) { return Called(x, Formula(x)); }

constexpr std::string_view kThakur =
    "Thakur, Rabenseifner, Gropp, Optimization of Collective Communication Operations in MPICH, "
    "2005";
constexpr std::string_view kNcclSource = "NCCL 2.30.7, src/graph/tuning.cc";
constexpr std::string_view kOwn = "derived from the schedule that tests/oracle plays";

std::vector<FormulaCard> MakeAllReduceCards() {
  return {
      {"all-reduce/ring", Op::kAllReduce, Algorithm::kRing, Span::kOneTier, Exactness::kEqualBlocks,
       false, "Ring all-reduce: a ring reduce-scatter, then a ring all-gather",
       "every rank sends and receives at the full rate at the same time", kThakur,
       COMMPLAN_READINGS(RingAllReduce)},
      {"all-reduce/recursive-doubling", Op::kAllReduce, Algorithm::kRecursiveDoubling,
       Span::kOneTier, Exactness::kAlways, false,
       "Recursive doubling: partners at distance 1, 2, 4 exchange the whole buffer",
       "ranks beyond the largest power of two fold into a neighbour first", kThakur,
       COMMPLAN_READINGS(RecursiveDoublingAllReduce)},
      {"all-reduce/rabenseifner", Op::kAllReduce, Algorithm::kRabenseifner, Span::kOneTier,
       Exactness::kEqualBlocks, false,
       "Rabenseifner: reduce-scatter by halving, then all-gather by doubling",
       "ranks beyond the largest power of two fold into a neighbour first; equal blocks there "
       "means "
       "blocks of that power of two",
       kThakur, COMMPLAN_READINGS(RabenseifnerAllReduce)},
      {"all-reduce/tree", Op::kAllReduce, Algorithm::kTree, Span::kOneTier, Exactness::kBound,
       false,
       "Two complementary binary trees, pipelined in k chunks each, up and down at the same time",
       "counts the busiest port and the longest way, but not that chunks of the two trees queue at "
       "a "
       "port: the simulated schedule takes up to three times as long; the addition is hidden",
       "Sanders, Speck, Traeff, Two-tree algorithms for full bandwidth broadcast, reduction and "
       "scan, 2009",
       COMMPLAN_READINGS(DoubleTreeAllReduce)},
      {"all-reduce/one-shot", Op::kAllReduce, Algorithm::kOneShot, Span::kOneTier,
       Exactness::kAlways, false,
       "One-shot: every rank reads the whole buffer of every peer and adds them itself",
       "the addition starts when all buffers are there; B is what a rank gets for all peers "
       "together",
       kOwn, COMMPLAN_READINGS(OneShotAllReduce)},
      {"all-reduce/two-shot", Op::kAllReduce, Algorithm::kTwoShot, Span::kOneTier,
       Exactness::kEqualBlocks, false,
       "Two-shot: a direct reduce-scatter, then a direct all-gather",
       "the addition of a block starts when all its parts are there", kOwn,
       COMMPLAN_READINGS(TwoShotAllReduce)},
      {"all-reduce/nvls", Op::kAllReduce, Algorithm::kNvls, Span::kOneTier, Exactness::kFineChunks,
       false, "In-switch reduction: the switch adds the slices and copies the sums to all ranks",
       "ports work independently, the switch keeps what comes early; exact where k and p divide S "
       "and "
       "a message is not slower than the chunks that it follows",
       kOwn, COMMPLAN_READINGS(InSwitchAllReduce)},
      {"all-reduce/ring-over-nodes", Op::kAllReduce, Algorithm::kRing, Span::kOverNodes,
       Exactness::kBound, false, "One ring through the ranks of all nodes, node by node",
       "p = q*N; B2 is what the ring gets between two nodes; the time lies between this and the "
       "same "
       "formula with the crossing latency in every step",
       kOwn, COMMPLAN_READINGS(RingOverNodesAllReduce)},
      {"all-reduce/tree-over-nodes", Op::kAllReduce, Algorithm::kTree, Span::kOverNodes,
       Exactness::kBound, false, "NCCL's tree: chains inside the nodes, two trees across them",
       "infinitely fine chunks; B and B2 are what the trees sustain, corrected for message size",
       kNcclSource, COMMPLAN_READINGS(ChainTreeAllReduce)},
      {"all-reduce/nvls-tree", Op::kAllReduce, Algorithm::kNvlsTree, Span::kOverNodes,
       Exactness::kBound, false, "In-switch reduction inside the nodes, a tree across them",
       "B and B2 are bus bandwidths, as NCCL counts them", kNcclSource,
       COMMPLAN_READINGS(InSwitchTreeAllReduce)},
      {"all-reduce/hierarchical", Op::kAllReduce, Algorithm::kHierarchical, Span::kOverNodes,
       Exactness::kFineChunks, false,
       "Reduce-scatter inside each node, all-reduce across nodes, all-gather inside; rings, k "
       "chunks",
       "over more tiers each further one is scattered and gathered on in turn, and the all-reduce "
       "is "
       "on the outermost; exact for one chunk of equal blocks, and for more where the outermost "
       "stage is the slowest; B2 is one rank's part of the network",
       kOwn, COMMPLAN_READINGS(HierarchicalAllReduce)},
  };
}

// The network's switches add.
std::vector<FormulaCard> MakeInNetworkCards() {
  constexpr std::string_view kAssumptions =
      "nothing to add and infinitely fine chunks; the time lies between the larger of the hops and "
      "the busiest link, and this sum of them; B2 is one rank's part of the network, a2 the way up "
      "to its switches and down again";
  return {
      {"all-reduce/collnet-direct", Op::kAllReduce, Algorithm::kCollnetDirect, Span::kOverNodes,
       Exactness::kBound, false,
       "CollNet, direct: each rank of a node gathers one slice, the network's switches add it "
       "across the nodes, and it is spread again",
       kAssumptions, kOwn, COMMPLAN_READINGS(CollnetDirectAllReduce)},
      {"all-reduce/collnet-chain", Op::kAllReduce, Algorithm::kCollnetChain, Span::kOverNodes,
       Exactness::kBound, false,
       "CollNet, chains: a chain through the node ends in each of its ranks, the network's "
       "switches "
       "add across the nodes, and the sums go back along the chains",
       kAssumptions, kOwn, COMMPLAN_READINGS(CollnetChainAllReduce)},
      {"all-reduce/nvls-over-nodes", Op::kAllReduce, Algorithm::kNvls, Span::kOverNodes,
       Exactness::kBound, false,
       "In-switch reduction inside the nodes and in the network's switches between them; a is the "
       "whole latency inside",
       kAssumptions, kOwn, COMMPLAN_READINGS(InSwitchThroughNetworkAllReduce)},
  };
}

std::vector<FormulaCard> MakeGatherCards() {
  constexpr std::string_view kFullRate = "every rank sends and receives at the full rate";
  return {
      {"all-gather/ring", Op::kAllGather, Algorithm::kRing, Span::kOneTier, Exactness::kEqualBlocks,
       false, "Ring all-gather: p - 1 steps, one block each", kFullRate, kThakur,
       COMMPLAN_READINGS(RingAllGather)},
      {"all-gather/recursive-doubling", Op::kAllGather, Algorithm::kRecursiveDoubling,
       Span::kOneTier, Exactness::kEqualBlocks, false,
       "All-gather by doubling: partners at distance 1, 2, 4 exchange all they have (Bruck's "
       "rotation "
       "where p is no power of two)",
       kFullRate, kThakur, COMMPLAN_READINGS(DoublingAllGather)},
      {"all-gather/direct", Op::kAllGather, Algorithm::kDirect, Span::kOneTier,
       Exactness::kEqualBlocks, false, "Direct all-gather: a block to every peer at once",
       "B is what a rank gets for all peers together", kOwn, COMMPLAN_READINGS(DirectExchange)},
      {"all-gather/pat", Op::kAllGather, Algorithm::kPat, Span::kOneTier, Exactness::kEqualBlocks,
       false, "PAT: doubling with the far partners first, so that buffers stay small",
       "no limit on blocks per message", "arXiv 2506.20252", COMMPLAN_READINGS(DoublingAllGather)},
      {"all-gather/nvls", Op::kAllGather, Algorithm::kNvls, Span::kOneTier, Exactness::kEqualBlocks,
       false, "Multicast all-gather: the switch copies each rank's block to all ports",
       "the sender gets its own block back", kOwn, COMMPLAN_READINGS(InSwitchExchange)},
      {"all-gather/ring-over-nodes", Op::kAllGather, Algorithm::kRing, Span::kOverNodes,
       Exactness::kBound, false, "One ring through the ranks of all nodes, node by node",
       "as all-reduce/ring-over-nodes", kOwn, COMMPLAN_READINGS(RingOverNodesAllGather)},
      {"all-gather/hierarchical", Op::kAllGather, Algorithm::kHierarchical, Span::kOverNodes,
       Exactness::kEqualBlocks, false, "All-gather across nodes, then inside each node; rings",
       "the stages follow each other; over more tiers there is one for each", kOwn,
       COMMPLAN_READINGS(HierarchicalAllGather)},
      {"reduce-scatter/ring", Op::kReduceScatter, Algorithm::kRing, Span::kOneTier,
       Exactness::kEqualBlocks, false, "Ring reduce-scatter: p - 1 steps, one block each",
       kFullRate, kThakur, COMMPLAN_READINGS(RingReduceScatter)},
      {"reduce-scatter/recursive-doubling", Op::kReduceScatter, Algorithm::kRecursiveDoubling,
       Span::kOneTier, Exactness::kEqualBlocks, true,
       "Reduce-scatter by halving: partners exchange half of what is left", kFullRate, kThakur,
       COMMPLAN_READINGS(HalvingReduceScatter)},
      {"reduce-scatter/direct", Op::kReduceScatter, Algorithm::kDirect, Span::kOneTier,
       Exactness::kEqualBlocks, false, "Direct reduce-scatter: a block to every peer at once",
       "the addition starts when all parts are there", kOwn,
       COMMPLAN_READINGS(DirectReduceScatter)},
      {"reduce-scatter/pat", Op::kReduceScatter, Algorithm::kPat, Span::kOneTier,
       Exactness::kEqualBlocks, false, "PAT: halving with the near partners first",
       "no limit on blocks per message", "arXiv 2506.20252",
       COMMPLAN_READINGS(HalvingReduceScatter)},
      {"reduce-scatter/nvls", Op::kReduceScatter, Algorithm::kNvls, Span::kOneTier,
       Exactness::kEqualBlocks, false, "In-switch reduce-scatter: the switch adds each slice",
       "all ranks send all slices, their own one too", kOwn, COMMPLAN_READINGS(InSwitchExchange)},
      {"reduce-scatter/ring-over-nodes", Op::kReduceScatter, Algorithm::kRing, Span::kOverNodes,
       Exactness::kBound, false, "One ring through the ranks of all nodes, node by node",
       "as all-reduce/ring-over-nodes", kOwn, COMMPLAN_READINGS(RingOverNodesReduceScatter)},
      {"reduce-scatter/hierarchical", Op::kReduceScatter, Algorithm::kHierarchical,
       Span::kOverNodes, Exactness::kEqualBlocks, false,
       "Reduce-scatter inside each node, then across nodes; rings",
       "the stages follow each other; over more tiers there is one for each", kOwn,
       COMMPLAN_READINGS(HierarchicalReduceScatter)},
  };
}

std::vector<FormulaCard> MakeOtherCards() {
  return {
      {"all-to-all/pairwise", Op::kAllToAll, Algorithm::kPairwise, Span::kOneTier,
       Exactness::kEqualBlocks, false, "Pairwise all-to-all: p - 1 rounds with one partner each",
       "a round starts when a rank's own last one is done", kThakur,
       COMMPLAN_READINGS(PairwiseExchange)},
      {"all-to-all/direct", Op::kAllToAll, Algorithm::kDirect, Span::kOneTier,
       Exactness::kEqualBlocks, false, "Direct all-to-all: a block to every peer at once",
       "B is what a rank gets for all peers together", kOwn, COMMPLAN_READINGS(DirectExchange)},
      {"all-to-all/direct-over-nodes", Op::kAllToAll, Algorithm::kDirect, Span::kOverNodes,
       Exactness::kBound, false, "Direct all-to-all: peers in the node and beyond it, side by side",
       "links inside and network cards work at the same time; B2 is one rank's part; a message "
       "costs "
       "nothing beyond its latency, so many small peers come out too cheap",
       kOwn, COMMPLAN_READINGS(DirectOverNodesExchange)},
      {"all-to-all/hierarchical", Op::kAllToAll, Algorithm::kHierarchical, Span::kOverNodes,
       Exactness::kEqualBlocks, false,
       "Exchange inside the node by final position, then across nodes",
       "the two stages follow each other; equal blocks of S/p", kOwn,
       COMMPLAN_READINGS(HierarchicalAllToAll)},
      {"broadcast/tree", Op::kBroadcast, Algorithm::kTree, Span::kOneTier, Exactness::kAlways,
       false, "Binomial tree broadcast in ceil(log2 p) rounds", "whole messages", kThakur,
       COMMPLAN_READINGS(BinomialBroadcast)},
      {"broadcast/ring", Op::kBroadcast, Algorithm::kRing, Span::kOneTier, Exactness::kFineChunks,
       false, "Pipelined chain: k chunks, one behind the other, over p - 1 hops",
       "exact where k divides S; the next chunk leaves when the last one has arrived", kThakur,
       COMMPLAN_READINGS(ChainBroadcast)},
      {"reduce/tree", Op::kReduce, Algorithm::kTree, Span::kOneTier, Exactness::kAlways, false,
       "Binomial tree reduction in ceil(log2 p) rounds", "whole messages", kThakur,
       COMMPLAN_READINGS(BinomialReduce)},
      {"reduce/ring", Op::kReduce, Algorithm::kRing, Span::kOneTier, Exactness::kFineChunks, false,
       "Pipelined chain towards the root, each rank adding its own part",
       "exact where k divides S and adding costs nothing; the addition is hidden otherwise",
       kThakur, COMMPLAN_READINGS(ChainBroadcast)},
      {"broadcast/hierarchical", Op::kBroadcast, Algorithm::kHierarchical, Span::kOverNodes,
       Exactness::kAlways, false, "Binomial trees: across nodes, then inside each node",
       "whole messages; one rank of each node sends across, so B2 is one rank's part; over more "
       "tiers "
       "there is a tree for each",
       kOwn, COMMPLAN_READINGS(HierarchicalBroadcast)},
      {"reduce/hierarchical", Op::kReduce, Algorithm::kHierarchical, Span::kOverNodes,
       Exactness::kAlways, false, "Binomial trees: inside each node, then across nodes",
       "whole messages; one rank of each node sends across, so B2 is one rank's part; over more "
       "tiers "
       "there is a tree for each",
       kOwn, COMMPLAN_READINGS(HierarchicalReduce)},
      {"p2p/direct", Op::kPointToPoint, Algorithm::kDirect, Span::kOneTier, Exactness::kAlways,
       false, "One message from one rank to another", "nothing else is on the link",
       "Hockney, The communication challenge for MPP, 1994", COMMPLAN_READINGS(PointToPoint)},
  };
}

#undef COMMPLAN_READINGS

std::vector<FormulaCard> MakeCards() {
  std::vector<FormulaCard> cards = MakeAllReduceCards();
  for (const auto& more : {MakeInNetworkCards(), MakeGatherCards(), MakeOtherCards()}) {
    cards.insert(cards.end(), more.begin(), more.end());
  }
  return cards;
}

template <class Matches>
const FormulaCard* Find(Matches matches) {
  const auto& cards = FormulaCards();
  const auto found = std::find_if(cards.begin(), cards.end(), matches);
  return found == cards.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<FormulaCard>& FormulaCards() {
  static const std::vector<FormulaCard> kCards = MakeCards();
  return kCards;
}

const FormulaCard* FindCard(Op op, Algorithm algorithm, Span span) {
  return Find([&](const FormulaCard& card) {
    return card.op == op && card.algorithm == algorithm && card.span == span;
  });
}

const FormulaCard* FindCard(std::string_view id) {
  return Find([&](const FormulaCard& card) { return card.id == id; });
}

}  // namespace commplan
