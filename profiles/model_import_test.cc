// Configurations as Hugging Face publishes them become the shapes of the library.

#include <cstddef>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/workload/transformer.h"
#include "profiles/library.h"
#include "profiles/model_file.h"

namespace commplan::profiles {
namespace {

using ::testing::HasSubstr;

// The imported shape equals that of the library's model, down to the order of its layers.
void ExpectIs(std::string_view config, std::string_view name) {
  SCOPED_TRACE(name);
  const Result<ModelFile> imported = ImportConfig(config, std::string(name));
  ASSERT_THAT(imported, IsOk());
  const Result<ModelFile> shipped = LoadModel(name, ShippedModels());
  ASSERT_THAT(shipped, IsOk());
  EXPECT_EQ(TotalWeights(imported->model), TotalWeights(shipped->model));
  ASSERT_EQ(imported->model.kinds.size(), shipped->model.kinds.size());
  for (std::size_t i = 0; i < imported->model.kinds.size(); ++i) {
    EXPECT_EQ(imported->model.kinds[i].attention, shipped->model.kinds[i].attention) << i;
    EXPECT_EQ(imported->model.kinds[i].mlp, shipped->model.kinds[i].mlp) << i;
    const int kind = static_cast<int>(i);
    EXPECT_EQ(LayersOfKind(imported->model, kind, 0, imported->model.layers),
              LayersOfKind(shipped->model, kind, 0, shipped->model.layers));
  }
  EXPECT_EQ(imported->model.first, shipped->model.first);
  EXPECT_EQ(imported->model.cycle, shipped->model.cycle);
  // What an import writes can be read as a model file.
  EXPECT_THAT(ReadModel(WriteModel(*imported), "imported.yaml"), IsOk());
}

TEST(ImportConfigTest, Llama) {
  ExpectIs(R"({
	"architectures": ["LlamaForCausalLM"],
	"attention_bias": false, "bos_token_id": 128000, "hidden_act": "silu", "hidden_size": 4096,
	"initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 8192,
	"model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 32,
	"num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null,
	"rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
	"vocab_size": 128256
})",
           "llama-3-8b");
}

TEST(ImportConfigTest, QwenHasBiasesOrHeadNorms) {
  ExpectIs(R"({"architectures": ["Qwen2ForCausalLM"], "hidden_size": 3584,
    "intermediate_size": 18944, "num_attention_heads": 28, "num_hidden_layers": 28,
    "num_key_value_heads": 4, "sliding_window": 131072, "use_sliding_window": false,
    "tie_word_embeddings": false, "vocab_size": 152064})",
           "qwen-2.5-7b");
  ExpectIs(R"({"architectures": ["Qwen3MoeForCausalLM"], "attention_bias": false,
    "decoder_sparse_step": 1, "head_dim": 128, "hidden_size": 2048, "intermediate_size": 6144,
    "mlp_only_layers": [], "moe_intermediate_size": 768, "num_attention_heads": 32,
    "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 48,
    "num_key_value_heads": 4, "sliding_window": null, "tie_word_embeddings": false,
    "use_sliding_window": false, "vocab_size": 151936})",
           "qwen-3-30b-a3b");
}

TEST(ImportConfigTest, ExpertsOfMixtralAndGptOss) {
  ExpectIs(R"({"architectures": ["MixtralForCausalLM"], "hidden_size": 4096,
    "intermediate_size": 14336, "num_attention_heads": 32, "num_experts_per_tok": 2,
    "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8,
    "sliding_window": null, "tie_word_embeddings": false, "vocab_size": 32000})",
           "mixtral-8x7b");
  ExpectIs(R"({"architectures": ["GptOssForCausalLM"], "attention_bias": true, "head_dim": 64,
    "hidden_size": 2880, "intermediate_size": 2880, "layer_types": [
    "sliding_attention", "full_attention", "sliding_attention", "full_attention",
    "sliding_attention", "full_attention", "sliding_attention", "full_attention",
    "sliding_attention", "full_attention", "sliding_attention", "full_attention",
    "sliding_attention", "full_attention", "sliding_attention", "full_attention",
    "sliding_attention", "full_attention", "sliding_attention", "full_attention",
    "sliding_attention", "full_attention", "sliding_attention", "full_attention"],
    "num_attention_heads": 64, "num_experts_per_tok": 4, "num_hidden_layers": 24,
    "num_key_value_heads": 8, "num_local_experts": 32, "sliding_window": 128,
    "tie_word_embeddings": false, "vocab_size": 201088,
    "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}})",
           "gpt-oss-20b");
}

TEST(ImportConfigTest, LatentAttentionAndLeadingDenseLayers) {
  ExpectIs(R"({"architectures": ["DeepseekV3ForCausalLM"], "first_k_dense_replace": 3,
    "hidden_size": 7168, "intermediate_size": 18432, "kv_lora_rank": 512,
    "moe_intermediate_size": 2048, "moe_layer_freq": 1, "n_group": 8, "n_routed_experts": 256,
    "n_shared_experts": 1, "num_attention_heads": 128, "num_experts_per_tok": 8,
    "num_hidden_layers": 61, "num_key_value_heads": 128, "num_nextn_predict_layers": 1,
    "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "tie_word_embeddings": false, "topk_group": 4, "topk_method": "noaux_tc",
    "v_head_dim": 128, "vocab_size": 129280,
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}})",
           "deepseek-v3");
  ExpectIs(R"({"architectures": ["DeepseekV2ForCausalLM"], "first_k_dense_replace": 1,
    "hidden_size": 2048, "intermediate_size": 10944, "kv_lora_rank": 512,
    "moe_intermediate_size": 1408, "n_group": 1, "n_routed_experts": 64, "n_shared_experts": 2,
    "num_attention_heads": 16, "num_experts_per_tok": 6, "num_hidden_layers": 27,
    "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "tie_word_embeddings": false, "topk_group": 1, "topk_method": "greedy", "v_head_dim": 128,
    "vocab_size": 102400})",
           "deepseek-v2-lite");
}

TEST(ImportConfigTest, GemmaWithAnEncoderKeepsDefaultsToItself) {
  ExpectIs(R"({"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
    "text_config": {"hidden_size": 2560, "intermediate_size": 10240,
      "model_type": "gemma3_text", "num_hidden_layers": 34, "sliding_window": 1024},
    "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27}})",
           "gemma-3-4b");
  ExpectIs(R"({"architectures": ["Gemma2ForCausalLM"], "head_dim": 128, "hidden_size": 4608,
    "intermediate_size": 36864, "num_attention_heads": 32, "num_hidden_layers": 46,
    "num_key_value_heads": 16, "sliding_window": 4096, "vocab_size": 256000})",
           "gemma-2-27b");
}

TEST(ImportConfigTest, LinearAttentionBetweenFullLayers) {
  ExpectIs(R"({"architectures": ["Qwen3_5MoeForConditionalGeneration"], "text_config": {
    "attn_output_gate": true, "full_attention_interval": 4, "head_dim": 256, "hidden_size": 4096,
    "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16,
    "linear_num_value_heads": 64, "linear_value_head_dim": 128, "moe_intermediate_size": 1024,
    "num_attention_heads": 32, "num_experts": 512, "num_experts_per_tok": 10,
    "num_hidden_layers": 60, "num_key_value_heads": 2, "shared_expert_intermediate_size": 1024,
    "vocab_size": 248320}, "tie_word_embeddings": false,
    "vision_config": {"depth": 27, "hidden_size": 1152}})",
           "qwen-3.5-397b-a17b");
}

TEST(ImportConfigTest, OlderFamilies) {
  ExpectIs(R"({"architectures": ["PhiForCausalLM"], "hidden_size": 2560,
    "intermediate_size": 10240, "num_attention_heads": 32, "num_hidden_layers": 32,
    "num_key_value_heads": 32, "tie_word_embeddings": false, "vocab_size": 51200})",
           "phi-2");
  ExpectIs(R"({"architectures": ["BloomForCausalLM"], "n_embed": 14336, "n_layer": 70,
    "num_attention_heads": 112, "vocab_size": 250880})",
           "bloom-176b");
  // GPT-2 XL has 1 557 611 200 weights.
  const Result<ModelFile> xl = ImportConfig(
      R"({"architectures": ["GPT2LMHeadModel"], "n_embd": 1600, "n_head": 25, "n_layer": 48,
          "n_positions": 1024, "vocab_size": 50257, "id2label": {"0": "LABEL_0"}})",
      "gpt2-xl");
  ASSERT_THAT(xl, IsOk());
  EXPECT_EQ(TotalWeights(xl->model), 1557611200.0);
}

TEST(ImportConfigTest, SaysWhatItDoesNotKnow) {
  const Result<ModelFile> mamba = ImportConfig(
      R"({"architectures": ["MambaForCausalLM"], "state_size": 16, "conv_kernel": 4})", "mamba");
  EXPECT_THAT(mamba, IsError(ErrorCode::kUnsupported,
                             HasSubstr("found the architecture 'MambaForCausalLM', which this "
                                       "import does not know; the file has the keys "
                                       "architectures state_size conv_kernel")));
  EXPECT_THAT(mamba, HasHint(HasSubstr("known are BloomForCausalLM")));
  EXPECT_THAT(ImportConfig(R"({"hidden_size": 5})", "x"),
              IsError(ErrorCode::kUnsupported, HasSubstr("found no 'architectures'")));
  EXPECT_THAT(ImportConfig(R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 64})", "x"),
              IsError(ErrorCode::kBadInput, HasSubstr("'num_hidden_layers' is absent")));
  EXPECT_THAT(ImportConfig("weights", "x"),
              IsError(ErrorCode::kBadInput, HasSubstr("expected a config.json")));
}

}  // namespace
}  // namespace commplan::profiles
