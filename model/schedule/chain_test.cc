// The arithmetic of sharded weights, worked out by hand. Random chains against the oracle:
// tests/oracle/chain_test.cc.
#include "model/schedule/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::schedule {
namespace {

struct Played {
  Time makespan{};
  std::vector<WeightWait> waits{};
};

Played PlayChain(const std::vector<ShardedWeight>& weights, const ChainRules& rules,
                 Direction direction) {
  const Program chain = BuildChain({.before = weights}, rules, direction);
  const Outcome outcome = Evaluate(chain);
  return {outcome.makespan, WaitsOf(chain, outcome)};
}

// A weight with these seconds in either pass: gather, compute (a third of it in each backward
// product and a third afterwards), reduction.
ShardedWeight Weight(double gather, double compute, double scatter = 0) {
  const Time third = Seconds(compute / 3);
  return {.gather = Seconds(gather),
          .gather_backward = Seconds(gather),
          .gather_again = Seconds(gather),
          .scatter = Seconds(scatter),
          .forward = Seconds(compute),
          .input_gradient = third,
          .weight_gradient = third,
          .after_backward = third};
}

// t_AG(0) + sum of max(0, t_AG(i+1) - C_i).
TEST(Chain, ForwardExposureIsTheKnownSum) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    std::vector<ShardedWeight> weights;
    for (std::size_t i = 0; i < 1 + random() % 6; ++i) {
      weights.push_back(
          Weight(static_cast<double>(random() % 10), 3.0 * static_cast<double>(random() % 5)));
    }
    const std::vector<WeightWait> waits = PlayChain(weights, {}, Direction::kForward).waits;
    EXPECT_EQ(waits[0].gather, weights[0].gather);
    for (std::size_t i = 1; i < weights.size(); ++i) {
      const Time rest = weights[i].gather - weights[i - 1].forward;
      EXPECT_EQ(waits[i].gather, Max(Time(), rest));
    }
  }
}

// Slack does not pile up: 9 s of compute on weight 0 do not help the gather of weight 2.
TEST(Chain, SlackDoesNotPileUp) {
  const std::vector<ShardedWeight> weights = {Weight(1, 9), Weight(1, 3), Weight(8, 3)};
  EXPECT_EQ(PlayChain(weights, {}, Direction::kForward).waits[2].gather, Seconds(5));
  // Two ahead, as FSDP2 runs in forward, it does: weight 2 is issued when weight 0 is there.
  const ChainRules two{.forward_depth = 2};
  EXPECT_EQ(PlayChain(weights, two, Direction::kForward).waits[2].gather, Time());
}

TEST(Chain, WithoutPrefetchAndAsyncEverythingIsExposed) {
  const std::vector<ShardedWeight> weights(4, Weight(2, 30, 5));
  const ChainRules rules{.prefetch = false, .async_reduction = false};
  for (const WeightWait& wait : PlayChain(weights, rules, Direction::kBackward).waits) {
    EXPECT_EQ(wait.gather, Seconds(2));
    EXPECT_EQ(wait.scatter, Seconds(5));
  }
}

// The head of the backward chain is the last weight; the reduction of the first has nobody after
// it.
TEST(Chain, HeadsAndTailsAreExposed) {
  const std::vector<ShardedWeight> weights(4, Weight(2, 30, 5));
  const std::vector<WeightWait> waits = PlayChain(weights, {}, Direction::kBackward).waits;
  EXPECT_EQ(waits[3].gather, Seconds(2));
  EXPECT_EQ(waits[0].scatter, Seconds(5));
  for (const int i : {0, 1, 2}) EXPECT_EQ(waits[static_cast<std::size_t>(i)].gather, Time());
  for (const int i : {1, 2, 3}) EXPECT_EQ(waits[static_cast<std::size_t>(i)].scatter, Time());
}

// The reduction of 25 s has 10 s after its gradient, 10 s and 10 s of the next weight before its
// wait: hidden. One of 35 s shows 5 s; with the weight gradient first, its own 10 s of input
// gradient come in front of them and the next weight's input gradient drops out: the same 5 s.
TEST(Chain, AReductionHidesUntilTheNextOne) {
  std::vector<ShardedWeight> weights(2, Weight(0, 30, 25));
  EXPECT_EQ(PlayChain(weights, {}, Direction::kBackward).waits[1].scatter, Time());
  weights[1].scatter = Seconds(35);
  EXPECT_EQ(PlayChain(weights, {}, Direction::kBackward).waits[1].scatter, Seconds(5));
  const ChainRules first{.weight_gradient_first = true};
  EXPECT_EQ(PlayChain(weights, first, Direction::kBackward).waits[1].scatter, Seconds(5));
  // They differ where the input gradients do: own 16 s against the next one's 10 s.
  weights[1].input_gradient = Seconds(16);
  EXPECT_EQ(PlayChain(weights, {}, Direction::kBackward).waits[1].scatter, Seconds(5));
  EXPECT_EQ(PlayChain(weights, first, Direction::kBackward).waits[1].scatter, Time());
}

// Gathers of 8 s and reductions of 8 s fit beside 12 s of compute each, not both on one stream.
TEST(Chain, OneCommunicatorSerializesGathersAndReductions) {
  const std::vector<ShardedWeight> weights(6, Weight(8, 12, 8));
  const Played apart = PlayChain(weights, {}, Direction::kBackward);
  const Played shared = PlayChain(weights, {.shared_communicator = true}, Direction::kBackward);
  EXPECT_EQ(apart.makespan, Seconds(6 * 12 + 8 + 8));
  EXPECT_GE(shared.makespan, Seconds(6 * 16));
}

// Inside and outside a graph: the head of each list is on demand.
TEST(Chain, ListsDoNotLink) {
  std::vector<ShardedWeight> weights(4, Weight(2, 30));
  weights[2].list = weights[3].list = 1;
  const std::vector<WeightWait> waits = PlayChain(weights, {}, Direction::kForward).waits;
  EXPECT_EQ(waits[0].gather, Seconds(2));
  EXPECT_EQ(waits[1].gather, Time());
  EXPECT_EQ(waits[2].gather, Seconds(2));
  EXPECT_EQ(waits[3].gather, Time());
}

// Experts gathered as fc1 and fc2: in lists of their own they have the whole block to hide in, in
// one list only the product before.
TEST(Chain, GroupedExpertsHaveABlockOfRunway) {
  std::vector<ShardedWeight> weights;
  for (int layer = 0; layer < 3; ++layer) {
    weights.push_back(Weight(9, 6));
    weights.push_back(Weight(9, 6));
    weights[weights.size() - 2].after_forward = Seconds(0);
    weights.back().after_forward = Seconds(10);  // attention of the next layer
  }
  const std::vector<WeightWait> one = PlayChain(weights, {}, Direction::kForward).waits;
  EXPECT_EQ(one[3].gather, Seconds(3));
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i].list = static_cast<int>(i % 2);
  const std::vector<WeightWait> two = PlayChain(weights, {}, Direction::kForward).waits;
  for (const std::size_t i : {3U, 4U, 5U}) EXPECT_EQ(two[i].gather, Time());
  // The head of the second list stands behind the prefetch of the first one on their stream: it is
  // wanted at 15, when weight 2 is under way from 9 to 18.
  EXPECT_EQ(two[2].gather, Seconds(3));
  EXPECT_EQ(two[1].gather, Seconds(9));
}

// The gather of the neighbour may not overwrite what is being read.
TEST(Chain, ABufferInUseDelaysTheGather) {
  std::vector<ShardedWeight> weights(3, Weight(2, 6));
  for (ShardedWeight& weight : weights) weight.key = 0;
  for (const WeightWait& wait :
       PlayChain(weights, {.gather_buffers = 1}, Direction::kForward).waits) {
    EXPECT_EQ(wait.gather, Seconds(2));
  }
  EXPECT_EQ(PlayChain(weights, {.gather_buffers = 2}, Direction::kForward).waits[1].gather, Time());
}

// One buffer for gradients: the next gradient waits for the reduction of the last.
TEST(Chain, TheGradientRingHoldsUpTheNextGradient) {
  std::vector<ShardedWeight> weights(2, Weight(0, 30, 22));
  for (ShardedWeight& weight : weights) weight.key = 0;
  // 10 s afterwards and 10 s of input gradient hide 20 of the 22 s.
  const ChainRules one{.gradient_buffers = 1};
  EXPECT_EQ(PlayChain(weights, one, Direction::kBackward).waits[1].scatter, Seconds(2));
  EXPECT_EQ(PlayChain(weights, {}, Direction::kBackward).waits[1].scatter, Time());
}

// Two layers of one weight, both recomputed: forward again, with a gather of its own each; only the
// first of them is exposed, and the backward gathers still run one ahead.
TEST(Chain, RecomputeHasAChainOfItsOwn) {
  std::vector<ShardedWeight> weights(2, Weight(2, 30));
  weights[0].region = 0;
  weights[1].region = 1;
  const Played result = PlayChain(weights, {}, Direction::kBackward);
  EXPECT_EQ(result.waits[1].gather_again, Seconds(2));
  EXPECT_EQ(result.waits[0].gather_again, Time());
  EXPECT_EQ(result.waits[1].gather, Seconds(2));
  EXPECT_EQ(result.waits[0].gather, Time());
  EXPECT_EQ(result.makespan, Seconds(2 * 60 + 4));
}

TEST(Chain, AGraphWithoutOverlapDrainsItsTail) {
  std::vector<ShardedWeight> weights(3, Weight(0, 30, 5));
  weights[1].drains = true;
  const std::vector<WeightWait> waits = PlayChain(weights, {}, Direction::kBackward).waits;
  EXPECT_EQ(waits[2].scatter, Time());
  EXPECT_EQ(waits[1].scatter, Seconds(5));
}

}  // namespace
}  // namespace commplan::schedule
