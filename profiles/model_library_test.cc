// The shipped models weigh what their makers say, and files survive reading and writing.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"
#include "profiles/library.h"
#include "profiles/model_file.h"

namespace commplan::profiles {
namespace {

using ::testing::HasSubstr;

// What a published number leaves open: 0.1 %, or half a unit of its last digit where that is more.
double Allowed(double published, double within) { return std::max(1e-3 * published, within); }

TEST(ModelLibraryTest, EveryModelReadsAndWeighsWhatIsPublished) {
  for (const LibraryFile& file : ShippedModels().files()) {
    SCOPED_TRACE(file.path);
    const Result<ModelFile> read = ReadModel(file.text, std::string(file.path));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->model.name, file.name());
    const Published& published = read->published;
    ASSERT_GT(published.total, 0);
    EXPECT_THAT(TotalWeights(read->model),
                IsNear(published.total, Allowed(published.total, published.total_within)));
    bool experts = false;
    for (const LayerKind& kind : read->model.kinds) experts = experts || kind.mlp.IsExperts();
    EXPECT_EQ(published.active > 0, experts);
    if (published.active == 0) continue;
    EXPECT_THAT(ActiveWeights(read->model, published.active_embedding),
                IsNear(published.active, Allowed(published.active, published.active_within)));
  }
}

TEST(ModelLibraryTest, ATokenCostsTwiceItsActiveWeights) {
  // The operations of a step and the counts of weights are derived apart; here they meet. One
  // token, no context: matrices only, and of attention a single pair.
  for (const LibraryFile& file : ShippedModels().files()) {
    SCOPED_TRACE(file.path);
    const Result<ModelFile> read = ReadModel(file.text, std::string(file.path));
    ASSERT_THAT(read, IsOk());
    Program program;
    ASSERT_THAT(Expand(read->model, {}, {}, Prefill(1, 1), &program), IsOk());
    double multiplied = 0;
    for (const Block& block : program.blocks) {
      for (const Operation& operation : program.Of(block)) {
        if (std::holds_alternative<AttentionCall>(operation.what)) continue;
        if (std::holds_alternative<Recurrence>(operation.what)) continue;
        multiplied += block.repeat * InFlop(WorkOf(operation)) / 2;
      }
    }
    // A padded vocabulary multiplies a little more; norms, biases and convolutions do not.
    const double active = ActiveWeights(read->model, Embedding::kLeftOut);
    EXPECT_THAT(multiplied, IsNearRelative(active, 2e-3));
  }
}

// Layouts good and bad: tp, pp, cp, ep, attention_dp, dp.
constexpr std::array<std::array<int, 6>, 14> kLayouts = {{{1, 1, 1, 1, 1, 1},
                                                          {2, 1, 1, 1, 1, 1},
                                                          {3, 1, 1, 1, 1, 1},
                                                          {8, 1, 1, 1, 1, 1},
                                                          {16, 2, 1, 1, 1, 1},
                                                          {8, 4, 1, 8, 1, 1},
                                                          {1, 1, 1, 8, 8, 1},
                                                          {2, 1, 1, 8, 4, 1},
                                                          {1, 3, 2, 1, 1, 1},
                                                          {4, 1, 2, 1, 1, 4},
                                                          {2, 8, 1, 8, 1, 8},
                                                          {1, 1, 4, 16, 1, 16},
                                                          {1, 50, 1, 1, 1, 2},
                                                          {7, 1, 1, 1, 1, 1}}};

TEST(ModelLibraryTest, EveryModelRunsOnALayoutOrItIsSaidWhyNot) {
  Program program;
  int ran = 0;
  int refused = 0;
  const auto check = [&](const Transformer& model, const Layout& layout, const Demand& demand) {
    const Status status = Expand(model, layout, {}, demand, &program);
    if (!status.ok()) {
      ++refused;
      EXPECT_EQ(status.error().code, ErrorCode::kUnsupported) << FormatError(status.error());
      return;
    }
    ++ran;
    for (const Operation& operation : program.operations) {
      EXPECT_TRUE(std::isfinite(InFlop(WorkOf(operation)))) << Name(operation.site);
      EXPECT_GE(InFlop(WorkOf(operation)), 0) << Name(operation.site);
      EXPECT_GE(InBytes(TrafficOf(operation)), 0) << Name(operation.site);
      const auto* const collective = std::get_if<Collective>(&operation.what);
      if (collective == nullptr) continue;
      EXPECT_GT(collective->ranks, 1);
      EXPECT_GT(InBytes(collective->bytes), 0);
    }
  };
  for (const LibraryFile& file : ShippedModels().files()) {
    SCOPED_TRACE(file.path);
    const Result<ModelFile> read = ReadModel(file.text, std::string(file.path));
    ASSERT_THAT(read, IsOk());
    for (const auto& [tp, pp, cp, ep, attention_dp, dp] : kLayouts) {
      for (const bool split : {false, true}) {
        for (int exchange = 0; exchange < 3; ++exchange) {
          Layout layout;
          layout.tp = tp;
          layout.pp = pp;
          layout.cp = cp;
          layout.ep = ep;
          layout.attention_dp = attention_dp;
          layout.dp = dp;
          layout.sequence_parallel = split;
          layout.expert_exchange = static_cast<ExpertExchange>(exchange);
          layout.context_exchange = static_cast<ContextExchange>(exchange);
          check(read->model, layout, Decode(48, 1000));
          check(read->model, layout, Prefill(2, 4096, 512));
          Demand train = TrainMicrobatch(1, 4096);
          train.recompute = static_cast<Recompute>(exchange);
          check(read->model, layout, train);
        }
      }
    }
  }
  EXPECT_GT(ran, 5000);
  EXPECT_GT(refused, 5000);
}

TEST(ModelLibraryTest, ExactCountsAreExact) {
  // Where all digits are published, none may be off: every bias and norm is counted.
  int exact = 0;
  for (const LibraryFile& file : ShippedModels().files()) {
    const Result<ModelFile> read = ReadModel(file.text, std::string(file.path));
    ASSERT_THAT(read, IsOk());
    if (read->published.total_within > 0) continue;
    ++exact;
    EXPECT_EQ(TotalWeights(read->model), read->published.total) << file.path;
  }
  EXPECT_GE(exact, 45);
}

TEST(ModelLibraryTest, HasTheNamesThatScriptsRelyOn) {
  for (const std::string_view name : {"llama-3-8b", "llama-3-70b", "llama-2-7b", "llama-2-13b",
                                      "llama-2-70b", "gpt3-175b", "deepseek-v3"}) {
    EXPECT_NE(ShippedModels().Find(name), nullptr) << name;
  }
  EXPECT_THAT(LoadModel("llama-3-9b", ShippedModels()),
              IsError(ErrorCode::kNotFound, HasSubstr("found no model 'llama-3-9b'")));
  EXPECT_THAT(LoadModel("llama-3-9b", ShippedModels()), HasHint(HasSubstr("llama-3-8b")));
  const auto listed = ListModels(ShippedModels());
  EXPECT_EQ(listed.size(), ShippedModels().files().size());
  EXPECT_EQ(listed.front().title, "BigScience 104B (tr8)");
}

TEST(ModelLibraryTest, WritingAndReadingKeepsAll) {
  for (const LibraryFile& file : ShippedModels().files()) {
    SCOPED_TRACE(file.path);
    const Result<ModelFile> read = ReadModel(file.text, std::string(file.path));
    ASSERT_THAT(read, IsOk());
    const std::string text = WriteModel(*read);
    const Result<ModelFile> again = ReadModel(text, "written");
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->model, read->model);
    EXPECT_EQ(again->published, read->published);
    EXPECT_EQ(WriteModel(*again), text);
  }
}

constexpr char kSmall[] = R"(schema: commplan/model/1
name: small
title: Small
sources: {config: {title: none, url: "https://example.com"}}
hidden: 8
layers: 3
vocabulary: 10
kinds:
  one: {attention: {heads: 2, kv_heads: 1, head_dim: 4}, mlp: {width: 16}}
)";

std::string With(std::string_view from, std::string_view to) {
  std::string text = kSmall;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  return text;
}

TEST(ReadModelTest, CountsASmallModelByHand) {
  const Result<ModelFile> small = ReadModel(kSmall, "f.yaml");
  ASSERT_THAT(small, IsOk());
  // Queries 8x8, keys and values 8x4 each, output 8x8: 192. MLP 3x8x16 = 384. Two norms of 8: 16.
  // Three layers 1776; embedding and head 80 each, final norm 8.
  EXPECT_EQ(TotalWeights(small->model), 3 * (192 + 384 + 16) + 80 + 80 + 8);
}

TEST(ReadModelTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(
      ReadModel(With("layers: 3", "layer: 3\nlayers: 3"), "f.yaml"),
      IsError(ErrorCode::kBadInput, HasSubstr("layer: found an unknown key"), At("f.yaml", 6, 1)));
  EXPECT_THAT(ReadModel(With("kv_heads", "kv_head"), "f.yaml"),
              IsError(ErrorCode::kBadInput, HasSubstr("kinds.one.attention.kv_heads: found no")));
  EXPECT_THAT(ReadModel(With("layers: 3", "layers: 3.5"), "f.yaml"),
              IsError(ErrorCode::kBadInput, HasSubstr("layers: found '3.5'"), At("f.yaml", 6, 9)));
  EXPECT_THAT(ReadModel(With("kv_heads: 1", "kv_heads: 3"), "f.yaml"),
              IsError(ErrorCode::kBadInput, HasSubstr("2 heads over 3 kv_heads")));
  EXPECT_THAT(ReadModel(With("model/1", "model/2"), "f.yaml"),
              IsError(ErrorCode::kBadInput, HasSubstr("expected commplan/model/1")));
  EXPECT_THAT(ReadModel(std::string(kSmall) + "cycle: [two]\n", "f.yaml"),
              IsError(ErrorCode::kBadInput, HasSubstr("found 'two', which is none of the kinds")));
  EXPECT_THAT(ReadModel(With("width: 16", "width: 16, experts: 4, active: 5"), "f.yaml"),
              IsError(ErrorCode::kBadInput, HasSubstr("5 active of 4 experts")));
  EXPECT_THAT(ReadModel("[]", "f.yaml"), IsError(ErrorCode::kBadInput, HasSubstr("no map")));
}

}  // namespace
}  // namespace commplan::profiles
