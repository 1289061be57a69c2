// Fabrics and placements against the oracle: what a tier of each shape, shared cards, an
// over-subscribed spine and groups that run at the same time leave to one rank must be what the
// simulated links give.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/collective/price.h"
#include "tests/oracle/catalogue.h"
#include "tests/oracle/tiers.h"

namespace commplan {
namespace {

Engine Fixed(Algorithm algorithm) {
  Engine engine;
  engine.name = "fixed";
  engine.rule = EngineRule::kFixed;
  engine.fixed = algorithm;
  return engine;
}

struct Question {
  Op op = Op::kAllReduce;
  Algorithm algorithm = Algorithm::kRing;
  Group group;
  std::int64_t bytes = 0;
};

double Priced(const Fabric& fabric, const Question& q) {
  const std::vector<Engine> engines{Fixed(q.algorithm)};
  const auto model = CollectiveModel::Create(fabric, engines, engines.front(),
                                             {.op = q.op, .group = q.group, .algorithm = {}});
  if (!model.ok()) ADD_FAILURE() << model.error().message;
  return InSeconds(model->At(B(static_cast<double>(q.bytes))).cost.Total());
}

oracle::Collective Collective(const Question& q) {
  oracle::Parameters parameters;
  parameters.ranks = q.group.ranks;
  parameters.elements = q.bytes;
  return *oracle::Make(std::string(Name(q.op)), std::string(Name(q.algorithm)), parameters);
}

double Simulated(const oracle::Network& network, const Question& q) {
  const oracle::Outcome outcome = oracle::Perform(network, Collective(q));
  EXPECT_EQ(outcome.wrong, "");
  return static_cast<double>(outcome.timeline.finish);
}

// The finish of the last of `concurrent` groups, group g of ranks g, g + stride, g + 2 stride, ...
double SimulatedTogether(const oracle::Network& network, const Question& q) {
  const oracle::Collective collective = Collective(q);
  const std::vector<const oracle::Collective*> all(static_cast<std::size_t>(q.group.concurrent),
                                                   &collective);
  std::vector<std::vector<int>> ranks;
  for (int g = 0; g < q.group.concurrent; ++g) {
    ranks.emplace_back();
    for (int i = 0; i < q.group.ranks; ++i) ranks.back().push_back(g + i * q.group.stride);
  }
  const oracle::Outcome outcome = oracle::PerformConcurrently(network, all, ranks);
  EXPECT_EQ(outcome.wrong, "");
  return static_cast<double>(outcome.timeline.finish);
}

Fabric OneTier(TierKind kind, int ranks, double alpha, double beta, bool half_duplex = false) {
  return {{{.name = "tier",
            .kind = kind,
            .ranks = ranks,
            .bandwidth = Bps(1 / beta),
            .latency = Seconds(alpha),
            .half_duplex = half_duplex}}};
}

TEST(BusTest, DirectExchangesAreExact) {
  for (int p = 2; p <= 8; ++p) {
    for (const std::int64_t blocks : {0, 1, 5}) {
      for (const auto& [op, algorithm] : {std::pair{Op::kAllGather, Algorithm::kDirect},
                                          {Op::kAllToAll, Algorithm::kDirect},
                                          {Op::kReduceScatter, Algorithm::kDirect},
                                          {Op::kAllReduce, Algorithm::kOneShot}}) {
        const Question q{op, algorithm, {.ranks = p}, blocks * p};
        EXPECT_DOUBLE_EQ(Simulated(oracle::Bus(p, 7, 2), q),
                         Priced(OneTier(TierKind::kBus, p, 7, 2), q))
            << Name(op) << " p=" << p << " S=" << q.bytes;
      }
    }
  }
}

// Ranks take turns on the medium, so one rank's latency hides behind the others' bytes: between all
// bytes in a row and all latencies on top.
TEST(BusTest, RingLiesBetweenItsBounds) {
  for (int p = 2; p <= 8; ++p) {
    for (const std::int64_t blocks : {1, 5, 40}) {
      const Question q{Op::kAllReduce, Algorithm::kRing, {.ranks = p}, blocks * p};
      const double simulated = Simulated(oracle::Bus(p, 7, 2), q);
      EXPECT_LE(simulated, Priced(OneTier(TierKind::kBus, p, 7, 2), q) + 1e-9) << p;
      EXPECT_GE(simulated, Priced(OneTier(TierKind::kBus, p, 0, 2), q) - 1e-9) << p;
    }
  }
}

// A port that sends or receives: half the rate is the best that a ring can do, and what two ranks
// reach. First come, first served leaves ports idle while a message waits for its other end, which
// costs up to as much again.
TEST(HalfDuplexTest, HalvesTheRateOfARingAtBest) {
  for (int p = 2; p <= 8; ++p) {
    const Question q{Op::kAllReduce, Algorithm::kRing, {.ranks = p}, 30 * p};
    const double simulated = Simulated(oracle::Switch(p, 0, 1, oracle::Duplex::kHalf), q);
    const double priced = Priced(OneTier(TierKind::kSwitch, p, 0, 1, true), q);
    EXPECT_GE(simulated, priced - 1e-9) << p;
    EXPECT_LE(simulated, 2 * priced) << p;
    if (p == 2) {
      EXPECT_DOUBLE_EQ(simulated, priced);
    }
  }
}

struct Cluster {
  int nodes = 2, per_node = 8, cards = 8;
  double oversubscription = 1;
};

Fabric FabricOf(const Cluster& c) {
  return {{{.name = "node", .ranks = c.per_node, .bandwidth = Bps(1), .latency = Seconds(3)},
           {.name = "net",
            .bandwidth = Bps(0.25),
            .latency = Seconds(20),
            .ports = c.cards,
            .oversubscription = c.oversubscription}}};
}

oracle::Network NetworkOf(const Cluster& c) {
  oracle::TwoTierShape shape{.nodes = c.nodes,
                             .ranks_per_node = c.per_node,
                             .alpha1 = 3,
                             .beta1 = 1,
                             .alpha2 = 20,
                             .beta2 = 4,
                             .nics_per_node = c.cards};
  // The uplink carries what all cards together would, over the over-subscription.
  if (c.oversubscription > 1) {
    shape.uplink_beta = static_cast<std::int64_t>(4 * c.oversubscription / c.cards);
  }
  return oracle::TwoTier(shape);
}

// Data parallelism across nodes, eight rings at once: through a card each they do not meet.
TEST(ConcurrentGroupsTest, ACardEachKeepsGroupsApart) {
  for (const int nodes : {2, 3, 4}) {
    const Cluster cluster{.nodes = nodes};
    const Question q{Op::kAllReduce,
                     Algorithm::kRing,
                     {.ranks = nodes, .stride = 8, .concurrent = 8},
                     60 * nodes};
    EXPECT_DOUBLE_EQ(SimulatedTogether(NetworkOf(cluster), q), Priced(FabricOf(cluster), q))
        << nodes;
  }
}

// Through one card they take turns: all bytes in a row, one group's latency hidden behind the
// others' bytes.
TEST(ConcurrentGroupsTest, OneCardForAllIsShared) {
  for (const int cards : {1, 2, 4}) {
    const Cluster cluster{.nodes = 2, .cards = cards};
    const Question q{
        Op::kAllReduce, Algorithm::kRing, {.ranks = 2, .stride = 8, .concurrent = 8}, 120};
    const double simulated = SimulatedTogether(NetworkOf(cluster), q);
    const double priced = Priced(FabricOf(cluster), q);
    const double latency = 2 * 20;
    EXPECT_LE(simulated, priced + 1e-9) << cards;
    EXPECT_GE(simulated, priced - latency) << cards;
  }
}

TEST(ConcurrentGroupsTest, AnOverSubscribedSpineIsShared) {
  // An uplink as slow as one card: the simulated message holds both for as long as the slower one
  // needs.
  const Cluster cluster{.nodes = 2, .oversubscription = 8};
  const Question q{
      Op::kAllReduce, Algorithm::kRing, {.ranks = 2, .stride = 8, .concurrent = 8}, 120};
  const double simulated = SimulatedTogether(NetworkOf(cluster), q);
  const double priced = Priced(FabricOf(cluster), q);
  EXPECT_LE(simulated, priced + 1e-9);
  EXPECT_GE(simulated, priced - 2 * 20);
}

// A group over both tiers: hierarchical all-reduce, each rank's slice through its own card or a
// shared one.
TEST(SpanningGroupTest, HierarchicalUsesBothTiers) {
  for (const int cards : {8, 4, 2}) {
    const Cluster cluster{.nodes = 2, .cards = cards};
    const std::int64_t bytes = 16 * 12;
    oracle::Parameters parameters;
    parameters.ranks = 16;
    parameters.elements = bytes;
    parameters.nodes = 2;
    const auto collective = oracle::Make("all-reduce", "hierarchical", parameters);
    ASSERT_TRUE(collective.has_value());
    const auto outcome = oracle::Perform(NetworkOf(cluster), *collective);
    EXPECT_EQ(outcome.wrong, "");
    const auto simulated = static_cast<double>(outcome.timeline.finish);
    const std::vector<Engine> engines{Fixed(Algorithm::kHierarchical)};
    const auto model =
        CollectiveModel::Create(FabricOf(cluster), engines, engines.front(),
                                {.op = Op::kAllReduce, .group = {.ranks = 16}, .algorithm = {}});
    ASSERT_TRUE(model.ok());
    Inputs<double> x = InputsFor(model->variants().front(), B(static_cast<double>(bytes)));
    x.chunks = 1;
    const double priced = InSeconds(model->variants().front().card->value(x).Total());
    if (cards == 8) {
      EXPECT_DOUBLE_EQ(simulated, priced);
    } else {
      // Latencies hide behind the bytes of those who share the card.
      EXPECT_LE(simulated, priced + 1e-9) << cards;
      EXPECT_GE(simulated, priced - 2 * 20) << cards;
    }
  }
}

}  // namespace
}  // namespace commplan
