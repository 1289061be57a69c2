#include "model/memory/serving.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/memory/fit.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"
#include "model/workload/weights.h"

namespace commplan {
namespace {

constexpr double kStateBytes = 4;  // linear attention keeps its state in fp32
// More sequences than this are no question of memory.
constexpr double kMostSequences = 1 << 24;

double Real(std::int64_t n) { return static_cast<double>(n); }

Bytes WeightBytes(const RankWeights& weights, const Precision& precision) {
  return B(weights.linear * BytesPerValue(precision.weights) +
           weights.experts * BytesPerValue(precision.expert_weights) +
           (weights.embedding + weights.head) * BytesPerValue(precision.embeddings) +
           weights.small * BytesPerValue(precision.residual));
}

// Bytes that a kernel holds at once: what goes in and what comes out.
double LiveBytes(const Operation& operation, const Precision& precision) {
  const double in = BytesPerValue(precision.activations);
  const double out = BytesPerValue(precision.residual);
  if (const auto* gemm = std::get_if<Gemm>(&operation.what)) {
    return gemm->m * (gemm->k * in + gemm->n * out);
  }
  if (const auto* gemm = std::get_if<GroupedGemm>(&operation.what)) {
    return gemm->rows * (gemm->k * in + gemm->n * out);
  }
  if (const auto* collective = std::get_if<Collective>(&operation.what)) {
    return InBytes(collective->bytes);
  }
  return 0;
}

// Whether the changed question fits, and if so the remedy.
template <class Change>
void Try(Fit* fit, Remedy remedy, const Transformer& model, Layout layout, Precision precision,
         ServingLoad load, Bytes memory, const MemoryMargins& margins, const Change& change) {
  change(layout, precision, load);
  const Result<MemoryNeed> need = ServingNeed(model, layout, precision, load, margins);
  if (!need.ok() || !Compare(*need, memory, margins).fits) return;
  fit->remedies.push_back(remedy);
}

}  // namespace

Bytes LayerCache(const LayerKind& kind, const Layout& layout, DataType cache, double tokens,
                 double block) {
  const Attention& a = kind.attention;
  const double value = Real(a.ValueDim());
  if (a.kind == AttentionKind::kLinear) {
    const double heads = Real(a.heads) / layout.tp;
    const double keys = Real(a.kv_heads) / layout.tp * Real(a.head_dim);
    const double taps = Real(a.convolution - 1) * (2 * keys + heads * value);
    return B(heads * Real(a.head_dim) * value * kStateBytes +
             taps * BytesPerValue(DataType::kBf16));
  }
  // A window slides through its blocks, so that it touches one more than it fills.
  double kept = tokens;
  if (a.window > 0 && tokens > Real(a.window)) kept = std::min(tokens, Real(a.window) + block - 1);
  kept = std::ceil(kept / block) * block / layout.cp;
  const double width =
      a.kind == AttentionKind::kLatent
          ? Real(a.latent_rank + a.rope_dim + (a.index_heads > 0 ? a.index_dim : 0))
          : Real(KvHeadsOnRank(a, layout.tp)) * (Real(a.head_dim) + value);
  return B(kept * width * BytesPerValue(cache));
}

Result<ServingRoom> ServingRoom::Create(const Transformer& model, const Layout& layout,
                                        const Precision& precision, const ServingLoad& load,
                                        const MemoryMargins& margins) {
  const double multiple = Real(layout.tp) * layout.cp;  // so that any layout divides it
  ServingRoom room;
  room.load_ = load;
  room.margins_ = margins;
  room.attention_dp_ = layout.attention_dp;
  room.tokens_ = std::ceil(std::max(1.0, load.batched_tokens) / multiple) * multiple;
  Demand demand = Prefill(layout.attention_dp, room.tokens_);
  demand.prompt_ends = false;
  Program program;
  RETURN_IF_ERROR(Expand(model, layout, precision, demand, &program));
  const double wide = BytesPerValue(precision.residual);
  room.residual_ = B(2 * program.tokens * Real(model.hidden) * wide);
  for (const Operation& operation : program.operations) {
    room.largest_kernel_ = Max(room.largest_kernel_, B(LiveBytes(operation, precision)));
  }
  // The rank's logits, the same in fp32 for sampling, and those gathered from all ranks.
  room.logits_ = B(program.cut.vocabulary * (wide + BytesPerValue(DataType::kFp32)) +
                   Real(program.cut.padded_vocabulary) * wide);
  std::vector<Bytes> caches;  // of a layer, by kind
  for (const LayerKind& kind : model.kinds) {
    caches.push_back(LayerCache(kind, layout, precision.cache, load.tokens, load.block));
  }
  for (int number = 0; number < layout.pp; ++number) {
    Stage stage{.number = number};
    stage.weights =
        WeightBytes(StageOnRank(model, layout, program.cut, Phase::kServe, number), precision);
    for (std::size_t i = 0; i < caches.size(); ++i) {
      stage.cache += caches[i] * Real(StageLayers(model, layout, static_cast<int>(i), number));
    }
    const auto covers = [](const Stage& other, const Stage& one) {
      return other.weights >= one.weights && other.cache >= one.cache;
    };
    const bool covered = std::any_of(room.stages_.begin(), room.stages_.end(),
                                     [&](const Stage& other) { return covers(other, stage); });
    if (covered) continue;
    std::erase_if(room.stages_, [&](const Stage& other) { return covers(stage, other); });
    room.stages_.push_back(stage);
  }
  return room;
}

MemoryNeed ServingRoom::NeedOf(double sequences) const {
  // Of the busiest attention rank.
  const double cached = std::ceil(sequences / attention_dp_);
  const double sampled = std::min(cached, tokens_);
  MemoryNeed worst;
  for (const Stage& stage : stages_) {
    MemoryNeed need;
    need.stage = stage.number;
    need.weights = stage.weights;
    need.cache = stage.cache * cached;
    need.activations =
        (residual_ + Max(logits_ * sampled, largest_kernel_)) * (1 + margins_.fragmentation);
    need.communication = load_.communication;
    need.codec = load_.codec;
    need.reserve = margins_.reserve;
    if (&stage == &stages_.front() || worst.Total() < need.Total()) worst = need;
  }
  return worst;
}

double ServingRoom::MostSequences(Bytes device_memory) const {
  const auto fits = [&](double sequences) {
    return Compare(NeedOf(sequences), device_memory, margins_).fits;
  };
  double low = 0;
  double high = 1;
  while (high <= kMostSequences && fits(high)) {
    low = high;
    high *= 2;
  }
  // low fits (or is 0), high does not.
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

Result<MemoryNeed> ServingNeed(const Transformer& model, const Layout& layout,
                               const Precision& precision, const ServingLoad& load,
                               const MemoryMargins& margins) {
  ASSIGN_OR_RETURN(const ServingRoom room,
                   ServingRoom::Create(model, layout, precision, load, margins));
  return room.NeedOf(load.sequences);
}

Result<Fit> FitServing(const Transformer& model, const Layout& layout, const Precision& precision,
                       const ServingLoad& load, Bytes device_memory, const MemoryMargins& margins) {
  ASSIGN_OR_RETURN(const MemoryNeed need, ServingNeed(model, layout, precision, load, margins));
  Fit fit = Compare(need, device_memory, margins);
  if (fit.fits) return fit;
  const auto attempt = [&](RemedyKind kind, double value, const auto& change) {
    Try(&fit, {kind, value}, model, layout, precision, load, device_memory, margins, change);
  };
  ASSIGN_OR_RETURN(const double sequences,
                   SequencesThatFit(model, layout, precision, load, device_memory, margins));
  if (sequences > 0) fit.remedies.push_back({RemedyKind::kFewerSequences, sequences});
  attempt(RemedyKind::kSmallerCacheType, 0,
          [](Layout&, Precision& p, ServingLoad&) { p.cache = DataType::kFp8; });
  attempt(RemedyKind::kSmallerWeightType, 0, [](Layout&, Precision& p, ServingLoad&) {
    p.weights = DataType::kFp8;
    p.expert_weights = DataType::kFp8;
  });
  // The first multiple of the ranks that is enough and divides.
  const auto grow = [&](RemedyKind kind, int from, const auto& set) {
    const std::size_t before = fit.remedies.size();
    for (int times = 2; times <= 64 && fit.remedies.size() == before; times *= 2) {
      attempt(kind, from * times,
              [&](Layout& l, Precision&, ServingLoad&) { set(l, from * times); });
    }
  };
  if (layout.attention_dp == 1) {
    grow(RemedyKind::kMoreTensorRanks, layout.tp, [](Layout& l, int n) { l.tp = n; });
  }
  grow(RemedyKind::kMoreStages, layout.pp, [](Layout& l, int n) { l.pp = n; });
  if (layout.attention_dp > 1) {
    grow(RemedyKind::kMoreExpertRanks, layout.ep, [&](Layout& l, int n) {
      l.ep = n;
      l.attention_dp = layout.attention_dp * (n / layout.ep);
    });
  }
  fit.remedies.push_back({RemedyKind::kMoreMemory, InBytes(need.Total() / margins.usable_share)});
  return fit;
}

Result<double> SequencesThatFit(const Transformer& model, const Layout& layout,
                                const Precision& precision, const ServingLoad& load,
                                Bytes device_memory, const MemoryMargins& margins) {
  ASSIGN_OR_RETURN(const ServingRoom room,
                   ServingRoom::Create(model, layout, precision, load, margins));
  return room.MostSequences(device_memory);
}

}  // namespace commplan
