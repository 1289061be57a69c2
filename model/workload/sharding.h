// Sharding says how weights, gradients and optimizer state are spread over ranks that compute the
// same weights on other data, and so what these ranks exchange in one optimizer step.
//
// With P weights on a rank, D data parallel ranks and m microbatches, a rank sends
//   replicated (DDP)       all-reduce of the gradients          2(D-1)/D·P·g
//   optimizer (ZeRO-1)     reduce-scatter, all-gather             (D-1)/D·P·(g + w)
//   gradients (ZeRO-2)     the same; the reduce-scatter m times unless gradients are kept
//   weights (ZeRO-3)       m times two all-gathers and a reduce-scatter: (D-1)/D·P·(2w + g)
// with g and w bytes of a gradient and a weight. FSDP that keeps its weights after the forward pass
// saves one all-gather. HSDP does this inside `inner` ranks and all-reduces each shard over the
// others. ZeRO++ gathers in other types, and the backward gather stays inside a node.
//
// Generalized tensor parallelism (GTP) cuts each matrix once more, over G ranks with microbatches
// of their own: per microbatch the matrix is gathered forward and backward in the type that it is
// stored in, and its gradient is reduce-scattered. Rows are padded so that each shard is aligned.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/base/quantity.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/weights.h"

namespace commplan {

enum class Scheme : std::uint8_t { kReplicated, kOptimizer, kGradients, kWeights };
std::string_view Name(Scheme scheme);

struct Sharding {
  Scheme scheme = Scheme::kReplicated;
  int inner = 0;                      // ranks of a shard group; 0: all data parallel ranks
  bool keep_weights = false;          // kWeights: not freed between forward and backward
  bool keep_gradients = true;         // kGradients: whole ones are summed over microbatches first
  bool backward_in_node = false;      // ZeRO++: a second copy, in the node, for the backward gather
  DataType gather = DataType::kBf16;  // of weights on the wire
  DataType reduce = DataType::kFp32;  // of gradients on the wire
  int gtp = 1;
  int expert_gtp = 1;                     // experts are cut over an axis of their own
  DataType gtp_format = DataType::kBf16;  // of GTP's weights, stored and sent
  DataType gtp_reduce = DataType::kBf16;
  int gtp_alignment = 16;  // rows of a shard; 32 for MXFP8

  friend bool operator==(const Sharding&, const Sharding&) = default;
};

// What a rank sends in one collective: 2(n-1)/n of an all-reduce's buffer, (n-1)/n of the others',
// a whole message.
Bytes SentBy(const Collective& collective);

enum class When : std::uint8_t { kForward, kBackward, kOptimizer };

struct StepExchange {
  When when = When::kBackward;
  Collective collective;
  double count = 1;      // in one optimizer step
  bool in_node = false;  // kept inside a node by construction
};

struct StepExchanges {
  std::array<StepExchange, 8> items;
  std::size_t size = 0;

  const StepExchange* begin() const { return items.data(); }
  const StepExchange* end() const { return items.data() + size; }
  void Add(const StepExchange& exchange) {
    if (exchange.collective.ranks > 1) items.at(size++) = exchange;
  }
  Bytes Sent() const;
};

// Of `weights` weights that `ranks` data parallel ranks hold alike.
StepExchanges DataParallelExchanges(double weights, int ranks, const Sharding& sharding,
                                    double microbatches, GroupKind group = GroupKind::kData);

// Ranks over which gradients are summed: of dense weights the data and context parallel ones, of
// experts those that hold the same expert, or the same part of it: where experts are cut over fewer
// ranks of generalized tensor parallelism than other weights, the others hold them alike.
int DenseReplicas(const Layout& layout);
int ExpertReplicas(const Layout& layout, const Cut& cut, const Sharding& sharding);

// The ranks of GTP that share this matrix; 1 for one that is not cut.
int RematRanks(const Matrix& matrix, const Sharding& sharding);

// One matrix under GTP.
struct RematShape {
  double rows = 0;   // outputs with the padding
  double whole = 0;  // values that travel in one gather, the padding included
  double shard = 0;  // values that a rank keeps
};
RematShape Remat(const Matrix& matrix, const Sharding& sharding);

struct RematExchanges {
  Collective forward;   // all-gather
  Collective backward;  // all-gather
  Collective gradient;  // reduce-scatter
};
// In one microbatch. Ranks 1 where nothing is exchanged.
RematExchanges RematExchangesOf(const Matrix& matrix, const Sharding& sharding);

}  // namespace commplan
