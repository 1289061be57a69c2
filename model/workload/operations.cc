#include "model/workload/operations.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <variant>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/workload/builder.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

using workload_internal::Builder;

bool IsBackward(Pass pass) { return pass == Pass::kInputGradient || pass == Pass::kWeightGradient; }

// The state of a head is held in fp32.
constexpr double kStateBytes = 4;

Flops AttentionWork(const AttentionCall& call, Pass pass) {
  // Two products, of query with key and of score with value. Backward has the two gradients of
  // each, and where the scores were not kept the first product again.
  const double both = call.sequences * call.heads * call.pairs * 2;
  const double forward = both * (call.key_dim + call.value_dim);
  if (!IsBackward(pass)) return Flop(forward);
  return Flop(2 * forward + (call.fused ? both * call.key_dim : 0));
}

Bytes AttentionTraffic(const AttentionCall& call, Pass pass) {
  const double wide = call.key_dim + call.value_dim;
  const double values = call.value_in_key ? 0 : call.value_dim;
  const double rows =
      call.sequences * call.query * call.heads * wide * BytesPerValue(call.activations);
  const double cached = call.sequences * call.keys * call.kv_heads * (call.key_dim + values) *
                        BytesPerValue(call.cache);
  // Backward reads the same and the output's gradient, and writes three gradients.
  return B((rows + cached) * (IsBackward(pass) ? 2 : 1));
}

Flops RecurrenceWork(const Recurrence& r, Pass pass) {
  // For each token and head: read the state with the key, correct it, read it with the query.
  const double forward = r.sequences * r.tokens * r.heads * 6 * r.key_dim * r.value_dim;
  return Flop(forward * (IsBackward(pass) ? 2 : 1));
}

Bytes RecurrenceTraffic(const Recurrence& r, Pass pass) {
  const double rows = r.sequences * r.tokens * r.heads * 2 * (r.key_dim + r.value_dim) *
                      BytesPerValue(r.activations);
  const double state = r.sequences * r.heads * 2 * r.key_dim * r.value_dim * kStateBytes;
  return B((rows + state) * (IsBackward(pass) ? 2 : 1));
}

double GemmBytes(const Gemm& g) {
  const double act = BytesPerValue(g.activations);
  return g.m * g.k * act + g.k * g.n * BytesPerValue(g.weights) + g.m * g.n * 2;
}

double GroupedBytes(const GroupedGemm& g) {
  const double act = BytesPerValue(g.activations);
  return g.rows * g.k * act + g.touched * g.k * g.n * BytesPerValue(g.weights) + g.rows * g.n * 2;
}

// Appends one block: what `build` adds, and in training its mirror and what is recomputed.
template <class Build>
void AddBlock(const Demand& demand, Builder& builder, Block block, Program& program,
              const Build& build) {
  const auto close = [&](Direction direction, std::size_t begin) {
    block.direction = direction;
    block.begin = begin;
    block.end = program.operations.size();
    program.blocks.push_back(block);
  };
  const std::size_t begin = program.operations.size();
  build();
  const std::size_t end = program.operations.size();
  close(Direction::kForward, begin);
  if (demand.phase != Phase::kTrain) return;
  if (block.part == Part::kLayer && demand.recompute != Recompute::kNone) {
    builder.Again(begin, end, demand.recompute == Recompute::kSelective);
    close(Direction::kRecompute, end);
  }
  const std::size_t mirror = program.operations.size();
  builder.Mirror(begin, end);
  close(Direction::kBackward, mirror);
}

}  // namespace

std::string_view Name(Site site) {
  constexpr std::array<std::string_view, kSiteCount> kNames = {"embedding",
                                                               "norm",
                                                               "residual",
                                                               "attention qkv",
                                                               "attention query up",
                                                               "attention kv up",
                                                               "attention head norm",
                                                               "rotary",
                                                               "convolution",
                                                               "attention indexer",
                                                               "context exchange",
                                                               "attention",
                                                               "softmax",
                                                               "attention gate",
                                                               "attention output",
                                                               "mlp up",
                                                               "mlp activation",
                                                               "mlp down",
                                                               "moe router",
                                                               "moe dispatch",
                                                               "moe up",
                                                               "moe activation",
                                                               "moe down",
                                                               "moe combine",
                                                               "shared expert up",
                                                               "shared expert activation",
                                                               "shared expert down",
                                                               "final norm",
                                                               "logits",
                                                               "loss",
                                                               "stage boundary"};
  return kNames[static_cast<std::size_t>(site)];
}

std::string_view Name(Exchange exchange) {
  constexpr std::array<std::string_view, 5> kNames = {"all-reduce", "all-gather", "reduce-scatter",
                                                      "all-to-all", "p2p"};
  return kNames[static_cast<std::size_t>(exchange)];
}

std::string_view Name(GroupKind group) {
  constexpr std::array<std::string_view, 9> kNames = {
      "tp", "cp", "ep", "expert-tp", "attention-dp", "pp", "dp", "expert-dp", "gtp"};
  return kNames[static_cast<std::size_t>(group)];
}

Flops WorkOf(const Operation& operation) {
  return std::visit(
      [&](const auto& what) -> Flops {
        using What = std::remove_cvref_t<decltype(what)>;
        if constexpr (std::is_same_v<What, Gemm>) {
          return Flop(2 * what.m * what.n * what.k);
        } else if constexpr (std::is_same_v<What, GroupedGemm>) {
          return Flop(2 * what.rows * what.n * what.k);
        } else if constexpr (std::is_same_v<What, AttentionCall>) {
          return AttentionWork(what, operation.pass);
        } else if constexpr (std::is_same_v<What, Recurrence>) {
          return RecurrenceWork(what, operation.pass);
        } else {
          return Flops();
        }
      },
      operation.what);
}

Bytes TrafficOf(const Operation& operation) {
  return std::visit(
      [&](const auto& what) -> Bytes {
        using What = std::remove_cvref_t<decltype(what)>;
        if constexpr (std::is_same_v<What, Gemm>) {
          return B(GemmBytes(what));
        } else if constexpr (std::is_same_v<What, GroupedGemm>) {
          return B(GroupedBytes(what));
        } else if constexpr (std::is_same_v<What, AttentionCall>) {
          return AttentionTraffic(what, operation.pass);
        } else if constexpr (std::is_same_v<What, Recurrence>) {
          return RecurrenceTraffic(what, operation.pass);
        } else if constexpr (std::is_same_v<What, Sweep>) {
          return what.bytes;
        } else {
          return Bytes();
        }
      },
      operation.what);
}

Status Expand(const Transformer& model, const Layout& layout, const Precision& precision,
              const Demand& demand, Program* program) {
  program->operations.clear();
  program->blocks.clear();
  ASSIGN_OR_RETURN(program->cut, CheckLayout(model, layout, demand.phase));
  Builder builder(model, layout, precision, demand, program);
  RETURN_IF_ERROR(builder.Check());

  const auto add = [&](Part part, int kind, double repeat, const auto& build) {
    Block block;
    block.part = part;
    block.kind = kind;
    block.repeat = repeat;
    AddBlock(demand, builder, block, *program, build);
  };
  add(Part::kEmbedding, -1, 1, [&] { builder.EmbeddingPart(); });
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const auto kind = static_cast<int>(i);
    const auto layers = LayersOfKind(model, kind, 0, model.layers);
    add(Part::kLayer, kind, static_cast<double>(layers),
        [&] { builder.LayerPart(model.kinds[i]); });
  }
  add(Part::kHead, -1, 1, [&] { builder.HeadPart(); });
  if (layout.pp > 1) {
    const double boundaries = static_cast<double>(layout.pp) * layout.virtual_stages - 1;
    add(Part::kBoundary, -1, boundaries, [&] { builder.BoundaryPart(); });
  }
  return OkStatus();
}

}  // namespace commplan
