// The operations of an MLP block, dense or of experts, and what ranks exchange for it.

#include <cmath>
#include <cstdint>
#include <variant>

#include "model/workload/builder.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan::workload_internal {
namespace {

double Real(std::int64_t n) { return static_cast<double>(n); }

}  // namespace

void Builder::MlpPart(const Mlp& mlp) {
  if (mlp.IsExperts()) {
    Experts(mlp);
    return;
  }
  EnterTensor(Site::kMlpUp);
  DenseMlp(Site::kMlpUp, Site::kMlpActivation, Site::kMlpDown, tokens_,
           Real(mlp.width) / layout_.tp, mlp.gated);
  LeaveTensor(Site::kMlpDown);
}

void Builder::DenseMlp(Site up, Site activation, Site down, double tokens, double width,
                       bool gated) {
  const double ups = gated ? 2 : 1;
  AddGemm(up, tokens, ups * width, Width(), precision_.weights);
  AddSweep(activation, (ups + 1) * tokens * width * ResidualBytes());
  AddGemm(down, tokens, Width(), width, precision_.weights);
}

// The three ways of model/workload/layout.h. `rows` are the pairs of a token and an expert that
// land on this rank when experts are chosen evenly.
void Builder::Experts(const Mlp& mlp) {
  const double k = Real(mlp.active);
  const int ep = layout_.ep;
  const int expert_tp = program_.cut.expert_tp;
  const double sent = BytesPerValue(precision_.communication);
  // With one attention rank every expert rank already has every token.
  const bool gather = layout_.expert_exchange == ExpertExchange::kGather &&
                      (layout_.attention_dp > 1 || (training() && ep > 1));
  if (DispatchesTokens()) {
    AddGemm(Site::kRouter, own_, Real(mlp.experts), Width(), DataType::kBf16);
    SharedExperts(mlp);
    const double pairs = own_ * k;
    AddCollective(Site::kDispatch, Exchange::kAllToAll, GroupKind::kExpert, ep,
                  pairs * Width() * BytesPerValue(precision_.dispatch));
    if (ep > 1) std::get<Collective>(program_.operations.back().what).node_limit = mlp.node_limit;
    AddCollective(Site::kDispatch, Exchange::kAllGather, GroupKind::kExpertTensor, expert_tp,
                  pairs * expert_tp * Width() * sent);
    ExpertGemms(mlp, pairs * expert_tp, own_ * program_.cut.expert_ranks);
    AddCollective(Site::kCombine, Exchange::kReduceScatter, GroupKind::kExpertTensor, expert_tp,
                  pairs * expert_tp * Width() * sent);
    AddCollective(Site::kCombine, Exchange::kAllToAll, GroupKind::kExpert, ep,
                  pairs * Width() * sent);
    if (ep > 1) std::get<Collective>(program_.operations.back().what).node_limit = mlp.node_limit;
    AddSweep(Site::kCombine, (pairs + own_) * Width() * ResidualBytes());
    return;
  }
  if (!gather) {
    EnterTensor(Site::kRouter);
    AddGemm(Site::kRouter, tokens_, Real(mlp.experts), Width(), DataType::kBf16);
    SharedExperts(mlp);
    ExpertGemms(mlp, tokens_ * k / ep, tokens_);
    AddSweep(Site::kCombine, (tokens_ * k / ep + tokens_) * Width() * ResidualBytes());
    LeaveTensor(Site::kCombine);
    return;
  }
  // Serving gathers over the attention ranks and leaves the tensor group by its own all-reduce;
  // training gathers over all ranks that share the experts, each with its own tokens.
  const int ranks = training() ? program_.cut.expert_ranks : layout_.attention_dp;
  const GroupKind group = training() ? GroupKind::kExpert : GroupKind::kAttentionData;
  if (!training()) EnterTensor(Site::kRouter);
  const double local = training() ? own_ : tokens_;
  AddGemm(Site::kRouter, local, Real(mlp.experts), Width(), DataType::kBf16);
  SharedExperts(mlp);
  const double all = local * ranks;
  AddCollective(Site::kDispatch, Exchange::kAllGather, group, ranks, all * Width() * sent);
  ExpertGemms(mlp, all * k / ep, all);
  AddSweep(Site::kCombine, (all * k / ep + all) * Width() * ResidualBytes());
  AddCollective(Site::kCombine, Exchange::kReduceScatter, group, ranks, all * Width() * sent);
  if (!training()) LeaveTensor(Site::kCombine);
}

void Builder::ExpertGemms(const Mlp& mlp, double rows, double tokens) {
  const double width = Real(mlp.width) / program_.cut.expert_tp;
  const double ups = mlp.gated ? 2 : 1;
  GroupedGemm gemm;
  gemm.rows = rows;
  gemm.groups = Real(mlp.experts) / layout_.ep;
  // An expert is missed by all tokens with probability (1 - k/E)^tokens.
  const double missed = mlp.active == mlp.experts
                            ? 0
                            : std::exp(tokens * std::log1p(-Real(mlp.active) / Real(mlp.experts)));
  gemm.touched = gemm.groups * (1 - missed);
  gemm.tokens = tokens;
  gemm.weights = precision_.expert_weights;
  gemm.activations = precision_.activations;
  gemm.n = ups * width;
  gemm.k = Width();
  AddGrouped(Site::kExpertUp, gemm);
  AddSweep(Site::kExpertActivation, (ups + 1) * rows * width * ResidualBytes());
  gemm.n = Width();
  gemm.k = width;
  AddGrouped(Site::kExpertDown, gemm);
}

// Where tokens are dispatched, a serving rank computes the whole shared experts for its own tokens;
// Megatron gathers the tokens of its tensor group and cuts them. Else they are cut like any MLP and
// their result is summed together with that of the experts.
void Builder::SharedExperts(const Mlp& mlp) {
  if (mlp.shared_width == 0) return;
  const double width = Real(mlp.shared_width);
  if (DispatchesTokens() && !training()) {
    DenseMlp(Site::kSharedUp, Site::kSharedActivation, Site::kSharedDown, own_, width, mlp.gated);
    return;
  }
  const bool around = training() && (DispatchesTokens() || layout_.ep > 1);
  if (around) EnterTensor(Site::kSharedUp);
  DenseMlp(Site::kSharedUp, Site::kSharedActivation, Site::kSharedDown, tokens_, width / layout_.tp,
           mlp.gated);
  if (around) LeaveTensor(Site::kSharedDown);
}

}  // namespace commplan::workload_internal
