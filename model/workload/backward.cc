// The backward pass as the mirror image of the forward pass, and what is computed again before it.

#include <cstddef>
#include <variant>

#include "model/base/quantity.h"
#include "model/workload/builder.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan::workload_internal {
namespace {

// How much more memory a kernel's backward moves: passes over its values, backward over forward.
double BackwardRatio(const Operation& forward, const Demand& demand, bool gated, double width) {
  switch (forward.site) {
    case Site::kNorm:
    case Site::kFinalNorm:
      // Gradient, input and the residual's gradient in, one gradient out; over in and out.
      return 2;
    case Site::kResidual:
      // With dropout: bias gradient 1, dropout 2 and the mask, addition 3 passes.
      return demand.dropout ? (6 * width + 1) / (3 * width + 1) : 1;
    case Site::kMlpActivation:
    case Site::kExpertActivation:
    case Site::kSharedActivation:
      // Gated: gradient and two inputs in, two gradients out, over two in and one out. Plain:
      // gradient and input in, gradient out, and the bias gradient, over one in and one out.
      return gated ? 5.0 / 3 : 2;
    case Site::kLoss:
      return 0.5;
    default:
      return 1;
  }
}

bool IsTensor(const Operation& operation, Exchange exchange) {
  const auto* const collective = std::get_if<Collective>(&operation.what);
  return collective != nullptr && collective->group == GroupKind::kTensor &&
         collective->exchange == exchange;
}

class Mirroring {
 public:
  Mirroring(const Transformer& model, const Layout& layout, const Precision& precision,
            const Demand& demand, Program& program)
      : layout_(layout), precision_(precision), demand_(demand), program_(program) {
    const double width = static_cast<double>(model.hidden);
    hidden_bytes_ = program.tokens * width * BytesPerValue(precision.communication);
    for (const LayerKind& kind : model.kinds) gated_ = gated_ || kind.mlp.gated;
  }

  void Run(std::size_t begin, std::size_t end) {
    for (std::size_t i = end; i-- > begin;) {
      const Operation forward = program_.operations[i];  // a copy: appending moves the others
      const bool gathered = i > begin && IsTensor(program_.operations[i - 1], Exchange::kAllGather);
      Append(forward, gathered);
    }
  }

 private:
  void Add(const Operation& like, Pass pass) {
    program_.operations.push_back(like);
    program_.operations.back().pass = pass;
  }

  template <class What>
  void Add(const Operation& like, Pass pass, const What& what, double count) {
    program_.operations.push_back({like.site, pass, count, what});
  }

  void Append(const Operation& forward, bool gathered) {
    if (const auto* gemm = std::get_if<Gemm>(&forward.what)) {
      if (gathered) GatherAgain(forward.site);
      GemmGradients(forward, *gemm);
    } else if (const auto* grouped = std::get_if<GroupedGemm>(&forward.what)) {
      GroupedGradients(forward, *grouped);
    } else if (const auto* sweep = std::get_if<Sweep>(&forward.what)) {
      SweepGradient(forward, *sweep);
    } else if (const auto* collective = std::get_if<Collective>(&forward.what)) {
      MirrorCollective(forward, *collective);
    } else {
      Add(forward, Pass::kInputGradient);
    }
  }

  // The gathered input was not kept; the weight gradient needs it.
  void GatherAgain(Site site) {
    Collective collective{Exchange::kAllGather, GroupKind::kTensor, layout_.tp, 0,
                          B(hidden_bytes_)};
    program_.operations.push_back({site, Pass::kWeightGradient, 1, collective});
  }

  void Accumulate(const Operation& forward, double weights) {
    const double bytes =
        weights * (BytesPerValue(precision_.gradients) + BytesPerValue(precision_.residual));
    Add(forward, Pass::kWeightGradient, Sweep{B(bytes), 1}, forward.count);
  }

  void GemmGradients(const Operation& forward, const Gemm& g) {
    Add(forward, Pass::kInputGradient, Gemm{g.m, g.k, g.n, g.weights, g.activations},
        forward.count);
    Add(forward, Pass::kWeightGradient, Gemm{g.n, g.k, g.m, g.activations, g.activations},
        forward.count);
    Accumulate(forward, g.n * g.k);
  }

  void GroupedGradients(const Operation& forward, const GroupedGemm& g) {
    GroupedGemm input = g;
    input.n = g.k;
    input.k = g.n;
    Add(forward, Pass::kInputGradient, input, forward.count);
    // As many products of gradient and input; the weights are what comes out.
    Add(forward, Pass::kWeightGradient, g, forward.count);
    Accumulate(forward, g.groups * g.n * g.k);
  }

  void SweepGradient(const Operation& forward, const Sweep& sweep) {
    const bool enters = forward.site == Site::kNorm || forward.site == Site::kFinalNorm;
    if (forward.site == Site::kFinalNorm && !layout_.sequence_parallel) owed_ = Site::kLogits;
    if (enters && owed_ != Site::kStageBoundary) {
      if (layout_.tp > 1) {
        Collective collective{Exchange::kAllReduce, GroupKind::kTensor, layout_.tp, 0,
                              B(hidden_bytes_)};
        program_.operations.push_back({owed_, Pass::kInputGradient, 1, collective});
      }
      owed_ = Site::kStageBoundary;
    }
    const double ratio =
        BackwardRatio(forward, demand_, gated_, BytesPerValue(precision_.residual));
    Add(forward, Pass::kInputGradient, Sweep{sweep.bytes * ratio, sweep.kernels}, forward.count);
  }

  void MirrorCollective(const Operation& forward, const Collective& collective) {
    Collective mirrored = collective;
    switch (collective.exchange) {
      case Exchange::kAllReduce:
        // Behind a row-parallel matrix it is the identity; the gradient is summed where the
        // column-parallel matrix began, right before the norm.
        if (forward.site == Site::kLoss || forward.site == Site::kEmbedding) return;
        if (forward.site != Site::kHeadNorm) {
          owed_ = forward.site;
          return;
        }
        break;
      case Exchange::kAllGather:
        if (forward.site == Site::kContextExchange) Add(forward, Pass::kInputGradient);
        if (forward.site != Site::kStageBoundary) mirrored.exchange = Exchange::kReduceScatter;
        break;
      case Exchange::kReduceScatter:
        mirrored.exchange = Exchange::kAllGather;
        break;
      case Exchange::kPointToPoint:
        // Around the ring travel keys and values again, and their gradients.
        if (forward.site == Site::kContextExchange) mirrored.bytes = collective.bytes * 2;
        break;
      case Exchange::kAllToAll:
        break;
    }
    Add(forward, Pass::kInputGradient, mirrored, forward.count);
  }

  const Layout& layout_;
  const Precision& precision_;
  const Demand& demand_;
  Program& program_;
  double hidden_bytes_ = 0;
  bool gated_ = false;
  // The site whose all-reduce is still owed; kStageBoundary, which has none, stands for no site.
  Site owed_ = Site::kStageBoundary;
};

}  // namespace

void Builder::Mirror(std::size_t begin, std::size_t end) {
  Mirroring(model_, layout_, precision_, demand_, program_).Run(begin, end);
}

void Builder::Again(std::size_t begin, std::size_t end, bool scores_only) {
  for (std::size_t i = begin; i < end; ++i) {
    const Operation forward = program_.operations[i];
    const bool scores = forward.site == Site::kAttention || forward.site == Site::kSoftmax;
    if (scores_only && !scores) continue;
    program_.operations.push_back(forward);
    program_.operations.back().pass = Pass::kRecompute;
  }
}

}  // namespace commplan::workload_internal
