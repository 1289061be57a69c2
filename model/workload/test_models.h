// The test models are shapes of real families, written out for the tests of the model's rooms,
// which read no files.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "model/workload/transformer.h"

namespace commplan {

inline Transformer DenseModel(std::string name, std::int64_t hidden, std::int64_t layers,
                              std::int64_t heads, std::int64_t kv_heads, std::int64_t head_dim,
                              std::int64_t width, std::int64_t vocabulary) {
  Transformer model;
  model.name = std::move(name);
  model.hidden = hidden;
  model.layers = layers;
  model.vocabulary = vocabulary;
  LayerKind kind;
  kind.name = "decoder";
  kind.attention.heads = heads;
  kind.attention.kv_heads = kv_heads;
  kind.attention.head_dim = head_dim;
  kind.mlp.width = width;
  model.kinds = {kind};
  model.cycle = {0};
  return model;
}

inline Transformer Llama8B() {
  return DenseModel("llama-3-8b", 4096, 32, 32, 8, 128, 14336, 128256);
}

inline Transformer Llama70B() {
  return DenseModel("llama-3-70b", 8192, 80, 64, 8, 128, 28672, 128256);
}

// The plain layers of Narayanan et al. and Korthikanti et al.: 12·h² weights, one bias each.
inline Transformer MegatronModel(std::int64_t hidden, std::int64_t layers, std::int64_t heads) {
  Transformer model =
      DenseModel("megatron", hidden, layers, heads, heads, hidden / heads, 4 * hidden, 51200);
  model.positions = 2048;
  model.tied = true;
  model.norm = NormKind::kLayer;
  LayerKind& kind = model.kinds[0];
  kind.attention.qkv_bias = kind.attention.output_bias = kind.mlp.bias = true;
  kind.mlp.gated = false;
  return model;
}

inline Transformer Mixtral8x7B() {
  Transformer model = DenseModel("mixtral-8x7b", 4096, 32, 32, 8, 128, 14336, 32000);
  model.kinds[0].mlp.experts = 8;
  model.kinds[0].mlp.active = 2;
  return model;
}

inline Transformer DeepSeekV3() {
  Transformer model = DenseModel("deepseek-v3", 7168, 61, 128, 128, 128, 18432, 129280);
  Attention& a = model.kinds[0].attention;
  a.kind = AttentionKind::kLatent;
  a.query_rank = 1536;
  a.latent_rank = 512;
  a.rope_dim = 64;
  a.value_dim = 128;
  LayerKind experts = model.kinds[0];
  experts.name = "experts";
  experts.mlp = {};
  experts.mlp.width = 2048;
  experts.mlp.experts = 256;
  experts.mlp.active = 8;
  experts.mlp.shared_width = 2048;
  experts.mlp.router_bias = true;
  experts.mlp.node_limit = 4;
  model.kinds.push_back(experts);
  model.first = {0, 0, 0};
  model.cycle = {1};
  return model;
}

// Five local layers, then a global one.
inline Transformer Gemma27B() {
  Transformer model = DenseModel("gemma-3-27b", 5376, 62, 32, 16, 128, 21504, 262208);
  model.tied = true;
  model.norms_per_layer = 4;
  model.kinds[0].attention.head_norm = HeadNorm::kPerHead;
  LayerKind global = model.kinds[0];
  model.kinds[0].attention.window = 1024;
  model.kinds.push_back(global);
  model.cycle = {0, 0, 0, 0, 0, 1};
  return model;
}

}  // namespace commplan
