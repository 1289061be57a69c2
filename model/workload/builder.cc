#include "model/workload/builder.h"

#include <cmath>
#include <string>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan::workload_internal {
namespace {

// Megatron's cross entropy sweeps fp32 logits nine times; its backward half as often.
constexpr double kLossBytes = 9 * 4.0;
constexpr double kLossBackward = 0.5;
constexpr double kMaskBytes = 1;  // a dropout mask, for one value

bool IsWhole(double n) { return n == std::floor(n); }

bool Divides(double tokens, int ranks) { return std::fmod(tokens, ranks) == 0; }

// A count as people write it.
std::string Whole(double n) { return std::to_string(static_cast<std::int64_t>(n)); }

}  // namespace

Builder::Builder(const Transformer& model, const Layout& layout, const Precision& precision,
                 const Demand& demand, Program* program)
    : model_(model), layout_(layout), precision_(precision), demand_(demand), program_(*program) {
  prefill_ = demand.prefill;
  decode_ = demand.decode;
  // The busiest of the attention_dp ranks; the others wait for it, or run as many empty tokens.
  if (layout.attention_dp > 1) {
    prefill_.sequences = std::ceil(prefill_.sequences / layout.attention_dp);
    decode_.sequences = std::ceil(decode_.sequences / layout.attention_dp);
  }
  tokens_ = prefill_.Tokens() / layout.cp + decode_.Tokens();
  own_ = layout.sequence_parallel ? tokens_ / layout.tp : tokens_;
  program->tokens = tokens_;
}

Status Builder::Check() const {
  CHECK(demand_.prefill.sequences >= 0 && demand_.decode.sequences >= 0);
  if (tokens_ <= 0) return BadInputError("the step has no tokens", {}, "give a batch and a length");
  if (training() && (demand_.decode.sequences > 0 || demand_.prefill.context > 0)) {
    return BadInputError("training has neither decode sequences nor a cached context");
  }
  const double length = demand_.prefill.new_tokens;
  if (layout_.cp > 1 && IsWhole(length) && !Divides(length, layout_.cp)) {
    return UnsupportedError("sequences of " + Whole(length) + " tokens do not divide over cp " +
                            std::to_string(layout_.cp));
  }
  if (layout_.sequence_parallel && layout_.tp > 1 &&
      (tokens_ < layout_.tp || (IsWhole(tokens_) && !Divides(tokens_, layout_.tp)))) {
    return UnsupportedError("sequence parallelism cannot divide " + Whole(tokens_) +
                                " tokens over tp " + std::to_string(layout_.tp),
                            "leave it off, or take a batch that divides");
  }
  bool experts = false;
  for (const LayerKind& kind : model_.kinds) experts = experts || kind.mlp.IsExperts();
  const bool spreads = DispatchesTokens() || (training() && layout_.ep > 1);
  if (experts && spreads && layout_.tp > 1 && !layout_.sequence_parallel) {
    return UnsupportedError("tp " + std::to_string(layout_.tp) +
                                " ranks hold the same tokens and would dispatch each " +
                                std::to_string(layout_.tp) + " times",
                            "use sequence parallelism, so that each rank dispatches its own");
  }
  if (experts && training() && layout_.expert_exchange == ExpertExchange::kReduce &&
      program_.cut.expert_tp != layout_.tp) {
    return UnsupportedError("experts by reduce are cut like the attention, found expert_tp " +
                                std::to_string(program_.cut.expert_tp) + " beside tp " +
                                std::to_string(layout_.tp),
                            "use all-to-all, or leave expert_tp out");
  }
  return OkStatus();
}

// ---- one operation each ----

void Builder::AddGemm(Site site, double m, double n, double k, DataType weights) {
  if (m <= 0 || n <= 0) return;
  // The tables of embedding and head are not quantised, nor is what they are multiplied with.
  const bool table = site == Site::kLogits;
  const DataType activations = table ? precision_.residual : precision_.activations;
  program_.operations.push_back({site, Pass::kForward, 1, Gemm{m, n, k, weights, activations}});
}

void Builder::AddGrouped(Site site, const GroupedGemm& gemm) {
  program_.operations.push_back({site, Pass::kForward, 1, gemm});
}

void Builder::AddSweep(Site site, double bytes) {
  program_.operations.push_back({site, Pass::kForward, 1, Sweep{B(bytes), 1}});
}

void Builder::AddCollective(Site site, Exchange exchange, GroupKind group, int ranks, double bytes,
                            double count) {
  if (ranks < 2 || count <= 0) return;
  Collective collective;
  collective.exchange = exchange;
  collective.group = group;
  collective.ranks = ranks;
  collective.bytes = B(bytes);
  program_.operations.push_back({site, Pass::kForward, count, collective});
}

// ---- shared by several parts ----

void Builder::EnterTensor(Site site) {
  if (!layout_.sequence_parallel) return;
  const double bytes = tokens_ * Width() * BytesPerValue(precision_.communication);
  AddCollective(site, Exchange::kAllGather, GroupKind::kTensor, layout_.tp, bytes);
}

void Builder::LeaveTensor(Site site) {
  const double bytes = tokens_ * Width() * BytesPerValue(precision_.communication);
  const Exchange exchange =
      layout_.sequence_parallel ? Exchange::kReduceScatter : Exchange::kAllReduce;
  AddCollective(site, exchange, GroupKind::kTensor, layout_.tp, bytes);
}

void Builder::NormAndResidual(bool behind) {
  const double values = own_ * Width();
  if (behind) {
    AddSweep(Site::kNorm, 2 * values * ResidualBytes());
  } else if (training()) {
    const double mask = demand_.dropout ? kMaskBytes : 0;
    AddSweep(Site::kResidual, values * (3 * ResidualBytes() + mask));
    AddSweep(Site::kNorm, 2 * values * ResidualBytes());
  } else {
    // One kernel reads the block's output and the residual, and writes their sum and its norm.
    AddSweep(Site::kNorm, 4 * values * ResidualBytes());
  }
}

// ---- the parts of a model ----

void Builder::EmbeddingPart() {
  const double values = own_ * Width();
  double passes = 2;
  if (model_.positions > 0) passes += 2;
  if (model_.embedding_norm) passes += 2;
  double bytes = passes * ResidualBytes();
  if (training() && demand_.dropout) bytes += 2 * ResidualBytes() + kMaskBytes;
  AddSweep(Site::kEmbedding, values * bytes);
  LeaveTensor(Site::kEmbedding);
}

void Builder::LayerPart(const LayerKind& kind) {
  NormAndResidual(false);
  AttentionPart(kind.attention);
  if (model_.norms_per_layer > 2) NormAndResidual(true);
  if (model_.norms_per_layer > 1) {
    NormAndResidual(false);
  }
  MlpPart(kind.mlp);
  if (model_.norms_per_layer > 2) NormAndResidual(true);
}

void Builder::HeadPart() {
  const DataType weights = precision_.embeddings;
  if (training()) {
    AddSweep(Site::kFinalNorm, 2 * own_ * Width() * ResidualBytes());
    EnterTensor(Site::kLogits);
    AddGemm(Site::kLogits, tokens_, program_.cut.vocabulary, Width(), weights);
    AddSweep(Site::kLoss, kLossBytes * tokens_ * program_.cut.vocabulary);
    // The largest logit, the sum, and the target's logit, of each token.
    AddCollective(Site::kLoss, Exchange::kAllReduce, GroupKind::kTensor, layout_.tp,
                  tokens_ * BytesPerValue(DataType::kFp32), 3);
    return;
  }
  AddSweep(Site::kFinalNorm, 4 * own_ * Width() * ResidualBytes());
  EnterTensor(Site::kLogits);
  // Logits are computed for each token that is decoded, and for the last one of each prompt.
  const double rows = (demand_.prompt_ends ? prefill_.sequences : 0) + decode_.Tokens();
  AddGemm(Site::kLogits, rows, program_.cut.vocabulary, Width(), weights);
  if (rows <= 0) return;
  const double bytes = rows * static_cast<double>(program_.cut.padded_vocabulary) * ResidualBytes();
  AddCollective(Site::kLogits, Exchange::kAllGather, GroupKind::kTensor, layout_.tp, bytes);
}

void Builder::BoundaryPart() {
  const double bytes = own_ * Width() * BytesPerValue(precision_.communication);
  const bool scatter = layout_.scatter_boundaries && !layout_.sequence_parallel && layout_.tp > 1;
  AddCollective(Site::kStageBoundary, Exchange::kPointToPoint, GroupKind::kPipeline, 2,
                scatter ? bytes / layout_.tp : bytes);
  if (scatter) {
    AddCollective(Site::kStageBoundary, Exchange::kAllGather, GroupKind::kTensor, layout_.tp,
                  bytes);
  }
}

}  // namespace commplan::workload_internal
