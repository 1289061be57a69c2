// Groups over three tiers against the oracle: flat rings by the hops that each tier really has,
// exchanges by the tier that is slowest. Hierarchies are in hierarchy_oracle_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/collective/price.h"
#include "tests/oracle/catalogue.h"
#include "tests/oracle/tiers.h"

namespace commplan {
namespace {

// q ranks in a node, m nodes in a pod, `outer` pods; a card for each rank on both networks, or one
// per domain.
struct World {
  int q = 2, m = 2, outer = 2;
  std::int64_t alpha[3] = {1, 10, 100};
  std::int64_t beta[3] = {1, 2, 3};
  bool card_each = true;

  int ranks() const { return q * m * outer; }
  int Ports(int joined) const { return card_each ? joined : 1; }
  std::string Text() const {
    std::string text = std::to_string(q) + "x" + std::to_string(m) + "x" + std::to_string(outer);
    for (int t = 0; t < 3; ++t) {
      text += " a=" + std::to_string(alpha[t]) + " beta=" + std::to_string(beta[t]);
    }
    return text + (card_each ? " a card each" : " one card");
  }
};

Fabric FabricOf(const World& w) {
  const auto tier = [&](int t, int ranks, int ports) {
    return Tier{.name = "tier" + std::to_string(t),
                .ranks = ranks,
                .bandwidth = Bps(1 / static_cast<double>(w.beta[t])),
                .latency = Seconds(static_cast<double>(w.alpha[t])),
                .ports = ports};
  };
  return {{tier(0, w.q, 1), tier(1, w.q * w.m, w.Ports(w.q)), tier(2, 0, w.Ports(w.q * w.m))}};
}

oracle::Network NetworkOf(const World& w) {
  const auto tier = [&](int t, int size, int ports) {
    oracle::Tier made;
    made.size = size;
    made.alpha = w.alpha[t];
    made.beta = w.beta[t];
    made.ports = ports;
    return made;
  };
  return oracle::Tiered(
      {tier(0, w.q, 1), tier(1, w.m, w.Ports(w.q)), tier(2, w.outer, w.Ports(w.q * w.m))});
}

double Simulated(const World& w, Op op, Algorithm algorithm, std::int64_t bytes) {
  oracle::Parameters parameters;
  parameters.ranks = w.ranks();
  parameters.elements = bytes;
  parameters.nodes = w.m * w.outer;
  const auto collective =
      oracle::Make(std::string(Name(op)), std::string(Name(algorithm)), parameters);
  if (!collective) {
    ADD_FAILURE() << "the oracle has no " << Name(algorithm);
    return 0;
  }
  const oracle::Outcome outcome = oracle::Perform(NetworkOf(w), *collective);
  EXPECT_EQ(outcome.wrong, "") << w.Text();
  return static_cast<double>(outcome.timeline.finish);
}

double Priced(const World& w, Op op, Algorithm algorithm, std::int64_t bytes) {
  Engine engine;
  engine.name = "ideal";
  const std::vector<Engine> engines{engine};
  const auto model =
      CollectiveModel::Create(FabricOf(w), engines, engines.front(),
                              {.op = op, .group = {.ranks = w.ranks()}, .algorithm = algorithm});
  if (!model.ok()) {
    ADD_FAILURE() << model.error().message;
    return 0;
  }
  const Variant& variant = model->variants().front();
  Inputs<double> x = InputsFor(variant, B(static_cast<double>(bytes)));
  x.chunks = 1;
  return InSeconds(variant.card->value(x).Total());
}

std::vector<World> Worlds() {
  std::vector<World> worlds;
  for (const int q : {2, 3, 4}) {
    for (const int m : {2, 3, 4}) {
      for (const int outer : {2, 3}) worlds.push_back({.q = q, .m = m, .outer = outer});
    }
  }
  return worlds;
}

constexpr Op kRingOps[] = {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter};

double Steps(Op op, int ranks) { return (op == Op::kAllReduce ? 2.0 : 1.0) * (ranks - 1); }

// Without bytes only hops are left, and they are counted to the tick.
TEST(ThreeTiersTest, HopsOfRingsAreExact) {
  for (const World& w : Worlds()) {
    for (const Op op : kRingOps) {
      EXPECT_DOUBLE_EQ(Simulated(w, op, Algorithm::kRing, 0), Priced(w, op, Algorithm::kRing, 0))
          << Name(op) << " " << w.Text();
    }
  }
}

// With bytes a ring takes at least its hops, and at least the bytes through its slowest link; at
// most the longest hop and the slowest link in every step. So does its price.
TEST(ThreeTiersTest, RingsLieBetweenTheirBounds) {
  for (World w : Worlds()) {
    w.card_each = false;
    World no_latency = w;
    for (std::int64_t& alpha : no_latency.alpha) alpha = 0;
    for (const Op op : kRingOps) {
      const std::int64_t bytes = 6 * w.ranks();
      const double least = std::max(Priced(w, op, Algorithm::kRing, 0),
                                    Priced(no_latency, op, Algorithm::kRing, bytes));
      const double most = Steps(op, w.ranks()) * (100 + 6 * 3);
      for (const double time :
           {Simulated(w, op, Algorithm::kRing, bytes), Priced(w, op, Algorithm::kRing, bytes)}) {
        EXPECT_GE(time, least - 1e-9) << Name(op) << " " << w.Text();
        EXPECT_LE(time, most + 1e-9) << Name(op) << " " << w.Text();
      }
    }
  }
}

// The three tiers share no link, so that the slowest decides at best: the price. It takes the
// longest latency and the slowest bytes, which may be those of two tiers. Messages that wait for
// both of their ports leave others idle, at worst as if all bytes took the slowest tier.
TEST(ThreeTiersTest, ExchangesTakeTheSlowestTier) {
  constexpr double kApart = 100 - 1;  // of the latencies
  for (World w : Worlds()) {
    for (const std::int64_t beta1 : {2, 40}) {
      w.beta[1] = beta1;
      for (const Algorithm algorithm : {Algorithm::kDirect, Algorithm::kHierarchical}) {
        const std::int64_t block = 12;
        const std::int64_t bytes = block * w.ranks();
        const double simulated = Simulated(w, Op::kAllToAll, algorithm, bytes);
        const double priced = Priced(w, Op::kAllToAll, algorithm, bytes);
        const double most = 1 + 100 + static_cast<double>(bytes * std::max<std::int64_t>(3, beta1));
        EXPECT_GE(simulated, priced - kApart - 1e-9) << Name(algorithm) << " " << w.Text();
        EXPECT_LE(simulated, most + static_cast<double>(w.q * block * w.m * w.outer))
            << Name(algorithm) << " " << w.Text();
        EXPECT_LE(priced, most) << Name(algorithm) << " " << w.Text();
      }
    }
  }
}

// The price of an exchange is the slowest tier's, worked out by hand: 2 ranks in each of 3 nodes of
// 2 pods, blocks of 6 bytes. In the node 1 block at 1 s/byte, in the pod 4 at 2 (48 s), beyond 6 at
// 3 (108 s) and 100 s on the way.
TEST(ThreeTiersTest, AnExchangeByHand) {
  World w{.q = 2, .m = 3, .outer = 2};
  EXPECT_DOUBLE_EQ(Priced(w, Op::kAllToAll, Algorithm::kDirect, 6 * 12), 100 + 108);
  w.beta[1] = 5;  // now 4 blocks of 30 s in the pod
  EXPECT_DOUBLE_EQ(Priced(w, Op::kAllToAll, Algorithm::kDirect, 6 * 12), 100 + 120);
}

}  // namespace
}  // namespace commplan
