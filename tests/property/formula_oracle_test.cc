// Every formula card against the oracle: exhaustively on small worlds, by seeded sampling on larger
// ones. Where a card claims to be exact, the simulated finish must be equal to the tick; elsewhere
// the bound that it claims must hold.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model/collective/formula/cards.h"
#include "tests/oracle/catalogue.h"
#include "tests/oracle/tiers.h"

namespace commplan {
namespace {

// How a card is played: by which algorithms of the oracle, and what "equal blocks" means for it.
struct Play {
  std::vector<std::string> algorithms;
  double bound = 1;  // for cards that are bounds: how far above the formula the simulation may lie
};

const std::map<std::string, Play>& Plays() {
  static const std::map<std::string, Play> kPlays{
      {"all-reduce/ring", {{"ring"}}},
      {"all-reduce/recursive-doubling", {{"recursive-doubling"}}},
      {"all-reduce/rabenseifner", {{"rabenseifner"}}},
      {"all-reduce/tree", {{"double-tree"}, 4}},
      {"all-reduce/one-shot", {{"one-shot"}}},
      {"all-reduce/two-shot", {{"two-shot"}}},
      {"all-reduce/nvls", {{"nvls"}}},
      {"all-gather/ring", {{"ring"}}},
      {"all-gather/recursive-doubling", {{"recursive-doubling", "bruck"}}},
      {"all-gather/direct", {{"direct"}}},
      {"all-gather/pat", {{"pat"}}},
      {"all-gather/nvls", {{"nvls"}}},
      {"reduce-scatter/ring", {{"ring"}}},
      {"reduce-scatter/recursive-doubling", {{"recursive-halving"}}},
      {"reduce-scatter/direct", {{"direct"}}},
      {"reduce-scatter/pat", {{"pat"}}},
      {"reduce-scatter/nvls", {{"nvls"}}},
      {"all-to-all/pairwise", {{"pairwise"}}},
      {"all-to-all/direct", {{"direct"}}},
      {"broadcast/tree", {{"binomial"}}},
      {"broadcast/ring", {{"chain"}}},
      {"reduce/tree", {{"binomial"}}},
      {"reduce/ring", {{"chain"}}},
      {"p2p/direct", {{"direct"}}},
      {"all-reduce/ring-over-nodes", {{"ring"}}},
      {"all-gather/ring-over-nodes", {{"ring"}}},
      {"reduce-scatter/ring-over-nodes", {{"ring"}}},
      {"all-reduce/hierarchical", {{"hierarchical"}}},
      {"all-gather/hierarchical", {{"hierarchical"}}},
      {"reduce-scatter/hierarchical", {{"hierarchical"}}},
      {"all-to-all/hierarchical", {{"hierarchical"}}},
      {"broadcast/hierarchical", {{"hierarchical"}}},
      {"reduce/hierarchical", {{"hierarchical"}}},
      {"all-to-all/direct-over-nodes", {{"direct"}}},
      // in_network_oracle_test.cc plays these, with switches as ranks of their own.
      {"all-reduce/collnet-direct", {{}}},
      {"all-reduce/collnet-chain", {{}}},
      {"all-reduce/nvls-over-nodes", {{}}},
      // These two restate NCCL's own tuning model, a table look-up with no schedule to play. The
      // tests of that model (model/collective/nccl_test.cc) check them against NCCL's numbers.
      {"all-reduce/tree-over-nodes", {{}}},
      {"all-reduce/nvls-tree", {{}}},
  };
  return kPlays;
}

struct World {
  int ranks = 2;
  int nodes = 1;
  std::int64_t bytes = 0;
  int chunks = 1;
  std::int64_t alpha = 0, beta = 1, gamma = 0;
  std::int64_t alpha2 = 0, beta2 = 0;  // between nodes
  oracle::TierKind kind = oracle::TierKind::kSwitch;

  std::string Text() const {
    return "p=" + std::to_string(ranks) + " N=" + std::to_string(nodes) +
           " S=" + std::to_string(bytes) + " k=" + std::to_string(chunks) +
           " a=" + std::to_string(alpha) + " beta=" + std::to_string(beta) +
           " g=" + std::to_string(gamma) + " a2=" + std::to_string(alpha2) +
           " beta2=" + std::to_string(beta2);
  }
};

bool IsPipelined(const FormulaCard& card) {
  return card.id == "all-reduce/tree" || card.id == "all-reduce/nvls" ||
         card.id == "broadcast/ring" || card.id == "reduce/ring";
}

bool UsesAllLinks(const FormulaCard& card) {
  if (card.op == Op::kPointToPoint) return false;
  return card.algorithm == Algorithm::kOneShot || card.algorithm == Algorithm::kTwoShot ||
         card.algorithm == Algorithm::kDirect;
}

double FormulaTicks(const FormulaCard& card, const World& w) {
  Inputs<double> x;
  x.ranks = w.ranks;
  x.nodes = w.nodes;
  const int local = w.ranks / w.nodes;
  x.local = local;
  x.chunks = w.chunks;
  x.bytes = B(static_cast<double>(w.bytes));
  x.latency = Seconds(static_cast<double>(w.alpha));
  x.bandwidth = Bps(1.0 / static_cast<double>(w.beta));
  if (w.kind == oracle::TierKind::kMesh && UsesAllLinks(card)) {
    x.bandwidth = x.bandwidth * (w.ranks - 1.0);
  }
  if (w.nodes > 1) {
    x.net_latency = Seconds(static_cast<double>(w.alpha2));
    x.net_bandwidth = Bps(1.0 / static_cast<double>(w.beta2));
  }
  x.reduction = SecondsPerByte(static_cast<double>(w.gamma));
  return InSeconds(card.value(x).Total());
}

// Nothing where the oracle has no such algorithm for this world.
std::optional<double> SimulatedTicks(const FormulaCard& card, const std::string& algorithm,
                                     const World& w) {
  oracle::Parameters parameters;
  parameters.ranks = w.ranks;
  parameters.elements = w.bytes;
  parameters.chunks = w.chunks;
  parameters.nodes = w.nodes;
  const auto collective = oracle::Make(std::string(Name(card.op)), algorithm, parameters);
  if (!collective) return std::nullopt;
  oracle::Network network = w.nodes > 1 ? oracle::TwoTier({.nodes = w.nodes,
                                                           .ranks_per_node = w.ranks / w.nodes,
                                                           .alpha1 = w.alpha,
                                                           .beta1 = w.beta,
                                                           .alpha2 = w.alpha2,
                                                           .beta2 = w.beta2,
                                                           .nics_per_node = w.ranks / w.nodes})
                            : w.kind == oracle::TierKind::kMesh
                                ? oracle::Mesh(w.ranks, w.alpha, w.beta)
                                : oracle::Switch(w.ranks, w.alpha, w.beta);
  network.set_gamma(w.gamma).set_port_timing(oracle::PortTiming::kIndependent);
  if (card.algorithm == Algorithm::kNvls && w.kind == oracle::TierKind::kMesh) return std::nullopt;
  const oracle::Outcome outcome = oracle::Perform(network, *collective);
  EXPECT_EQ(outcome.wrong, "") << card.id << " " << w.Text();
  return static_cast<double>(outcome.timeline.finish);
}

int LargestPowerOfTwo(int p) {
  int power = 1;
  while (power * 2 <= p) power *= 2;
  return power;
}

// Whether each chunk spends longer between the nodes than in both stages inside them, with nothing
// to add.
bool NetworkIsSlowest(const World& w) {
  const std::int64_t q = w.ranks / w.nodes;
  const std::int64_t block = w.bytes / (w.ranks * w.chunks);
  const std::int64_t inside = 2 * (q - 1) * (w.alpha + block * w.nodes * w.beta);
  const std::int64_t across = 2 * (w.nodes - 1) * (w.alpha2 + block * w.beta2);
  return w.gamma == 0 && across >= inside;
}

// Whether the formula claims to be exact in this world.
bool ClaimsExact(const FormulaCard& card, const World& w) {
  const std::int64_t p = w.ranks;
  switch (card.exactness) {
    case Exactness::kAlways:
      return true;
    case Exactness::kEqualBlocks:
      return w.bytes % p == 0 && (card.algorithm != Algorithm::kRabenseifner ||
                                  w.bytes % LargestPowerOfTwo(w.ranks) == 0);
    case Exactness::kFineChunks:
      if (card.algorithm == Algorithm::kNvls) {
        // The next chunk is not held up: a message takes no longer than what is ahead of it in the
        // port.
        return w.bytes % (p * w.chunks) == 0 &&
               w.alpha * p * w.chunks <= w.bytes * w.beta * (p - 1);
      }
      if (card.algorithm == Algorithm::kHierarchical) {
        return w.bytes % (p * w.chunks) == 0 && (w.chunks == 1 || NetworkIsSlowest(w));
      }
      return w.bytes % w.chunks == 0 && (card.op != Op::kReduce || w.gamma == 0);
    case Exactness::kBound:
      return false;
  }
  return false;
}

void Compare(const FormulaCard& card, const World& w) {
  for (const std::string& algorithm : Plays().at(std::string(card.id)).algorithms) {
    const auto simulated = SimulatedTicks(card, algorithm, w);
    if (!simulated) continue;
    const double formula = FormulaTicks(card, w);
    const double rounding = 1e-9 * (1 + formula);
    if (ClaimsExact(card, w)) {
      EXPECT_NEAR(*simulated, formula, rounding)
          << card.id << " by " << algorithm << " " << w.Text();
    } else if (card.algorithm != Algorithm::kNvls) {
      EXPECT_GE(*simulated, formula - rounding)
          << card.id << " by " << algorithm << " " << w.Text();
    }
    if (card.exactness == Exactness::kBound && w.chunks > 1 && w.bytes >= 8 * w.chunks * w.ranks) {
      EXPECT_LE(*simulated, Plays().at(std::string(card.id)).bound * formula)
          << card.id << " by " << algorithm << " " << w.Text();
    }
  }
}

class CardTest : public ::testing::TestWithParam<std::string> {
 protected:
  const FormulaCard& card() const { return *FindCard(GetParam()); }
  // The adding time of cards that hide it is set to nothing.
  bool HidesAdding() const {
    return GetParam() == "all-reduce/tree" || GetParam() == "reduce/ring";
  }
};

TEST_P(CardTest, ExhaustiveOnSmallWorlds) {
  for (int p = 2; p <= 16; ++p) {
    for (std::int64_t bytes = 0; bytes <= 64; bytes += (bytes < 20 ? 1 : 4)) {
      for (const int chunks :
           IsPipelined(card()) ? std::vector<int>{1, 2, 4} : std::vector<int>{1}) {
        for (const std::int64_t alpha : {0, 1, 5}) {
          World w{.ranks = p, .bytes = bytes, .chunks = chunks, .alpha = alpha, .beta = 2};
          Compare(card(), w);
          w.gamma = HidesAdding() ? 0 : 3;
          Compare(card(), w);
          w.kind = oracle::TierKind::kMesh;
          if (UsesAllLinks(card())) Compare(card(), w);
        }
      }
    }
  }
}

TEST_P(CardTest, SampledOnLargerWorlds) {
  const unsigned seed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto draw = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int i = 0; i < 40; ++i) {
    World w{.ranks = draw(2, 40),
            .bytes = draw(0, 3000),
            .alpha = draw(0, 500),
            .beta = draw(1, 20),
            .gamma = HidesAdding() ? 0 : draw(0, 10)};
    if (IsPipelined(card())) w.chunks = draw(1, 12);
    Compare(card(), w);
    w.bytes =
        static_cast<std::int64_t>(w.ranks) * w.chunks * LargestPowerOfTwo(w.ranks) * draw(0, 4);
    Compare(card(), w);
  }
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

std::vector<std::string> OneTierCards() {
  std::vector<std::string> ids;
  for (const FormulaCard& card : FormulaCards()) {
    if (card.span == Span::kOneTier) ids.emplace_back(card.id);
  }
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Cards, CardTest, ::testing::ValuesIn(OneTierCards()), TestName);

// --- Over nodes ---

std::vector<World> NodeWorlds() {
  std::vector<World> worlds;
  for (const int nodes : {2, 3, 4}) {
    for (const int local : {2, 3, 4, 8}) {
      for (const int blocks : {0, 1, 3}) {
        for (const std::int64_t alpha2 : {0, 4, 30}) {
          for (const std::int64_t beta2 : {1, 2, 9}) {
            for (const std::int64_t gamma : {0, 2}) {
              worlds.push_back({.ranks = nodes * local,
                                .nodes = nodes,
                                .bytes = static_cast<std::int64_t>(blocks) * nodes * local,
                                .alpha = 3,
                                .beta = 1,
                                .gamma = gamma,
                                .alpha2 = alpha2,
                                .beta2 = beta2});
            }
          }
        }
      }
    }
  }
  return worlds;
}

class HierarchyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(HierarchyTest, IsExactWithEqualBlocks) {
  const FormulaCard& card = *FindCard(GetParam());
  for (World w : NodeWorlds()) {
    Compare(card, w);
    if (card.id != "all-reduce/hierarchical") continue;
    for (const int chunks : {2, 3}) {
      w.chunks = chunks;
      w.bytes = static_cast<std::int64_t>(w.ranks) * chunks * 2;
      Compare(card, w);
      // Where the stages inside are the slowest, queueing at their links adds less than as much
      // again.
      EXPECT_LE(SimulatedTicks(card, "hierarchical", w).value(), 2 * FormulaTicks(card, w))
          << w.Text();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cards, HierarchyTest,
                         ::testing::Values("all-reduce/hierarchical", "all-gather/hierarchical",
                                           "reduce-scatter/hierarchical", "all-to-all/hierarchical",
                                           "broadcast/hierarchical", "reduce/hierarchical"),
                         TestName);

class RingOverNodesTest : public ::testing::TestWithParam<std::string> {};

// Between the formula, and the formula with the slower hop in every step.
TEST_P(RingOverNodesTest, LiesBetweenItsBounds) {
  const FormulaCard& card = *FindCard(GetParam());
  for (World w : NodeWorlds()) {
    if (w.alpha2 < w.alpha || w.beta2 < w.beta) continue;  // the network is the slower tier
    const auto simulated = SimulatedTicks(card, "ring", w);
    ASSERT_TRUE(simulated.has_value());
    const double steps = (card.op == Op::kAllReduce ? 2.0 : 1.0) * (w.ranks - 1);
    const double block = static_cast<double>(w.bytes) / w.ranks;
    const double adding =
        card.op == Op::kAllGather ? 0 : (w.ranks - 1.0) * block * static_cast<double>(w.gamma);
    const double upper =
        steps * (static_cast<double>(w.alpha2) + block * static_cast<double>(w.beta2)) + adding;
    const double latency_only = FormulaTicks(card, {.ranks = w.ranks,
                                                    .nodes = w.nodes,
                                                    .bytes = 0,
                                                    .alpha = w.alpha,
                                                    .beta = w.beta,
                                                    .alpha2 = w.alpha2,
                                                    .beta2 = w.beta2});
    EXPECT_LE(*simulated, upper + 1e-9) << w.Text();
    EXPECT_GE(*simulated, latency_only - 1e-9) << w.Text();
    // With nothing to send, the crossings are counted to the tick.
    if (w.bytes == 0) {
      EXPECT_EQ(*simulated, latency_only) << w.Text();
    }
    // Where the network is no slower per byte, the whole formula is exact.
    if (w.beta2 == w.beta) {
      EXPECT_NEAR(*simulated, FormulaTicks(card, w), 1e-9) << w.Text();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cards, RingOverNodesTest,
                         ::testing::Values("all-reduce/ring-over-nodes",
                                           "all-gather/ring-over-nodes",
                                           "reduce-scatter/ring-over-nodes"),
                         TestName);

// The two sides share no link, so the slower one decides.
TEST(DirectOverNodesTest, TheSlowerSideDecides) {
  const FormulaCard& card = *FindCard("all-to-all/direct-over-nodes");
  for (const World& w : NodeWorlds()) {
    const auto simulated = SimulatedTicks(card, "direct", w);
    ASSERT_TRUE(simulated.has_value());
    EXPECT_GE(*simulated, FormulaTicks(card, w) - 1e-9) << w.Text();
  }
}

// --- Coverage ---

TEST(CoverageTest, EveryCardIsListedWithTheAlgorithmsThatPlayIt) {
  for (const FormulaCard& card : FormulaCards()) {
    const auto play = Plays().find(std::string(card.id));
    ASSERT_NE(play, Plays().end()) << card.id << " has no oracle comparison: add it to Plays()";
    for (const std::string& algorithm : play->second.algorithms) {
      oracle::Parameters parameters;
      parameters.ranks = 8;
      parameters.elements = 64;
      parameters.nodes = 2;
      EXPECT_TRUE(oracle::Make(std::string(Name(card.op)), algorithm, parameters).has_value())
          << card.id << ": the oracle has no " << algorithm;
    }
  }
}

}  // namespace
}  // namespace commplan
