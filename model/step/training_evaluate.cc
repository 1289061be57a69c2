// One evaluation of a plan: stages, schedule, and what follows the last backward pass.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "model/step/training.h"
#include "model/step/training_impl.h"
#include "model/step/training_sharded.h"

namespace commplan {

using training_internal::Depth;
using training_internal::Evaluation;
using training_internal::MicrobatchCost;
using training_internal::PartCost;
using training_internal::StageShapes;
using training_internal::Tail;
using training_internal::Use;
using training_internal::Waits;

namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }
double Real(std::int64_t n) { return static_cast<double>(n); }

// Kernels that the host launches one by one: the device waits where they are shorter than a launch.
// Between the two regimes the sum of fourth powers, as measured iterations of tiny models want.
Time WithLaunches(Time device, double launches, Time launch) {
  if (launch <= Time() || device <= Time()) return device;
  const double ratio = launches * launch / device;
  const double square = ratio * ratio;
  return device * std::sqrt(std::sqrt(1 + square * square));
}

// Passes over memory of one optimizer step, bytes for one weight: is a gradient finite, unscaled to
// fp32 and counted in the norm, clipped; Adam reads gradient, weight and two moments and writes
// three; the weight is copied to its own type; the gradient is cleared.
double OptimizerBytes(const Precision& precision) {
  const double gradient = BytesPerValue(precision.gradients);
  const double full = BytesPerValue(DataType::kFp32);
  const double check = gradient;
  const double unscale = gradient + full;
  const double norm_and_clip = 3 * full;
  const double adam = 7 * full;
  const double copy = full + BytesPerValue(precision.weights);
  return check + unscale + norm_and_clip + adam + copy + gradient;
}

std::string Whole(double n) { return std::to_string(std::llround(n)); }

bool Divides(int n, int ranks) { return ranks > 0 && n % ranks == 0; }

// The plan without what only acts behind the last backward pass.
TrainPlan StagesOf(const TrainPlan& plan) {
  TrainPlan part = plan;
  part.overlap.gradients = part.overlap.parameters = false;
  part.overlap.bucket = Bytes();
  // Weights in shards are gathered in the stages, by the rules of the whole sharding.
  const Sharding& sharding = plan.sharding;
  const bool weights =
      sharding.scheme == Scheme::kWeights || sharding.gtp > 1 || sharding.expert_gtp > 1;
  if (!weights) part.sharding = Sharding{.gtp_format = sharding.gtp_format};
  return part;
}

// Holds what one evaluation needs, so that its steps can be functions of their own.
class Evaluator {
 public:
  Evaluator(TrainPricer::Impl& impl, const TrainPlan& plan, WhatIf what_if, Evaluation* result)
      : impl_(impl), part_(impl.part), plan_(plan), what_if_(what_if), result_(*result) {
    launch_ = plan.graph ? Time() : impl.machine.compute.launch;
  }
  Status Run(Depth depth);

 private:
  int devices() const { return plan_.layout.pp; }
  int chunks() const { return plan_.layout.virtual_stages; }
  bool sharded() const {
    return plan_.sharding.scheme == Scheme::kWeights || plan_.sharding.gtp > 1 ||
           plan_.sharding.expert_gtp > 1;
  }

  Status Check();
  Status PrepareStages();
  Result<Waits> PriceUses(const PartCost& part);
  Status PriceParts();
  Status FillStages();
  Result<schedule::StageTimes> StageOf(std::size_t chunk, bool first, bool last);
  Status PriceBoundary();
  Result<Tail> TailOf(int stage);
  Status PriceExchanges(const StepExchanges& exchanges, Time* backward, Time* optimizer);
  void HideReduce(int stage, Bytes gradients, Tail* tail) const;
  Status Finish();

  TrainPricer::Impl& impl_;
  training_internal::StagePart& part_;
  const TrainPlan& plan_;
  WhatIf what_if_;
  Evaluation& result_;
  Time launch_{};
  const MicrobatchCost* cost_ = nullptr;
  const StageShapes* shapes_ = nullptr;
};

Status Evaluator::Check() {
  ASSIGN_OR_RETURN(result_.microbatches, impl_.Microbatches(plan_));
  const Sharding& sharding = plan_.sharding;
  if (sharding.inner > 0 && !Divides(DenseReplicas(plan_.layout), sharding.inner)) {
    return UnsupportedError("shard groups of " + Whole(sharding.inner) +
                                " ranks do not divide the " + Whole(DenseReplicas(plan_.layout)) +
                                " that hold the same weights",
                            "choose a divisor");
  }
  if (sharding.scheme == Scheme::kWeights && (sharding.gtp > 1 || sharding.expert_gtp > 1)) {
    return UnsupportedError("ZeRO-3 and generalized tensor parallelism both cut the weights",
                            "choose one of them");
  }
  if (!Divides(sharding.gtp, sharding.expert_gtp)) {
    return UnsupportedError("experts are cut over " + Whole(sharding.expert_gtp) +
                                " of the ranks that share a weight, of which there are " +
                                Whole(sharding.gtp),
                            "choose a divisor");
  }
  const auto kind = plan_.schedule.value_or(schedule::PipelineKind::kOneForwardOneBackward);
  const bool v_shaped = kind == schedule::PipelineKind::kZbV;
  const bool many = kind == schedule::PipelineKind::kInterleaved || v_shaped;
  if (plan_.schedule && chunks() > 1 && !many) {
    return UnsupportedError(
        std::string(Name(kind)) + " has no virtual stages, found " + Whole(chunks()),
        "use the interleaved schedule");
  }
  if (v_shaped && chunks() != 2) {
    return UnsupportedError("zb-v has two chunks on each device, found " + Whole(chunks()));
  }
  return OkStatus();
}

Result<Waits> Evaluator::PriceUses(const PartCost& part) {
  Waits waits;
  for (const Use& use : part.uses) {
    ASSIGN_OR_RETURN(const Time each, impl_.TimeOf(plan_, cost_->cut, use.what, what_if_));
    const Time time = each * use.count;
    waits.alone += time;
    const Time exposed = training_internal::ExposedOf(use, time, plan_.overlap);
    switch (use.direction) {
      case Direction::kForward:
        waits.forward += exposed;
        break;
      case Direction::kRecompute:
        waits.recompute += exposed;
        break;
      case Direction::kBackward:
        waits.backward += exposed;
        break;
    }
  }
  if (plan_.overlap.fraction) {
    // As far as there is compute to hide it.
    const auto hide = [&](Time& wait, Time compute) {
      wait = Max(wait * (1 - *plan_.overlap.fraction), wait - compute);
    };
    hide(waits.forward, part.kernels.forward);
    hide(waits.recompute, part.kernels.recompute);
    hide(waits.backward, part.kernels.input + part.kernels.weight);
  }
  return waits;
}

Status Evaluator::PriceParts() {
  for (const PartCost& kind : cost_->kinds) {
    ASSIGN_OR_RETURN(const Waits waits, PriceUses(kind));
    part_.waits.push_back(waits);
  }
  for (const PartCost* end : {&cost_->embedding, &cost_->head}) {
    ASSIGN_OR_RETURN(const Waits waits, PriceUses(*end));
    part_.waits.push_back(waits);
  }
  return OkStatus();
}

// The chunk's parts, each so many times: layers by kind, then the ends.
Result<schedule::StageTimes> Evaluator::StageOf(std::size_t chunk, bool first, bool last) {
  const std::size_t kinds = cost_->kinds.size();
  Time forward, input, weight;
  double forwards = 0, backwards = 0;
  const std::size_t stage = chunk % At(devices());
  const auto add = [&](const PartCost& part, const Waits& waits, double times) {
    const training_internal::KernelTimes& kernels = part.kernels;
    forward += (kernels.forward + waits.forward) * times;
    input += (kernels.input + kernels.recompute + waits.recompute + waits.backward) * times;
    weight += kernels.weight * times;
    forwards += part.forward_launches * times;
    backwards += (part.recompute_launches + part.backward_launches) * times;
    part_.computes[stage] += kernels.Total() * times;
    part_.alone[stage] += waits.alone * times;
  };
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const std::int64_t layers = shapes_->layers[chunk * kinds + kind];
    if (layers > 0) add(cost_->kinds[kind], part_.waits[kind], Real(layers));
  }
  if (first) add(cost_->embedding, part_.waits[kinds], 1);
  if (last) add(cost_->head, part_.waits[kinds + 1], 1);
  if (launch_ > Time()) {
    const Time before = forward + input + weight;
    forward = WithLaunches(forward, forwards, launch_);
    const Time backward = WithLaunches(input + weight, backwards, launch_);
    const double slower = backward / (input + weight);
    input = input * slower;
    weight = weight * slower;
    // The device stands idle meanwhile; it counts as compute, whose kernels are the cause.
    part_.computes[stage] += forward + backward - before;
  }
  return schedule::StageTimes{forward, input, weight};
}

Status Evaluator::FillStages() {
  schedule::Pipeline& pipeline = impl_.pipeline;
  const int many = devices() * chunks();
  pipeline.devices = devices();
  pipeline.chunks = chunks();
  pipeline.microbatches = result_.microbatches;
  pipeline.group = 0;
  using Kind = schedule::PipelineKind;
  pipeline.kind =
      plan_.schedule.value_or(chunks() > 1 ? Kind::kInterleaved : Kind::kOneForwardOneBackward);
  pipeline.stages.clear();
  part_.computes.assign(At(devices()), Time());
  part_.alone.assign(At(devices()), Time());
  part_.chain_waits.assign(At(devices()), Time());
  part_.chain_alone.assign(At(devices()), Time());
  const auto kinds = static_cast<std::ptrdiff_t>(cost_->kinds.size());
  training_internal::ChunkWaits extra;
  for (int chunk = 0; chunk < many; ++chunk) {
    const bool first = chunk == 0;
    const bool last = chunk == many - 1;
    ASSIGN_OR_RETURN(schedule::StageTimes times, StageOf(At(chunk), first, last));
    if (sharded()) {
      const training_internal::ChunkInput input{.impl = impl_,
                                                .plan = plan_,
                                                .cost = *cost_,
                                                .shapes = *shapes_,
                                                .waits = part_.waits,
                                                .chunk = At(chunk),
                                                .first = first,
                                                .last = last,
                                                .what_if = what_if_};
      // Chunks in the middle that hold as many layers of each kind wait alike.
      const auto layers = shapes_->layers.begin() + chunk * kinds;
      const bool alike = chunk > 1 && !last && std::equal(layers - kinds, layers, layers);
      if (!alike) {
        ASSIGN_OR_RETURN(extra, training_internal::WaitsForWeights(input));
      }
      times.forward += extra.forward;
      times.backward_input += extra.backward;
      part_.chain_waits[At(chunk % devices())] += extra.forward + extra.backward;
      part_.chain_alone[At(chunk % devices())] += extra.alone;
    }
    pipeline.stages.push_back(times);
  }
  return OkStatus();
}

Status Evaluator::PriceBoundary() {
  Time one;
  for (const Use& use : cost_->boundary) {
    ASSIGN_OR_RETURN(const Time each, impl_.TimeOf(plan_, cost_->cut, use.what, what_if_));
    one += each * use.count;
  }
  impl_.pipeline.transfer = one;
  impl_.pipeline.transfer_hidden = plan_.overlap.boundaries;
  part_.boundary = one;
  return OkStatus();
}

Status Evaluator::PriceExchanges(const StepExchanges& exchanges, Time* backward, Time* optimizer) {
  for (const StepExchange& exchange : exchanges) {
    // Those of every microbatch are in the chains of the stages.
    if (plan_.sharding.scheme == Scheme::kWeights &&
        exchange.collective.exchange != Exchange::kAllReduce) {
      continue;
    }
    ASSIGN_OR_RETURN(const Time each,
                     impl_.TimeOf(plan_, cost_->cut, exchange.collective, what_if_));
    (exchange.when == When::kOptimizer ? *optimizer : *backward) += each * exchange.count;
  }
  return OkStatus();
}

// Buckets of equal size become ready at equal distances in the last backward pass of the stage.
void Evaluator::HideReduce(int stage, Bytes gradients, Tail* tail) const {
  tail->reduce = tail->alone;
  if (!plan_.overlap.gradients || tail->alone <= Time()) return;
  const double buckets = std::max(1.0, std::ceil(gradients / plan_.overlap.bucket));
  const schedule::StageTimes& last = impl_.pipeline.stages[At(stage)];
  const Time compute = (last.backward_input + last.backward_weight) / buckets;
  const Time each = tail->alone / buckets;
  // ExposedTail of equal buckets: the first waits for its gradients, and either each is done before
  // the next is ready or they queue.
  tail->reduce = each + Max(each - compute, Time()) * (buckets - 1);
  tail->buckets = static_cast<int>(buckets);
}

Result<Tail> Evaluator::TailOf(int stage) {
  const Sharding& sharding = plan_.sharding;
  const RankWeights& held = shapes_->stages[At(stage)];
  const double dense = (held.Dense() - held.small) / sharding.gtp + held.small;
  const double experts = held.experts / sharding.expert_gtp;
  const int replicas = DenseReplicas(plan_.layout);
  Tail tail;
  const double microbatches = result_.microbatches;
  Time gather;
  RETURN_IF_ERROR(PriceExchanges(DataParallelExchanges(dense, replicas, sharding, microbatches),
                                 &tail.alone, &gather));
  double shard = dense;
  const bool sharded = sharding.scheme != Scheme::kReplicated;
  if (sharded) shard /= sharding.inner > 0 ? sharding.inner : replicas;
  if (experts > 0) {
    const int alike = std::max(1, ExpertReplicas(plan_.layout, cost_->cut, plan_.sharding));
    Sharding of = sharding;
    of.inner = sharding.inner > 0 && Divides(alike, sharding.inner) ? sharding.inner : 0;
    RETURN_IF_ERROR(PriceExchanges(
        DataParallelExchanges(experts, alike, of, microbatches, GroupKind::kExpertData),
        &tail.alone, &gather));
    shard += experts / (sharded ? (of.inner > 0 ? of.inner : alike) : 1);
  }
  const Bytes gradients = B((dense + experts) * BytesPerValue(sharding.reduce));
  HideReduce(stage, gradients, &tail);
  const Operation optimizer{Site::kNorm, Pass::kForward, 1,
                            Sweep{B(shard * OptimizerBytes(impl_.job.precision)), 1}};
  ASSIGN_OR_RETURN(tail.optimizer, impl_.kernels.TimeOf(optimizer, {}));
  tail.gather_alone = gather;
  // In the next forward pass, of which the first microbatch can hide it.
  const Time forward = impl_.pipeline.stages[At(stage)].forward;
  tail.gather = plan_.overlap.parameters ? Max(gather - forward, Time()) : gather;
  return tail;
}

Status Evaluator::Finish() {
  training_internal::PipelineEnds& ends = impl_.ends;
  Time reduced, optimizer, gather;
  const RankWeights* before = nullptr;
  Tail tail;
  std::vector<Tail>& tails = impl_.tails;
  tails.clear();
  for (int stage = 0; stage < devices(); ++stage) {
    const RankWeights& held = shapes_->stages[At(stage)];
    const bool alike = before != nullptr && before->Total() == held.Total() &&
                       impl_.pipeline.stages[At(stage)] == impl_.pipeline.stages[At(stage - 1)];
    if (!alike) {
      ASSIGN_OR_RETURN(tail, TailOf(stage));
    }
    before = &held;
    tails.push_back(tail);
    reduced = Max(reduced, ends.devices[At(stage)].end + tail.reduce);
    optimizer = Max(optimizer, tail.optimizer);
    gather = Max(gather, tail.gather);
  }
  if (impl_.job.model->tied && devices() > 1) {
    Collective tied{.exchange = Exchange::kAllReduce, .group = GroupKind::kPipeline, .ranks = 2};
    tied.bytes = B(cost_->cut.vocabulary * Real(impl_.job.model->hidden) / plan_.sharding.gtp *
                   BytesPerValue(plan_.sharding.reduce));
    result_.tied_bytes = tied.bytes;
    ASSIGN_OR_RETURN(result_.tied, impl_.TimeOf(plan_, cost_->cut, tied, what_if_));
  }
  int busiest = 0;
  const auto work = [&](int stage) {
    return ends.devices[At(stage)].busy + ends.devices[At(stage)].sending;
  };
  for (int stage = 1; stage < devices(); ++stage) {
    if (work(stage) > work(busiest)) busiest = stage;
  }
  const schedule::DeviceEnd& device = ends.devices[At(busiest)];
  const double m = result_.microbatches;
  result_.busiest = busiest;
  result_.tail = tails[At(busiest)];
  result_.step = reduced + result_.tied + optimizer + gather;
  result_.compute = part_.computes[At(busiest)] * m;
  result_.optimizer = optimizer;
  result_.sending = device.sending;
  const bool inner = busiest > 0 && busiest < devices() - 1;
  result_.sends = devices() > 1 ? m * chunks() * (inner || chunks() > 1 ? 2 : 1) : 0;
  result_.chain_waits = part_.chain_waits[At(busiest)] * m;
  result_.chain_alone = part_.chain_alone[At(busiest)] * m;
  const Time behind = reduced - ends.makespan;
  // Without waits the two are equal up to rounding.
  const Time waits = Max(device.busy - result_.compute, Time());
  result_.exposed = waits + device.sending + behind + result_.tied + gather;
  result_.bubble = Max(ends.makespan - device.busy - device.sending, Time());
  result_.communication = (part_.alone[At(busiest)] + part_.chain_alone[At(busiest)]) * m +
                          result_.boundary * result_.sends + result_.tail.alone + result_.tied +
                          result_.tail.gather_alone;
  result_.stage_times.clear();
  for (int stage = 0; stage < devices(); ++stage) {
    result_.stage_times.push_back(ends.devices[At(stage)].busy / m);
  }
  return OkStatus();
}

// Everything up to the last backward pass. Kept for the next plan, which often differs in what
// follows alone.
Status Evaluator::PrepareStages() {
  const TrainPlan plan = StagesOf(plan_);
  if (part_.known && part_.what_if == what_if_ && part_.plan == plan) return OkStatus();
  part_.known = false;
  part_.played = part_.bounded = false;
  part_.waits.clear();
  ASSIGN_OR_RETURN(part_.cost, impl_.CostOf(plan_));
  ASSIGN_OR_RETURN(part_.shapes, impl_.ShapesOf(plan_));
  impl_.known.clear();
  cost_ = part_.cost;
  shapes_ = part_.shapes;
  RETURN_IF_ERROR(PriceParts());
  RETURN_IF_ERROR(FillStages());
  RETURN_IF_ERROR(PriceBoundary());
  part_.plan = plan;
  part_.what_if = what_if_;
  part_.known = true;
  return OkStatus();
}

Status Evaluator::Run(Depth depth) {
  result_ = Evaluation{};
  RETURN_IF_ERROR(Check());
  RETURN_IF_ERROR(PrepareStages());
  cost_ = part_.cost;
  shapes_ = part_.shapes;
  result_.boundary = part_.boundary;
  if (depth == Depth::kTime && !part_.played) {
    training_internal::RunPipeline(impl_.pipeline, &impl_.ends);
    part_.played = true;
  } else if (!part_.played && !part_.bounded) {
    training_internal::BoundPipeline(impl_.pipeline, &impl_.ends);
    part_.bounded = true;
  }
  return Finish();
}

}  // namespace

Status TrainPricer::Impl::Evaluate(const TrainPlan& plan, WhatIf what_if, Evaluation* result,
                                   Depth depth) {
  return Evaluator(*this, plan, what_if, result).Run(depth);
}

}  // namespace commplan
