// Training memory is weights, gradients and optimizer state by sharding scheme, and the activations
// that wait for their backward pass.
//
// State of a weight on a rank, with w, g and o bytes of a weight, a gradient and the optimizer's
// copies (fp32 weight and two moments: 12), D ranks that hold it alike and G ranks of GTP:
//   replicated  w + g + o          optimizer (ZeRO-1)  w + g + o/D
//   gradients   w + (g + o)/D      weights (ZeRO-3)    (w + g + o)/D
// with D over the shard group, and all of it over G for matrices under GTP.
//
// Activations of a layer of b sequences of s tokens, after Korthikanti et al. (arXiv 2205.05198),
// part by part, so that it also holds for gated MLPs, shared KV heads, latents and experts. For
// their plain layer with dropout and 16-bit values the parts add up to their formulas:
//   whole on every tensor rank  s·b·h·10   two norms' inputs 4, two matrix inputs 4, two masks 2
//   cut over tp                 s·b·h·24   q, k, v, result 8; MLP's inner values 16
//                               s·b·5·a·s  softmax 2, mask 1, dropped 2; only where not fused
// A matrix keeps its input in the type that it multiplies, fp8 where training runs in fp8.
// With sequence parallelism the first line is cut as well. Full recomputation keeps a layer's input
// alone (2·s·b·h) and, while it runs, one layer's activations.
//
// Layers wait for as many microbatches as are in flight: by default those of 1F1B, interleaved with
// virtual stages, min(m·v, 2(p - 1 - i) + (v - 1)·p + 1) chunks on stage i (p - i without).
#pragma once

#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/memory/fit.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/sharding.h"
#include "model/workload/transformer.h"
#include "model/workload/weights.h"

namespace commplan {

struct TrainingLoad {
  Demand demand;                // of one microbatch
  double microbatches = 1;      // of a data parallel rank in one step
  double in_flight = 0;         // chunks that wait, on every stage; 0: those of 1F1B
  double optimizer_bytes = 12;  // of a weight: Adam with an fp32 copy
  double expert_imbalance = 1;  // tokens of the fullest expert rank over the mean
  Bytes communication{};        // buffers of the communicators; gathered weights are added to them
  Bytes codec{};
};

// Bytes of state for one weight on a rank.
double StateBytes(const Sharding& sharding, int ranks, const Precision& precision,
                  double optimizer_bytes);

// Bytes on one rank that one microbatch leaves for the backward pass of one layer. `kept` is what
// waits; `working` what is there besides while the layer is recomputed.
struct LayerActivations {
  Bytes kept{};
  Bytes working{};
};
LayerActivations ActivationsOf(const Transformer& model, const LayerKind& kind,
                               const Layout& layout, const Cut& cut, const Precision& precision,
                               const TrainingLoad& load);

// Chunks (of virtual_stages) whose activations wait on a stage at the worst moment of 1F1B.
double ChunksInFlight(const Layout& layout, int stage, double microbatches);

// The memory of one cut, prepared for any sharding and load.
class TrainingRoom {
 public:
  // `model` must outlive it. kUnsupported as CheckLayout.
  static Result<TrainingRoom> Create(const Transformer& model, const Layout& layout,
                                     const Precision& precision);

  // Of the stage that needs the most; and of each.
  MemoryNeed NeedOf(const Sharding& sharding, const TrainingLoad& load,
                    const MemoryMargins& margins) const;
  std::vector<MemoryNeed> NeedsOf(const Sharding& sharding, const TrainingLoad& load,
                                  const MemoryMargins& margins) const;

 private:
  struct Stage {
    RankWeights weights;
    std::vector<double> layers;  // by kind
  };

  template <class Use>
  void ForEachStage(const Sharding& sharding, const TrainingLoad& load,
                    const MemoryMargins& margins, const Use& use) const;

  const Transformer* model_ = nullptr;
  Layout layout_;
  Precision precision_;
  Cut cut_;
  std::vector<Stage> stages_;
};

Result<MemoryNeed> TrainingNeed(const Transformer& model, const Layout& layout,
                                const Precision& precision, const Sharding& sharding,
                                const TrainingLoad& load, const MemoryMargins& margins);

// With remedies: each is tried, and named if it fits.
Result<Fit> FitTraining(const Transformer& model, const Layout& layout, const Precision& precision,
                        const Sharding& sharding, const TrainingLoad& load, Bytes device_memory,
                        const MemoryMargins& margins);

}  // namespace commplan
