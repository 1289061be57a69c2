#include "model/step/exchanges.h"

#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/suggest.h"
#include "model/codec/codec.h"

namespace commplan {
namespace {

std::optional<codec::Source> SourceOf(DataType type) {
  switch (type) {
    case DataType::kFp32:
      return codec::Source::kFp32;
    case DataType::kBf16:
      return codec::Source::kBf16;
    case DataType::kFp16:
      return codec::Source::kFp16;
    default:
      return std::nullopt;
  }
}

}  // namespace

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

Result<const StepCodec*> Exchanges::Codec(std::string_view name, DataType source,
                                          std::optional<CompressedScheme> scheme) {
  for (const StepCodec& known : codecs_) {
    if (known.on.cost.name == name && known.source == source && known.scheme == scheme) {
      return &known;
    }
  }
  ASSIGN_OR_RETURN(const codec::Codec codec, codec::FindCodec(name));
  const std::optional<codec::Source> values = SourceOf(source);
  if (!values) {
    std::string message = "codec ";
    message.append(name).append(" takes bf16, fp16 or fp32 values, but what is sent is ");
    message.append(Name(source));
    return UnsupportedError(std::move(message), "leave the codec out, or send 16-bit values");
  }
  const double ratio = codec::Ratio(codec, *values);
  if (ratio < 1) {
    std::string message = "codec ";
    message.append(name).append(" makes ").append(Name(source)).append(" values larger");
    return UnsupportedError(std::move(message), "see codecs for those that make them smaller");
  }
  ASSIGN_OR_RETURN(CodecOnMachine on, CodecOn(*machine_, codec.name, 1 / ratio));
  codecs_.push_back({std::move(on), source, scheme});
  return &codecs_.back();
}

Result<const CompressionModel*> Exchanges::Coded(const CollectiveModel& plain,
                                                 const StepCodec& codec) {
  for (const CodedSlot& slot : coded_) {
    if (slot.plain == &plain && slot.codec == &codec) {
      return slot.model.Compresses() ? &slot.model : nullptr;
    }
  }
  ASSIGN_OR_RETURN(CompressionModel model,
                   CompressionModel::CreateOn(*machine_, plain, codec.on, codec.scheme));
  model.Prepare();
  coded_.push_back({&plain, &codec, std::move(model)});
  return coded_.back().model.Compresses() ? &coded_.back().model : nullptr;
}

}  // namespace commplan
