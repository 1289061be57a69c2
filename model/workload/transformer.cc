#include "model/workload/transformer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/result.h"

namespace commplan {
namespace {

// A layer's counts in doubles; every product below is a whole number far under 2^53.
double Real(std::int64_t n) { return static_cast<double>(n); }

double NormWeights(const Transformer& model) {
  return Real(model.hidden) * (model.norm == NormKind::kLayer ? 2 : 1);
}

double GroupedWeights(const Transformer& model, const Attention& a) {
  const double h = Real(model.hidden);
  const double queries = Real(a.heads) * Real(a.head_dim) * (a.gate ? 2 : 1);
  const double keys = Real(a.kv_heads) * Real(a.head_dim);
  const double values = Real(a.kv_heads) * Real(a.ValueDim());
  double weights = h * (queries + keys + values) + Real(a.heads) * Real(a.ValueDim()) * h;
  if (a.qkv_bias) weights += queries + keys + values;
  if (a.output_bias) weights += h;
  if (a.sinks) weights += Real(a.heads);
  if (a.head_norm == HeadNorm::kPerHead) weights += 2 * Real(a.head_dim);
  if (a.head_norm == HeadNorm::kWhole) weights += Real(a.heads + a.kv_heads) * Real(a.head_dim);
  return weights;
}

double LatentWeights(const Transformer& model, const Attention& a) {
  const double h = Real(model.hidden);
  const double heads = Real(a.heads);
  const double key = Real(a.head_dim + a.rope_dim);
  const double rank = Real(a.latent_rank);
  const double query_rank = Real(a.query_rank);
  double weights =
      a.query_rank > 0 ? h * query_rank + query_rank + query_rank * heads * key : h * heads * key;
  weights += h * (rank + Real(a.rope_dim)) + rank;
  weights += rank * heads * Real(a.head_dim + a.ValueDim());
  weights += heads * Real(a.ValueDim()) * h;
  if (a.index_heads > 0) {
    // Queries from the query latent, one key for all heads with a norm, a weight for each head.
    const double index_dim = Real(a.index_dim);
    weights += (a.query_rank > 0 ? query_rank : h) * Real(a.index_heads) * index_dim;
    weights += h * index_dim + 2 * index_dim + h * Real(a.index_heads);
  }
  return weights;
}

double LinearWeights(const Transformer& model, const Attention& a) {
  const double h = Real(model.hidden);
  const double keys = Real(a.kv_heads) * Real(a.head_dim);
  const double values = Real(a.heads) * Real(a.ValueDim());
  // Query, key, value, output gate; decay and write strength; convolution over q, k, v; decay's two
  // vectors; the norm of one value head; output.
  return h * (2 * keys + 2 * values) + h * 2 * Real(a.heads) +
         (2 * keys + values) * Real(a.convolution) + 2 * Real(a.heads) + Real(a.ValueDim()) +
         values * h;
}

double MlpWeights(double hidden, double width, bool gated, bool bias) {
  const double ups = gated ? 2 : 1;
  return (ups + 1) * hidden * width + (bias ? ups * width + hidden : 0);
}

Error Wrong(const std::string& where, const std::string& what) {
  std::string message = where;
  message += ": ";
  message += what;
  return BadInputError(std::move(message));
}

Status CheckAttention(const std::string& where, const Attention& a) {
  if (a.heads < 1 || a.head_dim < 1) return Wrong(where, "found no heads or no head_dim");
  if (a.kind == AttentionKind::kLatent) {
    if (a.latent_rank < 1) return Wrong(where, "found latent attention without latent_rank");
    if (a.index_heads > 0 && (a.index_dim < 1 || a.index_keys < 1)) {
      return Wrong(where, "found index_heads without index_dim and index_keys");
    }
    return OkStatus();
  }
  if (a.kv_heads < 1 || a.heads % a.kv_heads != 0) {
    return Wrong(where, "found " + std::to_string(a.heads) + " heads over " +
                            std::to_string(a.kv_heads) + " kv_heads, expected a multiple");
  }
  return OkStatus();
}

Status CheckMlp(const std::string& where, const Mlp& mlp) {
  if (mlp.width < 1) return Wrong(where, "found no width of the MLP");
  if (mlp.IsExperts() && (mlp.active < 1 || mlp.active > mlp.experts)) {
    return Wrong(where, "found " + std::to_string(mlp.active) + " active of " +
                            std::to_string(mlp.experts) + " experts");
  }
  if (!mlp.IsExperts() && (mlp.active > 0 || mlp.shared_width > 0)) {
    return Wrong(where, "found active or shared experts, but no experts");
  }
  return OkStatus();
}

// How often `kind` occurs among the first `count` layers.
std::int64_t Among(const Transformer& model, int kind, std::int64_t count) {
  const auto leading = static_cast<std::int64_t>(model.first.size());
  const auto head = model.first.begin() + std::min(count, leading);
  std::int64_t found = std::count(model.first.begin(), head, kind);
  const std::int64_t rest = count - leading;
  if (rest <= 0 || model.cycle.empty()) return found;
  const auto length = static_cast<std::int64_t>(model.cycle.size());
  const auto part = model.cycle.begin() + rest % length;
  found += (rest / length) * std::count(model.cycle.begin(), model.cycle.end(), kind);
  return found + std::count(model.cycle.begin(), part, kind);
}

}  // namespace

std::string_view Name(AttentionKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"grouped", "latent", "linear"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view Name(HeadNorm norm) {
  constexpr std::array<std::string_view, 3> kNames = {"none", "per-head", "whole"};
  return kNames[static_cast<std::size_t>(norm)];
}

std::string_view Name(NormKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"rms", "layer", "layer-no-bias"};
  return kNames[static_cast<std::size_t>(kind)];
}

Status Validate(const Transformer& model) {
  const std::string where = model.name.empty() ? "model" : model.name;
  if (model.hidden < 1 || model.layers < 1 || model.vocabulary < 1) {
    return Wrong(where, "found no hidden size, no layers or no vocabulary");
  }
  if (model.kinds.empty()) return Wrong(where, "found no kind of layer");
  if (static_cast<std::int64_t>(model.first.size()) > model.layers) {
    return Wrong(where, "found more leading layers than layers");
  }
  if (model.cycle.empty() && static_cast<std::int64_t>(model.first.size()) < model.layers) {
    return Wrong(where, "found no kind for the layers after the leading ones");
  }
  for (const std::vector<int>* list : {&model.first, &model.cycle}) {
    for (const int kind : *list) {
      CHECK(kind >= 0 && static_cast<std::size_t>(kind) < model.kinds.size());
    }
  }
  for (const LayerKind& kind : model.kinds) {
    const std::string part = where + ", layers of kind " + kind.name;
    RETURN_IF_ERROR(CheckAttention(part, kind.attention));
    RETURN_IF_ERROR(CheckMlp(part, kind.mlp));
  }
  return OkStatus();
}

std::int64_t LayersOfKind(const Transformer& model, int kind, std::int64_t begin,
                          std::int64_t end) {
  CHECK(0 <= begin && begin <= end && end <= model.layers);
  return Among(model, kind, end) - Among(model, kind, begin);
}

LayerWeights WeightsOf(const Transformer& model, const LayerKind& kind) {
  LayerWeights weights;
  const Attention& a = kind.attention;
  switch (a.kind) {
    case AttentionKind::kGrouped:
      weights.attention = GroupedWeights(model, a);
      break;
    case AttentionKind::kLatent:
      weights.attention = LatentWeights(model, a);
      break;
    case AttentionKind::kLinear:
      weights.attention = LinearWeights(model, a);
      break;
  }
  weights.norms = Real(model.norms_per_layer) * NormWeights(model);
  const Mlp& mlp = kind.mlp;
  const double h = Real(model.hidden);
  const double one = MlpWeights(h, Real(mlp.width), mlp.gated, mlp.bias);
  if (!mlp.IsExperts()) {
    weights.dense = one;
    return weights;
  }
  weights.experts = one * Real(mlp.experts);
  weights.active_experts = one * Real(mlp.active);
  weights.dense =
      h * Real(mlp.experts) + (mlp.router_bias ? Real(mlp.experts) : 0) + (mlp.shared_gate ? h : 0);
  if (mlp.shared_width > 0) {
    weights.dense += MlpWeights(h, Real(mlp.shared_width), mlp.gated, mlp.bias);
  }
  return weights;
}

double EmbeddingWeights(const Transformer& model) {
  return Real(model.vocabulary + model.positions) * Real(model.hidden) +
         (model.embedding_norm ? NormWeights(model) : 0);
}

double HeadWeights(const Transformer& model) {
  return NormWeights(model) + (model.tied ? 0 : Real(model.vocabulary) * Real(model.hidden)) +
         (model.head_bias ? Real(model.vocabulary) : 0);
}

double TotalWeights(const Transformer& model) {
  double total = EmbeddingWeights(model) + HeadWeights(model);
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const auto kind = static_cast<int>(i);
    total +=
        Real(LayersOfKind(model, kind, 0, model.layers)) * WeightsOf(model, model.kinds[i]).Total();
  }
  return total;
}

double ActiveWeights(const Transformer& model, Embedding embedding) {
  double active = HeadWeights(model);
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const auto kind = static_cast<int>(i);
    active += Real(LayersOfKind(model, kind, 0, model.layers)) *
              WeightsOf(model, model.kinds[i]).Active();
  }
  if (embedding == Embedding::kCounted) return active + EmbeddingWeights(model);
  // A tied matrix is multiplied with as the head.
  return active + (model.tied ? Real(model.vocabulary) * Real(model.hidden) : 0);
}

}  // namespace commplan
