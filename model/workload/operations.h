// One step of a transformer as a list of operations, as one rank runs them: kernels with their
// shapes and collectives with their payloads.
//
//   Program program;                                    // reused from step to step
//   RETURN_IF_ERROR(Expand(model, layout, precision, demand, &program));
//   for (const Block& block : program.blocks) {
//     for (const Operation& operation : program.Of(block)) ...   // `block.repeat` times
//   }
//
// Layers of one kind are alike, so each kind is listed once, with its number. A Program that is
// used again allocates nothing, unless the step is refused.
//
// Kernels are fused as engines do: query, key and value are one GEMM, up and gate are one, the
// residual is added where the norm is taken. Collectives per layer are those of the engines:
//
//   tp > 1                 all-reduce behind attention and behind the MLP; experts need no more
//   + sequence_parallel    all-gather before and reduce-scatter behind each of the two
//   experts, all-to-all    dispatch and combine; nothing around them
//   experts, gather        all-gather before, reduce-scatter behind, over the attention_dp ranks
//   training, backward     the mirror image; and with sequence_parallel, inputs are gathered again
//                          for the weight gradients
//
// Payloads are counted as nccl-tests does: all-reduce the buffer; all-gather and reduce-scatter the
// whole buffer, not a rank's part; all-to-all what one rank sends, its own part included.
//
// Not here: what a data parallel group exchanges (model/workload/sharding.h), and time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/transformer.h"

namespace commplan {

// Where in the model an operation stands.
enum class Site : std::uint8_t {
  kEmbedding,
  kNorm,
  kResidual,
  kQueryKeyValue,
  kQueryUp,
  kKeyValueUp,
  kHeadNorm,
  kRotary,
  kConvolution,
  kIndexer,
  kContextExchange,
  kAttention,
  kSoftmax,
  kAttentionGate,
  kAttentionOutput,
  kMlpUp,
  kMlpActivation,
  kMlpDown,
  kRouter,
  kDispatch,
  kExpertUp,
  kExpertActivation,
  kExpertDown,
  kCombine,
  kSharedUp,
  kSharedActivation,
  kSharedDown,
  kFinalNorm,
  kLogits,
  kLoss,
  kStageBoundary,
};
inline constexpr std::size_t kSiteCount = 31;
// "attention output", "moe dispatch".
std::string_view Name(Site site);

enum class Pass : std::uint8_t { kForward, kInputGradient, kWeightGradient, kRecompute };

// m x n = (m x k)·(k x n), n and k on this rank.
struct Gemm {
  double m = 0;
  double n = 0;
  double k = 0;
  DataType weights = DataType::kBf16;
  DataType activations = DataType::kBf16;
};

// Several GEMMs of one shape in one kernel: experts, or heads. `rows` are divided among them.
struct GroupedGemm {
  double rows = 0;
  double groups = 0;
  double touched = 0;  // groups that get any row, on average
  double n = 0;
  double k = 0;
  double tokens = 0;  // of all ranks that share the experts, for a model of the whole expert layer
  DataType weights = DataType::kBf16;
  DataType activations = DataType::kBf16;
};

struct AttentionCall {
  double sequences = 0;
  double query = 0;  // new tokens of a sequence
  double keys = 0;   // tokens that are read for it, the new ones included
  double pairs = 0;  // of a query and a key that it sees, for one head of one sequence
  double heads = 0;
  double kv_heads = 0;
  double key_dim = 0;
  double value_dim = 0;
  bool value_in_key = false;  // absorbed latent attention: one cached vector is both
  bool fused = true;          // false: scores go through memory
  bool decode = false;
  std::int64_t window = 0;
  DataType activations = DataType::kBf16;
  DataType cache = DataType::kBf16;
};

// The recurrence of linear attention.
struct Recurrence {
  double sequences = 0;
  double tokens = 0;
  double heads = 0;
  double key_dim = 0;
  double value_dim = 0;
  DataType activations = DataType::kBf16;
};

// A kernel that only moves memory: norm, activation, rotary embedding, softmax.
struct Sweep {
  Bytes bytes{};
  double kernels = 1;
};

enum class Exchange : std::uint8_t {
  kAllReduce,
  kAllGather,
  kReduceScatter,
  kAllToAll,
  kPointToPoint,
};
std::string_view Name(Exchange exchange);  // "all-reduce", as everywhere

// Which ranks take part.
enum class GroupKind : std::uint8_t {
  kTensor,
  kContext,
  kExpert,        // ranks with different experts
  kExpertTensor,  // ranks that share an expert
  kAttentionData,
  kPipeline,
  kData,
  kExpertData,
  kRemat,  // ranks that share a weight by generalized tensor parallelism
};
std::string_view Name(GroupKind group);

struct Collective {
  Exchange exchange = Exchange::kAllReduce;
  GroupKind group = GroupKind::kTensor;
  int ranks = 1;
  std::int64_t node_limit = 0;  // of a dispatch: nodes that a token goes to at most; 0: any
  Bytes bytes{};
};

struct Operation {
  Site site = Site::kNorm;
  Pass pass = Pass::kForward;
  double count = 1;
  std::variant<Gemm, GroupedGemm, AttentionCall, Recurrence, Sweep, Collective> what;
};

// Of one execution.
Flops WorkOf(const Operation& operation);
Bytes TrafficOf(const Operation& operation);  // to and from device memory; none for a collective

enum class Part : std::uint8_t { kEmbedding, kLayer, kHead, kBoundary };
enum class Direction : std::uint8_t { kForward, kBackward, kRecompute };

// Operations [begin, end) of the program, which run `repeat` times in the whole model. What one
// stage of a pipeline runs of them: StageLayers; embedding on the first stage, head on the last.
struct Block {
  Part part = Part::kLayer;
  Direction direction = Direction::kForward;
  int kind = -1;  // of a layer: index in Transformer::kinds
  std::size_t begin = 0;
  std::size_t end = 0;
  double repeat = 0;
};

struct Program {
  std::vector<Operation> operations;
  std::vector<Block> blocks;
  Cut cut;
  double tokens = 0;  // on one rank, before sequence parallelism divides them

  std::span<const Operation> Of(const Block& block) const {
    return {operations.data() + block.begin, block.end - block.begin};
  }
};

// kUnsupported, with the reason, where the engines would refuse. On failure *program is empty.
Status Expand(const Transformer& model, const Layout& layout, const Precision& precision,
              const Demand& demand, Program* program);

}  // namespace commplan
