#include "model/workload/weights.h"

#include <cstddef>
#include <cstdint>

#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

double Real(std::int64_t n) { return static_cast<double>(n); }

void AddAttention(const Transformer& model, const Attention& a, int tp, Matrices* list) {
  const double h = Real(model.hidden);
  const double heads = Real(a.heads) / tp;
  const double value = Real(a.ValueDim());
  switch (a.kind) {
    case AttentionKind::kGrouped: {
      const double kv = Real(KvHeadsOnRank(a, tp)) * (Real(a.head_dim) + value);
      list->Add({Site::kQueryKeyValue, heads * Real(a.head_dim) * (a.gate ? 2 : 1) + kv, h});
      break;
    }
    case AttentionKind::kLatent: {
      const double key = Real(a.head_dim + a.rope_dim);
      const double latent = Real(a.latent_rank + a.rope_dim);
      const double query_rank = Real(a.query_rank);
      list->Add({Site::kQueryKeyValue, query_rank + latent, h, 1, false, false});
      list->Add({Site::kQueryUp, heads * key, a.query_rank > 0 ? query_rank : h});
      if (a.index_heads > 0) {
        list->Add({Site::kIndexer, Real(a.index_heads * a.index_dim),
                   a.query_rank > 0 ? query_rank : h, 1, false, false});
        list->Add({Site::kIndexer, Real(a.index_dim + a.index_heads), h, 1, false, false});
      }
      list->Add({Site::kKeyValueUp, heads * (Real(a.head_dim) + value), Real(a.latent_rank)});
      break;
    }
    case AttentionKind::kLinear:
      list->Add({Site::kQueryKeyValue,
                 2 * Real(a.kv_heads) / tp * Real(a.head_dim) + 2 * heads * value + 2 * heads, h});
      break;
  }
  list->Add({Site::kAttentionOutput, h, heads * value});
}

// The ranks over which shared experts are cut: see SharedExperts in mlp_operations.cc.
int SharedCut(const Layout& layout, Phase phase) {
  const bool whole = phase == Phase::kServe && layout.expert_exchange == ExpertExchange::kAllToAll;
  return whole ? 1 : layout.tp;
}

void AddMlp(const Transformer& model, const Mlp& mlp, const Layout& layout, const Cut& cut,
            Phase phase, Matrices* list) {
  const double h = Real(model.hidden);
  const double ups = mlp.gated ? 2 : 1;
  if (!mlp.IsExperts()) {
    const double width = Real(mlp.width) / layout.tp;
    list->Add({Site::kMlpUp, ups * width, h});
    list->Add({Site::kMlpDown, h, width});
    return;
  }
  const int shared_cut = SharedCut(layout, phase);
  const double shared = Real(mlp.shared_width) / shared_cut;
  list->Add({Site::kSharedUp, ups * shared, h, 1, false, shared_cut == layout.tp});
  list->Add({Site::kSharedDown, h, shared, 1, false, shared_cut == layout.tp});
  const double experts = Real(mlp.experts) / layout.ep;
  const double width = Real(mlp.width) / cut.expert_tp;
  list->Add({Site::kExpertUp, ups * width, h, experts, true});
  list->Add({Site::kExpertDown, h, width, experts, true});
}

}  // namespace

Matrices MatricesOf(const Transformer& model, const LayerKind& kind, const Layout& layout,
                    const Cut& cut, Phase phase) {
  Matrices list;
  AddAttention(model, kind.attention, layout.tp, &list);
  AddMlp(model, kind.mlp, layout, cut, phase, &list);
  return list;
}

RankWeights LayerOnRank(const Transformer& model, const LayerKind& kind, const Layout& layout,
                        const Cut& cut, Phase phase) {
  RankWeights weights;
  double whole_linear = 0;
  double whole_experts = 0;
  for (const Matrix& matrix : MatricesOf(model, kind, layout, cut, phase)) {
    (matrix.expert ? weights.experts : weights.linear) += matrix.Values();
  }
  const Layout one;
  const Matrices whole = MatricesOf(model, kind, one, Cut(), phase);
  for (const Matrix& matrix : whole) {
    (matrix.expert ? whole_experts : whole_linear) += matrix.Values();
  }
  // Whatever is no matrix: norms, biases, routers, sinks. They are small, and counted whole.
  const LayerWeights all = WeightsOf(model, kind);
  weights.small = all.Total() - whole_linear - whole_experts;
  return weights;
}

RankWeights StageOnRank(const Transformer& model, const Layout& layout, const Cut& cut, Phase phase,
                        int stage) {
  RankWeights stage_weights;
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const double layers = Real(StageLayers(model, layout, static_cast<int>(i), stage));
    if (layers <= 0) continue;
    const RankWeights layer = LayerOnRank(model, model.kinds[i], layout, cut, phase);
    stage_weights.linear += layers * layer.linear;
    stage_weights.experts += layers * layer.experts;
    stage_weights.small += layers * layer.small;
  }
  const double h = Real(model.hidden);
  const bool first = stage == 0;
  const bool last = stage == layout.pp - 1;
  if (first) stage_weights.embedding = (cut.vocabulary + Real(model.positions)) * h;
  // A tied matrix is on both ends of a pipeline, but only once on a single stage.
  if (last && !(model.tied && first)) stage_weights.head = cut.vocabulary * h;
  const double norm = h * (model.norm == NormKind::kLayer ? 2 : 1);
  if (last) stage_weights.small += norm + (model.head_bias ? cut.vocabulary : 0);
  if (first && model.embedding_norm) stage_weights.small += norm;
  return stage_weights;
}

}  // namespace commplan
