// A transformer is the shape of a model: widths, heads, experts, and which kind of layer stands
// where. It holds no weights and no data types; those are a choice of whoever runs it.
//
// Layers come in few kinds (DeepSeek: dense and expert layers; Gemma: local and global attention).
// `first` names the kinds of the leading layers, `cycle` repeats over the rest, so that a model of
// 126 layers is described, and evaluated, by its one or two kinds.
//
// Weights are counted from the shape alone. With h the hidden size, a layer of grouped attention
// (a heads of d, g KV heads) and a gated MLP of width f has
//   h·(a + 2g)·d + a·d·h + 3·h·f  and the norms.
//
// Left out: vision and audio encoders, and the extra layers of multi-token prediction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"

namespace commplan {

enum class AttentionKind : std::uint8_t {
  kGrouped,  // queries in groups that share a KV head; multi-head and multi-query are its ends
  kLatent,   // MLA: one compressed key and value for all heads
  kLinear,   // gated delta rule: a state of fixed size in place of a cache
};
std::string_view Name(AttentionKind kind);

// Normalisation of queries and keys: none, each head by itself, or all heads of a token together.
enum class HeadNorm : std::uint8_t { kNone, kPerHead, kWhole };
std::string_view Name(HeadNorm norm);

struct Attention {
  AttentionKind kind = AttentionKind::kGrouped;
  std::int64_t heads = 1;     // query heads; of linear attention, the value heads
  std::int64_t kv_heads = 1;  // of grouped attention; of linear attention, the key heads
  std::int64_t head_dim = 1;  // of queries and keys; of latent attention, the part without position
  std::int64_t value_dim = 0;  // of a head's values; 0: as head_dim
  std::int64_t window = 0;     // tokens that a query sees at most; 0: all
  HeadNorm head_norm = HeadNorm::kNone;
  bool qkv_bias = false;
  bool output_bias = false;
  bool sinks = false;  // one learned logit for each head
  bool gate = false;   // a gate on the output, as wide as the queries

  // Latent attention.
  std::int64_t query_rank = 0;   // 0: queries are projected directly
  std::int64_t latent_rank = 0;  // of keys and values
  std::int64_t rope_dim = 0;     // the part of a key that carries the position, shared by all heads
  // An indexer that picks `index_keys` tokens for each query (DeepSeek sparse attention); 0: none.
  std::int64_t index_heads = 0;
  std::int64_t index_dim = 0;
  std::int64_t index_keys = 0;

  std::int64_t convolution = 0;  // taps of linear attention's short convolution

  std::int64_t ValueDim() const { return value_dim > 0 ? value_dim : head_dim; }

  friend bool operator==(const Attention&, const Attention&) = default;
};

struct Mlp {
  std::int64_t width = 0;  // of the dense MLP, or of one expert
  bool gated = true;       // up and gate, or up alone
  bool bias = false;
  std::int64_t experts = 0;       // routed ones; 0: a dense MLP
  std::int64_t active = 0;        // routed experts for each token
  std::int64_t shared_width = 0;  // of all shared experts together; 0: none
  bool shared_gate = false;       // a sigmoid gate on the shared experts
  bool router_bias = false;
  std::int64_t node_limit = 0;  // nodes that a token's experts may stand on; 0: any

  bool IsExperts() const { return experts > 0; }

  friend bool operator==(const Mlp&, const Mlp&) = default;
};

struct LayerKind {
  std::string name;
  Attention attention;
  Mlp mlp;

  friend bool operator==(const LayerKind&, const LayerKind&) = default;
};

enum class NormKind : std::uint8_t { kRms, kLayer, kLayerNoBias };
std::string_view Name(NormKind kind);

struct Transformer {
  std::string name;
  std::string title;
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;  // learned position embeddings; 0: none
  bool tied = false;           // the head's matrix is the embedding's
  bool head_bias = false;
  NormKind norm = NormKind::kRms;
  std::int64_t norms_per_layer = 2;  // 4 where attention and MLP are also normed behind
  bool embedding_norm = false;
  std::vector<LayerKind> kinds;
  std::vector<int> first;  // kinds of the leading layers, as indexes
  std::vector<int> cycle;  // kinds of the others, repeating

  friend bool operator==(const Transformer&, const Transformer&) = default;
};

// What is wrong with the shape as such: a zero width, more active experts than there are, KV heads
// that do not divide the query heads.
Status Validate(const Transformer& model);

// How many of the layers [begin, end) are of this kind. Takes no longer for more layers.
std::int64_t LayersOfKind(const Transformer& model, int kind, std::int64_t begin, std::int64_t end);

// Number of weights. All are exact below 2^53.
struct LayerWeights {
  double attention = 0;  // all that is not MLP: projections, head norms, sinks
  double norms = 0;
  double dense = 0;           // the dense MLP, or router and shared experts
  double experts = 0;         // all routed experts
  double active_experts = 0;  // those that one token uses

  double Total() const { return attention + norms + dense + experts; }
  double Active() const { return attention + norms + dense + active_experts; }
};
LayerWeights WeightsOf(const Transformer& model, const LayerKind& kind);

double EmbeddingWeights(const Transformer& model);  // token and position tables, embedding norm
double HeadWeights(const Transformer& model);       // final norm, and the head's matrix unless tied
double TotalWeights(const Transformer& model);

// What one token's forward pass multiplies with: of the routed experts the active ones. Reports
// differ on whether the embedding, which is only looked up, counts.
enum class Embedding { kCounted, kLeftOut };
double ActiveWeights(const Transformer& model, Embedding embedding);

}  // namespace commplan
