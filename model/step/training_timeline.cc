#include "model/step/training_timeline.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/collective/algorithm.h"
#include "model/collective/price.h"
#include "model/schedule/chain.h"
#include "model/schedule/pipeline.h"
#include "model/schedule/timeline.h"
#include "model/step/training_impl.h"
#include "model/step/training_sharded.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/sharding.h"
#include "model/workload/transformer.h"
#include "model/workload/weights.h"

namespace commplan {

using training_internal::ChunkPlan;
using training_internal::ChunkUnit;
using training_internal::Evaluation;
using training_internal::MicrobatchCost;
using training_internal::StageShapes;
using training_internal::Tail;

namespace {

// Passes and their chains are summed up in other orders.
constexpr double kRounding = 1e-9;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// An event of a chain, from the start of its pass.
struct ChainEvent {
  int lane = 0;
  int item = 0;
  int layer = kNoNumber;
  Time start{};
  Time end{};
};

// When the chain's events happen in a pass that takes longer or shorter than the chain: kernels are
// stretched alike (the host launches them too slowly), waits and exchanges are not. Where a pass
// is shorter (its weight gradients are made in another one), exchanges end where they are awaited.
class Stretch {
 public:
  Stretch(const schedule::Program& program, const std::vector<schedule::Span>& spans, Time makespan,
          Time pass)
      : longer_(pass - makespan) {
    for (const schedule::Span& span : spans) {
      const schedule::Task& task = program.blocks[At(span.block)].tasks[At(span.task)];
      if (program.streams[At(task.stream)].kind != schedule::StreamKind::kCompute) continue;
      if (!(span.end > span.start)) continue;
      work_.push_back({span.start, span.end, done_});
      done_ += span.end - span.start;
    }
  }

  Time Moved(Time time) const {
    if (!(done_ > Time())) return time;
    const auto after =
        std::upper_bound(work_.begin(), work_.end(), time,
                         [](Time moment, const Work& work) { return moment < work.start; });
    if (after == work_.begin()) return time;
    const Work& work = *(after - 1);
    const Time done = work.before + Min(time, work.end) - work.start;
    return Max(time + longer_ * (done / done_), Time());
  }

 private:
  struct Work {
    Time start{}, end{};
    Time before{};  // done until its start
  };
  std::vector<Work> work_;
  Time done_{};
  Time longer_{};
};

class TrainTracer {
 public:
  TrainTracer(TrainPricer::Impl& impl, const TrainPlan& plan) : impl_(impl), plan_(plan) {}

  Result<Trace> Run();

 private:
  int stages() const { return plan_.layout.pp; }
  bool sharded() const {
    return plan_.sharding.scheme == Scheme::kWeights || plan_.sharding.gtp > 1 ||
           plan_.sharding.expert_gtp > 1;
  }
  LayerRange LayersOf(int chunk) const {
    return LayersOfChunk(*impl_.job.model, plan_.layout, chunk % stages(), chunk / stages());
  }

  Result<TraceItem> ExchangeItem(std::string name, const Collective& what);
  void PutStages(const schedule::PipelineOutcome& outcome);
  int PassItem(schedule::Pass pass, int chunk);
  void PutSend(int stage, const schedule::PipelineSpan& span);

  Status PlayChains();
  Status PlayChain(const ChunkPlan& chunk, int index, bool backward);
  Result<int> UnitItem(const ChunkUnit& unit, schedule::ChainSite site, bool backward);
  int LayerOf(const ChunkUnit& unit, int index, int turn, int turns) const;
  void PutChain(int chunk, bool backward, Time start, int microbatch);

  Result<std::vector<std::pair<StepExchange, Time>>> ExchangesOf(int stage);
  Status PutTail(int stage, Time ready, Time reduced);
  Status PutGradients(int stage, Time ready,
                      const std::vector<std::pair<StepExchange, Time>>& exchanges);
  void PutNotes();

  TrainPricer::Impl& impl_;
  const TrainPlan& plan_;
  Evaluation result_;
  const MicrobatchCost* cost_ = nullptr;
  const StageShapes* shapes_ = nullptr;
  TraceBuilder builder_;
  std::map<std::pair<schedule::Pass, int>, int> passes_;  // items by pass and chunk
  std::map<std::pair<int, int>, int> sends_;              // items by stages
  std::vector<int> device_;  // by chunk: the pipeline stage that holds it
  // By chunk, forward then backward.
  std::vector<std::vector<ChainEvent>> chains_;
  bool shortened_ = false;  // a pass is shorter than its chain
};

Result<TraceItem> TrainTracer::ExchangeItem(std::string name, const Collective& what) {
  TraceItem item{.name = std::move(name),
                 .arguments = {{"bytes", what.bytes.base()},
                               {"ranks", static_cast<double>(what.ranks)},
                               {"group", std::string(Name(what.group))}}};
  if (what.ranks < 2 || what.bytes <= Bytes()) return item;
  ASSIGN_OR_RETURN(const CollectiveModel* const model, impl_.ModelOf(plan_, cost_->cut, what));
  const Price price = model->At(what.bytes);
  item.arguments.push_back({"alone_us", InMicros(price.cost.Total())});
  if (!model->variants().empty()) {
    item.arguments.push_back(
        {"algorithm", std::string(Name(model->VariantOf(price).card->algorithm))});
  }
  item.arguments.push_back({"engine", model->engine().name});
  return item;
}

// ---- passes and sends ----

std::string_view PassName(schedule::Pass pass) {
  switch (pass) {
    case schedule::Pass::kForward:
      return "forward";
    case schedule::Pass::kBackward:
      return "backward";
    case schedule::Pass::kBackwardInput:
      return "input gradient";
    case schedule::Pass::kBackwardWeight:
      return "weight gradient";
  }
  CHECK(false);
}

int TrainTracer::PassItem(schedule::Pass pass, int chunk) {
  const auto [found, made] = passes_.try_emplace({pass, chunk}, 0);
  if (!made) return found->second;
  TraceItem item;
  if (static_cast<int>(impl_.pipeline.stages.size()) > stages()) {
    item.name = "chunk " + std::to_string(chunk) + " ";
  }
  item.name += PassName(pass);
  const LayerRange layers = LayersOf(chunk);
  item.arguments = {{"first_layer", static_cast<double>(layers.begin)},
                    {"layers", static_cast<double>(layers.end - layers.begin)}};
  return found->second = builder_.Item(std::move(item));
}

void TrainTracer::PutSend(int stage, const schedule::PipelineSpan& span) {
  const bool forward = span.op.pass == schedule::Pass::kForward;
  const auto [found, made] = sends_.try_emplace({stage, forward ? 1 : 0}, 0);
  if (made) {
    const Collective what = cost_->boundary.empty() ? Collective{} : cost_->boundary.front().what;
    found->second = builder_.Item(
        {forward ? "activations" : "gradients of activations", {{"bytes", what.bytes.base()}}});
  }
  std::string lane = "send to stage ";
  lane += std::to_string(span.receiver);
  builder_.Add({.lane = builder_.Lane(stage, lane, LaneKind::kCommunicator),
                .item = found->second,
                .microbatch = span.op.microbatch,
                .start = span.departs,
                .end = span.arrives});
}

void TrainTracer::PutStages(const schedule::PipelineOutcome& outcome) {
  for (int stage = 0; stage < stages(); ++stage) {
    const int lane = builder_.Lane(stage, "compute", LaneKind::kCompute);
    for (const schedule::PipelineSpan& span : outcome.devices[At(stage)].spans) {
      builder_.Add({.lane = lane,
                    .item = PassItem(span.op.pass, span.op.stage),
                    .microbatch = span.op.microbatch,
                    .start = span.start,
                    .end = span.end});
      if (span.receiver >= 0) PutSend(stage, span);
      if (!sharded() || span.op.pass == schedule::Pass::kBackwardWeight) continue;
      PutChain(span.op.stage, span.op.pass != schedule::Pass::kForward, span.start,
               span.op.microbatch);
    }
  }
}

// ---- weights in shards ----

Result<int> TrainTracer::UnitItem(const ChunkUnit& unit, schedule::ChainSite site, bool backward) {
  const bool scatter = site == schedule::ChainSite::kScatter;
  const Collective& what = scatter ? unit.scatter : backward ? unit.gather_backward : unit.gather;
  std::string name(unit.name);
  name += scatter ? " gradient reduce-scatter" : " gather";
  if (site == schedule::ChainSite::kGatherAgain) name += " again";
  ASSIGN_OR_RETURN(TraceItem item, ExchangeItem(std::move(name), what));
  return builder_.Item(std::move(item));
}

// `turn`: how often the weight had its turn before in the pass, of so many.
int TrainTracer::LayerOf(const ChunkUnit& unit, int index, int turn, int turns) const {
  if (unit.kind < 0) return kNoNumber;
  const LayerRange range = LayersOf(index);
  int left = unit.layer >= 0 ? unit.layer : turn < turns ? turn : 0;
  for (std::int64_t layer = range.begin; layer < range.end; ++layer) {
    if (LayersOfKind(*impl_.job.model, unit.kind, layer, layer + 1) == 0) continue;
    if (left-- == 0) return static_cast<int>(layer);
  }
  return kNoNumber;
}

Status TrainTracer::PlayChain(const ChunkPlan& chunk, int index, bool backward) {
  const auto direction = backward ? schedule::Direction::kBackward : schedule::Direction::kForward;
  const schedule::Program program = schedule::BuildChain(chunk.model, chunk.rules, direction);
  std::vector<schedule::Span> spans;
  const schedule::Outcome outcome = schedule::Simulate(program, &spans);
  const schedule::StageTimes& times = impl_.pipeline.stages[At(index)];
  const auto kind = impl_.pipeline.kind;
  const bool apart = kind == schedule::PipelineKind::kZbH1 ||
                     kind == schedule::PipelineKind::kZbH2 || kind == schedule::PipelineKind::kZbV;
  Time pass = times.forward;
  if (backward) pass = apart ? times.backward_input : times.backward_input + times.backward_weight;
  shortened_ = shortened_ || pass < outcome.makespan * (1 - kRounding);
  const Stretch stretch(program, spans, outcome.makespan, pass);
  std::map<int, int> items, turns;  // by site
  chains_.emplace_back();
  for (const schedule::Span& span : spans) {
    const schedule::Task& task = program.blocks[At(span.block)].tasks[At(span.task)];
    const auto site = static_cast<schedule::ChainSite>(task.site % schedule::kChainSites);
    if (site == schedule::ChainSite::kCompute || !(span.end > span.start)) continue;
    const ChunkUnit& unit = chunk.units[At(task.site / schedule::kChainSites)];
    const auto [found, made] = items.try_emplace(task.site, 0);
    if (made) {
      // Recomputation reads the view of the forward pass.
      const bool view = backward && site != schedule::ChainSite::kGatherAgain;
      ASSIGN_OR_RETURN(found->second, UnitItem(unit, site, view));
    }
    const int layers = chunk.model.layers;
    const int turn = turns[task.site]++;
    const int process = device_[At(index)];
    const bool gathers = task.stream == 1;
    const Time start = stretch.Moved(span.start);
    const Time end = Min(start + (span.end - span.start), Min(stretch.Moved(span.end), pass));
    chains_.back().push_back(
        {.lane = builder_.Lane(process, gathers ? "weight gathers" : "weight scatters",
                               LaneKind::kCommunicator),
         .item = found->second,
         .layer = LayerOf(unit, index, backward ? layers - 1 - turn : turn, layers),
         .start = Min(start, end),
         .end = end});
  }
  return OkStatus();
}

Status TrainTracer::PlayChains() {
  const int many = static_cast<int>(impl_.pipeline.stages.size());
  for (int index = 0; index < many; ++index) {
    const training_internal::ChunkInput input{.impl = impl_,
                                              .plan = plan_,
                                              .cost = *cost_,
                                              .shapes = *shapes_,
                                              .waits = impl_.part.waits,
                                              .chunk = At(index),
                                              .first = index == 0,
                                              .last = index == many - 1};
    ASSIGN_OR_RETURN(const ChunkPlan chunk, training_internal::PlanOfChunk(input));
    RETURN_IF_ERROR(PlayChain(chunk, index, false));
    RETURN_IF_ERROR(PlayChain(chunk, index, true));
  }
  return OkStatus();
}

void TrainTracer::PutChain(int chunk, bool backward, Time start, int microbatch) {
  for (const ChainEvent& event : chains_[At(2 * chunk + (backward ? 1 : 0))]) {
    builder_.Add({.lane = event.lane,
                  .item = event.item,
                  .layer = event.layer,
                  .microbatch = microbatch,
                  .start = start + event.start,
                  .end = start + event.end});
  }
}

// ---- behind the last backward pass ----

// Those that are not in the chains, each with the time of all of its kind.
Result<std::vector<std::pair<StepExchange, Time>>> TrainTracer::ExchangesOf(int stage) {
  std::vector<std::pair<StepExchange, Time>> all;
  const auto add = [&](double weights, int ranks, GroupKind group) -> Status {
    Sharding sharding = plan_.sharding;
    if (sharding.inner > 0 && ranks % sharding.inner != 0) sharding.inner = 0;
    const double m = result_.microbatches;
    for (const StepExchange& exchange : DataParallelExchanges(weights, ranks, sharding, m, group)) {
      const Collective& what = exchange.collective;
      if (sharding.scheme == Scheme::kWeights && what.exchange != Exchange::kAllReduce) continue;
      ASSIGN_OR_RETURN(const Time each, impl_.TimeOf(plan_, cost_->cut, what, WhatIf::kAsIs));
      all.emplace_back(exchange, each * exchange.count);
    }
    return OkStatus();
  };
  const RankWeights& held = shapes_->stages[At(stage)];
  RETURN_IF_ERROR(add((held.Dense() - held.small) / plan_.sharding.gtp + held.small,
                      DenseReplicas(plan_.layout), GroupKind::kData));
  if (held.experts > 0) {
    RETURN_IF_ERROR(add(held.experts / plan_.sharding.expert_gtp,
                        std::max(1, ExpertReplicas(plan_.layout, cost_->cut, plan_.sharding)),
                        GroupKind::kExpertData));
  }
  return all;
}

Status TrainTracer::PutGradients(int stage, Time ready,
                                 const std::vector<std::pair<StepExchange, Time>>& exchanges) {
  const Tail& tail = impl_.tails[At(stage)];
  if (!(tail.alone > Time())) return OkStatus();
  const int lane = builder_.Lane(stage, "dp", LaneKind::kCommunicator);
  if (tail.buckets > 0) {
    Bytes bytes;
    for (const auto& [exchange, time] : exchanges) {
      if (exchange.when != When::kOptimizer) bytes += exchange.collective.bytes * exchange.count;
    }
    const double buckets = tail.buckets;
    const int item = builder_.Item(
        {"bucket of gradients", {{"bytes", bytes.base() / buckets}, {"buckets", buckets}}});
    const schedule::StageTimes& last = impl_.pipeline.stages[At(stage)];
    const Time compute = last.backward_input + last.backward_weight;
    Time free;
    for (int bucket = 0; bucket < tail.buckets; ++bucket) {
      const Time start = Max(free, ready - compute * (1 - (bucket + 1) / buckets));
      free = start + tail.alone / buckets;
      builder_.Add({.lane = lane, .item = item, .microbatch = bucket, .start = start, .end = free});
    }
    return OkStatus();
  }
  for (const auto& [exchange, time] : exchanges) {
    if (exchange.when == When::kOptimizer) continue;
    std::string name = "gradients ";
    name += Name(exchange.collective.exchange);
    ASSIGN_OR_RETURN(TraceItem item, ExchangeItem(std::move(name), exchange.collective));
    item.arguments.push_back({"count", exchange.count});
    builder_.Add({.lane = lane,
                  .item = builder_.Item(std::move(item)),
                  .start = ready,
                  .end = ready + time});
    ready += time;
  }
  return OkStatus();
}

// `ready`: its last pass has ended; `reduced`: all gradients of all stages are there.
Status TrainTracer::PutTail(int stage, Time ready, Time reduced) {
  const Tail& tail = impl_.tails[At(stage)];
  ASSIGN_OR_RETURN(const auto exchanges, ExchangesOf(stage));
  RETURN_IF_ERROR(PutGradients(stage, ready, exchanges));
  builder_.Add({.lane = builder_.Lane(stage, "compute", LaneKind::kCompute),
                .item = builder_.Item({"optimizer", {}}),
                .start = reduced,
                .end = reduced + tail.optimizer});
  if (!(tail.gather > Time())) return OkStatus();
  // What of it hides in the next forward pass is not drawn.
  Time now = reduced + result_.optimizer;
  for (const auto& [exchange, time] : exchanges) {
    if (exchange.when != When::kOptimizer) continue;
    ASSIGN_OR_RETURN(TraceItem item, ExchangeItem("weights all-gather", exchange.collective));
    const Time seen = time * (tail.gather / tail.gather_alone);
    builder_.Add({.lane = builder_.Lane(stage, "dp", LaneKind::kCommunicator),
                  .item = builder_.Item(std::move(item)),
                  .start = now,
                  .end = now + seen});
    now += seen;
  }
  return OkStatus();
}

void TrainTracer::PutNotes() {
  if (shortened_) {
    builder_.Note(
        "part of the work that exchanges of shards hide behind runs in other passes, or is said to "
        "hide by the what-if: such exchanges are drawn shorter than they are (alone_us)");
  }
  if (result_.tail.gather < result_.tail.gather_alone) {
    builder_.Note(
        "updated weights are gathered while the next step's first forward pass runs; only what it "
        "waits for is drawn");
  }
}

Result<Trace> TrainTracer::Run() {
  RETURN_IF_ERROR(impl_.Evaluate(plan_, WhatIf::kAsIs, &result_));
  ASSIGN_OR_RETURN(cost_, impl_.CostOf(plan_));
  ASSIGN_OR_RETURN(shapes_, impl_.ShapesOf(plan_));
  for (int stage = 0; stage < stages(); ++stage) {
    builder_.Process(stages() > 1 ? "stage " + std::to_string(stage) : "rank");
    builder_.Lane(stage, "compute", LaneKind::kCompute);
  }
  const schedule::PipelineOutcome outcome = schedule::Play(impl_.pipeline, true);
  device_.resize(impl_.pipeline.stages.size());
  for (int stage = 0; stage < stages(); ++stage) {
    for (const schedule::PipelineSpan& span : outcome.devices[At(stage)].spans) {
      device_[At(span.op.stage)] = stage;
    }
  }
  if (sharded()) RETURN_IF_ERROR(PlayChains());
  PutStages(outcome);
  Time reduced;
  for (int stage = 0; stage < stages(); ++stage) {
    reduced = Max(reduced, outcome.devices[At(stage)].end + impl_.tails[At(stage)].reduce);
  }
  if (result_.tied > Time()) {
    const int item = builder_.Item(
        {"tied embedding all-reduce", {{"bytes", result_.tied_bytes.base()}, {"ranks", 2.0}}});
    for (const int stage : {0, stages() - 1}) {
      builder_.Add({.lane = builder_.Lane(stage, "pp", LaneKind::kCommunicator),
                    .item = item,
                    .start = reduced,
                    .end = reduced + result_.tied});
    }
    reduced += result_.tied;
  }
  for (int stage = 0; stage < stages(); ++stage) {
    RETURN_IF_ERROR(PutTail(stage, outcome.devices[At(stage)].end, reduced));
  }
  PutNotes();
  return std::move(builder_).Finish(result_.step);
}

}  // namespace

Result<TrainTimeline> TrainTimelineOf(const Machine& machine, const TrainRequest& request) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TrainPricer::Impl> impl,
                   TrainPricer::Impl::Create(machine, request.job));
  TrainTimeline timeline;
  ASSIGN_OR_RETURN(timeline.bill, impl->Bill(request.plan));
  ASSIGN_OR_RETURN(timeline.trace, TrainTracer(*impl, request.plan).Run());
  return timeline;
}

}  // namespace commplan
