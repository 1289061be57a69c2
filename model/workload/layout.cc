#include "model/workload/layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "model/base/check.h"
#include "model/base/result.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

// Engines pad the vocabulary so that each rank's share is a multiple of this: vLLM the whole to 64,
// Megatron each rank's share to 128.
constexpr std::int64_t kServingPad = 64;
constexpr std::int64_t kTrainingPad = 128;

std::int64_t RoundUp(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// "32 heads do not divide over tp 5".
Error NotDivisible(std::int64_t count, const std::string& what, const std::string& by, int ranks) {
  std::string message = std::to_string(count);
  message += ' ';
  message += what;
  message += " do not divide over ";
  message += by;
  message += ' ';
  message += std::to_string(ranks);
  std::string hint = "take a divisor of ";
  hint += std::to_string(count);
  return UnsupportedError(std::move(message), std::move(hint));
}

Status CheckSizes(const Layout& layout) {
  const std::array<std::pair<std::string_view, int>, 7> kSizes = {
      {{"tp", layout.tp},
       {"pp", layout.pp},
       {"dp", layout.dp},
       {"cp", layout.cp},
       {"ep", layout.ep},
       {"attention_dp", layout.attention_dp},
       {"virtual_stages", layout.virtual_stages}}};
  for (const auto& [name, size] : kSizes) {
    if (size >= 1) continue;
    std::string message(name);
    message += ": found ";
    message += std::to_string(size);
    message += ", expected at least 1";
    return BadInputError(std::move(message));
  }
  if (layout.expert_tp < 0) return BadInputError("expert_tp: found a number below 0");
  return OkStatus();
}

Status CheckAttention(const Attention& a, const Layout& layout) {
  const int tp = layout.tp;
  if (a.heads % tp != 0) return NotDivisible(a.heads, "attention heads", "tp", tp);
  if (a.kind == AttentionKind::kLinear && a.kv_heads % tp != 0) {
    return NotDivisible(a.kv_heads, "key heads of linear attention", "tp", tp);
  }
  if (a.kind == AttentionKind::kLinear && layout.cp > 1) {
    return UnsupportedError("linear attention has no context parallel form here",
                            "use cp 1 for this model");
  }
  if (a.kind == AttentionKind::kGrouped && a.kv_heads % tp != 0 && tp % a.kv_heads != 0) {
    return NotDivisible(a.kv_heads, "KV heads", "tp", tp);
  }
  if (layout.cp > 1 && layout.context_exchange == ContextExchange::kAllToAll) {
    const int both = layout.tp * layout.cp;
    if (a.heads % both != 0) return NotDivisible(a.heads, "attention heads", "tp x cp", both);
    if (a.kind == AttentionKind::kGrouped && a.kv_heads % both != 0) {
      return NotDivisible(a.kv_heads, "KV heads", "tp x cp", both);
    }
  }
  return OkStatus();
}

Status CheckMlp(const Mlp& mlp, const Layout& layout, int expert_tp) {
  if (!mlp.IsExperts()) {
    if (mlp.width % layout.tp != 0) return NotDivisible(mlp.width, "MLP columns", "tp", layout.tp);
    return OkStatus();
  }
  if (mlp.experts % layout.ep != 0) return NotDivisible(mlp.experts, "experts", "ep", layout.ep);
  if (mlp.width % expert_tp != 0) {
    return NotDivisible(mlp.width, "columns of an expert", "expert_tp", expert_tp);
  }
  if (mlp.shared_width % layout.tp != 0) {
    return NotDivisible(mlp.shared_width, "columns of the shared experts", "tp", layout.tp);
  }
  return OkStatus();
}

// Ranks over which the experts of a stage may spread.
int ExpertRanks(const Layout& layout, Phase phase) {
  return phase == Phase::kServe ? layout.tp * layout.attention_dp
                                : layout.tp * layout.cp * layout.dp;
}

Result<int> ExpertTp(const Layout& layout, Phase phase) {
  const int ranks = ExpertRanks(layout, phase);
  // Megatron keeps tensor parallelism inside experts unless told otherwise; serving engines spread
  // the experts over all ranks that share them.
  const int expert_tp = layout.expert_tp > 0     ? layout.expert_tp
                        : phase == Phase::kTrain ? layout.tp
                                                 : std::max(1, ranks / layout.ep);
  const int used = layout.ep * expert_tp;
  const bool fits = phase == Phase::kServe ? used == ranks : ranks % used == 0;
  if (fits) return expert_tp;
  std::string message = "experts on ep ";
  message += std::to_string(layout.ep);
  message += " x expert_tp ";
  message += std::to_string(expert_tp);
  message += " ranks do not fit the ";
  message += std::to_string(ranks);
  message += phase == Phase::kServe ? " ranks of a stage (tp x attention_dp)"
                                    : " ranks of a stage (tp x cp x dp)";
  return UnsupportedError(std::move(message), phase == Phase::kServe
                                                  ? "their product must be that number"
                                                  : "their product must divide that number");
}

Status CheckExchange(const Layout& layout, Phase phase, int expert_tp) {
  const bool reduces = layout.expert_exchange == ExpertExchange::kReduce;
  if (phase == Phase::kServe && layout.attention_dp > 1 && reduces) {
    return UnsupportedError("experts by reduce need every token on every rank, and attention_dp " +
                                std::to_string(layout.attention_dp) + " spreads the tokens",
                            "use gather or all-to-all");
  }
  if (phase == Phase::kTrain && layout.ep > 1 && reduces) {
    return UnsupportedError("training with ep " + std::to_string(layout.ep) +
                                " has different tokens on each expert rank",
                            "use gather or all-to-all");
  }
  if (phase == Phase::kServe && expert_tp > 1 &&
      layout.expert_exchange == ExpertExchange::kAllToAll) {
    return UnsupportedError(
        "engines dispatch by all-to-all only to whole experts, found expert_tp " +
            std::to_string(expert_tp),
        "use gather, or ep = tp x attention_dp");
  }
  return OkStatus();
}

Status CheckPhase(const Layout& layout, Phase phase) {
  if (phase == Phase::kTrain && layout.attention_dp > 1) {
    return UnsupportedError("attention_dp is a layout of serving; training has dp");
  }
  if (phase == Phase::kServe && layout.virtual_stages > 1) {
    return UnsupportedError("serving engines have no virtual stages");
  }
  return OkStatus();
}

}  // namespace

std::string_view Name(ExpertExchange exchange) {
  constexpr std::array<std::string_view, 3> kNames = {"reduce", "gather", "all-to-all"};
  return kNames[static_cast<std::size_t>(exchange)];
}

std::string_view Name(ContextExchange exchange) {
  constexpr std::array<std::string_view, 3> kNames = {"ring", "gather", "all-to-all"};
  return kNames[static_cast<std::size_t>(exchange)];
}

Demand Prefill(double sequences, double tokens, double context) {
  Demand demand;
  demand.prefill = {sequences, tokens, context};
  return demand;
}

Demand Decode(double sequences, double context) {
  Demand demand;
  demand.decode = {sequences, 1, context};
  return demand;
}

Demand TrainMicrobatch(double sequences, double tokens) {
  Demand demand;
  demand.phase = Phase::kTrain;
  demand.prefill = {sequences, tokens, 0};
  return demand;
}

Result<Cut> CheckLayout(const Transformer& model, const Layout& layout, Phase phase) {
  RETURN_IF_ERROR(CheckSizes(layout));
  RETURN_IF_ERROR(CheckPhase(layout, phase));
  bool experts = false;
  for (const LayerKind& kind : model.kinds) experts = experts || kind.mlp.IsExperts();
  Cut cut;
  if (experts) {
    ASSIGN_OR_RETURN(cut.expert_tp, ExpertTp(layout, phase));
    cut.expert_ranks = layout.ep * cut.expert_tp;
    RETURN_IF_ERROR(CheckExchange(layout, phase, cut.expert_tp));
  } else if (layout.ep > 1 || layout.expert_tp > 1) {
    return UnsupportedError(model.name + " has no experts to spread over ep " +
                            std::to_string(layout.ep));
  }
  for (const LayerKind& kind : model.kinds) {
    RETURN_IF_ERROR(CheckAttention(kind.attention, layout));
    RETURN_IF_ERROR(CheckMlp(kind.mlp, layout, cut.expert_tp));
  }
  const std::int64_t chunks = std::int64_t{layout.pp} * layout.virtual_stages;
  if (chunks > model.layers) {
    return UnsupportedError(std::to_string(model.layers) + " layers are fewer than the " +
                                std::to_string(chunks) + " stages of pp x virtual_stages",
                            "take fewer stages");
  }
  const std::int64_t pad = phase == Phase::kServe ? kServingPad : kTrainingPad * layout.tp;
  cut.padded_vocabulary = RoundUp(model.vocabulary, pad);
  const std::int64_t on_rank = RoundUp(cut.padded_vocabulary, layout.tp) / layout.tp;
  cut.vocabulary = static_cast<double>(on_rank);
  return cut;
}

LayerRange LayersOfChunk(const Transformer& model, const Layout& layout, int stage, int chunk) {
  const std::int64_t chunks = std::int64_t{layout.pp} * layout.virtual_stages;
  const std::int64_t index = std::int64_t{chunk} * layout.pp + stage;
  CHECK(0 <= stage && stage < layout.pp && 0 <= index && index < chunks);
  const std::int64_t least = model.layers / chunks;
  const std::int64_t more = model.layers % chunks;
  // Chunks that take one more: [chunks - 1 - more, chunks - 1).
  const std::int64_t first_longer = chunks - 1 - more;
  const auto begin_of = [&](std::int64_t i) {
    return i * least + std::clamp<std::int64_t>(i - first_longer, 0, more);
  };
  return {begin_of(index), begin_of(index + 1)};
}

std::int64_t StageLayers(const Transformer& model, const Layout& layout, int kind, int stage) {
  std::int64_t layers = 0;
  for (int chunk = 0; chunk < layout.virtual_stages; ++chunk) {
    const LayerRange range = LayersOfChunk(model, layout, stage, chunk);
    layers += LayersOfKind(model, kind, range.begin, range.end);
  }
  return layers;
}

std::int64_t KvHeadsOnRank(const Attention& attention, int tp) {
  return std::max<std::int64_t>(1, attention.kv_heads / tp);
}

std::int64_t Ranks(const Layout& layout, Phase phase) {
  const std::int64_t stage = std::int64_t{layout.tp} * layout.cp *
                             (phase == Phase::kServe ? layout.attention_dp : layout.dp);
  return stage * layout.pp;
}

}  // namespace commplan
