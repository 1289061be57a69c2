// Weights on a rank, layers on a stage, and what data parallel ranks exchange.

#include "model/workload/weights.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/sharding.h"
#include "model/workload/test_models.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

RankWeights Stage(const Transformer& model, const Layout& layout, Phase phase, int stage = 0) {
  const Result<Cut> cut = CheckLayout(model, layout, phase);
  EXPECT_THAT(cut, IsOk());
  return StageOnRank(model, layout, *cut, phase, stage);
}

TEST(StageWeightsTest, OneRankHoldsAll) {
  for (const Transformer& model :
       {Llama8B(), Mixtral8x7B(), DeepSeekV3(), MegatronModel(6144, 48, 64)}) {
    SCOPED_TRACE(model.name);
    EXPECT_EQ(Stage(model, {}, Phase::kServe).Total(), TotalWeights(model));
  }
}

TEST(StageWeightsTest, TensorParallelismCutsAllButTheNorms) {
  const double norms = 65.0 * 4096;
  const double all = TotalWeights(Llama8B());
  EXPECT_EQ(Stage(Llama8B(), {.tp = 8}, Phase::kServe).Total(), (all - norms) / 8 + norms);
  // 16 ranks hold the 8 KV heads twice: 32 layers of 2·128·4096 in place of half of it.
  EXPECT_EQ(Stage(Llama8B(), {.tp = 16}, Phase::kServe).Total(),
            (all - norms) / 16 + norms + 32.0 * 128 * 4096);
}

TEST(StageWeightsTest, LatentProjectionsAreNotCut) {
  const Transformer model = DeepSeekV3();
  const Cut cut;
  const RankWeights one = LayerOnRank(model, model.kinds[0], {}, cut, Phase::kServe);
  const RankWeights eight = LayerOnRank(model, model.kinds[0], {.tp = 8}, cut, Phase::kServe);
  const double latents = 7168.0 * (1536 + 512 + 64);
  EXPECT_EQ(eight.linear, (one.linear - latents) / 8 + latents);
}

TEST(StageWeightsTest, ExpertsSpreadOverTheirRanks) {
  const Transformer model = DeepSeekV3();
  const Layout layout = {
      .ep = 32, .attention_dp = 32, .expert_exchange = ExpertExchange::kAllToAll};
  const RankWeights rank = Stage(model, layout, Phase::kServe);
  EXPECT_EQ(rank.experts, 58.0 * 256 / 32 * 3 * 7168 * 2048);
  // Attention, shared experts, embedding and head are whole on each rank.
  EXPECT_EQ(rank.Dense(), Stage(model, {}, Phase::kServe).Dense());
}

TEST(StageWeightsTest, StagesAddUp) {
  const Transformer model = DeepSeekV3();
  for (const int pp : {2, 3, 4, 16}) {
    const Layout layout = {.pp = pp};
    double sum = 0;
    for (int stage = 0; stage < pp; ++stage) {
      sum += Stage(model, layout, Phase::kServe, stage).Total();
    }
    EXPECT_EQ(sum, TotalWeights(model)) << pp;
  }
  // A tied embedding stands on both ends.
  const Transformer tied = MegatronModel(1024, 8, 8);
  const Layout two = {.pp = 2};
  const double sum =
      Stage(tied, two, Phase::kTrain, 0).Total() + Stage(tied, two, Phase::kTrain, 1).Total();
  EXPECT_EQ(sum, TotalWeights(tied) + 51200.0 * 1024);
}

TEST(StageLayersTest, LaterStagesButTheLastTakeTheRest) {
  // 62 layers on 4 stages: 15 each, and one more on the second and third.
  const Transformer model = Gemma27B();
  const Layout layout = {.pp = 4};
  const int expected[] = {15, 16, 16, 15};
  for (int stage = 0; stage < 4; ++stage) {
    const LayerRange range = LayersOfChunk(model, layout, stage, 0);
    EXPECT_EQ(range.end - range.begin, expected[stage]) << stage;
    EXPECT_EQ(StageLayers(model, layout, 0, stage) + StageLayers(model, layout, 1, stage),
              expected[stage]);
  }
  // The 16th to 31st layers, counted from 1, hold three global ones: 18, 24 and 30.
  EXPECT_EQ(StageLayers(model, layout, 1, 1), 3);
}

TEST(StageLayersTest, ChunksAreDealtInTurn) {
  const Transformer model = MegatronModel(1024, 24, 8);
  const Layout layout = {.pp = 4, .virtual_stages = 3};
  const LayerRange range = LayersOfChunk(model, layout, 1, 2);
  EXPECT_EQ(range.begin, 18);  // chunk 2·4 + 1 = 9, of two layers each
  EXPECT_EQ(range.end, 20);
  EXPECT_EQ(StageLayers(model, layout, 0, 1), 6);
}

TEST(CheckLayoutTest, SaysWhatDoesNotDivide) {
  const auto serve = [](const Transformer& model, const Layout& layout) {
    return CheckLayout(model, layout, Phase::kServe);
  };
  EXPECT_THAT(serve(Llama8B(), {.tp = 5}),
              IsError(ErrorCode::kUnsupported, HasSubstr("32 attention heads do not divide over "
                                                         "tp 5")));
  EXPECT_THAT(serve(Llama8B(), {.tp = 64}),
              IsError(ErrorCode::kUnsupported, HasSubstr("32 attention heads")));
  Transformer odd = Llama8B();
  odd.kinds[0].attention.heads = 36;
  odd.kinds[0].attention.kv_heads = 6;
  EXPECT_THAT(serve(odd, {.tp = 4}),
              IsError(ErrorCode::kUnsupported, HasSubstr("6 KV heads do not divide over tp 4")));
  EXPECT_THAT(serve(odd, {.tp = 12}),
              IsError(ErrorCode::kUnsupported, HasSubstr("14336 MLP columns")));
  EXPECT_THAT(
      serve(Llama8B(), {.pp = 33}),
      IsError(ErrorCode::kUnsupported, HasSubstr("32 layers are fewer than the 33 stages")));
  EXPECT_THAT(serve(Llama8B(), {.ep = 2}),
              IsError(ErrorCode::kUnsupported, HasSubstr("has no experts")));
  EXPECT_THAT(serve(Mixtral8x7B(), {.tp = 4, .ep = 3}),
              IsError(ErrorCode::kUnsupported, HasSubstr("do not fit the 4 ranks of a stage")));
  EXPECT_THAT(serve(Mixtral8x7B(),
                    {.ep = 16, .attention_dp = 16, .expert_exchange = ExpertExchange::kAllToAll}),
              IsError(ErrorCode::kUnsupported, HasSubstr("8 experts do not divide over ep 16")));
  EXPECT_THAT(serve(Mixtral8x7B(), {.ep = 8, .attention_dp = 8}),
              IsError(ErrorCode::kUnsupported, HasSubstr("spreads the tokens")));
  EXPECT_THAT(serve(Llama8B(), {.tp = 0}), IsError(ErrorCode::kBadInput, HasSubstr("tp: found 0")));
  EXPECT_THAT(CheckLayout(Llama8B(), {.attention_dp = 2}, Phase::kTrain),
              IsError(ErrorCode::kUnsupported, HasSubstr("layout of serving")));
}

TEST(CheckLayoutTest, PadsTheVocabulary) {
  // Megatron pads 50257 to a multiple of 128·t: 51200 at t 8.
  Transformer model = MegatronModel(12288, 96, 96);
  model.vocabulary = 50257;
  EXPECT_EQ(CheckLayout(model, {.tp = 8}, Phase::kTrain)->vocabulary, 6400);
  EXPECT_EQ(CheckLayout(model, {}, Phase::kServe)->padded_vocabulary, 50304);
}

// ---- data parallelism ----

constexpr double kWeights = 1e9;

double SentPerWeight(const Sharding& sharding, int ranks, double microbatches = 1) {
  return InBytes(DataParallelExchanges(kWeights, ranks, sharding, microbatches).Sent()) / kWeights;
}

TEST(DataParallelTest, VolumesOfTheSchemes) {
  // At two bytes and many ranks: 4, 4, 4 and 6 bytes a weight.
  const int ranks = 1024;
  const double share = 1023.0 / 1024;
  Sharding sharding;
  sharding.reduce = DataType::kBf16;
  EXPECT_THAT(SentPerWeight(sharding, ranks), IsNearRelative(4 * share, 1e-12));
  sharding.scheme = Scheme::kOptimizer;
  EXPECT_THAT(SentPerWeight(sharding, ranks), IsNearRelative(4 * share, 1e-12));
  sharding.scheme = Scheme::kGradients;
  EXPECT_THAT(SentPerWeight(sharding, ranks), IsNearRelative(4 * share, 1e-12));
  sharding.scheme = Scheme::kWeights;
  const double zero3 = SentPerWeight(sharding, ranks);
  EXPECT_THAT(zero3, IsNearRelative(6 * share, 1e-12));
  // ZeRO-3 is half as much again as DDP, and every microbatch pays it.
  EXPECT_THAT(SentPerWeight(sharding, ranks, 4), IsNearRelative(4 * zero3, 1e-12));
  sharding.keep_weights = true;
  EXPECT_THAT(SentPerWeight(sharding, ranks), IsNearRelative(4 * share, 1e-12));
  EXPECT_EQ(SentPerWeight({}, 1), 0);
}

TEST(DataParallelTest, HybridShardsInside) {
  Sharding sharding;
  sharding.scheme = Scheme::kWeights;
  sharding.reduce = DataType::kBf16;
  sharding.inner = 8;
  const StepExchanges list = DataParallelExchanges(kWeights, 64, sharding, 1);
  ASSERT_EQ(list.size, 4U);
  EXPECT_THAT(list.Sent(), IsNearRelative(B(kWeights * (6 * 7.0 / 8 + 4 * (7.0 / 8) / 8)), 1e-12));
  EXPECT_EQ(list.items[3].collective.ranks, 8);
}

TEST(DataParallelTest, ZeroPlusPlusCrossesNodesWithAQuarter) {
  // M bytes of 16-bit weights: gathers in int8 (0.5 M) and int4 gradients (0.25 M) in place of 3 M.
  Sharding sharding;
  sharding.scheme = Scheme::kWeights;
  sharding.gather = DataType::kInt8;
  sharding.reduce = DataType::kInt4;
  sharding.backward_in_node = true;
  double across = 0;
  for (const StepExchange& exchange : DataParallelExchanges(kWeights, 1 << 20, sharding, 1)) {
    if (!exchange.in_node) across += InBytes(SentBy(exchange.collective));
  }
  // The scales of int4 come on top: 2 bytes for 128 values.
  EXPECT_THAT(across / (2 * kWeights), IsNear(0.75 + 2.0 / 128 / 2, 1e-5));
}

TEST(DataParallelTest, ExpertsHaveReplicasOfTheirOwn) {
  const Layout layout = {.tp = 2,
                         .dp = 32,
                         .cp = 2,
                         .ep = 16,
                         .expert_tp = 1,
                         .sequence_parallel = true,
                         .expert_exchange = ExpertExchange::kAllToAll};
  Transformer model = Mixtral8x7B();
  model.kinds[0].mlp.experts = 16;
  const Result<Cut> cut = CheckLayout(model, layout, Phase::kTrain);
  ASSERT_THAT(cut, IsOk());
  EXPECT_EQ(DenseReplicas(layout), 64);
  EXPECT_EQ(ExpertReplicas(layout, *cut, Sharding()), 2 * 2 * 32 / 16);
}

// ---- generalized tensor parallelism ----

double RematBytesPerValue(DataType format, int ranks) {
  Sharding sharding;
  sharding.gtp = ranks;
  sharding.gtp_format = format;
  const Matrix matrix = {.outputs = 65536, .inputs = 8192};
  const RematExchanges all = RematExchangesOf(matrix, sharding);
  const Bytes sent = SentBy(all.forward) + SentBy(all.backward) + SentBy(all.gradient);
  return InBytes(sent) / matrix.Values() * ranks / (ranks - 1);
}

TEST(RematTest, BytesOfAnElement) {
  EXPECT_THAT(RematBytesPerValue(DataType::kBf16, 8), IsNearRelative(6.0, 1e-12));
  EXPECT_THAT(RematBytesPerValue(DataType::kMxfp8, 8), IsNearRelative(4.0625, 1e-12));
  EXPECT_THAT(RematBytesPerValue(DataType::kNvfp4, 64), IsNearRelative(3.125, 1e-12));
}

TEST(RematTest, PadsRowsToTheAlignment) {
  // 1000 rows over 8 ranks in shards of a multiple of 16: 128 each, 24 rows of zeros.
  Sharding sharding;
  sharding.gtp = 8;
  const Matrix matrix = {.outputs = 1000, .inputs = 10, .copies = 3};
  EXPECT_EQ(Remat(matrix, sharding).rows, 1024);
  EXPECT_EQ(Remat(matrix, sharding).whole, 30720);
  EXPECT_EQ(Remat(matrix, sharding).shard, 3840);
  sharding.gtp_alignment = 32;
  EXPECT_EQ(Remat(matrix, sharding).rows, 1024);
  sharding.gtp = 16;
  EXPECT_EQ(Remat(matrix, sharding).rows, 1024);
  sharding.gtp = 24;
  EXPECT_EQ(Remat(matrix, sharding).rows, 1536);
  // Alone it is the plain matrix and exchanges nothing.
  sharding.gtp = 1;
  EXPECT_EQ(Remat(matrix, sharding).whole, matrix.Values());
  EXPECT_EQ(SentBy(RematExchangesOf(matrix, sharding).gradient), B(0));
}

}  // namespace
}  // namespace commplan
