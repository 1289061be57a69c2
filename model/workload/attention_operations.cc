// The operations of an attention block: projections, cache, scores, and what ranks exchange for it.

#include <algorithm>
#include <cstdint>

#include "model/workload/builder.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan::workload_internal {
namespace {

double Real(std::int64_t n) { return static_cast<double>(n); }

// Sum over the new tokens i = 1..n of the keys that one sees: min(context + i, limit).
double Pairs(double n, double context, double limit) {
  const double free = std::clamp(limit - context, 0.0, n);  // tokens that still see everything
  return free * context + free * (free + 1) / 2 + (n - free) * limit;
}

// Scores, softmax and dropout of attention that is not fused: bytes of one score. Of a causal row
// half is read, and all is written.
constexpr double kSoftmaxBytes = 3;
constexpr double kDropoutBytes = 5;
// Megatron of that age lays queries, keys and values out anew: seven passes over T·h/t values.
constexpr double kLayoutPasses = 7;

}  // namespace

void Builder::AttentionPart(const Attention& a) {
  EnterTensor(Site::kQueryKeyValue);
  switch (a.kind) {
    case AttentionKind::kGrouped:
      GroupedAttention(a);
      break;
    case AttentionKind::kLatent:
      LatentAttention(a);
      break;
    case AttentionKind::kLinear:
      LinearAttention(a);
      break;
  }
  const double heads = Real(a.heads) / layout_.tp;
  if (a.gate || a.kind == AttentionKind::kLinear) {
    AddSweep(Site::kAttentionGate, 3 * tokens_ * heads * Real(a.ValueDim()) * ResidualBytes());
  }
  AddGemm(Site::kAttentionOutput, tokens_, Width(), heads * Real(a.ValueDim()), precision_.weights);
  LeaveTensor(Site::kAttentionOutput);
}

// One call for the sequences of one batch; none for an empty batch. `limit` bounds the keys that a
// query sees.
void Builder::Call(Site site, const AttentionCall& shape, const Batch& batch, bool decode,
                   double limit) {
  if (batch.Tokens() <= 0) return;
  AttentionCall call = shape;
  const double cp = layout_.cp;
  const bool heads_cut = !decode && layout_.context_exchange == ContextExchange::kAllToAll;
  call.sequences = batch.sequences;
  call.query = batch.new_tokens;
  call.keys = std::min(batch.context + batch.new_tokens, limit + batch.new_tokens - 1);
  call.pairs = Pairs(batch.new_tokens, batch.context, limit);
  if (!call.fused) call.pairs = batch.new_tokens * call.keys;  // masked scores are computed too
  if (heads_cut) {
    call.heads /= cp;
    call.kv_heads = std::max(1.0, call.kv_heads / cp);
  } else if (decode) {
    call.keys /= cp;  // each rank holds a part of the context
    call.pairs /= cp;
  } else {
    call.query /= cp;
    call.pairs /= cp;
  }
  call.decode = decode;
  call.activations = precision_.residual;
  call.cache = training() ? precision_.residual : precision_.cache;
  program_.operations.push_back({site, Pass::kForward, 1, call});
}

void Builder::UnfusedScores(double heads) {
  const double tokens = prefill_.new_tokens;
  const double scores = prefill_.sequences * heads * tokens * tokens / layout_.cp;
  AddSweep(Site::kSoftmax, kSoftmaxBytes * scores);
  if (demand_.dropout) AddSweep(Site::kSoftmax, kDropoutBytes * scores);
}

// What ranks that share a prompt send before attention, with `query_width` values of a token's
// queries and `kv_width` of its keys and values on a rank.
void Builder::ContextBefore(double query_width, double kv_width) {
  const double bytes = BytesPerValue(precision_.communication);
  const double whole = prefill_.Tokens();
  const double part = whole / layout_.cp;
  if (whole <= 0) return;
  switch (layout_.context_exchange) {
    case ContextExchange::kRing:
      AddCollective(Site::kContextExchange, Exchange::kPointToPoint, GroupKind::kContext,
                    layout_.cp, part * kv_width * bytes, layout_.cp - 1);
      break;
    case ContextExchange::kGather:
      AddCollective(Site::kContextExchange, Exchange::kAllGather, GroupKind::kContext, layout_.cp,
                    whole * kv_width * bytes);
      break;
    case ContextExchange::kAllToAll:
      AddCollective(Site::kContextExchange, Exchange::kAllToAll, GroupKind::kContext, layout_.cp,
                    part * query_width * bytes);
      AddCollective(Site::kContextExchange, Exchange::kAllToAll, GroupKind::kContext, layout_.cp,
                    part * kv_width / 2 * bytes, 2);
      break;
  }
}

// Behind it: results go back to their tokens, or those of a decode step are merged.
void Builder::ContextBehind(double heads, double value_dim) {
  const double bytes = BytesPerValue(precision_.communication);
  if (layout_.context_exchange == ContextExchange::kAllToAll && prefill_.Tokens() > 0) {
    AddCollective(Site::kContextExchange, Exchange::kAllToAll, GroupKind::kContext, layout_.cp,
                  prefill_.Tokens() / layout_.cp * heads * value_dim * bytes);
  }
  // A partial result of each rank, with its largest score and its sum.
  if (decode_.Tokens() > 0) {
    AddCollective(Site::kContextExchange, Exchange::kAllGather, GroupKind::kContext, layout_.cp,
                  layout_.cp * decode_.Tokens() * heads * (value_dim + 2) * bytes);
  }
}

void Builder::GroupedAttention(const Attention& a) {
  const double heads = Real(a.heads) / layout_.tp;
  const double kv_heads = Real(KvHeadsOnRank(a, layout_.tp));
  const double key = Real(a.head_dim);
  const double value = Real(a.ValueDim());
  const double queries = heads * key;
  const double width = kv_heads * (key + value);
  AddGemm(Site::kQueryKeyValue, tokens_, queries * (a.gate ? 2 : 1) + width, Width(),
          precision_.weights);
  const double normed = queries + kv_heads * key;
  if (a.head_norm != HeadNorm::kNone) {
    AddSweep(Site::kHeadNorm, 2 * tokens_ * normed * ResidualBytes());
  }
  if (a.head_norm == HeadNorm::kWhole) {
    // The mean square of all heads of a token, of queries and of keys.
    AddCollective(Site::kHeadNorm, Exchange::kAllReduce, GroupKind::kTensor, layout_.tp,
                  2 * tokens_ * BytesPerValue(DataType::kFp32));
  }
  double moved = 2 * normed * ResidualBytes();
  if (!training()) {
    moved += kv_heads * value * ResidualBytes() + width * BytesPerValue(precision_.cache);
  } else if (!demand_.fused_attention) {
    moved = kLayoutPasses * queries * ResidualBytes();
  }
  AddSweep(Site::kRotary, tokens_ * moved);

  ContextBefore(queries, width);
  AttentionCall call;
  call.heads = heads;
  call.kv_heads = kv_heads;
  call.key_dim = key;
  call.value_dim = value;
  call.window = a.window;
  call.fused = !training() || demand_.fused_attention;
  const double limit = a.window > 0 ? Real(a.window) : 1e18;
  Call(Site::kAttention, call, prefill_, false, limit);
  if (!call.fused) UnfusedScores(heads);
  Call(Site::kAttention, call, decode_, true, limit);
  ContextBehind(heads, value);
}

void Builder::LatentAttention(const Attention& a) {
  const double heads = Real(a.heads) / layout_.tp;
  const double key = Real(a.head_dim + a.rope_dim);
  const double latent = Real(a.latent_rank + a.rope_dim);
  const bool low_rank = a.query_rank > 0;
  // The projections to the latents are not cut: every rank computes all of them.
  AddGemm(Site::kQueryKeyValue, tokens_, (low_rank ? Real(a.query_rank) : heads * key) + latent,
          Width(), precision_.weights);
  const double normed = (low_rank ? Real(a.query_rank) : 0) + Real(a.latent_rank);
  AddSweep(Site::kHeadNorm, 2 * tokens_ * normed * ResidualBytes());
  if (low_rank) {
    AddGemm(Site::kQueryUp, tokens_, heads * key, Real(a.query_rank), precision_.weights);
  }
  double moved = 2 * (heads + 1) * Real(a.rope_dim) * ResidualBytes();
  if (!training()) moved += latent * BytesPerValue(precision_.cache);
  AddSweep(Site::kRotary, tokens_ * moved);
  if (a.index_heads > 0) Indexer(a);
  ContextBefore(heads * key, heads * (key + Real(a.ValueDim())));
  LatentCall(a, prefill_, false);
  LatentCall(a, decode_, true);
  ContextBehind(heads, Real(a.ValueDim()));
}

// Keys and values are either made of the latents, for every head its own, or the heads' matrices
// are folded into query and result and the latents themselves are attended to ("absorbed"): fewer
// bytes, more flops. Engines do the former for prompts, the latter to decode and with an indexer.
void Builder::LatentCall(const Attention& a, const Batch& batch, bool decode) {
  if (batch.Tokens() <= 0) return;
  const double heads = Real(a.heads) / layout_.tp;
  const double rank = Real(a.latent_rank);
  const double rows = batch.Tokens() / (decode ? 1 : layout_.cp);
  const double limit = a.index_heads > 0 ? Real(a.index_keys) : 1e18;
  AttentionCall call;
  call.heads = heads;
  if (!decode && a.index_heads == 0) {
    const double cached = batch.sequences * (batch.context + batch.new_tokens) / layout_.cp;
    AddGemm(Site::kKeyValueUp, cached, heads * Real(a.head_dim + a.ValueDim()), rank,
            precision_.weights);
    call.kv_heads = heads;
    call.key_dim = Real(a.head_dim + a.rope_dim);
    call.value_dim = Real(a.ValueDim());
    Call(Site::kAttention, call, batch, decode, limit);
    return;
  }
  GroupedGemm fold;
  fold.rows = rows * heads;
  fold.groups = heads;
  fold.touched = heads;
  fold.tokens = rows;
  fold.weights = precision_.weights;
  fold.activations = precision_.activations;
  fold.n = rank;
  fold.k = Real(a.head_dim);
  AddGrouped(Site::kQueryUp, fold);
  call.kv_heads = 1;
  call.key_dim = rank + Real(a.rope_dim);
  call.value_dim = rank;
  call.value_in_key = true;
  Call(Site::kAttention, call, batch, decode, limit);
  fold.n = Real(a.ValueDim());
  fold.k = rank;
  AddGrouped(Site::kKeyValueUp, fold);
}

void Builder::Indexer(const Attention& a) {
  const double input = a.query_rank > 0 ? Real(a.query_rank) : Width();
  // Not cut either: each rank picks the same tokens.
  AddGemm(Site::kIndexer, tokens_, Real(a.index_heads * a.index_dim), input, precision_.weights);
  AddGemm(Site::kIndexer, tokens_, Real(a.index_dim + a.index_heads), Width(), precision_.weights);
  AttentionCall call;
  call.heads = Real(a.index_heads);
  call.kv_heads = 1;
  call.key_dim = Real(a.index_dim);
  call.value_dim = 0;
  Call(Site::kIndexer, call, prefill_, false, 1e18);
  Call(Site::kIndexer, call, decode_, true, 1e18);
}

void Builder::LinearAttention(const Attention& a) {
  const double heads = Real(a.heads) / layout_.tp;
  const double key_heads = Real(a.kv_heads) / layout_.tp;
  const double keys = key_heads * Real(a.head_dim);
  const double values = heads * Real(a.ValueDim());
  AddGemm(Site::kQueryKeyValue, tokens_, 2 * keys + 2 * values + 2 * heads, Width(),
          precision_.weights);
  AddSweep(Site::kConvolution, 2 * tokens_ * (2 * keys + values) * ResidualBytes());
  for (const Batch* batch : {&prefill_, &decode_}) {
    if (batch->Tokens() <= 0) continue;
    Recurrence recurrence;
    recurrence.sequences = batch->sequences;
    recurrence.tokens = batch->new_tokens;
    recurrence.heads = heads;
    recurrence.key_dim = Real(a.head_dim);
    recurrence.value_dim = Real(a.ValueDim());
    recurrence.activations = precision_.residual;
    program_.operations.push_back({Site::kAttention, Pass::kForward, 1, recurrence});
  }
}

}  // namespace commplan::workload_internal
