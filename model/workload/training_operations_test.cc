// The operations of a training step: collectives of both passes, and flops as the papers count
// them.

#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/test_matchers.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/test_models.h"
#include "model/workload/test_program.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// ---- flops ----

TEST(FlopsTest, ForwardIsTwiceTheWeightsAndAttention) {
  for (const int tp : {1, 2, 8}) {
    const Transformer model = Llama8B();
    const Program program = Expanded(model, {.tp = tp}, Prefill(3, 700));
    const double norms = 65 * 4096;
    const double multiplied = TotalWeights(model) - norms - 2 * 128256.0 * 4096;
    const double pairs = 700.0 * 701 / 2;
    const double attention = 3 * 4.0 * 32 * 128 * pairs * 32;
    const double logits = 2.0 * 3 * 128256 * 4096;
    EXPECT_THAT(FlopCount(program) * tp,
                IsNearRelative(2.0 * 3 * 700 * multiplied + attention + logits, 1e-12));
  }
}

TEST(FlopsTest, TrainingIsNarayanansFormula) {
  // 72·B·s·L·h²·(1 + s/(6h) + V/(12Lh)), and 96·(... V/(16Lh)) with full recomputation; the scores
  // of a plain kernel are not halved by the causal mask.
  const double h = 3072;
  const double layers = 30;
  const double s = 2048;
  const double vocabulary = 51200;
  Demand demand = TrainMicrobatch(4, s);
  demand.fused_attention = false;
  const Transformer model = MegatronModel(3072, 30, 32);
  const double work = 4 * s * layers * h * h;
  EXPECT_THAT(
      FlopCount(Expanded(model, {}, demand)),
      IsNearRelative(72 * work * (1 + s / (6 * h) + vocabulary / (12 * layers * h)), 1e-12));
  demand.recompute = Recompute::kFull;
  EXPECT_THAT(
      FlopCount(Expanded(model, {}, demand)),
      IsNearRelative(96 * work * (1 + s / (6 * h) + vocabulary / (16 * layers * h)), 1e-12));
}

TEST(FlopsTest, MatricesCostTwiceAsMuchBackward) {
  const auto matrices = [](const Program& program, Direction direction) {
    double flops = 0;
    for (const Block& block : program.blocks) {
      if (block.direction != direction) continue;
      for (const Operation& operation : program.Of(block)) {
        if (std::holds_alternative<AttentionCall>(operation.what)) continue;
        flops += block.repeat * operation.count * InFlop(WorkOf(operation));
      }
    }
    return flops;
  };
  for (const Transformer& model : {Llama8B(), Mixtral8x7B(), DeepSeekV3()}) {
    Demand demand = TrainMicrobatch(2, 1024);
    demand.recompute = Recompute::kFull;
    const Program program = Expanded(model, {}, demand);
    const double forward = matrices(program, Direction::kForward);
    EXPECT_THAT(matrices(program, Direction::kBackward), IsNearRelative(2 * forward, 1e-12));
    // What is computed again is the layers, not the head.
    const double head = 2.0 * 2048 * program.cut.vocabulary * static_cast<double>(model.hidden);
    EXPECT_THAT(matrices(program, Direction::kRecompute), IsNearRelative(forward - head, 1e-12));
  }
}

// ---- training ----

TEST(TrainingTest, TensorParallelLayersHaveTwoAllReducesEachWay) {
  Demand demand = TrainMicrobatch(1, 2048);
  demand.recompute = Recompute::kFull;
  const Program program = Expanded(MegatronModel(3072, 30, 32), {.tp = 8}, demand);
  for (const Direction direction :
       {Direction::kForward, Direction::kRecompute, Direction::kBackward}) {
    EXPECT_THAT(Collectives(program, Part::kLayer, direction),
                ElementsAre(Pair("all-reduce tp", 2)));
  }
  EXPECT_THAT(Collectives(program, Part::kEmbedding), ElementsAre(Pair("all-reduce tp", 1)));
  EXPECT_THAT(Collectives(program, Part::kEmbedding, Direction::kBackward), IsEmpty());
  // Three small ones for the loss; the head's input gradient is one of full size.
  EXPECT_THAT(Collectives(program, Part::kHead), ElementsAre(Pair("all-reduce tp", 3)));
  EXPECT_EQ(At(program, Site::kLoss).bytes, B(2048 * 4));
  EXPECT_EQ(At(program, Site::kLogits, Direction::kBackward).bytes, B(2048.0 * 3072 * 2));
}

TEST(TrainingTest, SequenceParallelismGathersInputsAgain) {
  const Layout layout = {.tp = 8, .sequence_parallel = true};
  const Program program = Expanded(MegatronModel(3072, 30, 32), layout, TrainMicrobatch(1, 2048));
  EXPECT_THAT(Collectives(program, Part::kLayer),
              ElementsAre(Pair("all-gather tp", 2), Pair("reduce-scatter tp", 2)));
  EXPECT_THAT(Collectives(program, Part::kLayer, Direction::kBackward),
              ElementsAre(Pair("all-gather tp", 4), Pair("reduce-scatter tp", 2)));
  int again = 0;
  for (const Operation& operation : program.operations) {
    const auto* collective = std::get_if<Collective>(&operation.what);
    if (collective != nullptr && operation.pass == Pass::kWeightGradient) ++again;
  }
  EXPECT_EQ(again, 3);  // two in a layer, one for the head
}

TEST(TrainingTest, SelectiveRecomputationRepeatsOnlyTheScores) {
  Demand demand = TrainMicrobatch(1, 2048);
  demand.recompute = Recompute::kSelective;
  demand.fused_attention = false;
  demand.dropout = true;
  const Program program = Expanded(MegatronModel(3072, 30, 32), {.tp = 2}, demand);
  for (const Block& block : program.blocks) {
    if (block.direction != Direction::kRecompute) continue;
    EXPECT_EQ(block.end - block.begin, 3U);  // scores, softmax, dropout
    for (const Operation& operation : program.Of(block)) {
      EXPECT_EQ(operation.pass, Pass::kRecompute);
      EXPECT_FALSE(std::holds_alternative<Collective>(operation.what));
    }
  }
}

TEST(TrainingTest, ExpertsAreReachedTwiceEachWay) {
  const Layout layout = {.tp = 2,
                         .dp = 8,
                         .ep = 8,
                         .expert_tp = 1,
                         .sequence_parallel = true,
                         .expert_exchange = ExpertExchange::kAllToAll};
  const Program program = Expanded(Mixtral8x7B(), layout, TrainMicrobatch(1, 4096));
  EXPECT_THAT(Collectives(program, Part::kLayer),
              ElementsAre(Pair("all-gather tp", 1), Pair("all-to-all ep", 2),
                          Pair("reduce-scatter tp", 1)));
  EXPECT_THAT(Collectives(program, Part::kLayer, Direction::kBackward),
              ElementsAre(Pair("all-gather tp", 2), Pair("all-to-all ep", 2),
                          Pair("reduce-scatter tp", 1)));
  // Each rank dispatches its half of the sequence.
  EXPECT_EQ(At(program, Site::kDispatch, Direction::kForward, Exchange::kAllToAll).bytes,
            B(2048.0 * 2 * 4096 * 2));
  // Megatron's experts stay cut over tp unless told otherwise.
  Layout cut = layout;
  cut.expert_tp = 0;
  cut.ep = 4;
  EXPECT_THAT(Collectives(Expanded(Mixtral8x7B(), cut, TrainMicrobatch(1, 4096)), Part::kLayer),
              ElementsAre(Pair("all-gather expert-tp", 1), Pair("all-gather tp", 1),
                          Pair("all-to-all ep", 2), Pair("reduce-scatter expert-tp", 1),
                          Pair("reduce-scatter tp", 1)));
}

TEST(TrainingTest, TheRingCarriesGradientsBack) {
  const Program program = Expanded(Llama8B(), {.cp = 4}, TrainMicrobatch(1, 8192));
  const Collective there =
      At(program, Site::kContextExchange, Direction::kForward, Exchange::kPointToPoint);
  const Collective back =
      At(program, Site::kContextExchange, Direction::kBackward, Exchange::kPointToPoint);
  EXPECT_EQ(back.bytes, there.bytes * 2);
}

}  // namespace
}  // namespace commplan
