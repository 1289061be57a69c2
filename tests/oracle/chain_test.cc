// Sharded weights of the model against the oracle, to the tick: chains of 1 to 6 weights with
// random times, under every combination of the rules.
#include "tests/oracle/chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/base/test_seed.h"
#include "model/schedule/chain.h"

namespace commplan::oracle {
namespace {

using schedule::BuildChain;
using schedule::ChainRules;
using schedule::Direction;
using schedule::Outcome;
using schedule::Program;
using schedule::ShardedModel;
using schedule::ShardedWeight;
using schedule::WeightWait;

class Dice {
 public:
  Dice() : random_(TestSeed()) {}
  int operator()(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }

 private:
  std::mt19937_64 random_;
};

Time Ticks(std::int64_t ticks) { return Seconds(static_cast<double>(ticks)); }

ShardedWeight ToModel(const ChainWeight& weight) {
  ShardedWeight model;
  model.gather = Ticks(weight.gather);
  model.gather_backward = Ticks(weight.gather_backward);
  model.gather_again = Ticks(weight.gather_again);
  model.scatter = Ticks(weight.scatter);
  model.forward = Ticks(weight.forward);
  model.after_forward = Ticks(weight.after_forward);
  model.input_gradient = Ticks(weight.input_gradient);
  model.weight_gradient = Ticks(weight.weight_gradient);
  model.after_backward = Ticks(weight.after_backward);
  model.list = weight.list;
  model.key = weight.key;
  model.region = weight.region;
  model.drains = weight.drains;
  return model;
}

ChainRules RulesOf(const ChainWorld& world) {
  return {.prefetch = world.prefetch,
          .async_reduction = world.async_reduction,
          .forward_depth = world.forward_depth,
          .backward_depth = world.backward_depth,
          .weight_gradient_first = world.weight_gradient_first,
          .shared_communicator = world.shared_communicator,
          .gather_buffers = world.gather_buffers,
          .gradient_buffers = world.gradient_buffers};
}

ChainWeight RandomWeight(Dice& dice, int communication, int compute) {
  ChainWeight weight;
  weight.gather = dice(communication);
  weight.gather_backward = dice(communication);
  weight.gather_again = dice(communication);
  weight.scatter = dice(communication);
  weight.forward = dice(compute);
  weight.after_forward = dice(compute);
  weight.input_gradient = dice(compute);
  weight.weight_gradient = dice(compute);
  weight.after_backward = dice(compute);
  weight.list = dice(3) == 0 ? 1 : 0;
  weight.key = dice(4) - 1;
  weight.drains = dice(6) == 0;
  return weight;
}

ChainWorld RandomWorld(Dice& dice, int weights) {
  ChainWorld world;
  const int communication = 1 + dice(20);
  const int compute = 1 + dice(12);
  int region = -1;
  for (int i = 0; i < weights; ++i) {
    world.weights.push_back(RandomWeight(dice, communication, compute));
    if (dice(3) == 0) ++region;
    world.weights.back().region = dice(2) == 0 ? -1 : region;
  }
  world.backward = dice(3) != 0;
  world.prefetch = dice(5) != 0;
  world.async_reduction = dice(5) != 0;
  world.forward_depth = 1 + dice(3);
  world.backward_depth = 1 + dice(2);
  world.weight_gradient_first = dice(2) == 0;
  world.shared_communicator = dice(2) == 0;
  world.gather_buffers = std::max(world.forward_depth, world.backward_depth) + dice(2);
  world.gradient_buffers = 1 + dice(2);
  return world;
}

void Compare(const ShardedModel& model, const ChainWorld& world, const std::string& note) {
  SCOPED_TRACE(note);
  const ChainStory story = PlayChain(world);
  const Program chain = BuildChain(model, RulesOf(world),
                                   world.backward ? Direction::kBackward : Direction::kForward);
  // The oracle writes every layer out, the model sums over them.
  const std::size_t before = model.before.size();
  const std::size_t layer = model.layer.size();
  std::vector<WeightWait> expected(before + layer + model.after.size());
  for (std::size_t i = 0; i < world.weights.size(); ++i) {
    const std::size_t end = before + layer * static_cast<std::size_t>(model.layers);
    std::size_t weight = i;
    if (i >= end) weight = i - end + before + layer;
    if (i >= before && i < end) weight = before + (i - before) % layer;
    expected[weight].gather += Ticks(story.gather[i]);
    expected[weight].gather_again += Ticks(story.gather_again[i]);
    expected[weight].scatter += Ticks(story.scatter[i]);
  }
  for (const Outcome& outcome : {Evaluate(chain), Simulate(chain)}) {
    ASSERT_EQ(InSeconds(outcome.makespan), static_cast<double>(story.finish));
    std::vector<WeightWait> waits = WaitsOf(chain, outcome);
    waits.resize(expected.size());
    for (std::size_t i = 0; i < waits.size(); ++i) {
      ASSERT_EQ(waits[i].gather, expected[i].gather) << "gather of weight " << i;
      ASSERT_EQ(waits[i].gather_again, expected[i].gather_again) << "recompute, weight " << i;
      ASSERT_EQ(waits[i].scatter, expected[i].scatter) << "scatter of weight " << i;
    }
  }
}

TEST(Chain, RandomChainsEqualTheOracle) {
  SCOPED_TRACE(SeedNote());
  Dice dice;
  for (int round = 0; round < 12000 && !::testing::Test::HasFatalFailure(); ++round) {
    const ChainWorld world = RandomWorld(dice, 1 + round % 6);
    ShardedModel model;
    for (const ChainWeight& weight : world.weights) model.before.push_back(ToModel(weight));
    Compare(model, world, "round " + std::to_string(round));
  }
}

// Layers that the model keeps once, between an embedding and a head.
TEST(Chain, RepeatedLayersEqualTheOracle) {
  SCOPED_TRACE(SeedNote());
  Dice dice;
  for (int round = 0; round < 3000 && !::testing::Test::HasFatalFailure(); ++round) {
    ChainWorld world = RandomWorld(dice, 1 + dice(8));
    const std::vector<ChainWeight> drawn = world.weights;
    const int before = dice(std::min<int>(static_cast<int>(drawn.size()), 3));
    const int after = dice(static_cast<int>(drawn.size()) - before);
    ShardedModel model{.layers = dice(12)};
    world.weights.clear();
    for (int i = 0; i < before; ++i) {
      world.weights.push_back(drawn[static_cast<std::size_t>(i)]);
      model.before.push_back(ToModel(world.weights.back()));
    }
    const std::vector<ChainWeight> layer(drawn.begin() + before, drawn.end() - after);
    for (const ChainWeight& weight : layer) model.layer.push_back(ToModel(weight));
    for (int i = 0; i < model.layers; ++i) {
      for (ChainWeight weight : layer) {
        // Regions of two layers are two regions.
        if (weight.region >= 0) weight.region += 100 * (i + 1);
        world.weights.push_back(weight);
      }
    }
    for (ChainWeight weight : std::vector<ChainWeight>(drawn.end() - after, drawn.end())) {
      if (weight.region >= 0) weight.region += 10000;
      world.weights.push_back(weight);
      model.after.push_back(ToModel(weight));
    }
    Compare(model, world, "round " + std::to_string(round));
  }
}

}  // namespace
}  // namespace commplan::oracle
