#include "model/memory/training.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/memory/fit.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/sharding.h"
#include "model/workload/transformer.h"
#include "model/workload/weights.h"

namespace commplan {
namespace {

constexpr double kMask = 1;  // of a dropout mask's value
constexpr double kFull = 4;  // fp32

double Real(std::int64_t n) { return static_cast<double>(n); }

// Bytes for one token: what every tensor rank keeps, what is cut over them, and of the scores. A
// matrix keeps its input in the type that it multiplies (fp8 in fp8 training), all else stays wide.
struct PerToken {
  double wide = 0;
  double input = 0;
  double whole = 0;
  double cut = 0;
  double scores = 0;
};

void AddAttention(const Transformer& model, const Attention& a, const Layout& layout,
                  const Demand& demand, PerToken* bytes) {
  const double heads = Real(a.heads) / layout.tp;
  const double value = Real(a.ValueDim());
  const double results = heads * value;
  switch (a.kind) {
    case AttentionKind::kGrouped: {
      const double kv = Real(KvHeadsOnRank(a, layout.tp));
      const double queries = heads * Real(a.head_dim) * (a.gate ? 2 : 1);
      bytes->cut += bytes->wide * (queries + kv * (Real(a.head_dim) + value));
      break;
    }
    case AttentionKind::kLatent: {
      const double key = Real(a.head_dim + a.rope_dim);
      bytes->whole += bytes->wide * Real(a.query_rank + a.latent_rank + a.rope_dim);
      bytes->cut += bytes->wide * (2 * heads * key + heads * value);
      break;
    }
    case AttentionKind::kLinear: {
      const double keys = Real(a.kv_heads) / layout.tp * Real(a.head_dim);
      bytes->cut += bytes->wide * (2 * (2 * keys + results) + results);
      break;
    }
  }
  if (a.kind != AttentionKind::kLinear) {
    const double seen = demand.prefill.new_tokens;
    // Fused kernels keep one fp32 number for a row of scores.
    bytes->scores +=
        demand.fused_attention
            ? 0
            : heads * seen * (bytes->wide + (demand.dropout ? kMask + bytes->wide : 0));
    bytes->cut += demand.fused_attention ? heads * kFull : 0;
  }
  bytes->whole += bytes->input * Real(model.hidden);  // of the projections in
  bytes->cut += bytes->input * results;               // of the projection out
}

// The activation's inputs, and its output, which is the second matrix's input.
double InnerMlp(const PerToken& bytes, double width, bool gated) {
  return width * ((gated ? 2 : 1) * bytes.wide + bytes.input);
}

void AddMlp(const Transformer& model, const Mlp& mlp, const Layout& layout, const Cut& cut,
            const TrainingLoad& load, PerToken* bytes) {
  const double h = Real(model.hidden);
  bytes->whole += bytes->input * h;  // of the first matrix
  if (!mlp.IsExperts()) {
    bytes->cut += InnerMlp(*bytes, Real(mlp.width) / layout.tp, mlp.gated);
    return;
  }
  bytes->cut += InnerMlp(*bytes, Real(mlp.shared_width) / layout.tp, mlp.gated);
  // Pairs of a token and an expert on this rank, for each token of the tensor group, when experts
  // are chosen evenly: operations.h. Without exchange all of the group's tokens are here.
  const bool exchanged = layout.ep > 1 || layout.expert_exchange == ExpertExchange::kAllToAll;
  const double own = layout.sequence_parallel ? 1.0 / layout.tp : 1;
  const double rows =
      Real(mlp.active) * (exchanged ? own * cut.expert_tp : 1) * load.expert_imbalance;
  bytes->cut += rows * ((bytes->input + bytes->wide) * h +
                        InnerMlp(*bytes, Real(mlp.width) / cut.expert_tp, mlp.gated));
}

Bytes TotalState(const RankWeights& weights, const Layout& layout, const Cut& cut,
                 const Sharding& sharding, const Precision& precision, const TrainingLoad& load,
                 MemoryNeed* need) {
  const double weight = BytesPerValue(precision.weights);
  const double gradient = BytesPerValue(precision.gradients);
  const auto add = [&](double values, int ranks) {
    const int inner = sharding.inner > 0 ? std::min(sharding.inner, ranks) : ranks;
    const bool optimizer = sharding.scheme != Scheme::kReplicated;
    const bool gradients = optimizer && sharding.scheme != Scheme::kOptimizer;
    const bool all = sharding.scheme == Scheme::kWeights;
    need->weights += B(values * weight / (all ? inner : 1));
    need->gradients += B(values * gradient / (gradients ? inner : 1));
    need->optimizer += B(values * load.optimizer_bytes / (optimizer ? inner : 1));
  };
  // GTP cuts matrices; what is small stays whole on its ranks.
  const double cut_once_more = (weights.Dense() - weights.small) / sharding.gtp;
  add(cut_once_more + weights.small, DenseReplicas(layout));
  add(weights.experts / sharding.expert_gtp, ExpertReplicas(layout, cut, sharding));
  return need->weights + need->gradients + need->optimizer;
}

// Embedding's dropout mask, and what the head keeps: its norm's and its own input, fp32 logits.
Bytes EndActivations(const Transformer& model, const Layout& layout, const Cut& cut,
                     const Precision& precision, const TrainingLoad& load, int stage,
                     double microbatches_in_flight) {
  const double tokens = load.demand.prefill.Tokens() / layout.cp;
  const double share = layout.sequence_parallel ? layout.tp : 1;
  const double h = Real(model.hidden);
  double bytes = 0;
  if (stage == 0 && load.demand.dropout) {
    bytes += tokens * h * kMask / share * microbatches_in_flight;
  }
  if (stage == layout.pp - 1) {
    const double wide = BytesPerValue(precision.residual);
    bytes += tokens * (2 * wide * h / share + kFull * cut.vocabulary);
  }
  return B(bytes);
}

// Weights that are whole for a moment, and their gradients.
//   GTP   a buffer for each matrix of a layer, shared by all layers of a kind, and a second one for
//         the backward view where the format is quantised; two gradients; the shards that come back
//   FSDP  two layers' weights, the one in use and the one ahead, and a layer's gradient
Bytes GatherBuffers(const Transformer& model, const Layout& layout, const Cut& cut,
                    const Sharding& sharding) {
  const bool views = sharding.gtp_format != DataType::kBf16;
  const double reduce = BytesPerValue(sharding.gtp_reduce);
  double remat = 0;
  double largest_gradient = 0;
  double largest_layer = 0;
  for (const LayerKind& kind : model.kinds) {
    for (const Matrix& matrix : MatricesOf(model, kind, layout, cut, Phase::kTrain)) {
      if (RematRanks(matrix, sharding) == 1) continue;
      const RematShape shape = Remat(matrix, sharding);
      remat += shape.whole * BytesPerValue(sharding.gtp_format) * (views ? 2 : 1);
      remat += shape.shard * reduce;
      largest_gradient = std::max(largest_gradient, shape.whole * reduce);
    }
    largest_layer =
        std::max(largest_layer, LayerOnRank(model, kind, layout, cut, Phase::kTrain).Total());
  }
  double bytes = remat + 2 * largest_gradient;
  if (sharding.scheme == Scheme::kWeights) {
    bytes += largest_layer * (2 * BytesPerValue(sharding.gather) + BytesPerValue(sharding.reduce));
  }
  return B(bytes);
}

}  // namespace

double StateBytes(const Sharding& sharding, int ranks, const Precision& precision,
                  double optimizer_bytes) {
  TrainingLoad load;
  load.optimizer_bytes = optimizer_bytes;
  Layout layout;
  layout.dp = ranks;
  RankWeights one;
  one.linear = 1;
  MemoryNeed need;
  return InBytes(TotalState(one, layout, Cut(), sharding, precision, load, &need));
}

LayerActivations ActivationsOf(const Transformer& model, const LayerKind& kind,
                               const Layout& layout, const Cut& cut, const Precision& precision,
                               const TrainingLoad& load) {
  const Demand& demand = load.demand;
  const double h = Real(model.hidden);
  const double tokens = demand.prefill.Tokens() / layout.cp;
  const double share = layout.sequence_parallel ? layout.tp : 1;
  PerToken bytes;
  bytes.wide = BytesPerValue(precision.residual);
  bytes.input = BytesPerValue(precision.activations);
  bytes.whole = bytes.wide * h * Real(model.norms_per_layer);  // the norms' inputs
  if (demand.dropout) bytes.whole += 2 * kMask * h;
  AddAttention(model, kind.attention, layout, demand, &bytes);
  AddMlp(model, kind.mlp, layout, cut, load, &bytes);
  const double kept = bytes.whole / share + bytes.cut;
  const Bytes all = B(tokens * (kept + bytes.scores));
  switch (demand.recompute) {
    case Recompute::kNone:
      return {all, B(0)};
    case Recompute::kSelective:
      return {B(tokens * kept), B(tokens * bytes.scores)};
    case Recompute::kFull:
      return {B(tokens * bytes.wide * h / share), all};
  }
  return {};
}

double ChunksInFlight(const Layout& layout, int stage, double microbatches) {
  const double behind = layout.pp - 1 - stage;
  const double v = layout.virtual_stages;
  const double warm = v > 1 ? 2 * behind + (v - 1) * layout.pp : behind;
  return std::min(microbatches * v, warm + 1);
}

Result<TrainingRoom> TrainingRoom::Create(const Transformer& model, const Layout& layout,
                                          const Precision& precision) {
  TrainingRoom room;
  ASSIGN_OR_RETURN(room.cut_, CheckLayout(model, layout, Phase::kTrain));
  room.model_ = &model;
  room.layout_ = layout;
  room.precision_ = precision;
  for (int number = 0; number < layout.pp; ++number) {
    Stage stage;
    stage.weights = StageOnRank(model, layout, room.cut_, Phase::kTrain, number);
    for (std::size_t kind = 0; kind < model.kinds.size(); ++kind) {
      stage.layers.push_back(Real(StageLayers(model, layout, static_cast<int>(kind), number)));
    }
    room.stages_.push_back(std::move(stage));
  }
  return room;
}

template <class Use>
void TrainingRoom::ForEachStage(const Sharding& sharding, const TrainingLoad& load,
                                const MemoryMargins& margins, const Use& use) const {
  const bool gathers =
      sharding.gtp > 1 || sharding.expert_gtp > 1 || sharding.scheme == Scheme::kWeights;
  const Bytes gathered = gathers ? GatherBuffers(*model_, layout_, cut_, sharding) : Bytes();
  std::vector<LayerActivations> kinds;
  for (const LayerKind& kind : model_->kinds) {
    kinds.push_back(ActivationsOf(*model_, kind, layout_, cut_, precision_, load));
  }
  for (int number = 0; number < layout_.pp; ++number) {
    const Stage& stage = stages_[static_cast<std::size_t>(number)];
    MemoryNeed need;
    need.stage = number;
    TotalState(stage.weights, layout_, cut_, sharding, precision_, load, &need);
    const double chunks =
        load.in_flight > 0 ? load.in_flight : ChunksInFlight(layout_, number, load.microbatches);
    const double times = chunks / layout_.virtual_stages;
    Bytes working;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (stage.layers[i] <= 0) continue;
      need.activations += kinds[i].kept * (stage.layers[i] * times);
      working = Max(working, kinds[i].working);
    }
    need.activations +=
        working + EndActivations(*model_, layout_, cut_, precision_, load, number, times);
    need.activations = need.activations * (1 + margins.fragmentation);
    need.communication = load.communication + gathered;
    need.codec = load.codec;
    need.reserve = margins.reserve;
    use(need);
  }
}

MemoryNeed TrainingRoom::NeedOf(const Sharding& sharding, const TrainingLoad& load,
                                const MemoryMargins& margins) const {
  MemoryNeed worst;
  ForEachStage(sharding, load, margins, [&](const MemoryNeed& need) {
    if (need.stage == 0 || worst.Total() < need.Total()) worst = need;
  });
  return worst;
}

std::vector<MemoryNeed> TrainingRoom::NeedsOf(const Sharding& sharding, const TrainingLoad& load,
                                              const MemoryMargins& margins) const {
  std::vector<MemoryNeed> needs;
  ForEachStage(sharding, load, margins, [&](const MemoryNeed& need) { needs.push_back(need); });
  return needs;
}

Result<MemoryNeed> TrainingNeed(const Transformer& model, const Layout& layout,
                                const Precision& precision, const Sharding& sharding,
                                const TrainingLoad& load, const MemoryMargins& margins) {
  ASSIGN_OR_RETURN(const TrainingRoom room, TrainingRoom::Create(model, layout, precision));
  return room.NeedOf(sharding, load, margins);
}

Result<Fit> FitTraining(const Transformer& model, const Layout& layout, const Precision& precision,
                        const Sharding& sharding, const TrainingLoad& load, Bytes device_memory,
                        const MemoryMargins& margins) {
  ASSIGN_OR_RETURN(const MemoryNeed need,
                   TrainingNeed(model, layout, precision, sharding, load, margins));
  Fit fit = Compare(need, device_memory, margins);
  if (fit.fits) return fit;
  const auto attempt = [&](Remedy remedy, const auto& change) {
    Layout other_layout = layout;
    Sharding other_sharding = sharding;
    TrainingLoad other_load = load;
    change(other_layout, other_sharding, other_load);
    const Result<MemoryNeed> other =
        TrainingNeed(model, other_layout, precision, other_sharding, other_load, margins);
    if (!other.ok() || !Compare(*other, device_memory, margins).fits) return false;
    fit.remedies.push_back(remedy);
    return true;
  };
  for (double batch = std::floor(load.demand.prefill.sequences / 2); batch >= 1;
       batch = std::floor(batch / 2)) {
    // As many samples in more, smaller microbatches.
    const double more = load.microbatches * load.demand.prefill.sequences / batch;
    const auto change = [&](Layout&, Sharding&, TrainingLoad& l) {
      l.demand.prefill.sequences = batch;
      l.microbatches = more;
    };
    if (attempt({RemedyKind::kSmallerMicrobatch, batch}, change)) break;
  }
  if (load.demand.recompute != Recompute::kFull) {
    attempt({RemedyKind::kRecompute, 0},
            [](Layout&, Sharding&, TrainingLoad& l) { l.demand.recompute = Recompute::kFull; });
  }
  if (sharding.scheme != Scheme::kWeights && layout.dp > 1) {
    attempt({RemedyKind::kMoreSharding, 0},
            [](Layout&, Sharding& s, TrainingLoad&) { s.scheme = Scheme::kWeights; });
  }
  // At the cost of data parallel ranks, or with more devices.
  for (int n = 2 * layout.tp; n <= 64 * layout.tp; n *= 2) {
    const auto change = [&](Layout& l, Sharding&, TrainingLoad&) { l.tp = n; };
    if (attempt({RemedyKind::kMoreTensorRanks, Real(n)}, change)) break;
  }
  for (int n = 2 * layout.pp; n <= 64 * layout.pp; n *= 2) {
    const auto change = [&](Layout& l, Sharding&, TrainingLoad&) { l.pp = n; };
    if (attempt({RemedyKind::kMoreStages, Real(n)}, change)) break;
  }
  fit.remedies.push_back({RemedyKind::kMoreMemory, InBytes(need.Total() / margins.usable_share)});
  return fit;
}

}  // namespace commplan
