#include "profiles/model_fields.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "model/workload/transformer.h"
#include "profiles/model_file.h"

namespace commplan::profiles {
namespace {

// A word of the file for an enumeration with names of its own; the first one is the default.
template <class Enum, std::size_t kCount>
void Choice(ModelVisitor& visitor, std::string_view key, Enum* value) {
  std::array<std::string_view, kCount> words;
  for (std::size_t i = 0; i < kCount; ++i) words[i] = Name(static_cast<Enum>(i));
  auto index = static_cast<std::size_t>(*value);
  visitor.Word(key, words, &index);
  *value = static_cast<Enum>(index);
}

void VisitAttention(ModelVisitor& visitor, Attention* a) {
  Choice<AttentionKind, 3>(visitor, "kind", &a->kind);
  visitor.Number("heads", 1, &a->heads);
  if (a->kind != AttentionKind::kLatent) visitor.Number("kv_heads", 1, &a->kv_heads);
  visitor.Number("head_dim", 1, &a->head_dim);
  visitor.Optional("value_dim", 0, &a->value_dim);
  if (a->kind == AttentionKind::kLatent) {
    visitor.Optional("query_rank", 0, &a->query_rank);
    visitor.Number("latent_rank", 1, &a->latent_rank);
    visitor.Number("rope_dim", 1, &a->rope_dim);
    visitor.Optional("index_heads", 0, &a->index_heads);
    visitor.Optional("index_dim", 0, &a->index_dim);
    visitor.Optional("index_keys", 0, &a->index_keys);
    return;
  }
  if (a->kind == AttentionKind::kLinear) {
    visitor.Number("convolution", 1, &a->convolution);
    return;
  }
  visitor.Optional("window", 0, &a->window);
  Choice<HeadNorm, 3>(visitor, "head_norm", &a->head_norm);
  visitor.Flag("qkv_bias", false, &a->qkv_bias);
  visitor.Flag("output_bias", false, &a->output_bias);
  visitor.Flag("sinks", false, &a->sinks);
  visitor.Flag("gate", false, &a->gate);
}

void VisitMlp(ModelVisitor& visitor, Mlp* mlp) {
  visitor.Number("width", 1, &mlp->width);
  visitor.Flag("gated", true, &mlp->gated);
  visitor.Flag("bias", false, &mlp->bias);
  visitor.Optional("experts", 0, &mlp->experts);
  if (mlp->experts == 0) return;
  visitor.Number("active", 1, &mlp->active);
  visitor.Optional("shared_width", 0, &mlp->shared_width);
  visitor.Flag("shared_gate", false, &mlp->shared_gate);
  visitor.Flag("router_bias", false, &mlp->router_bias);
  visitor.Optional("node_limit", 0, &mlp->node_limit);
}

}  // namespace

void VisitShape(ModelVisitor& visitor, Transformer* model) {
  visitor.Number("hidden", 1, &model->hidden);
  visitor.Number("layers", 1, &model->layers);
  visitor.Number("vocabulary", 1, &model->vocabulary);
  visitor.Optional("positions", 0, &model->positions);
  visitor.Flag("tied", false, &model->tied);
  visitor.Flag("head_bias", false, &model->head_bias);
  Choice<NormKind, 3>(visitor, "norm", &model->norm);
  visitor.Optional("norms_per_layer", 2, &model->norms_per_layer);
  visitor.Flag("embedding_norm", false, &model->embedding_norm);
}

void VisitPublished(ModelVisitor& visitor, Published* published) {
  constexpr std::array<std::string_view, 2> kCounted = {"left-out", "counted"};
  visitor.Real("total", &published->total);
  visitor.Real("total_within", &published->total_within);
  visitor.Real("active", &published->active);
  visitor.Real("active_within", &published->active_within);
  std::size_t counted = published->active_embedding == Embedding::kCounted ? 1 : 0;
  visitor.Word("active_embedding", kCounted, &counted);
  published->active_embedding = counted == 1 ? Embedding::kCounted : Embedding::kLeftOut;
  visitor.Text("source", Presence::kRequired, &published->source);
  visitor.Text("note", Presence::kOptional, &published->note);
}

void VisitKind(ModelVisitor& visitor, LayerKind* kind) {
  if (visitor.Enter("attention", Presence::kRequired)) {
    VisitAttention(visitor, &kind->attention);
    visitor.Leave();
  }
  if (visitor.Enter("mlp", Presence::kRequired)) {
    VisitMlp(visitor, &kind->mlp);
    visitor.Leave();
  }
}

}  // namespace commplan::profiles
