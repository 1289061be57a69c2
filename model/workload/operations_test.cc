// The operations of a serving step: collectives and shapes as the engines have them.

#include "model/workload/operations.h"

#include <map>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/test_models.h"
#include "model/workload/test_program.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// ---- serving, dense ----

TEST(ServingTest, TensorParallelLayersHaveTwoAllReduces) {
  const Program program = Expanded(Llama8B(), {.tp = 8}, Decode(1, 1000));
  EXPECT_THAT(Collectives(program, Part::kLayer), ElementsAre(Pair("all-reduce tp", 2)));
  EXPECT_THAT(Collectives(program, Part::kEmbedding), ElementsAre(Pair("all-reduce tp", 1)));
  EXPECT_THAT(Collectives(program, Part::kHead), ElementsAre(Pair("all-gather tp", 1)));
  // The lab: 8 KiB for one token of an 8B model, 64 all-reduces in a step's layers.
  EXPECT_EQ(At(program, Site::kAttentionOutput).bytes, KiB(8));
  EXPECT_EQ(At(program, Site::kMlpDown).bytes, KiB(8));
  EXPECT_EQ(program.blocks[1].repeat * 2, 64);
  // Logits of one sequence: 128256 of two bytes.
  EXPECT_EQ(At(program, Site::kLogits, Direction::kForward, Exchange::kAllGather).bytes,
            B(128256 * 2));
}

TEST(ServingTest, OneRankExchangesNothing) {
  const Program program = Expanded(Llama8B(), {}, Decode(4, 100));
  for (const Operation& operation : program.operations) {
    EXPECT_FALSE(std::holds_alternative<Collective>(operation.what)) << Name(operation.site);
  }
}

TEST(ServingTest, PayloadsFollowTheTokens) {
  // 2048 tokens of width 4096: 16 MiB. Batch 8 of width 8192: 128 KiB, 160 all-reduces.
  const Program prefill = Expanded(Llama8B(), {.tp = 2}, Prefill(1, 2048));
  EXPECT_EQ(At(prefill, Site::kMlpDown).bytes, MiB(16));
  const Program decode = Expanded(Llama70B(), {.tp = 8}, Decode(8, 1));
  EXPECT_EQ(At(decode, Site::kMlpDown).bytes, KiB(128));
  EXPECT_EQ(decode.blocks[1].repeat * 2, 160);
  // Logits are wanted of sequences, not of tokens; a chunk in the middle wants none.
  EXPECT_EQ(At(prefill, Site::kLogits, Direction::kForward, Exchange::kAllGather).bytes,
            B(128256 * 2));
  Demand chunk = Prefill(1, 512, 512);
  chunk.prompt_ends = false;
  EXPECT_THAT(Collectives(Expanded(Llama8B(), {.tp = 2}, chunk), Part::kHead), IsEmpty());
  // Codecs act on what is sent: one byte a value halves it.
  Precision precision;
  precision.communication = DataType::kFp8;
  const Program fp8 = Expanded(Llama8B(), {.tp = 2}, Prefill(1, 2048), precision);
  EXPECT_EQ(At(fp8, Site::kMlpDown).bytes, MiB(8));
}

TEST(ServingTest, SequenceParallelismMovesTheSameBytes) {
  const Program program =
      Expanded(Llama8B(), {.tp = 4, .sequence_parallel = true}, Prefill(1, 2048));
  EXPECT_THAT(Collectives(program, Part::kLayer),
              ElementsAre(Pair("all-gather tp", 2), Pair("reduce-scatter tp", 2)));
  // An all-reduce of S sends 2(n-1)/n·S, a gather and a scatter of S (n-1)/n·S each.
  EXPECT_EQ(At(program, Site::kMlpUp, Direction::kForward, Exchange::kAllGather).bytes, MiB(16));
  EXPECT_EQ(At(program, Site::kMlpDown, Direction::kForward, Exchange::kReduceScatter).bytes,
            MiB(16));
  Program refused;
  EXPECT_THAT(Expand(Llama8B(), {.tp = 4, .sequence_parallel = true}, {}, Decode(1, 10), &refused),
              IsError(ErrorCode::kUnsupported, HasSubstr("cannot divide 1 tokens over tp 4")));
  EXPECT_TRUE(refused.operations.empty());
}

TEST(ServingTest, AMixedBatchSharesItsGemms) {
  // A chunk of 512 on top of 1024, beside 32 sequences that decode.
  Demand demand = Prefill(1, 512, 1024);
  demand.decode = {32, 1, 2000};
  const Program program = Expanded(Llama8B(), {}, demand);
  int calls = 0;
  for (const Operation& operation : program.Of(program.blocks[1])) {
    const auto* gemm = std::get_if<Gemm>(&operation.what);
    if (gemm != nullptr) {
      EXPECT_EQ(gemm->m, 544);
    }
    const auto* call = std::get_if<AttentionCall>(&operation.what);
    if (call == nullptr) continue;
    ++calls;
    if (!call->decode) {
      // Token i of the chunk sees 1024 + i keys.
      EXPECT_EQ(call->pairs, 512 * 1024 + 512 * 513 / 2);
      EXPECT_EQ(call->keys, 1536);
    } else {
      EXPECT_EQ(call->pairs, 2001);
    }
  }
  EXPECT_EQ(calls, 2);
}

TEST(ServingTest, FusedGemmsHaveTheShapesOfTheEngines) {
  const Program program = Expanded(Llama8B(), {.tp = 4}, Decode(16, 100));
  std::map<Site, Gemm> gemms;
  for (const Operation& operation : program.Of(program.blocks[1])) {
    if (const auto* gemm = std::get_if<Gemm>(&operation.what)) gemms[operation.site] = *gemm;
  }
  ASSERT_EQ(gemms.size(), 4U);
  // 8 query heads and 2 KV heads of 128 on each of 4 ranks: (8 + 2·2)·128.
  EXPECT_EQ(gemms[Site::kQueryKeyValue].n, 1536);
  EXPECT_EQ(gemms[Site::kQueryKeyValue].k, 4096);
  EXPECT_EQ(gemms[Site::kAttentionOutput].k, 1024);
  EXPECT_EQ(gemms[Site::kMlpUp].n, 2 * 14336 / 4);
  EXPECT_EQ(gemms[Site::kMlpDown].k, 14336 / 4);
}

TEST(ServingTest, KvHeadsAreCopiedBeyondTheirNumber) {
  // 8 KV heads over 16 ranks: one on each, each held twice.
  const Program program = Expanded(Llama70B(), {.tp = 16}, Decode(1, 100));
  for (const Operation& operation : program.Of(program.blocks[1])) {
    if (operation.site == Site::kQueryKeyValue) {
      EXPECT_EQ(std::get<Gemm>(operation.what).n, (4 + 2) * 128);
    }
    if (operation.site == Site::kAttention) {
      EXPECT_EQ(std::get<AttentionCall>(operation.what).kv_heads, 1);
    }
  }
}

TEST(ServingTest, LocalLayersSeeTheirWindow) {
  const Program program = Expanded(Gemma27B(), {}, Decode(1, 5000));
  ASSERT_EQ(program.blocks.size(), 4U);
  EXPECT_EQ(program.blocks[1].repeat, 52);  // 62 layers: every sixth is global
  EXPECT_EQ(program.blocks[2].repeat, 10);
  for (const Operation& operation : program.operations) {
    const auto* call = std::get_if<AttentionCall>(&operation.what);
    if (call != nullptr) {
      EXPECT_EQ(call->keys, call->window > 0 ? 1024 : 5001);
    }
  }
  // A prompt of 2000: the first 1024 tokens see 1 to 1024, the others 1024.
  const Program prefill = Expanded(Gemma27B(), {}, Prefill(1, 2000));
  for (const Operation& operation : prefill.Of(prefill.blocks[1])) {
    const auto* call = std::get_if<AttentionCall>(&operation.what);
    if (call != nullptr) {
      EXPECT_EQ(call->pairs, 1024 * 1025 / 2 + 976 * 1024);
    }
  }
}

TEST(ServingTest, PipelineBoundaries) {
  const Program plain = Expanded(Llama70B(), {.tp = 4, .pp = 4}, Decode(8, 100));
  EXPECT_THAT(Collectives(plain, Part::kBoundary), ElementsAre(Pair("p2p pp", 1)));
  EXPECT_EQ(plain.blocks.back().repeat, 3);
  EXPECT_EQ(At(plain, Site::kStageBoundary, Direction::kForward, Exchange::kPointToPoint).bytes,
            KiB(128));
  const Program scatter =
      Expanded(Llama70B(), {.tp = 4, .pp = 4, .scatter_boundaries = true}, Decode(8, 100));
  EXPECT_EQ(At(scatter, Site::kStageBoundary, Direction::kForward, Exchange::kPointToPoint).bytes,
            KiB(32));
  EXPECT_THAT(Collectives(scatter, Part::kBoundary),
              ElementsAre(Pair("all-gather tp", 1), Pair("p2p pp", 1)));
}

TEST(ServingTest, ContextParallelExchanges) {
  const Demand prompt = Prefill(1, 8192);
  const double kv = 2 * 8 * 128 * 2;  // bytes of a token's keys and values
  const Program ring = Expanded(Llama8B(), {.cp = 4}, prompt);
  EXPECT_THAT(Collectives(ring, Part::kLayer), ElementsAre(Pair("p2p cp", 3)));
  EXPECT_EQ(At(ring, Site::kContextExchange, Direction::kForward, Exchange::kPointToPoint).bytes,
            B(2048 * kv));
  const Program gather =
      Expanded(Llama8B(), {.cp = 4, .context_exchange = ContextExchange::kGather}, prompt);
  EXPECT_EQ(At(gather, Site::kContextExchange, Direction::kForward, Exchange::kAllGather).bytes,
            B(8192 * kv));
  const Program heads =
      Expanded(Llama8B(), {.cp = 4, .context_exchange = ContextExchange::kAllToAll}, prompt);
  EXPECT_THAT(Collectives(heads, Part::kLayer), ElementsAre(Pair("all-to-all cp", 4)));
  double sent = 0;
  for (const Operation& operation : heads.operations) {
    const auto* collective = std::get_if<Collective>(&operation.what);
    if (collective != nullptr) sent += operation.count * InBytes(collective->bytes);
  }
  // (s/c)·(a + 2g + a)·d·2 bytes.
  EXPECT_EQ(sent, 2048.0 * (32 + 16 + 32) * 128 * 2);
  // Decoding merges partial results: T·a·(d + 2) of each rank.
  const Program decode = Expanded(Llama8B(), {.cp = 4}, Decode(3, 8000));
  EXPECT_EQ(At(decode, Site::kContextExchange, Direction::kForward, Exchange::kAllGather).bytes,
            B(4 * 3 * 32 * 130 * 2));
  // The work of a prompt is divided, whatever the exchange.
  EXPECT_THAT(FlopCount(heads), IsNearRelative(FlopCount(ring), 1e-12));
  EXPECT_THAT(FlopCount(gather), IsNearRelative(FlopCount(ring), 1e-12));
}

// ---- serving, experts ----

TEST(ExpertsTest, TensorParallelExpertsNeedOneAllReduce) {
  for (const int ep : {1, 2, 8}) {
    const Program program = Expanded(Mixtral8x7B(), {.tp = 8, .ep = ep}, Decode(16, 100));
    EXPECT_THAT(Collectives(program, Part::kLayer), ElementsAre(Pair("all-reduce tp", 2))) << ep;
    EXPECT_EQ(At(program, Site::kCombine).bytes, KiB(128));
  }
}

TEST(ExpertsTest, AttentionDataParallelismDispatchesAndCombines) {
  Precision precision;
  precision.dispatch = DataType::kFp8Block;
  const Layout layout = {
      .ep = 32, .attention_dp = 32, .expert_exchange = ExpertExchange::kAllToAll};
  const Program program = Expanded(DeepSeekV3(), layout, Decode(4096, 2000), precision);
  EXPECT_THAT(Collectives(program, Part::kLayer, Direction::kForward, 0), IsEmpty());
  EXPECT_THAT(Collectives(program, Part::kLayer, Direction::kForward, 1),
              ElementsAre(Pair("all-to-all ep", 2)));
  // 128 tokens of a rank, 8 experts each, 7168 values: fp8 with a scale for 128, back in bf16.
  const Collective dispatch =
      At(program, Site::kDispatch, Direction::kForward, Exchange::kAllToAll);
  EXPECT_EQ(dispatch.bytes, B(128 * 8 * (7168 + 56 * 4)));
  EXPECT_EQ(dispatch.ranks, 32);
  EXPECT_EQ(dispatch.node_limit, 4);
  EXPECT_EQ(At(program, Site::kCombine, Direction::kForward, Exchange::kAllToAll).bytes,
            B(128 * 8 * 7168 * 2));
}

TEST(ExpertsTest, AttentionDataParallelismMayGather) {
  const Layout layout = {.ep = 8, .attention_dp = 8, .expert_exchange = ExpertExchange::kGather};
  const Program program = Expanded(DeepSeekV3(), layout, Decode(64, 2000));
  EXPECT_THAT(
      Collectives(program, Part::kLayer, Direction::kForward, 1),
      ElementsAre(Pair("all-gather attention-dp", 1), Pair("reduce-scatter attention-dp", 1)));
  EXPECT_EQ(At(program, Site::kDispatch, Direction::kForward, Exchange::kAllGather).bytes,
            B(64 * 7168 * 2));
}

TEST(ExpertsTest, RanksWithoutSequencesStillTakePart) {
  // 3 sequences on 8 attention ranks: the busiest has one, and all dispatch as much.
  const Layout layout = {.ep = 8, .attention_dp = 8, .expert_exchange = ExpertExchange::kAllToAll};
  EXPECT_EQ(Expanded(DeepSeekV3(), layout, Decode(3, 10)).tokens, 1);
  EXPECT_EQ(Expanded(DeepSeekV3(), layout, Decode(9, 10)).tokens, 2);
}

TEST(ExpertsTest, RowsAndTouchedExperts) {
  const Program program = Expanded(Mixtral8x7B(), {.tp = 4, .ep = 4}, Decode(6, 100));
  for (const Operation& operation : program.operations) {
    const auto* gemm = std::get_if<GroupedGemm>(&operation.what);
    if (gemm == nullptr) continue;
    EXPECT_EQ(gemm->rows, 6 * 2 / 4.0);
    EXPECT_EQ(gemm->groups, 2);
    // A token misses an expert with probability 3/4.
    EXPECT_THAT(gemm->touched, IsNearRelative(2 * (1 - 0.177978515625), 1e-12));
  }
}

TEST(ExpertsTest, NormsOverAllHeadsCostAnAllReduce) {
  Transformer model = Mixtral8x7B();
  model.kinds[0].attention.head_norm = HeadNorm::kWhole;
  const Program program = Expanded(model, {.tp = 4}, Decode(16, 10));
  EXPECT_THAT(Collectives(program, Part::kLayer), ElementsAre(Pair("all-reduce tp", 3)));
  EXPECT_EQ(At(program, Site::kHeadNorm).bytes, B(16 * 2 * 4));
}

// ---- latent attention ----

TEST(LatentTest, DecodesOnTheLatents) {
  const Program program = Expanded(DeepSeekV3(), {.tp = 8}, Decode(2, 999));
  for (const Operation& operation : program.Of(program.blocks[1])) {
    const auto* call = std::get_if<AttentionCall>(&operation.what);
    if (call == nullptr) continue;
    EXPECT_EQ(call->heads, 16);
    EXPECT_EQ(call->kv_heads, 1);
    // All of the cache on every rank: 576 values of two bytes a token, besides queries and results.
    const double rows = 2.0 * 16 * (576 + 512) * 2;
    EXPECT_EQ(TrafficOf(operation), B(2.0 * 1000 * 576 * 2 + rows));
    EXPECT_EQ(WorkOf(operation), Flop(2.0 * 2 * 16 * 1000 * (576 + 512)));
  }
  // A prompt makes keys and values of its latents: 128 heads of 192 and 128.
  const Program prefill = Expanded(DeepSeekV3(), {.tp = 8}, Prefill(1, 100));
  for (const Operation& operation : prefill.Of(prefill.blocks[1])) {
    const auto* call = std::get_if<AttentionCall>(&operation.what);
    if (call != nullptr) {
      EXPECT_EQ(call->key_dim + call->value_dim, 320);
    }
  }
}

TEST(ExpandTest, AUsedProgramAllocatesNothing) {
  Program program;
  const Transformer model = DeepSeekV3();
  ASSERT_THAT(Expand(model, {.tp = 8}, {}, Prefill(1, 100), &program), IsOk());
  const Operation* const operations = program.operations.data();
  const Block* const blocks = program.blocks.data();
  ASSERT_THAT(Expand(model, {.tp = 4}, {}, Decode(7, 100), &program), IsOk());
  EXPECT_EQ(program.operations.data(), operations);
  EXPECT_EQ(program.blocks.data(), blocks);
}

TEST(ExpandTest, RefusesDemandsThatCannotBe) {
  Program program;
  EXPECT_THAT(Expand(Llama8B(), {}, {}, Decode(0, 10), &program),
              IsError(ErrorCode::kBadInput, HasSubstr("no tokens")));
  Demand both = TrainMicrobatch(1, 128);
  both.decode = {1, 1, 10};
  EXPECT_THAT(Expand(Llama8B(), {}, {}, both, &program),
              IsError(ErrorCode::kBadInput, HasSubstr("neither decode")));
  EXPECT_THAT(Expand(Llama8B(), {.cp = 3}, {}, Prefill(1, 1000), &program),
              IsError(ErrorCode::kUnsupported, HasSubstr("1000 tokens do not divide over cp 3")));
  const Layout twice = {
      .tp = 2, .dp = 4, .ep = 4, .expert_tp = 1, .expert_exchange = ExpertExchange::kAllToAll};
  EXPECT_THAT(Expand(Mixtral8x7B(), twice, {}, TrainMicrobatch(1, 128), &program),
              IsError(ErrorCode::kUnsupported, HasSubstr("would dispatch each 2 times")));
}

}  // namespace
}  // namespace commplan
