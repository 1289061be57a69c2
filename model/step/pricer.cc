#include "model/step/pricer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include "model/base/check.h"
#include "model/memory/serving.h"
#include "model/step/compression_step.h"

namespace commplan {
namespace {

Demand HalfOf(const Demand& demand) {
  Demand half = demand;
  half.prefill.sequences /= 2;
  half.decode.sequences /= 2;
  return half;
}

PricingContext ContextOf(const StepRequest& request) {
  return {.model = request.model,
          .layout = &request.layout,
          .precision = &request.precision,
          .phase = request.demand.phase,
          .expert_imbalance = request.expert_imbalance};
}

Status CheckRequest(const StepRequest& request) {
  CHECK(request.model != nullptr);
  if (request.overlap_fraction &&
      !(*request.overlap_fraction >= 0 && *request.overlap_fraction <= 1)) {
    return BadInputError("the overlap fraction is " + std::to_string(*request.overlap_fraction) +
                         ", expected 0 to 1");
  }
  if (request.overlap_fraction && request.overlap != Overlap::kNone) {
    return BadInputError("found both a way to overlap and a fraction of overlap, expected one");
  }
  const Demand& demand = request.demand;
  const double sequences = demand.prefill.sequences + demand.decode.sequences;
  if (!(demand.prefill.Tokens() + demand.decode.Tokens() > 0)) {
    return BadInputError("the step has no tokens", {}, "give a batch and its tokens");
  }
  if (request.overlap == Overlap::kTwoBatch && sequences < 2) {
    return UnsupportedError("two batches need at least two sequences, found one",
                            "take a larger batch or another kind of overlap");
  }
  return OkStatus();
}

// Latency of a pipeline of one batch: stages in turn.
std::string StagesNote(int pp) {
  std::string note = "stages work in turn for one batch; ";
  note += std::to_string(pp);
  note += " batches in flight keep all of them busy, each at this latency";
  return note;
}

Result<Fit> MemoryOf(const Machine& machine, const StepRequest& request, Bytes scratch) {
  const Demand& demand = request.demand;
  ServingLoad load;
  load.sequences = demand.prefill.sequences + demand.decode.sequences;
  load.tokens = std::max({request.longest, demand.prefill.context + demand.prefill.new_tokens,
                          demand.decode.context + demand.decode.new_tokens});
  load.batched_tokens =
      (demand.prefill.Tokens() + demand.decode.Tokens()) / request.layout.attention_dp;
  load.block = machine.compute.cache_block;
  load.codec = scratch;
  return FitServing(*request.model, request.layout, request.precision, load, machine.device.memory,
                    machine.compute.margins);
}

ComputeLine& LineOfKernel(const Operation& operation, std::vector<ComputeLine>& lines) {
  const bool experts = operation.site == Site::kExpertUp;
  const std::string_view kind = experts ? "moe experts" : Name(operation.site);
  for (ComputeLine& line : lines) {
    if (line.kind == kind) return line;
  }
  lines.emplace_back();
  lines.back().kind = kind;
  return lines.back();
}

BillLine& LineOfCollective(const Priced& one, std::vector<BillLine>& lines) {
  const Site site = one.operation->site;
  const auto& what = std::get<Collective>(one.operation->what);
  for (BillLine& line : lines) {
    const bool same = line.site == site && line.exchange == what.exchange &&
                      line.group == what.group && line.ranks == what.ranks &&
                      line.bytes == what.bytes;
    if (same) return line;
  }
  BillLine line;
  line.site = site;
  line.exchange = what.exchange;
  line.group = what.group;
  line.ranks = what.ranks;
  line.bytes = what.bytes;
  line.each = one.Each();
  line.engine = one.collective->engine().name;
  line.regime = one.regime;
  line.extrapolated = one.extrapolated;
  if (one.variant >= 0) {
    const auto variant = static_cast<std::size_t>(one.variant);
    line.algorithm = one.collective->variants()[variant].card->algorithm;
  }
  PutCodec(one, &line);
  lines.push_back(std::move(line));
  return lines.back();
}

}  // namespace

bool HasExperts(const Transformer& model) {
  return std::any_of(model.kinds.begin(), model.kinds.end(),
                     [](const LayerKind& kind) { return kind.mlp.IsExperts(); });
}

const ServingCost* ServingCostOf(const Machine& machine, const Transformer& model,
                                 std::string_view provider) {
  const bool experts = HasExperts(model);
  for (const ServingCost& cost : machine.compute.serving) {
    if (cost.engine == provider && cost.experts == experts) return &cost;
  }
  return nullptr;
}

StepPricer::StepPricer(const Machine& machine, Kernels kernels, Exchanges exchanges)
    : machine_(&machine), kernels_(std::move(kernels)), exchanges_(std::move(exchanges)) {}

Result<StepPricer> StepPricer::Create(const Machine& machine, std::string_view kernels,
                                      std::string_view engine) {
  ASSIGN_OR_RETURN(Kernels provider, Kernels::Create(machine, kernels));
  ASSIGN_OR_RETURN(Exchanges exchanges, Exchanges::Create(machine, engine));
  return StepPricer(machine, std::move(provider), std::move(exchanges));
}

Status StepPricer::PriceAll(const StepRequest& request, Detail detail) {
  RETURN_IF_ERROR(CheckRequest(request));
  if (request.demand.phase == Phase::kTrain) {
    return UnsupportedError("a training step is not priced here");
  }
  PricingContext context = ContextOf(request);
  ASSIGN_OR_RETURN(context.codecs, CodecsOf(request, exchanges_));
  codecs_ = context.codecs;
  const ServingCost* const cost = ServingCostOf(*machine_, *request.model, kernels_.provider());
  // It was fitted to decode steps; prompts are long kernels, between which nothing is to be saved.
  if (cost != nullptr && !(request.demand.prefill.Tokens() > 0)) {
    context.kernel_share = cost->kernels;
    context.sweep_share = cost->sweeps;
  }
  RETURN_IF_ERROR(PriceProgram(context, request.demand, detail, kernels_, exchanges_, &whole_));
  half_.operations.clear();
  if (request.overlap != Overlap::kTwoBatch) return OkStatus();
  RETURN_IF_ERROR(
      PriceProgram(context, HalfOf(request.demand), detail, kernels_, exchanges_, &half_));
  CHECK_EQ(half_.operations.size(), whole_.operations.size());
  return OkStatus();
}

Result<Hidden> StepPricer::HideUnder(const StepRequest& request, WhatIf what_if) {
  HidingInput input;
  input.overlap = request.overlap;
  input.fraction = request.overlap_fraction;
  input.whole = &whole_;
  input.half = &half_;
  input.cost = &machine_->compute.overlap;
  return Hide(input, kernels_, what_if);
}

Time StepPricer::OtherOf(const StepRequest& request) const {
  Time other;
  if (const ServingCost* const cost =
          ServingCostOf(*machine_, *request.model, kernels_.provider())) {
    other = cost->step + cost->layer * static_cast<double>(request.model->layers);
  }
  if (request.graph) return other;
  // The host launches one kernel after the other; where that takes longer than the kernel runs,
  // the device waits.
  const Time launch = machine_->compute.launch;
  for (const Priced& one : whole_.operations) {
    if (one.Each() > Time() && one.Each() < launch) other += one.times * (launch - one.Each());
  }
  return other;
}

Result<StepTimes> StepPricer::TimesOf(const StepRequest& request) {
  RETURN_IF_ERROR(PriceAll(request, Detail::kTimes));
  StepTimes times;
  const bool plain = request.overlap == Overlap::kNone && !request.overlap_fraction;
  if (plain) {
    for (const Priced& one : whole_.operations) {
      (one.collective != nullptr ? times.communication : times.compute) += one.times * one.Each();
    }
    times.exposed = times.communication;
  } else {
    ASSIGN_OR_RETURN(const Hidden hidden, HideUnder(request, WhatIf::kAsIs));
    times.compute = hidden.compute;
    times.communication = hidden.communication;
    times.exposed = hidden.exposed;
  }
  times.other = OtherOf(request);
  times.step = times.compute + times.exposed + times.other;
  return times;
}

// ---- the bill ----

void StepPricer::AddLines(const Hidden& hidden, StepBill* bill) const {
  const auto add = [](const Priced& one, auto& line) {
    line.count += one.times;
    line.time += one.times * one.Each();
    line.low += one.times * one.low;
    line.high += one.times * one.high;
  };
  for (std::size_t i = 0; i < whole_.operations.size(); ++i) {
    const Priced& one = whole_.operations[i];
    if (one.collective == nullptr && !(one.Each() > Time())) continue;
    bill->extrapolated |= one.extrapolated;
    if (one.collective == nullptr) {
      add(one, LineOfKernel(*one.operation, bill->kernels));
    } else {
      BillLine& line = LineOfCollective(one, bill->collectives);
      add(one, line);
      line.exposed += hidden.waits[i];
    }
  }
}

void StepPricer::AddBand(const StepRequest& request, const Hidden& hidden, StepBill* bill) const {
  std::array<Time, kKernelClasses + kOpCount> below{}, above{};
  for (const Priced& one : whole_.operations) {
    std::size_t place = 0;
    double share = 1;
    if (one.collective != nullptr) {
      place = kKernelClasses + static_cast<std::size_t>(one.collective->request().op);
      share = hidden.communication > Time() ? hidden.exposed / hidden.communication : 0;
    } else {
      if (!(one.Each() > Time())) continue;
      place = static_cast<std::size_t>(ClassOf(*one.operation));
    }
    below[place] += (one.times * share) * (one.Each() - one.low);
    above[place] += (one.times * share) * (one.high - one.Each());
  }
  double low = 0, high = 0;
  for (std::size_t i = 0; i < below.size(); ++i) {
    low += below[i].base() * below[i].base();
    high += above[i].base() * above[i].base();
  }
  Time under = Time::FromBase(std::sqrt(low)), over = Time::FromBase(std::sqrt(high));
  if (const ServingCost* const cost =
          ServingCostOf(*machine_, *request.model, kernels_.provider())) {
    under = Max(under, bill->step * (1 - cost->band_low));
    over = Max(over, bill->step * (cost->band_high - 1));
  }
  bill->low = Max(Time(), bill->step - under);
  bill->high = bill->step + over;
}

void StepPricer::AddNotes(const StepRequest& request, StepBill* bill) const {
  bill->notes = kernels_.notes();
  if (request.layout.pp > 1) bill->notes.push_back(StagesNote(request.layout.pp));
  if (request.layout.dp > 1) {
    bill->notes.push_back("the bill is of one engine of " + std::to_string(request.layout.dp) +
                          ", and so is the batch");
  }
  if (request.overlap == Overlap::kLadder) {
    bill->notes.emplace_back("a ladder changes what is computed: the model must be made for it");
  }
  for (const Priced& one : whole_.operations) {
    if (one.collective == nullptr) continue;
    if (std::get<Collective>(one.operation->what).node_limit == 0) continue;
    bill->notes.emplace_back(
        "tokens go to few nodes only, but the dispatch is priced as if each copy crossed by "
        "itself: an upper bound over several nodes");
    break;
  }
  AddCodecNotes(codecs_, request, &bill->notes);
  if (ServingCostOf(*machine_, *request.model, kernels_.provider()) == nullptr) {
    bill->notes.emplace_back(
        "the profile has no serving cost of this engine: scheduling and sampling are left out");
  }
  if (!bill->extrapolated) return;
  bill->notes.emplace_back("some of it lies beyond what was measured; the band is wider there");
}

Result<StepBill> StepPricer::BillOf(const StepRequest& request) {
  RETURN_IF_ERROR(PriceAll(request, Detail::kFull));
  ASSIGN_OR_RETURN(const Hidden hidden, HideUnder(request, WhatIf::kAsIs));
  StepBill bill;
  bill.compute = hidden.compute;
  bill.communication = hidden.communication;
  bill.exposed = hidden.exposed;
  bill.other = OtherOf(request);
  bill.step = bill.compute + bill.exposed + bill.other;
  AddLines(hidden, &bill);
  AddBand(request, hidden, &bill);
  ASSIGN_OR_RETURN(const Hidden half, HideUnder(request, WhatIf::kHalfLatency));
  bill.half_latency = half.Total() + bill.other;
  ASSIGN_OR_RETURN(const Hidden twice, HideUnder(request, WhatIf::kDoubleBandwidth));
  bill.double_bandwidth = twice.Total() + bill.other;
  ASSIGN_OR_RETURN(bill.memory, MemoryOf(*machine_, request, CodecScratch(whole_)));
  AddNotes(request, &bill);
  return bill;
}

}  // namespace commplan
