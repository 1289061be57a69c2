// A layout says how a transformer is cut over ranks; a demand says what one step of it computes;
// a precision says in which data types.
//
// Serving and training cut alike but count differently:
//   serving   an engine has pp stages of tp·attention_dp·cp ranks; dp engines run side by side.
//             With attention_dp > 1 each of these ranks (or tp groups) attends to its own sequences
//             and all share one set of experts: ep·expert_tp = tp·attention_dp.
//   training  tp·cp·pp·dp ranks; the experts of a stage stand on ep·expert_tp of its tp·cp·dp
//   ranks.
//
// What the engines refuse is refused here, with the reason: heads, widths and experts that do not
// divide, more stages than layers. KV heads are the exception: with more ranks than KV heads the
// engines hold copies, as long as the one divides the other.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/base/result.h"
#include "model/workload/data_type.h"
#include "model/workload/transformer.h"

namespace commplan {

// How a token reaches its experts.
//   kReduce     every rank of the tensor group has every token, computes its experts' part, and one
//               all-reduce (or, with sequence parallelism, reduce-scatter) adds the parts
//   kGather     tokens are all-gathered over the group, results reduce-scattered
//   kAllToAll   each token goes to its experts' ranks (dispatch) and comes back (combine)
enum class ExpertExchange : std::uint8_t { kReduce, kGather, kAllToAll };
std::string_view Name(ExpertExchange exchange);

// How ranks that share a sequence see each other's keys and values.
//   kRing       blocks travel around in cp - 1 sends
//   kGather     one all-gather of keys and values
//   kAllToAll   heads are exchanged for tokens (Ulysses): four all-to-alls
enum class ContextExchange : std::uint8_t { kRing, kGather, kAllToAll };
std::string_view Name(ContextExchange exchange);

struct Layout {
  int tp = 1;            // tensor parallel, of attention and dense MLPs
  int pp = 1;            // pipeline stages
  int dp = 1;            // serving: engines; training: data parallel ranks
  int cp = 1;            // ranks that share a sequence
  int ep = 1;            // expert parallel
  int expert_tp = 0;     // tensor parallel inside an expert; 0: what is left of the ranks
  int attention_dp = 1;  // serving only
  int virtual_stages = 1;
  bool sequence_parallel = false;   // reduce-scatter and all-gather in place of all-reduce
  bool scatter_boundaries = false;  // each tensor rank sends its part to the next stage
  ExpertExchange expert_exchange = ExpertExchange::kReduce;
  ContextExchange context_exchange = ContextExchange::kRing;

  friend bool operator==(const Layout&, const Layout&) = default;
};

enum class Phase : std::uint8_t { kServe, kTrain };

// Sequences of one shape: each brings `new_tokens` on top of `context` tokens that are cached.
// Counts may be fractions, the mean of a changing batch.
struct Batch {
  double sequences = 0;
  double new_tokens = 0;
  double context = 0;

  double Tokens() const { return sequences * new_tokens; }
};

enum class Recompute : std::uint8_t { kNone, kSelective, kFull };

struct Demand {
  Phase phase = Phase::kServe;
  // Serving: a prompt (or a chunk of it, with the earlier chunks as context), a decode step, or
  // both in one step. Of the whole engine, not of a rank. Training: one microbatch of one data
  // parallel rank, in `prefill`.
  Batch prefill;
  Batch decode;
  bool prompt_ends = true;  // false for a chunk that is not the last: it needs no logits

  // Training only.
  Recompute recompute = Recompute::kNone;
  bool fused_attention = true;  // false: scores are written out, as before FlashAttention
  bool dropout = false;
};

Demand Prefill(double sequences, double tokens, double context = 0);
Demand Decode(double sequences, double context);
Demand TrainMicrobatch(double sequences, double tokens);

struct Precision {
  DataType weights = DataType::kBf16;         // of the linear layers
  DataType expert_weights = DataType::kBf16;  // of routed experts
  DataType embeddings = DataType::kBf16;      // of embedding and head
  DataType activations = DataType::kBf16;     // what a kernel multiplies the weights with
  DataType residual = DataType::kBf16;        // what travels between kernels
  DataType cache = DataType::kBf16;           // keys and values
  DataType communication = DataType::kBf16;
  DataType dispatch = DataType::kBf16;   // of tokens on their way to experts
  DataType gradients = DataType::kFp32;  // as accumulated and reduced
};

// The cut as every later computation uses it: what one rank holds and sees.
struct Cut {
  int expert_tp = 1;
  int expert_ranks = 1;   // ep·expert_tp
  double vocabulary = 0;  // padded, on one rank
  std::int64_t padded_vocabulary = 0;
};

// Whether the engines would run it. kUnsupported names the number that does not divide and what
// would; kBadInput is for a size below one.
Result<Cut> CheckLayout(const Transformer& model, const Layout& layout, Phase phase);

// Layers [begin, end) of a stage's chunk. Chunks are dealt in turn: stage s holds s, s + pp, ...
// When layers do not divide, the later chunks but the last take one more, since the last also
// computes the head.
struct LayerRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
LayerRange LayersOfChunk(const Transformer& model, const Layout& layout, int stage, int chunk);

// Layers of this kind on a stage, over all its chunks.
std::int64_t StageLayers(const Transformer& model, const Layout& layout, int kind, int stage);

// KV heads on one rank: at least one.
std::int64_t KvHeadsOnRank(const Attention& attention, int tp);

// Ranks of one engine, or of the training job without generalized tensor parallelism, which
// multiplies them (model/workload/sharding.h).
std::int64_t Ranks(const Layout& layout, Phase phase);

}  // namespace commplan
