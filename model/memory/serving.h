// Serving memory is weights, cache, activations, buffers and the engine's reserve.
//
//   cache of a token and layer   grouped  (KV heads on the rank)·(d_k + d_v)·bytes
//                                latent   (rank + rope)·bytes, on every tensor rank
//                                local    the same for at most `window` tokens
//                                linear   none; a state of heads·d_k·d_v in fp32 for a sequence
// Sequences are cached in blocks, so that each is rounded up to a multiple of one.
//
// Activations are the residual stream twice (a block's input and the sum that passes by) and, on
// top, the largest input and output of any kernel; the logits come in fp32 as well.
#pragma once

#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/memory/fit.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan {

struct ServingLoad {
  double sequences = 1;       // in the cache at once, of the whole engine
  double tokens = 0;          // of each, the longest they get
  double batched_tokens = 0;  // in one step, of an attention rank: the chunk of a prompt
  double block = 1;           // tokens in a block of the cache
  Bytes communication{};      // buffers of the communicators on a rank
  Bytes codec{};              // scratch of a codec
};

// Bytes on one rank of a layer's cache for one sequence of `tokens`.
Bytes LayerCache(const LayerKind& kind, const Layout& layout, DataType cache, double tokens,
                 double block);

// The memory of one cut, prepared for any number of sequences.
class ServingRoom {
 public:
  // `load.sequences` is not looked at. kUnsupported as Expand.
  static Result<ServingRoom> Create(const Transformer& model, const Layout& layout,
                                    const Precision& precision, const ServingLoad& load,
                                    const MemoryMargins& margins);

  MemoryNeed NeedOf(double sequences) const;
  // The most that fit; 0 where not even one does.
  double MostSequences(Bytes device_memory) const;

 private:
  struct Stage {
    int number = 0;
    Bytes weights{};
    Bytes cache{};  // of one sequence
  };

  std::vector<Stage> stages_;  // without those that never need the most
  int attention_dp_ = 1;
  double tokens_ = 0;  // of a step on an attention rank
  Bytes residual_{};   // of the step, twice
  Bytes largest_kernel_{};
  Bytes logits_{};  // of one sequence
  ServingLoad load_;
  MemoryMargins margins_;
};

// kUnsupported as Expand.
Result<MemoryNeed> ServingNeed(const Transformer& model, const Layout& layout,
                               const Precision& precision, const ServingLoad& load,
                               const MemoryMargins& margins);

// With remedies: each is tried, and named if it fits.
Result<Fit> FitServing(const Transformer& model, const Layout& layout, const Precision& precision,
                       const ServingLoad& load, Bytes device_memory, const MemoryMargins& margins);

// The most sequences of this length that fit; 0 where not even one does.
Result<double> SequencesThatFit(const Transformer& model, const Layout& layout,
                                const Precision& precision, const ServingLoad& load,
                                Bytes device_memory, const MemoryMargins& margins);

}  // namespace commplan
