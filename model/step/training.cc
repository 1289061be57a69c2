#include "model/step/training.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "model/base/check.h"
#include "model/base/suggest.h"
#include "model/step/training_impl.h"

namespace commplan {

using training_internal::Evaluation;
using training_internal::Key;
using training_internal::MicrobatchCost;
using training_internal::StageShapes;

std::size_t training_internal::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  for (const std::int64_t n : key) {
    hash = (hash ^ static_cast<std::size_t>(n)) * std::size_t{0x9E3779B97F4A7C15};
    hash ^= hash >> 29;
  }
  return hash;
}

namespace {

double Real(std::int64_t n) { return static_cast<double>(n); }

// A machine that does not speak of training is as the model says.
Result<TrainingProfile> FrameworkOf(const Machine& machine, const std::string& name) {
  if (machine.training.empty() && name.empty()) return TrainingProfile{};
  std::vector<std::string> known;
  for (const TrainingProfile& one : machine.training) {
    if (name.empty() || one.framework == name) return one;
    known.push_back(one.framework);
  }
  std::string message = "found no training framework '";
  message += name;
  message += "' in ";
  message += machine.name;
  return NotFoundError(std::move(message), {}, SuggestionHint(name, known));
}

std::string Whole(double n) { return std::to_string(std::llround(n)); }

}  // namespace

// ---- what is kept ----

Result<int> TrainPricer::Impl::Microbatches(const TrainPlan& plan) const {
  const double ranks = Real(plan.layout.dp) * plan.sharding.gtp;
  const double each = plan.micro_batch * ranks;
  const double count = job.global_batch / each;
  const bool whole = plan.micro_batch > 0 && plan.micro_batch == std::floor(plan.micro_batch);
  if (!whole || count < 1 || count != std::floor(count)) {
    return UnsupportedError("a batch of " + Whole(job.global_batch) +
                                " sequences does not divide into microbatches of " +
                                Whole(plan.micro_batch) + " on each of " + Whole(ranks) +
                                " data parallel ranks",
                            "choose a micro batch and dp whose product divides it");
  }
  return static_cast<int>(count);
}

Result<const MicrobatchCost*> TrainPricer::Impl::CostOf(const TrainPlan& plan) {
  const Layout& l = plan.layout;
  const Key key{l.tp,
                l.cp,
                l.ep,
                l.expert_tp,
                l.dp,  // decides where experts may stand
                l.pp > 1,
                l.virtual_stages,
                l.sequence_parallel,
                l.scatter_boundaries,
                static_cast<std::int64_t>(l.expert_exchange),
                static_cast<std::int64_t>(l.context_exchange),
                static_cast<std::int64_t>(plan.recompute),
                static_cast<std::int64_t>(plan.micro_batch),
                l.attention_dp};
  Key mine = key;
  // Without experts the kernels do not depend on the number of data parallel ranks or stages.
  if (l.ep == 1 && l.expert_tp <= 1) mine[4] = mine[6] = 1;
  const auto found = costs.find(mine);
  if (found != costs.end()) return found->second.get();
  auto cost = std::make_unique<MicrobatchCost>();
  RETURN_IF_ERROR(
      training_internal::CostMicrobatch(job, plan, false, kernels, program, cost.get()));
  return costs.emplace(mine, std::move(cost)).first->second.get();
}

Result<const StageShapes*> TrainPricer::Impl::ShapesOf(const TrainPlan& plan) {
  const Layout& l = plan.layout;
  const Key key{l.tp, l.pp, l.virtual_stages, l.ep, l.expert_tp, l.dp, l.cp};
  const auto found = shapes.find(key);
  if (found != shapes.end()) return found->second.get();
  ASSIGN_OR_RETURN(const Cut cut, CheckLayout(*job.model, l, Phase::kTrain));
  auto made = std::make_unique<StageShapes>();
  const int kinds = static_cast<int>(job.model->kinds.size());
  for (int chunk = 0; chunk < l.virtual_stages; ++chunk) {
    for (int stage = 0; stage < l.pp; ++stage) {
      const LayerRange range = LayersOfChunk(*job.model, l, stage, chunk);
      for (int kind = 0; kind < kinds; ++kind) {
        made->layers.push_back(LayersOfKind(*job.model, kind, range.begin, range.end));
      }
    }
  }
  for (int stage = 0; stage < l.pp; ++stage) {
    made->stages.push_back(StageOnRank(*job.model, l, cut, Phase::kTrain, stage));
  }
  for (const LayerKind& kind : job.model->kinds) {
    made->kinds.push_back(LayerOnRank(*job.model, kind, l, cut, Phase::kTrain));
  }
  return shapes.emplace(key, std::move(made)).first->second.get();
}

TrainingLoad TrainPricer::Impl::LoadOf(const TrainPlan& plan, double microbatches) const {
  TrainingLoad load;
  load.demand = TrainMicrobatch(plan.micro_batch, job.sequence);
  load.demand.recompute = plan.recompute;
  load.demand.fused_attention = job.fused_attention;
  load.demand.dropout = job.dropout;
  load.microbatches = microbatches;
  load.optimizer_bytes = job.optimizer_bytes;
  load.expert_imbalance = job.expert_imbalance;
  using Kind = schedule::PipelineKind;
  if (plan.layout.pp > 1 && plan.schedule) {
    const double p = plan.layout.pp;
    const double m = microbatches;
    if (*plan.schedule == Kind::kGpipe) load.in_flight = m;
    if (*plan.schedule == Kind::kZbH1) load.in_flight = std::min(m, p);
    if (*plan.schedule == Kind::kZbH2) load.in_flight = std::min(m, 2 * p - 1);
    if (*plan.schedule == Kind::kZbV) load.in_flight = std::min(2 * m, 2 * p);
  }
  return load;
}

MemoryMargins TrainPricer::Impl::Margins() const {
  MemoryMargins margins = machine.compute.margins;
  margins.usable_share = 1;
  return margins;
}

Result<const CollectiveModel*> TrainPricer::Impl::ModelOf(const TrainPlan& plan, const Cut& cut,
                                                          const Collective& collective) {
  Group group;
  if (collective.group == GroupKind::kRemat) {
    // Beside the tensor ranks; all other axes lie outside of it.
    group = {.ranks = collective.ranks, .stride = plan.layout.tp, .concurrent = 1};
    group.concurrent = plan.layout.tp * plan.layout.cp * plan.layout.dp;
  } else {
    Layout placed = plan.layout;
    if (plan.sharding.gtp > 1 && collective.group != GroupKind::kTensor &&
        collective.group != GroupKind::kExpertTensor) {
      placed.tp *= plan.sharding.gtp;
    }
    group = GroupOf(placed, cut, Phase::kTrain, collective.group, collective.ranks);
  }
  return exchanges.For(OpOf(collective.exchange), group);
}

Result<Time> TrainPricer::Impl::TimeOf(const TrainPlan& plan, const Cut& cut,
                                       const Collective& collective, WhatIf what_if) {
  if (collective.ranks < 2 || collective.bytes <= Bytes()) return Time();
  for (const Known& one : known) {
    const bool same = one.what.exchange == collective.exchange &&
                      one.what.group == collective.group && one.what.ranks == collective.ranks &&
                      one.what.bytes == collective.bytes;
    if (same) return one.time;
  }
  ASSIGN_OR_RETURN(const CollectiveModel* const model, ModelOf(plan, cut, collective));
  const Time time = TimeUnder(*model, collective.bytes, what_if);
  known.push_back({collective, time});
  return time;
}

// ---- the outside ----

TrainPricer::TrainPricer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrainPricer::TrainPricer(TrainPricer&&) noexcept = default;
TrainPricer& TrainPricer::operator=(TrainPricer&&) noexcept = default;
TrainPricer::~TrainPricer() = default;

Result<std::unique_ptr<TrainPricer::Impl>> TrainPricer::Impl::Create(const Machine& machine,
                                                                     const TrainJob& asked) {
  CHECK(asked.model != nullptr);
  ASSIGN_OR_RETURN(const TrainingProfile framework, FrameworkOf(machine, asked.framework));
  TrainJob job = asked;
  if (job.framework.empty()) job.framework = framework.framework;
  if (job.kernels.empty()) job.kernels = framework.kernels;
  if (!job.attention_factor) job.attention_factor = framework.attention_factor;
  ASSIGN_OR_RETURN(Kernels kernels, Kernels::Create(machine, job.kernels));
  ASSIGN_OR_RETURN(Exchanges exchanges, Exchanges::Create(machine, job.engine));
  return std::make_unique<Impl>(machine, job, framework.run, std::move(kernels),
                                std::move(exchanges));
}

Result<TrainPricer> TrainPricer::Create(const Machine& machine, const TrainJob& job) {
  ASSIGN_OR_RETURN(std::unique_ptr<Impl> impl, Impl::Create(machine, job));
  return TrainPricer(std::move(impl));
}

Result<Time> TrainPricer::TimeOf(const TrainPlan& plan) {
  Evaluation& result = impl_->scratch;
  RETURN_IF_ERROR(impl_->Evaluate(plan, WhatIf::kAsIs, &result));
  return result.step;
}

Result<MemoryNeed> TrainPricer::NeedOf(const TrainPlan& plan) {
  ASSIGN_OR_RETURN(const int microbatches, impl_->Microbatches(plan));
  if (!impl_->room || !(impl_->room_layout == plan.layout)) {
    ASSIGN_OR_RETURN(impl_->room,
                     TrainingRoom::Create(*impl_->job.model, plan.layout, impl_->job.precision));
    impl_->room_layout = plan.layout;
  }
  return impl_->room->NeedOf(plan.sharding, impl_->LoadOf(plan, microbatches), impl_->Margins());
}

Result<Time> TrainPricer::BoundOf(const TrainPlan& plan) {
  Evaluation& result = impl_->scratch;
  RETURN_IF_ERROR(impl_->Evaluate(plan, WhatIf::kAsIs, &result, training_internal::Depth::kBound));
  return result.step;
}

void TrainPricer::Forget() {
  impl_->part.known = false;
  impl_->costs.clear();
  impl_->shapes.clear();
}

Result<TrainBill> TrainPricer::BillOf(const TrainPlan& plan) { return impl_->Bill(plan); }

Result<TrainBill> TrainBillOf(const Machine& machine, const TrainRequest& request) {
  ASSIGN_OR_RETURN(TrainPricer pricer, TrainPricer::Create(machine, request.job));
  return pricer.BillOf(request.plan);
}

}  // namespace commplan
