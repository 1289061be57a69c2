// What engines do with types of elements that they do not add, or not by every way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/collective/price.h"
#include "model/collective/test_nccl.h"

namespace commplan {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// NCCL on Hopper, and kernels that leave 8-bit floats to it.
std::vector<Engine> Engines() {
  Engine nccl = Nccl();
  nccl.types = {{.type = ElementType::kFp8, .ring_ranks_max = 8, .ring_factor = 1024},
                {.type = ElementType::kInt8}};
  Engine kernels;
  kernels.name = "kernels";
  kernels.rule = EngineRule::kRules;
  kernels.kernels = {{.algorithm = Algorithm::kOneShot, .launch = Micros(1)}};
  kernels.rules = {{Op::kAllReduce, 2, 8, B(0), GiB(1), Algorithm::kOneShot}};
  kernels.fallback = "nccl";
  kernels.types = {{.type = ElementType::kFp8, .refused = true}};
  return {nccl, kernels};
}

Result<CollectiveModel> Ask(const std::vector<Engine>& engines, const Engine& engine, Op op,
                            int ranks, ElementType type) {
  static const Fabric kFabric = Nodes();
  return CollectiveModel::Create(
      kFabric, engines, engine,
      {.op = op, .group = {.ranks = ranks}, .algorithm = {}, .type = type});
}

std::string Chosen(const std::vector<Engine>& engines, const Engine& engine, Op op, int ranks,
                   ElementType type, Bytes bytes) {
  const auto model = Ask(engines, engine, op, ranks, type);
  EXPECT_THAT(model, IsOk());
  return Called(model->VariantOf(model->At(bytes)));
}

TEST(TypeRulesTest, TypesThatTheSwitchDoesNotAddGoByOtherWays) {
  const std::vector<Engine> engines = Engines();
  for (const ElementType type : {ElementType::kFp8, ElementType::kInt8}) {
    EXPECT_THAT(Names(Ask(engines, engines[0], Op::kAllReduce, 8, type)->variants()),
                Not(Contains("nvls/simple")));
    EXPECT_THAT(Names(Ask(engines, engines[0], Op::kAllReduce, 16, type)->variants()),
                Not(Contains("nvls-tree/simple")));
    EXPECT_THAT(Names(Ask(engines, engines[0], Op::kAllGather, 8, type)->variants()),
                Contains("nvls/simple"))
        << "nothing is added";
  }
  for (const ElementType type : {ElementType::kAny, ElementType::kBf16}) {
    EXPECT_THAT(Names(Ask(engines, engines[0], Op::kAllReduce, 8, type)->variants()),
                Contains("nvls/simple"));
  }
}

TEST(TypeRulesTest, LongRingsAreKeptOffAndPricedAsTheyAre) {
  const std::vector<Engine> engines = Engines();
  const auto chosen = [&](int ranks, ElementType type) {
    return Chosen(engines, engines[0], Op::kAllReduce, ranks, type, GiB(1));
  };
  EXPECT_EQ(chosen(8, ElementType::kFp8), "ring/simple") << "eight are not more than eight";
  EXPECT_EQ(chosen(16, ElementType::kFp8), "tree/simple");
  EXPECT_EQ(chosen(16, ElementType::kInt8), "ring/simple") << "no loss, no limit";
  const auto any = Ask(engines, engines[0], Op::kAllReduce, 16, ElementType::kAny);
  const auto fp8 = Ask(engines, engines[0], Op::kAllReduce, 16, ElementType::kFp8);
  const Variant& ring = *Find(any->variants(), Algorithm::kRing, Protocol::kSimple);
  const Variant& kept_off = *Find(fp8->variants(), Algorithm::kRing, Protocol::kSimple);
  for (const Bytes bytes : {B(64), MiB(1), GiB(1)}) {
    EXPECT_EQ(ring.card->value(InputsFor(ring, bytes)).Total(),
              kept_off.card->value(InputsFor(kept_off, bytes)).Total());
    EXPECT_THAT(ChoiceTime(kept_off, bytes),
                IsNearRelative(1024.0 * ChoiceTime(ring, bytes), kRounding));
  }
  // Where there is only the ring it runs all the same.
  EXPECT_EQ(Chosen(engines, engines[0], Op::kReduceScatter, 16, ElementType::kFp8, GiB(1)),
            "ring/simple");
}

TEST(TypeRulesTest, WhatKernelsDoNotAddGoesToTheFallback) {
  const std::vector<Engine> engines = Engines();
  EXPECT_EQ(Chosen(engines, engines[1], Op::kAllReduce, 8, ElementType::kBf16, KiB(8)),
            "one-shot/");
  EXPECT_EQ(Chosen(engines, engines[1], Op::kAllReduce, 8, ElementType::kFp8, KiB(8)), "ring/ll");
}

TEST(TypeRulesTest, WhatNobodyAddsIsUnsupportedWithTheReason) {
  std::vector<Engine> engines = Engines();
  engines[0].types[0] = {.type = ElementType::kFp8, .refused = true};
  for (const Engine& engine : engines) {
    const auto model = Ask(engines, engine, Op::kAllReduce, 8, ElementType::kFp8);
    EXPECT_THAT(model, IsError(ErrorCode::kUnsupported,
                               AllOf(HasSubstr("engine nccl does not add elements of type fp8"),
                                     HasSubstr("all-reduce among 8 ranks"))));
    EXPECT_THAT(model, HasHint(HasSubstr("bf16")));
    EXPECT_THAT(Ask(engines, engine, Op::kAllToAll, 8, ElementType::kFp8), IsOk());
  }
}

TEST(TypeRulesTest, NamesReadBack) {
  for (const std::string& name : ElementTypeNames()) {
    ASSERT_TRUE(ElementTypeNamed(name).has_value()) << name;
    EXPECT_EQ(Name(*ElementTypeNamed(name)), name);
  }
  EXPECT_EQ(ElementTypeNamed("fp8_e4m3"), ElementType::kFp8);
  EXPECT_EQ(ElementTypeNamed("half"), ElementType::kFp16);
  EXPECT_EQ(ElementTypeNamed("fp4"), std::nullopt);
  EXPECT_EQ(ElementTypeNamed(""), std::nullopt);
}

}  // namespace
}  // namespace commplan
