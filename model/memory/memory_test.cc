// Memory by hand: caches, state by scheme, activations by the formulas of Korthikanti et al.

#include <algorithm>
#include <cstddef>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/memory/fit.h"
#include "model/memory/serving.h"
#include "model/memory/training.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/sharding.h"
#include "model/workload/test_models.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

// ---- cache ----

Bytes TokenCache(const Transformer& model, const Layout& layout) {
  Bytes cache;
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const auto layers = LayersOfKind(model, static_cast<int>(i), 0, model.layers);
    cache +=
        LayerCache(model.kinds[i], layout, DataType::kBf16, 1, 1) * static_cast<double>(layers);
  }
  return cache;
}

TEST(CacheTest, BytesOfAToken) {
  EXPECT_EQ(TokenCache(Llama8B(), {}), KiB(128));
  EXPECT_EQ(TokenCache(Llama8B(), {.tp = 8}), KiB(16));
  // Beyond the KV heads they are copied.
  EXPECT_EQ(TokenCache(Llama8B(), {.tp = 16}), KiB(16));
  // Latents are whole on every tensor rank: 61·576·2.
  EXPECT_EQ(TokenCache(DeepSeekV3(), {}), B(70272));
  EXPECT_EQ(TokenCache(DeepSeekV3(), {.tp = 8}), B(70272));
}

TEST(CacheTest, BlocksAndWindows) {
  const LayerKind local = Gemma27B().kinds[0];
  const double token = 16 * 256 * 2;
  const auto cache = [&](double tokens, double block) {
    return InBytes(LayerCache(local, {}, DataType::kBf16, tokens, block)) / token;
  };
  EXPECT_EQ(cache(100, 16), 112);
  EXPECT_EQ(cache(1024, 16), 1024);
  EXPECT_EQ(cache(50000, 1), 1024);
  EXPECT_EQ(cache(50000, 16), 1040);  // the window touches 65 blocks
}

TEST(CacheTest, LinearAttentionKeepsAState) {
  LayerKind kind;
  kind.attention.kind = AttentionKind::kLinear;
  kind.attention.heads = 32;
  kind.attention.kv_heads = 16;
  kind.attention.head_dim = 128;
  kind.attention.value_dim = 128;
  kind.attention.convolution = 4;
  const Bytes expected = B(32.0 * 128 * 128 * 4 + 3.0 * (2 * 16 + 32) * 128 * 2);
  EXPECT_EQ(LayerCache(kind, {}, DataType::kBf16, 10, 16), expected);
  EXPECT_EQ(LayerCache(kind, {}, DataType::kFp8, 100000, 16), expected);
  EXPECT_EQ(LayerCache(kind, {.tp = 8}, DataType::kBf16, 10, 16), expected / 8.0);
}

// ---- serving ----

constexpr MemoryMargins kMargins = {.reserve = GB(2), .usable_share = 0.9, .fragmentation = 0};

TEST(ServingMemoryTest, PartsOfALlama) {
  ServingLoad load;
  load.sequences = 16;
  load.tokens = 4096;
  load.batched_tokens = 2048;
  load.block = 16;
  load.communication = MB(100);
  const auto need = ServingNeed(Llama8B(), {}, {}, load, kMargins);
  ASSERT_THAT(need, IsOk());
  EXPECT_EQ(need->weights, B(2 * 8030261248.0));
  EXPECT_EQ(need->cache, KiB(128) * (16 * 4096.0));
  // Twice 2048·4096 of two bytes, and up's input and output: 4096 + 2·14336 values of each token.
  EXPECT_EQ(need->activations, B(2048.0 * 2 * (2 * 4096 + 4096 + 2 * 14336)));
  EXPECT_EQ(need->Total(), need->weights + need->cache + need->activations + GB(2) + MB(100));
}

TEST(ServingMemoryTest, TheHeaviestStageCounts) {
  // 80 layers on 4 stages of 20; the first also holds the embedding, the last the head.
  ServingLoad load;
  load.tokens = 1000;
  const auto need = ServingNeed(Llama70B(), {.pp = 4}, {}, load, kMargins);
  ASSERT_THAT(need, IsOk());
  EXPECT_EQ(need->stage, 3);
  const double layer = 2.0 * 8192 * 8192 + 2.0 * 1024 * 8192 + 3.0 * 8192 * 28672 + 2 * 8192;
  EXPECT_EQ(need->weights, B(2 * (20 * layer + 128256.0 * 8192 + 8192)));
}

TEST(ServingMemoryTest, SaysByHowMuchItDoesNotFitAndWhatWould) {
  ServingLoad load;
  load.sequences = 64;
  load.tokens = 8192;
  load.batched_tokens = 2048;
  load.block = 16;
  const auto fit = FitServing(Llama70B(), {.tp = 2}, {}, load, GB(80), kMargins);
  ASSERT_THAT(fit, IsOk());
  EXPECT_FALSE(fit->fits);
  EXPECT_EQ(fit->capacity, GB(72));
  EXPECT_EQ(fit->shortfall, fit->need.Total() - GB(72));
  // Weights 70.6 GB and cache 64·8192·160 KiB = 85.9 GB on a rank.
  EXPECT_THAT(fit->need.cache, IsNear(GB(85.9), MB(10)));
  const auto remedy = [&](RemedyKind kind) {
    const auto found = std::find_if(fit->remedies.begin(), fit->remedies.end(),
                                    [&](const Remedy& r) { return r.kind == kind; });
    return found == fit->remedies.end() ? -1.0 : found->value;
  };
  // Not even one sequence fits beside 70.6 GB of weights and 2 GB of reserve.
  EXPECT_EQ(remedy(RemedyKind::kFewerSequences), -1);
  EXPECT_EQ(remedy(RemedyKind::kSmallerCacheType), -1);
  EXPECT_EQ(remedy(RemedyKind::kMoreTensorRanks), 8);
  EXPECT_EQ(remedy(RemedyKind::kMoreStages), 4);
  EXPECT_EQ(remedy(RemedyKind::kMoreMemory), InBytes(fit->need.Total() / 0.9));
}

TEST(ServingMemoryTest, TheMostSequencesAreTheMost) {
  ServingLoad load;
  load.tokens = 4096;
  load.batched_tokens = 2048;
  load.block = 16;
  const auto most = SequencesThatFit(Llama8B(), {}, {}, load, GB(80), kMargins);
  ASSERT_THAT(most, IsOk());
  load.sequences = *most;
  EXPECT_TRUE(FitServing(Llama8B(), {}, {}, load, GB(80), kMargins)->fits);
  load.sequences = *most + 1;
  const auto fit = FitServing(Llama8B(), {}, {}, load, GB(80), kMargins);
  EXPECT_FALSE(fit->fits);
  ASSERT_FALSE(fit->remedies.empty());
  EXPECT_EQ(fit->remedies[0].kind, RemedyKind::kFewerSequences);
  EXPECT_EQ(fit->remedies[0].value, *most);
  // 72 GB less weights, reserve and activations, over 512 MiB a sequence.
  EXPECT_EQ(*most, 100);
  EXPECT_THAT(SequencesThatFit(Llama8B(), {.tp = 3}, {}, load, GB(80), kMargins),
              IsError(ErrorCode::kUnsupported, HasSubstr("tp 3")));
}

// ---- training: state ----

TEST(StateTest, BytesOfAWeight) {
  Precision bf16;
  bf16.gradients = DataType::kBf16;
  const Precision fp32;
  Sharding sharding;
  const int d = 64;
  const auto bytes = [&](const Precision& precision, int ranks) {
    return StateBytes(sharding, ranks, precision, 12);
  };
  EXPECT_EQ(bytes(bf16, d), 16);
  EXPECT_EQ(bytes(fp32, d), 18);
  sharding.scheme = Scheme::kOptimizer;
  EXPECT_EQ(bytes(bf16, d), 4 + 12.0 / d);  // ZeRO-1
  EXPECT_EQ(bytes(fp32, d), 6 + 12.0 / d);  // Megatron's distributed optimizer
  sharding.scheme = Scheme::kGradients;
  EXPECT_EQ(bytes(bf16, d), 2 + 14.0 / d);
  sharding.scheme = Scheme::kWeights;
  EXPECT_EQ(bytes(bf16, d), 16.0 / d);
  sharding.inner = 8;
  EXPECT_EQ(bytes(bf16, d), 2);
  // GTP cuts all of it once more.
  Sharding remat;
  remat.gtp = 4;
  EXPECT_EQ(StateBytes(remat, d, bf16, 12), 4);
  remat.scheme = Scheme::kOptimizer;
  EXPECT_EQ(StateBytes(remat, d, bf16, 12), (4 + 12.0 / d) / 4);
}

// ---- training: activations ----

constexpr double kS = 2048;
constexpr double kB = 4;
constexpr double kH = 6144;
constexpr double kA = 64;

TrainingLoad KorthikantiLoad(Recompute recompute = Recompute::kNone) {
  TrainingLoad load;
  load.demand = TrainMicrobatch(kB, kS);
  load.demand.dropout = true;
  load.demand.fused_attention = false;
  load.demand.recompute = recompute;
  return load;
}

double LayerBytes(const Layout& layout, const TrainingLoad& load) {
  const Transformer model = MegatronModel(6144, 48, 64);
  const auto cut = CheckLayout(model, layout, Phase::kTrain);
  EXPECT_THAT(cut, IsOk());
  return InBytes(ActivationsOf(model, model.kinds[0], layout, *cut, {}, load).kept);
}

TEST(ActivationTest, AreKorthikantisFormulas) {
  const double sbh = kS * kB * kH;
  const double scores = 5 * kA * kS / kH;
  const double t = 8;
  EXPECT_DOUBLE_EQ(LayerBytes({}, KorthikantiLoad()), sbh * (34 + scores));
  EXPECT_DOUBLE_EQ(LayerBytes({.tp = 8}, KorthikantiLoad()), sbh * (10 + 24 / t + scores / t));
  const Layout sp = {.tp = 8, .sequence_parallel = true};
  EXPECT_DOUBLE_EQ(LayerBytes(sp, KorthikantiLoad()), sbh / t * (34 + scores));
  EXPECT_DOUBLE_EQ(LayerBytes(sp, KorthikantiLoad(Recompute::kSelective)), 34 * sbh / t);
  EXPECT_DOUBLE_EQ(LayerBytes({.tp = 8}, KorthikantiLoad(Recompute::kFull)), 2 * sbh);
  EXPECT_DOUBLE_EQ(LayerBytes(sp, KorthikantiLoad(Recompute::kFull)), 2 * sbh / t);
  EXPECT_DOUBLE_EQ(LayerBytes({.cp = 4}, KorthikantiLoad(Recompute::kSelective)), 34 * sbh / 4);
}

TEST(ActivationTest, Fp8KeepsItsInputsInAByte) {
  const Transformer model = MegatronModel(6144, 48, 64);
  Precision precision;
  precision.activations = DataType::kFp8;
  const auto layer = ActivationsOf(model, model.kinds[0], {}, Cut(), precision,
                                   KorthikantiLoad(Recompute::kSelective));
  // Of 34 bytes one each less for the three inputs of width h, four for that of width 4h.
  EXPECT_EQ(layer.kept, B(kS * kB * kH * 27));
}

TEST(ActivationTest, ExpertsHoldTheRowsThatTheyGet) {
  const Transformer model = Mixtral8x7B();
  TrainingLoad load;
  load.demand = TrainMicrobatch(1, 4096);
  const auto kept = [&](const Layout& layout) {
    const auto cut = CheckLayout(model, layout, Phase::kTrain);
    EXPECT_THAT(cut, IsOk());
    return InBytes(ActivationsOf(model, model.kinds[0], layout, *cut, {}, load).kept);
  };
  // Norms 4h, qkv input 2h, router input 2h; q and result 2·4096, k and v 2·1024, one fp32 number
  // for each head; two experts with 2h in, 2h out and 3 inner vectors of 14336.
  const double attention = 8.0 * 4096 + 2 * (2 * 4096 + 2 * 1024) + 4 * 32;
  const double experts = 2.0 * (4 * 4096 + 6 * 14336);
  EXPECT_EQ(kept({}), 4096 * (attention + experts));
  // Expert parallelism alone moves rows, and leaves their number; imbalance raises it.
  const Layout spread = {.dp = 8, .ep = 8, .expert_exchange = ExpertExchange::kAllToAll};
  EXPECT_EQ(kept(spread), kept({}));
  load.expert_imbalance = 1.5;
  EXPECT_EQ(kept(spread), 4096 * (attention + 1.5 * experts));
}

TEST(InFlightTest, OneForwardOneBackward) {
  EXPECT_EQ(ChunksInFlight({.pp = 8}, 0, 64), 8);
  EXPECT_EQ(ChunksInFlight({.pp = 8}, 7, 64), 1);
  EXPECT_EQ(ChunksInFlight({.pp = 8}, 0, 3), 3);
  // Interleaved: L layers' worth times 1 + (p-1)/(p·v), which is p·v + p - 1 chunks.
  EXPECT_EQ(ChunksInFlight({.pp = 8, .virtual_stages = 3}, 0, 64), 8 * 3 + 7);
}

TEST(TrainingMemoryTest, TheFirstStageOfKorthikantis530B) {
  // 105 layers, pp 35, tp 8, v 3, b 1: all layers' worth in flight, and a bit for interleaving.
  const Transformer model = MegatronModel(20480, 105, 128);
  const Layout layout = {.tp = 8, .pp = 35, .virtual_stages = 3, .sequence_parallel = true};
  TrainingLoad load;
  load.demand = TrainMicrobatch(1, 2048);
  load.demand.dropout = true;
  load.demand.fused_attention = false;
  load.demand.recompute = Recompute::kSelective;
  load.microbatches = 280;
  const auto need = TrainingNeed(model, layout, {}, {}, load, {});
  ASSERT_THAT(need, IsOk());
  EXPECT_EQ(need->stage, 0);
  const double sbh = 2048.0 * 20480;
  const double interleaving = 1 + 34.0 / (35 * 3);
  const double scores = sbh / 8 * 5 * 128 * 2048 / 20480;
  const double embedding = sbh / 8 * 35 * interleaving;
  EXPECT_THAT(InBytes(need->activations),
              IsNearRelative(34 * sbh / 8 * 105 * interleaving + scores + embedding, 1e-12));
}

TEST(TrainingMemoryTest, TheHeadKeepsItsLogits) {
  // One stage: 4·s·b·h/t·(1 + V/h) beside the layers, Korthikanti's equation for p = 1.
  const Transformer model = MegatronModel(6144, 48, 64);
  const Layout layout = {.tp = 8, .sequence_parallel = true};
  TrainingLoad load = KorthikantiLoad();
  const auto need = TrainingNeed(model, layout, {}, {}, load, {});
  ASSERT_THAT(need, IsOk());
  const double sbh = kS * kB * kH;
  const double layers = 48 * sbh / 8 * (34 + 5 * kA * kS / kH);
  const double ends = sbh / 8 + 4 * sbh / 8 * (1 + 51200 / kH);
  EXPECT_THAT(InBytes(need->activations), IsNearRelative(layers + ends, 1e-12));
}

TEST(TrainingMemoryTest, GatheredWeightsAreWholeForAMoment) {
  const Transformer model = MegatronModel(6144, 48, 64);
  TrainingLoad load;
  load.demand = TrainMicrobatch(1, 1024);
  Sharding fsdp;
  fsdp.scheme = Scheme::kWeights;
  const double h = 6144;
  const double layer = 12 * h * h + 13 * h;
  // Two layers in bf16 and a gradient in fp32.
  EXPECT_EQ(TrainingNeed(model, {.dp = 8}, {}, fsdp, load, {})->communication,
            B(layer * (2 * 2 + 4)));
  // GTP over 8 in MXFP8: each of the four matrices twice, two gradients of the largest in bf16, and
  // the shards of the gradients.
  Sharding remat;
  remat.gtp = 8;
  remat.gtp_format = DataType::kMxfp8;
  remat.gtp_alignment = 32;
  EXPECT_EQ(TrainingNeed(model, {}, {}, remat, load, {})->communication,
            B(12 * h * h * 2 * 1.03125 + 2 * 4 * h * h * 2 + 12 * h * h * 2 / 8));
  // Without sharding nothing is gathered.
  EXPECT_EQ(TrainingNeed(model, {}, {}, {}, load, {})->communication, B(0));
}

TEST(TrainingMemoryTest, SaysWhatWouldMakeItFit) {
  const Transformer model = MegatronModel(6144, 48, 64);  // 22B
  const Layout layout = {.tp = 8, .dp = 8, .sequence_parallel = true};
  TrainingLoad load = KorthikantiLoad();
  const auto fit = FitTraining(model, layout, {}, {}, load, GB(80), {.usable_share = 1});
  ASSERT_THAT(fit, IsOk());
  EXPECT_FALSE(fit->fits);
  const auto has = [&](RemedyKind kind) {
    return std::any_of(fit->remedies.begin(), fit->remedies.end(),
                       [&](const Remedy& r) { return r.kind == kind; });
  };
  // 22B·18/8 = 49.7 GB of state; full recomputation, or two samples at once, leave room.
  EXPECT_TRUE(has(RemedyKind::kRecompute));
  EXPECT_TRUE(has(RemedyKind::kSmallerMicrobatch));
  EXPECT_TRUE(has(RemedyKind::kMoreMemory));
  load.demand.recompute = Recompute::kFull;
  EXPECT_TRUE(FitTraining(model, layout, {}, {}, load, GB(80), {})->fits);
}

}  // namespace
}  // namespace commplan
