// Hierarchies over two tiers and more against the oracle, which plays them message by message:
// exact where all blocks are equal, and in chunks where the outermost stage is the slowest.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/base/check.h"
#include "model/collective/price.h"
#include "tests/oracle/over_tiers.h"
#include "tests/oracle/tiers.h"

namespace commplan {
namespace {

// A card for each rank on every tier.
struct World {
  std::vector<int> sizes;
  std::vector<std::int64_t> alpha;
  std::vector<std::int64_t> beta;
  std::int64_t gamma = 0;

  int ranks() const {
    int ranks = 1;
    for (const int size : sizes) ranks *= size;
    return ranks;
  }
  std::string Text() const {
    std::string text = "g=" + std::to_string(gamma);
    for (std::size_t t = 0; t < sizes.size(); ++t) {
      text += " n=" + std::to_string(sizes[t]) + " a=" + std::to_string(alpha[t]) +
              " beta=" + std::to_string(beta[t]);
    }
    return text;
  }
};

oracle::Network NetworkOf(const World& w) {
  std::vector<oracle::Tier> tiers;
  int joined = 1;
  for (std::size_t t = 0; t < w.sizes.size(); ++t) {
    oracle::Tier tier;
    tier.size = w.sizes[t];
    tier.alpha = w.alpha[t];
    tier.beta = w.beta[t];
    tier.ports = joined;
    tiers.push_back(tier);
    joined *= w.sizes[t];
  }
  oracle::Network network = oracle::Tiered(tiers);
  network.set_gamma(w.gamma);
  return network;
}

Fabric FabricOf(const World& w) {
  Fabric fabric;
  int joined = 1;
  for (std::size_t t = 0; t < w.sizes.size(); ++t) {
    fabric.tiers.push_back({.name = "tier" + std::to_string(t),
                            .ranks = joined * w.sizes[t],
                            .bandwidth = Bps(1 / static_cast<double>(w.beta[t])),
                            .latency = Seconds(static_cast<double>(w.alpha[t])),
                            .ports = joined});
    joined *= w.sizes[t];
  }
  return fabric;
}

double Simulated(const World& w, const std::vector<int>& sizes, Op op, std::int64_t bytes,
                 int chunks = 1) {
  const auto collective = oracle::HierarchyOver(sizes, std::string(Name(op)), bytes, chunks);
  CHECK(collective.has_value());
  const oracle::Outcome outcome = oracle::Perform(NetworkOf(w), *collective);
  EXPECT_EQ(outcome.wrong, "") << w.Text();
  return static_cast<double>(outcome.timeline.finish);
}

// The textbook's hierarchy on this world.
Variant VariantOn(const World& w, Op op, const Engine& engine) {
  const std::vector<Engine> engines{engine};
  const auto model = CollectiveModel::Create(
      FabricOf(w), engines, engines.front(),
      {.op = op, .group = {.ranks = w.ranks()}, .algorithm = Algorithm::kHierarchical});
  CHECK(model.ok());
  Variant variant = model->variants().front();
  variant.engine = &engine;
  return variant;
}

Engine Textbook(const World& w) {
  Engine engine;
  engine.name = "ideal";
  engine.reduction = SecondsPerByte(static_cast<double>(w.gamma));
  return engine;
}

double Priced(const World& w, Op op, std::int64_t bytes, int chunks = 1) {
  const Engine engine = Textbook(w);
  const Variant variant = VariantOn(w, op, engine);
  Inputs<double> x = variant.inputs;
  x.bytes = B(static_cast<double>(bytes));
  x.chunks = chunks;
  return InSeconds(variant.card->value(x).Total());
}

// Every shape of two to four tiers with few ranks, on networks that get slower outwards and on
// others.
std::vector<World> Worlds(int most_ranks) {
  std::vector<std::vector<int>> shapes;
  for (const int a : {2, 3, 4}) {
    for (const int b : {2, 3, 4}) {
      shapes.push_back({a, b});
      for (const int c : {2, 3}) {
        shapes.push_back({a, b, c});
        shapes.push_back({a, b, c, 2});
      }
    }
  }
  std::vector<World> worlds;
  for (const std::vector<int>& sizes : shapes) {
    for (const std::vector<std::int64_t>& beta :
         {std::vector<std::int64_t>{1, 2, 3, 5}, {4, 1, 9, 2}, {3, 3, 3, 3}}) {
      for (const std::int64_t gamma : {0, 2}) {
        World w{.sizes = sizes, .alpha = {1, 10, 100, 37}, .beta = beta, .gamma = gamma};
        w.alpha.resize(sizes.size());
        w.beta.resize(sizes.size());
        if (w.ranks() <= most_ranks) worlds.push_back(w);
      }
    }
  }
  return worlds;
}

TEST(HierarchyTest, IsExactWithEqualBlocks) {
  for (const World& w : Worlds(32)) {
    for (const Op op :
         {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter, Op::kBroadcast, Op::kReduce}) {
      for (const std::int64_t blocks : {0, 1, 3}) {
        const std::int64_t bytes = blocks * w.ranks();
        EXPECT_DOUBLE_EQ(Simulated(w, w.sizes, op, bytes), Priced(w, op, bytes))
            << Name(op) << " " << blocks << " blocks, " << w.Text();
      }
    }
  }
}

// Where p does not divide S some block is longer: the formula is a lower bound.
TEST(HierarchyTest, IsABoundElsewhere) {
  for (const World& w : Worlds(24)) {
    for (const Op op : {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter}) {
      for (std::int64_t bytes = 1; bytes < 2 * w.ranks(); bytes += 3) {
        EXPECT_GE(Simulated(w, w.sizes, op, bytes), Priced(w, op, bytes) - 1e-9)
            << Name(op) << " " << bytes << " bytes, " << w.Text();
      }
    }
  }
}

// Whether the outermost stage of a chunk takes as long as both stages on each of the tiers inside.
bool OutermostIsSlowest(const World& w, std::int64_t chunk) {
  std::int64_t part = chunk;
  std::int64_t slowest = 0;
  for (std::size_t t = 0; t < w.sizes.size(); ++t) {
    part /= w.sizes[t];
    const std::int64_t both = 2 * (w.sizes[t] - 1) * (w.alpha[t] + part * w.beta[t]);
    if (t + 1 == w.sizes.size()) return w.gamma == 0 && both >= slowest;
    slowest = std::max(slowest, both);
  }
  return false;
}

TEST(HierarchyTest, InChunksTheStagesOfAllTiersOverlap) {
  int exact = 0;
  for (const World& w : Worlds(24)) {
    for (const int chunks : {2, 3, 6}) {
      for (const std::int64_t blocks : {0, 2}) {
        const std::int64_t bytes = blocks * chunks * w.ranks();
        const double simulated = Simulated(w, w.sizes, Op::kAllReduce, bytes, chunks);
        const double priced = Priced(w, Op::kAllReduce, bytes, chunks);
        const std::string text = std::to_string(chunks) + " chunks of " + std::to_string(blocks) +
                                 " blocks, " + w.Text();
        if (OutermostIsSlowest(w, bytes / chunks)) {
          EXPECT_DOUBLE_EQ(simulated, priced) << text;
          ++exact;
        } else {
          // The two stages of a tier queue at its links: less than as much again.
          EXPECT_GE(simulated, priced - 1e-9) << text;
          EXPECT_LE(simulated, 2 * priced) << text;
        }
      }
    }
  }
  EXPECT_GT(exact, 60);
}

// Beyond four tiers the outermost stage is a ring over all that are left, by the hops of each;
// bytes then take the narrowest of them in every step, which is the most that the ring can take.
TEST(HierarchyTest, BeyondFourTiersTheOutermostStageSpansTheRest) {
  const World w{.sizes = {2, 2, 2, 2, 3}, .alpha = {1, 10, 20, 50, 300}, .beta = {1, 2, 3, 4, 5}};
  const std::vector<int> four{2, 2, 2, 6};
  World even = w;
  even.beta[3] = even.beta[4];
  for (const Op op : {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter}) {
    EXPECT_DOUBLE_EQ(Simulated(w, four, op, 0), Priced(w, op, 0)) << Name(op);
    const std::int64_t bytes = 5 * w.ranks();
    EXPECT_DOUBLE_EQ(Simulated(even, four, op, bytes), Priced(even, op, bytes)) << Name(op);
    EXPECT_LE(Simulated(w, four, op, bytes), Priced(w, op, bytes) + 1e-9) << Name(op);
  }
}

TEST(HierarchyTest, ChunksAreTheBestOfAllCounts) {
  constexpr unsigned kSeed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const auto draw = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  int several = 0;
  for (int i = 0; i < 400; ++i) {
    World w;
    w.gamma = draw(0, 3);
    for (int t = draw(2, 4); t > 0; --t) {
      w.sizes.push_back(draw(2, 4));
      w.alpha.push_back(std::int64_t{1} << draw(0, 9));
      w.beta.push_back(std::int64_t{1} << draw(0, 5));
    }
    const Engine engine = Textbook(w);
    const Variant variant = VariantOn(w, Op::kAllReduce, engine);
    const int bytes = draw(1, 2000);
    Inputs<double> x = InputsFor(variant, B(bytes));
    several += x.chunks > 1 ? 1 : 0;
    const Time chosen = variant.card->value(x).Total();
    for (x.chunks = 1; x.chunks <= bytes; x.chunks += 1) {
      ASSERT_LE(chosen, variant.card->value(x).Total() * (1 + 1e-12))
          << x.chunks << " chunks of " << bytes << " bytes, " << w.Text();
    }
  }
  EXPECT_GT(several, 100) << "of 400";
}

}  // namespace
}  // namespace commplan
