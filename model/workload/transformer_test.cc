// Shapes count their weights and layers, and refuse what is no shape.

#include "model/workload/transformer.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/workload/data_type.h"
#include "model/workload/test_models.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

TEST(WeightsTest, LayerByHand) {
  // h 4096, 32 heads and 8 KV heads of 128, width 14336.
  const Transformer model = Llama8B();
  const LayerWeights layer = WeightsOf(model, model.kinds[0]);
  EXPECT_EQ(layer.attention, 4096.0 * (32 + 2 * 8) * 128 + 4096.0 * 4096);
  EXPECT_EQ(layer.dense, 3.0 * 4096 * 14336);
  EXPECT_EQ(layer.norms, 2 * 4096);
  EXPECT_EQ(TotalWeights(model), 8030261248.0);
}

TEST(WeightsTest, MegatronsFormula) {
  // P = 12·l·h²·(1 + 13/(12h) + (V + s)/(12lh)), without the final norm's 2h.
  const double h = 12288;
  const double l = 96;
  const double expected = 12 * l * h * h + 13 * l * h + (51200 + 2048) * h + 2 * h;
  EXPECT_EQ(TotalWeights(MegatronModel(12288, 96, 96)), expected);
}

TEST(WeightsTest, ATokenUsesItsExperts) {
  const Transformer model = Mixtral8x7B();
  const LayerWeights layer = WeightsOf(model, model.kinds[0]);
  EXPECT_EQ(layer.experts, 8 * 3.0 * 4096 * 14336);
  EXPECT_EQ(layer.active_experts, layer.experts / 4);
  EXPECT_EQ(layer.dense, 4096 * 8);  // the router
  EXPECT_EQ(ActiveWeights(model, Embedding::kCounted), 12879925248.0);
  EXPECT_EQ(ActiveWeights(model, Embedding::kCounted) - ActiveWeights(model, Embedding::kLeftOut),
            32000.0 * 4096);
  // A tied matrix is used as the head.
  const Transformer tied = Gemma27B();
  EXPECT_EQ(ActiveWeights(tied, Embedding::kLeftOut), TotalWeights(tied));
}

TEST(LayersOfKindTest, EqualsCountingOneByOne) {
  for (const Transformer& model : {Gemma27B(), DeepSeekV3()}) {
    for (std::int64_t begin = 0; begin <= model.layers; begin += 3) {
      std::int64_t counts[2] = {0, 0};
      for (std::int64_t end = begin; end <= model.layers; ++end) {
        EXPECT_EQ(LayersOfKind(model, 0, begin, end), counts[0]);
        EXPECT_EQ(LayersOfKind(model, 1, begin, end), counts[1]);
        const auto leading = static_cast<std::int64_t>(model.first.size());
        const auto at = static_cast<std::size_t>(
            end < leading ? end : (end - leading) % static_cast<std::int64_t>(model.cycle.size()));
        ++counts[end < leading ? model.first[at] : model.cycle[at]];
      }
    }
  }
}

TEST(ValidateTest, NamesWhatIsWrong) {
  EXPECT_THAT(Validate(DeepSeekV3()), IsOk());
  const auto expect = [](const Transformer& model, const char* message) {
    EXPECT_THAT(Validate(model), IsError(ErrorCode::kBadInput, HasSubstr(message)));
  };
  Transformer model = Mixtral8x7B();
  model.kinds[0].mlp.active = 9;
  expect(model, "mixtral-8x7b, layers of kind decoder: found 9 active of 8 experts");
  model = Llama8B();
  model.kinds[0].attention.kv_heads = 5;
  expect(model, "32 heads over 5 kv_heads");
  model = Llama8B();
  model.hidden = 0;
  expect(model, "no hidden size");
  model = Llama8B();
  model.cycle.clear();
  expect(model, "no kind for the layers after the leading ones");
  model = Llama8B();
  model.kinds[0].mlp.shared_width = 4;
  expect(model, "but no experts");
  model = DeepSeekV3();
  model.kinds[0].attention.latent_rank = 0;
  expect(model, "without latent_rank");
  model = DeepSeekV3();
  model.kinds[1].attention.index_heads = 64;
  expect(model, "without index_dim");
}

TEST(DataTypeTest, BytesOfAValue) {
  EXPECT_EQ(BytesPerValue(DataType::kBf16), 2);
  EXPECT_EQ(BytesPerValue(DataType::kMxfp8), 1.03125);
  EXPECT_EQ(BytesPerValue(DataType::kNvfp4), 0.5625);
  for (const std::string_view name : DataTypeNames()) {
    ASSERT_TRUE(DataTypeNamed(name).has_value());
    EXPECT_EQ(Name(*DataTypeNamed(name)), name);
  }
  EXPECT_FALSE(DataTypeNamed("bf17").has_value());
}

}  // namespace
}  // namespace commplan
