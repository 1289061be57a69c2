#include "model/step/exchanges.h"

#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/suggest.h"

namespace commplan {

Op OpOf(Exchange exchange) {
  switch (exchange) {
    case Exchange::kAllReduce:
      return Op::kAllReduce;
    case Exchange::kAllGather:
      return Op::kAllGather;
    case Exchange::kReduceScatter:
      return Op::kReduceScatter;
    case Exchange::kAllToAll:
      return Op::kAllToAll;
    case Exchange::kPointToPoint:
      return Op::kPointToPoint;
  }
  CHECK(false);
}

Group GroupOf(const Layout& layout, const Cut& cut, Phase phase, GroupKind kind, int ranks) {
  const bool serving = phase == Phase::kServe;
  // Distances of neighbours along each axis.
  const int attention_data = layout.tp;
  const int context = layout.tp * (serving ? layout.attention_dp : 1);
  const int data = layout.tp * layout.cp;
  const int stage = serving ? context * layout.cp : data * layout.dp;
  Group group{.ranks = ranks, .stride = 1, .concurrent = 1};
  switch (kind) {
    case GroupKind::kTensor:
    case GroupKind::kExpertTensor:
      break;
    case GroupKind::kRemat:
      group.stride = layout.tp;
      break;
    case GroupKind::kAttentionData:
      group.stride = attention_data;
      break;
    case GroupKind::kContext:
      group.stride = context;
      break;
    case GroupKind::kExpert:
      group.stride = cut.expert_tp;
      break;
    case GroupKind::kExpertData:
      group.stride = cut.expert_ranks;
      break;
    case GroupKind::kData:
      // Context parallel ranks hold the same weights and reduce with the others.
      group.stride = ranks > layout.dp && layout.cp > 1 ? layout.tp : data;
      break;
    case GroupKind::kPipeline:
      group = {.ranks = 2, .stride = stage, .concurrent = stage};
      return group;
  }
  group.concurrent = stage % ranks == 0 ? stage / ranks : 1;
  return group;
}

Result<Exchanges> Exchanges::Create(const Machine& machine, std::string_view engine) {
  std::vector<std::string> known;
  for (const Engine& one : machine.engines) {
    if (engine.empty() || one.name == engine) return Exchanges(machine, one);
    known.push_back(one.name);
  }
  std::string message = "profile ";
  message += machine.name;
  if (known.empty()) {
    message += " has no engine, so nothing runs collectives there";
    return UnsupportedError(std::move(message));
  }
  message += " has no engine '";
  message += engine;
  message += "'";
  return NotFoundError(std::move(message), {}, SuggestionHint(engine, known));
}

Result<const CollectiveModel*> Exchanges::For(Op op, const Group& group) {
  for (const Slot& slot : slots_) {
    const bool same = slot.op == op && slot.group.ranks == group.ranks &&
                      slot.group.stride == group.stride &&
                      slot.group.concurrent == group.concurrent;
    if (same) return &slot.model;
  }
  const CollectiveRequest request{.op = op, .group = group, .algorithm = {}};
  ASSIGN_OR_RETURN(CollectiveModel model,
                   CollectiveModel::Create(machine_->fabric, machine_->engines, *engine_, request));
  slots_.push_back({op, group, std::move(model)});
  return &slots_.back().model;
}

}  // namespace commplan
