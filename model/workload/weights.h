// The weights that one rank holds under a layout: each matrix after tensor and expert parallelism
// have cut it, and the sums of a layer and of a pipeline stage.
//
// Column-parallel matrices lose output rows to tp, row-parallel ones input columns. Not cut are
// norms, routers, and latent attention's projections into its latents. KV heads that are fewer than
// tp are held several times.
#pragma once

#include <array>
#include <cstddef>

#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan {

// `copies` matrices of `outputs` x `inputs` on this rank.
struct Matrix {
  Site site = Site::kQueryKeyValue;
  double outputs = 0;
  double inputs = 0;
  double copies = 1;
  bool expert = false;
  bool cut = true;  // false: every tensor rank holds all of it

  double Values() const { return outputs * inputs * copies; }
};

// The matrices of one layer, in the order in which the forward pass uses them.
struct Matrices {
  std::array<Matrix, 12> items;
  std::size_t size = 0;

  const Matrix* begin() const { return items.data(); }
  const Matrix* end() const { return items.data() + size; }
  void Add(const Matrix& matrix) {
    if (matrix.Values() > 0) items.at(size++) = matrix;
  }
};
Matrices MatricesOf(const Transformer& model, const LayerKind& kind, const Layout& layout,
                    const Cut& cut, Phase phase);

// Numbers of weights on one rank.
struct RankWeights {
  double linear = 0;     // matrices of attention, dense MLPs and shared experts
  double experts = 0;    // routed experts
  double embedding = 0;  // the token table's share, positions
  double head = 0;       // the head's share; 0 where it is the embedding on the same stage
  double small = 0;      // norms, biases, routers: held in full precision, on every rank

  double Total() const { return linear + experts + embedding + head + small; }
  double Dense() const { return Total() - experts; }
};
RankWeights LayerOnRank(const Transformer& model, const LayerKind& kind, const Layout& layout,
                        const Cut& cut, Phase phase);
// A stage with all its chunks, embedding on the first, head on the last.
RankWeights StageOnRank(const Transformer& model, const Layout& layout, const Cut& cut, Phase phase,
                        int stage);

}  // namespace commplan
