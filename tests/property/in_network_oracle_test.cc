// The formulas of networks whose switches add, against the oracle, where each switch is a rank of
// its own: exact without bytes, a lower bound with them, approached as chunks get finer.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/collective/formula/cards.h"
#include "tests/oracle/collnet.h"

namespace commplan {
namespace {

using oracle::CollnetKind;
using oracle::CollnetShape;

struct Way {
  std::string_view card;
  CollnetKind kind;
  double hops;  // messages between rank and switch or rank that the card's latency a stands for
};
constexpr Way kWays[] = {
    {"all-reduce/collnet-direct", CollnetKind::kDirect, 1},
    {"all-reduce/collnet-chain", CollnetKind::kChain, 1},
    // To the node's switch, to the head, back to the switch, to all.
    {"all-reduce/nvls-over-nodes", CollnetKind::kInSwitch, 4},
};

double Formula(const Way& way, const CollnetShape& w, std::int64_t bytes) {
  Inputs<double> x;
  x.nodes = w.nodes;
  x.local = w.ranks_per_node;
  x.ranks = w.nodes * w.ranks_per_node;
  x.bytes = B(static_cast<double>(bytes));
  x.latency = Seconds(way.hops * static_cast<double>(w.alpha1));
  x.bandwidth = Bps(1 / static_cast<double>(w.beta1));
  x.net_latency = Seconds(2 * static_cast<double>(w.alpha2));
  x.net_bandwidth = Bps(1 / static_cast<double>(w.beta2));
  return InSeconds(FindCard(way.card)->value(x).Total());
}

double Simulated(const Way& way, const CollnetShape& w, std::int64_t bytes, int chunks,
                 int window = 0) {
  const oracle::Collective collective =
      oracle::CollnetAllReduce(way.kind, w, bytes, chunks, window);
  const oracle::Outcome outcome = oracle::Perform(oracle::CollnetNetwork(way.kind, w), collective);
  EXPECT_EQ(outcome.wrong, "") << way.card;
  return static_cast<double>(outcome.timeline.finish);
}

std::vector<CollnetShape> Shapes() {
  std::vector<CollnetShape> shapes;
  for (const int nodes : {2, 3, 4}) {
    for (const int local : {1, 2, 3, 4}) {
      for (const std::int64_t beta2 : {1, 3, 12}) {
        shapes.push_back({.nodes = nodes,
                          .ranks_per_node = local,
                          .alpha1 = 3,
                          .beta1 = 2,
                          .alpha2 = 20,
                          .beta2 = beta2});
      }
    }
  }
  return shapes;
}

std::string Text(const Way& way, const CollnetShape& w, std::int64_t bytes, int chunks) {
  return std::string(way.card) + " N=" + std::to_string(w.nodes) +
         " q=" + std::to_string(w.ranks_per_node) + " beta2=" + std::to_string(w.beta2) +
         " S=" + std::to_string(bytes) + " k=" + std::to_string(chunks);
}

TEST(InNetworkTest, WithoutBytesOnlyHopsAreLeft) {
  for (const Way& way : kWays) {
    for (const CollnetShape& w : Shapes()) {
      EXPECT_DOUBLE_EQ(Simulated(way, w, 0, 1), Formula(way, w, 0)) << Text(way, w, 0, 1);
    }
  }
}

CollnetShape WithoutLatency(CollnetShape w) {
  w.alpha1 = w.alpha2 = 0;
  return w;
}

// A message's latency passes while others are on the link: no less than the hops of one chunk, and
// no less than the busiest link.
TEST(InNetworkTest, HopsAndTheBusiestLinkAreLowerBounds) {
  for (const Way& way : kWays) {
    for (const CollnetShape& w : Shapes()) {
      for (std::int64_t bytes = 0; bytes <= 64; bytes += bytes < 12 ? 1 : 13) {
        for (const int chunks : {1, 2, 4}) {
          const double simulated = Simulated(way, w, bytes, chunks);
          const std::string text = Text(way, w, bytes, chunks);
          EXPECT_GE(simulated, Formula(way, w, 0)) << text;
          EXPECT_GE(simulated, Formula(way, WithoutLatency(w), bytes) - 1e-9) << text;
        }
      }
    }
  }
}

// What is more than the busiest link is the pass of three chunks through all stages.
TEST(InNetworkTest, FineChunksApproachTheFormula) {
  constexpr int kWindow = 8;
  for (const Way& way : kWays) {
    for (const CollnetShape& shape : Shapes()) {
      const CollnetShape w = WithoutLatency(shape);
      const std::int64_t chunk = 4 * w.ranks_per_node;
      const double pass = Simulated(way, w, chunk, 1);
      for (const int chunks : {16, 64}) {
        const std::int64_t bytes = chunk * chunks;
        const double simulated = Simulated(way, w, bytes, chunks, kWindow);
        EXPECT_LE(simulated, Formula(way, w, bytes) + 3 * pass) << Text(way, w, bytes, chunks);
      }
    }
  }
}

}  // namespace
}  // namespace commplan
