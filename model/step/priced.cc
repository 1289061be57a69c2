#include "model/step/priced.h"

#include <variant>

#include "model/base/check.h"

namespace commplan {
namespace {

std::size_t Index(WhatIf what_if) { return static_cast<std::size_t>(what_if); }

// Sets what the codec makes of a collective that is priced plain.
Status Compress(const StepCodecs& codecs, Bytes bytes, Detail detail, Exchanges& exchanges,
                Priced* priced) {
  const StepCodec* const codec = CodecFor(codecs, *priced->operation);
  if (codec == nullptr) return OkStatus();
  ASSIGN_OR_RETURN(const CompressionModel* const coded,
                   exchanges.Coded(*priced->collective, *codec));
  if (coded == nullptr) return OkStatus();
  const Time time = coded->CodedTime(bytes);
  if (codecs.where_it_pays && time >= priced->plain) return OkStatus();
  priced->coded = coded;
  priced->codec = codec;
  priced->each.fill(time);
  if (detail == Detail::kTimes) return OkStatus();
  const CompressionWhatIf what_if = coded->WhatIfAt(bytes);
  priced->each[Index(WhatIf::kHalfLatency)] = what_if.half_latency;
  priced->each[Index(WhatIf::kDoubleBandwidth)] = what_if.double_bandwidth;
  const CompressionAnswer answer = coded->At(bytes);
  priced->low = answer.low;
  priced->high = answer.high;
  priced->extrapolated = answer.extrapolated;
  priced->regime = RegimeOf(answer.coded.cost);
  return OkStatus();
}

Status PriceCollective(const PricingContext& context, const Cut& cut, Detail detail,
                       Exchanges& exchanges, Priced* priced) {
  const Collective& collective = std::get<Collective>(priced->operation->what);
  const Group group =
      GroupOf(*context.layout, cut, context.phase, collective.group, collective.ranks);
  ASSIGN_OR_RETURN(priced->collective, exchanges.For(OpOf(collective.exchange), group));
  const Price price = priced->collective->At(collective.bytes);
  priced->plain = price.cost.Total();
  priced->each.fill(priced->plain);
  if (detail == Detail::kFull) {
    const Sensitivity sensitivity = priced->collective->SensitivityAt(collective.bytes);
    priced->each[Index(WhatIf::kHalfLatency)] = priced->plain - sensitivity.saved_by_half_latency;
    priced->each[Index(WhatIf::kDoubleBandwidth)] =
        priced->plain - sensitivity.saved_by_double_bandwidth;
    priced->low = price.low;
    priced->high = price.high;
    priced->extrapolated = price.extrapolated;
    priced->variant = priced->collective->variants().empty() ? -1 : price.variant;
    priced->regime = RegimeOf(price.cost);
  }
  return Compress(context.codecs, collective.bytes, detail, exchanges, priced);
}

// A layer exchanges the same payload in the same group more than once.
bool TakePriced(const StepCodecs& codecs, const std::vector<Priced>& known, Priced* priced) {
  const Collective& wanted = std::get<Collective>(priced->operation->what);
  for (const Priced& one : known) {
    if (one.collective == nullptr) continue;
    const Collective& collective = std::get<Collective>(one.operation->what);
    const bool same = collective.exchange == wanted.exchange && collective.group == wanted.group &&
                      collective.ranks == wanted.ranks && collective.bytes == wanted.bytes &&
                      CodecFor(codecs, *one.operation) == CodecFor(codecs, *priced->operation);
    if (!same) continue;
    const Priced mine = *priced;
    *priced = one;
    priced->operation = mine.operation;
    priced->block = mine.block;
    priced->times = mine.times;
    return true;
  }
  return false;
}

Status PriceKernel(const ExpertContext& experts, double share, Detail detail, Kernels& kernels,
                   Priced* priced) {
  if (detail == Detail::kTimes) {
    ASSIGN_OR_RETURN(const Time time, kernels.TimeOf(*priced->operation, experts));
    priced->each.fill(time * share);
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const KernelTime time, kernels.Price(*priced->operation, experts));
  priced->each.fill(time.Total() * share);
  priced->low = time.low * share;
  priced->high = time.high * share;
  priced->extrapolated = time.extrapolated;
  return OkStatus();
}

}  // namespace

Time TimeUnder(const CollectiveModel& model, Bytes bytes, WhatIf what_if) {
  const Time time = model.At(bytes).cost.Total();
  switch (what_if) {
    case WhatIf::kAsIs:
      return time;
    case WhatIf::kHalfLatency:
      return time - model.SensitivityAt(bytes).saved_by_half_latency;
    case WhatIf::kDoubleBandwidth:
      return time - model.SensitivityAt(bytes).saved_by_double_bandwidth;
  }
  CHECK(false);
}

Time TimeUnder(const Priced& exchange, Bytes bytes, WhatIf what_if) {
  if (exchange.coded == nullptr) return TimeUnder(*exchange.collective, bytes, what_if);
  switch (what_if) {
    case WhatIf::kAsIs:
      return exchange.coded->CodedTime(bytes);
    case WhatIf::kHalfLatency:
      return exchange.coded->WhatIfAt(bytes).half_latency;
    case WhatIf::kDoubleBandwidth:
      return exchange.coded->WhatIfAt(bytes).double_bandwidth;
  }
  CHECK(false);
}

const StepCodec* CodecFor(const StepCodecs& codecs, const Operation& exchange) {
  const Site site = exchange.site;
  switch (std::get<Collective>(exchange.what).group) {
    case GroupKind::kTensor:
      if (site == Site::kLogits || site == Site::kLoss || site == Site::kHeadNorm) return nullptr;
      return codecs.tensor;
    case GroupKind::kExpert:
    case GroupKind::kExpertTensor:
    case GroupKind::kAttentionData:
      if (site == Site::kDispatch) return codecs.dispatch;
      if (site == Site::kCombine) return codecs.combine;
      return nullptr;
    default:
      return nullptr;
  }
}

ExpertContext ExpertsOf(const PricingContext& context, const Cut& cut, const Block& block) {
  ExpertContext experts;
  if (block.kind < 0) return experts;
  experts.mlp = &context.model->kinds[static_cast<std::size_t>(block.kind)].mlp;
  experts.ep = context.layout->ep;
  experts.expert_tp = cut.expert_tp;
  experts.imbalance = context.expert_imbalance;
  experts.dispatched = context.layout->expert_exchange == ExpertExchange::kAllToAll;
  return experts;
}

Status PriceProgram(const PricingContext& context, const Demand& demand, Detail detail,
                    Kernels& kernels, Exchanges& exchanges, PricedProgram* priced) {
  priced->operations.clear();
  Program& program = priced->program;
  RETURN_IF_ERROR(Expand(*context.model, *context.layout, *context.precision, demand, &program));
  for (std::size_t i = 0; i < program.blocks.size(); ++i) {
    const Block& block = program.blocks[i];
    if (block.repeat <= 0) continue;
    const ExpertContext experts = ExpertsOf(context, program.cut, block);
    for (const Operation& operation : program.Of(block)) {
      priced->operations.push_back({.operation = &operation, .block = i});
      Priced& one = priced->operations.back();
      one.times = block.repeat * operation.count;
      if (!std::holds_alternative<Collective>(operation.what)) {
        const bool sweep = ClassOf(operation) == KernelClass::kSweep;
        const double share = sweep ? context.sweep_share : context.kernel_share;
        RETURN_IF_ERROR(PriceKernel(experts, share, detail, kernels, &one));
      } else if (!TakePriced(context.codecs, priced->operations, &one)) {
        RETURN_IF_ERROR(PriceCollective(context, program.cut, detail, exchanges, &one));
      }
    }
  }
  return OkStatus();
}

}  // namespace commplan
