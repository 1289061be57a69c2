// The bill of a training step beside its time: lines, bands, memory, rates and notes.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "model/memory/training.h"
#include "model/step/training.h"
#include "model/step/training_impl.h"
#include "model/step/training_sharded.h"

namespace commplan {

using training_internal::ClassTimes;
using training_internal::Evaluation;
using training_internal::MicrobatchCost;
using training_internal::PartCost;
using training_internal::Use;

namespace {

double Real(std::int64_t n) { return static_cast<double>(n); }
std::size_t At(int index) { return static_cast<std::size_t>(index); }

// Two lines are one where they differ in pass alone.
bool Alike(const TrainLine& line, std::string_view site, const Collective& what) {
  return line.site == site && line.exchange == what.exchange && line.group == what.group &&
         line.ranks == what.ranks && line.bytes == what.bytes;
}

class Biller {
 public:
  Biller(TrainPricer::Impl& impl, const TrainPlan& plan, TrainBill* bill)
      : impl_(impl), plan_(plan), bill_(*bill) {}

  Status Run();

 private:
  Status AddLines();
  Status AddPart(const PartCost& part, double times);
  Status AddLine(std::string_view site, const Collective& what, double count, Time exposed);
  Status AddExchanges(double weights, int ranks, GroupKind group, double times, bool chained);
  Status AddTail(int stage);
  Status AddRemat(const Matrix& matrix, double layers);
  double LayersOn(int stage, std::size_t kind) const;
  void AddKernels(const MicrobatchCost& cost, int stage);
  void AddBand();
  Status AddMemory();
  void AddRates();
  void AddNotes();

  TrainPricer::Impl& impl_;
  const TrainPlan& plan_;
  TrainBill& bill_;
  Evaluation result_;
  const MicrobatchCost* cost_ = nullptr;
  const training_internal::StageShapes* shapes_ = nullptr;
  std::array<ClassTimes, kKernelClasses> classes_{};
};

Status Biller::AddLine(std::string_view site, const Collective& what, double count, Time exposed) {
  if (what.ranks < 2 || count <= 0 || what.bytes <= Bytes()) return OkStatus();
  ASSIGN_OR_RETURN(const CollectiveModel* const model, impl_.ModelOf(plan_, cost_->cut, what));
  const Price price = model->At(what.bytes);
  const auto same = [&](const TrainLine& line) { return Alike(line, site, what); };
  auto found = std::find_if(bill_.exchanges.begin(), bill_.exchanges.end(), same);
  if (found == bill_.exchanges.end()) {
    TrainLine line;
    line.site = site;
    line.exchange = what.exchange;
    line.group = what.group;
    line.ranks = what.ranks;
    line.bytes = what.bytes;
    line.engine = model->engine().name;
    line.regime = RegimeOf(price.cost);
    line.extrapolated = price.extrapolated;
    if (!model->variants().empty()) line.algorithm = model->VariantOf(price).card->algorithm;
    found = bill_.exchanges.insert(found, line);
  }
  found->count += count;
  found->time += price.cost.Total() * count;
  found->low += price.low * count;
  found->high += price.high * count;
  found->exposed += exposed;
  return OkStatus();
}

Status Biller::AddPart(const PartCost& part, double times) {
  for (const Use& use : part.uses) {
    ASSIGN_OR_RETURN(const Time each, impl_.TimeOf(plan_, cost_->cut, use.what, WhatIf::kAsIs));
    const Time exposed = training_internal::ExposedOf(use, each * use.count, plan_.overlap);
    RETURN_IF_ERROR(AddLine(Name(use.site), use.what, use.count * times, exposed * times));
  }
  return OkStatus();
}

// Of the exchanges of `weights` weights, those of every microbatch (`chained`) or the others, each
// exposed like the rest of its kind.
Status Biller::AddExchanges(double weights, int ranks, GroupKind group, double times,
                            bool chained) {
  Sharding sharding = plan_.sharding;
  if (sharding.inner > 0 && ranks % sharding.inner != 0) sharding.inner = 0;
  const double m = bill_.microbatches;
  const training_internal::Tail& tail = result_.tail;
  const auto share = [](Time seen, Time all) { return all > Time() ? seen / all : 0; };
  const bool shards = sharding.scheme == Scheme::kWeights;
  for (const StepExchange& exchange : DataParallelExchanges(weights, ranks, sharding, m, group)) {
    const Collective& what = exchange.collective;
    const bool in_chain = shards && what.exchange != Exchange::kAllReduce;
    if (in_chain != chained) continue;
    const bool gathers = what.exchange == Exchange::kAllGather;
    const double seen = in_chain ? share(result_.chain_waits, result_.chain_alone)
                        : exchange.when == When::kOptimizer ? share(tail.gather, tail.gather_alone)
                                                            : share(tail.reduce, tail.alone);
    ASSIGN_OR_RETURN(const Time each, impl_.TimeOf(plan_, cost_->cut, what, WhatIf::kAsIs));
    const double count = exchange.count * times;
    RETURN_IF_ERROR(AddLine(in_chain && gathers ? "weights"
                            : gathers           ? "parameters"
                                                : "gradients",
                            what, count, each * (count * seen)));
  }
  return OkStatus();
}

Status Biller::AddTail(int stage) {
  const Sharding& sharding = plan_.sharding;
  const RankWeights& held = shapes_->stages[At(stage)];
  const int dense = DenseReplicas(plan_.layout);
  const int alike = std::max(1, ExpertReplicas(plan_.layout, cost_->cut, plan_.sharding));
  const double whole = (held.Dense() - held.small) / sharding.gtp + held.small;
  RETURN_IF_ERROR(AddExchanges(whole, dense, GroupKind::kData, 1, false));
  if (held.experts > 0) {
    RETURN_IF_ERROR(
        AddExchanges(held.experts / sharding.expert_gtp, alike, GroupKind::kExpertData, 1, false));
  }
  for (std::size_t kind = 0; kind < cost_->kinds.size(); ++kind) {
    const double layers = LayersOn(stage, kind);
    if (layers <= 0) continue;
    const RankWeights& layer = shapes_->kinds[kind];
    RETURN_IF_ERROR(AddExchanges(layer.Dense(), dense, GroupKind::kData, layers, true));
    if (layer.experts > 0) {
      RETURN_IF_ERROR(AddExchanges(layer.experts, alike, GroupKind::kExpertData, layers, true));
    }
    const Transformer& model = *impl_.job.model;
    for (const Matrix& matrix :
         MatricesOf(model, model.kinds[kind], plan_.layout, cost_->cut, Phase::kTrain)) {
      RETURN_IF_ERROR(AddRemat(matrix, layers));
    }
  }
  for (const bool head : {false, true}) {
    if (stage != (head ? plan_.layout.pp - 1 : 0)) continue;
    const RankWeights end = training_internal::EndWeights(*shapes_, At(stage), head);
    RETURN_IF_ERROR(AddExchanges(end.Dense(), dense, GroupKind::kData, 1, true));
    const double hidden = Real(impl_.job.model->hidden);
    RETURN_IF_ERROR(
        AddRemat({.site = Site::kLogits, .outputs = cost_->cut.vocabulary, .inputs = hidden}, 1));
  }
  Collective tied;
  tied.group = GroupKind::kPipeline;
  tied.ranks = 2;
  tied.bytes = result_.tied_bytes;
  return AddLine("tied embedding", tied, result_.tied > Time() ? 1 : 0, result_.tied);
}

// A matrix under generalized tensor parallelism; recomputed ones are gathered once more.
Status Biller::AddRemat(const Matrix& matrix, double layers) {
  if (RematRanks(matrix, plan_.sharding) < 2) return OkStatus();
  const double seen = result_.chain_alone > Time() ? result_.chain_waits / result_.chain_alone : 0;
  const RematExchanges exchanges = RematExchangesOf(matrix, plan_.sharding);
  const bool end = matrix.site == Site::kLogits;
  const double again = plan_.recompute == Recompute::kFull && !end ? 1 : 0;
  const double count = layers * bill_.microbatches;
  const auto add = [&](std::string_view site, const Collective& what, double times) -> Status {
    ASSIGN_OR_RETURN(const Time each, impl_.TimeOf(plan_, cost_->cut, what, WhatIf::kAsIs));
    return AddLine(site, what, times * count, each * (times * count * seen));
  };
  RETURN_IF_ERROR(add("weights", exchanges.forward, 1 + again));
  RETURN_IF_ERROR(add("weights", exchanges.backward, 1));
  return add("gradients", exchanges.gradient, 1);
}

double Biller::LayersOn(int stage, std::size_t kind) const {
  double layers = 0;
  for (int chunk = 0; chunk < plan_.layout.virtual_stages; ++chunk) {
    const std::size_t index = At(chunk * plan_.layout.pp + stage);
    layers += Real(shapes_->layers[index * cost_->kinds.size() + kind]);
  }
  return layers;
}

Status Biller::AddLines() {
  const int stage = result_.busiest;
  const double m = bill_.microbatches;
  const std::size_t kinds = cost_->kinds.size();
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const double layers = LayersOn(stage, kind);
    if (layers > 0) RETURN_IF_ERROR(AddPart(cost_->kinds[kind], layers * m));
  }
  if (stage == 0) RETURN_IF_ERROR(AddPart(cost_->embedding, m));
  if (stage == plan_.layout.pp - 1) RETURN_IF_ERROR(AddPart(cost_->head, m));
  for (const Use& use : cost_->boundary) {
    const Time exposed =
        result_.sending * (result_.boundary > Time()
                               ? 1.0 / Real(static_cast<std::int64_t>(cost_->boundary.size()))
                               : 0);
    RETURN_IF_ERROR(AddLine(Name(use.site), use.what, use.count * result_.sends, exposed));
  }
  return AddTail(stage);
}

void Biller::AddKernels(const MicrobatchCost& cost, int stage) {
  const double m = bill_.microbatches;
  const auto add = [&](const PartCost& part, double times) {
    for (std::size_t i = 0; i < part.classes.size(); ++i) {
      classes_[i].time += part.classes[i].time * times;
      classes_[i].low += part.classes[i].low * times;
      classes_[i].high += part.classes[i].high * times;
    }
    bill_.extrapolated |= part.extrapolated;
    for (const training_internal::SiteTime& site : part.sites) {
      const std::string kind(Name(site.site));
      const auto same = [&](const TrainKernelLine& line) { return line.kind == kind; };
      auto found = std::find_if(bill_.kernels.begin(), bill_.kernels.end(), same);
      if (found == bill_.kernels.end()) found = bill_.kernels.insert(found, {kind, 0, Time()});
      found->count += site.count * times;
      found->time += site.time * times;
    }
  };
  const std::size_t kinds = cost.kinds.size();
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    add(cost.kinds[kind], LayersOn(stage, kind) * m);
  }
  if (stage == 0) add(cost.embedding, m);
  if (stage == plan_.layout.pp - 1) add(cost.head, m);
  bill_.kernels.push_back({"optimizer", 1, bill_.optimizer});
}

// Kernels of one class share the cause of their error, and so do the exchanges of one group;
// classes and groups are independent of each other. The bubble is as wrong as what it waits for.
void Biller::AddBand() {
  double below = 0, above = 0;
  const auto add = [&](Time time, Time low, Time high, double share) {
    if (time <= Time()) return;
    const double down = share * std::log(time / low);
    const double up = share * std::log(high / time);
    below += down * down;
    above += up * up;
  };
  const Time busy = bill_.step - bill_.bubble;
  for (const ClassTimes& of : classes_) {
    if (of.low > Time()) add(of.time, of.low, of.high, of.time / busy);
  }
  for (std::size_t group = 0; group <= static_cast<std::size_t>(GroupKind::kRemat); ++group) {
    Time time, low, high, exposed;
    for (const TrainLine& line : bill_.exchanges) {
      if (static_cast<std::size_t>(line.group) != group) continue;
      time += line.time;
      low += line.low;
      high += line.high;
      exposed += line.exposed;
      bill_.extrapolated |= line.extrapolated && line.exposed > 0.05 * bill_.step;
    }
    if (low > Time()) add(time, low, high, exposed / busy);
  }
  // Whole runs contain the errors of their kernels: the wider of the two counts.
  bill_.low = bill_.step * std::min(std::exp(-std::sqrt(below)), impl_.run.low);
  bill_.high = bill_.step * std::max(std::exp(std::sqrt(above)), impl_.run.high);
}

Status Biller::AddMemory() {
  const TrainingLoad load = impl_.LoadOf(plan_, bill_.microbatches);
  const MemoryMargins margins = impl_.Margins();
  ASSIGN_OR_RETURN(bill_.memory,
                   FitTraining(*impl_.job.model, plan_.layout, impl_.job.precision, plan_.sharding,
                               load, impl_.machine.device.memory, margins));
  ASSIGN_OR_RETURN(const TrainingRoom room,
                   TrainingRoom::Create(*impl_.job.model, plan_.layout, impl_.job.precision));
  bill_.memory_by_stage = room.NeedsOf(plan_.sharding, load, margins);
  return OkStatus();
}

void Biller::AddRates() {
  bill_.devices = Ranks(plan_.layout, Phase::kTrain) * plan_.sharding.gtp;
  const double tokens = impl_.job.global_batch * impl_.job.sequence;
  bill_.tokens_per_second = tokens / InSeconds(bill_.step);
  const Flops flops = ModelFlops(*impl_.job.model, impl_.job.sequence) * tokens;
  bill_.model_rate = flops / bill_.step / Real(bill_.devices);
  const auto& rates = impl_.machine.device.rates;
  const auto peak = rates.find("bf16");
  if (peak != rates.end()) bill_.mfu = bill_.model_rate / peak->second;
}

void Biller::AddNotes() {
  bill_.notes = impl_.kernels.notes();
  const double m = bill_.microbatches;
  const int v = plan_.layout.virtual_stages;
  if (v > 1 && std::fmod(m, plan_.layout.pp) != 0) {
    bill_.notes.emplace_back(
        "the microbatches do not divide over the stages: the last group of the interleaved "
        "schedule runs partly empty, and Megatron refuses it");
  }
  for (const LayerKind& kind : impl_.job.model->kinds) {
    if (kind.attention.kind == AttentionKind::kGrouped && kind.attention.head_dim % 8 != 0) {
      bill_.notes.emplace_back(
          "the head size is not a multiple of 8: steps with such heads were measured 33 to 42 % "
          "slower than others, which is not in the time");
    }
  }
  if (!bill_.memory.fits) bill_.notes.emplace_back("it does not fit in memory; the time is as if");
}

Status Biller::Run() {
  ASSIGN_OR_RETURN(const int microbatches, impl_.Microbatches(plan_));
  bill_.microbatches = microbatches;
  Evaluation changed;
  RETURN_IF_ERROR(impl_.Evaluate(plan_, WhatIf::kHalfLatency, &changed));
  bill_.half_latency = changed.step;
  RETURN_IF_ERROR(impl_.Evaluate(plan_, WhatIf::kDoubleBandwidth, &changed));
  bill_.double_bandwidth = changed.step;
  RETURN_IF_ERROR(impl_.Evaluate(plan_, WhatIf::kAsIs, &result_));
  bill_.framework = impl_.job.framework;
  bill_.provider = impl_.kernels.provider();
  bill_.step = result_.step;
  bill_.compute = result_.compute;
  bill_.communication = result_.communication;
  bill_.exposed = result_.exposed;
  bill_.bubble = result_.bubble;
  bill_.optimizer = result_.optimizer;
  bill_.stage_times = result_.stage_times;
  ASSIGN_OR_RETURN(cost_, impl_.CostOf(plan_));
  ASSIGN_OR_RETURN(shapes_, impl_.ShapesOf(plan_));
  RETURN_IF_ERROR(AddLines());
  MicrobatchCost full;
  RETURN_IF_ERROR(training_internal::CostMicrobatch(impl_.job, plan_, true, impl_.kernels,
                                                    impl_.program, &full));
  AddKernels(full, result_.busiest);
  AddBand();
  RETURN_IF_ERROR(AddMemory());
  AddRates();
  AddNotes();
  return OkStatus();
}

}  // namespace

Result<TrainBill> TrainPricer::Impl::Bill(const TrainPlan& plan) {
  TrainBill bill;
  RETURN_IF_ERROR(Biller(*this, plan, &bill).Run());
  return bill;
}

Flops ModelFlops(const Transformer& model, double sequence) {
  double flops = 6 * ActiveWeights(model, Embedding::kLeftOut);
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const Attention& a = model.kinds[i].attention;
    const double layers = Real(LayersOfKind(model, static_cast<int>(i), 0, model.layers));
    if (a.kind == AttentionKind::kLinear) continue;
    const double seen = a.window > 0 ? std::min(sequence, Real(a.window)) : sequence;
    const double widths = Real(a.head_dim + a.rope_dim) + Real(a.ValueDim());
    flops += 6 * layers * seen * Real(a.heads) * widths;
  }
  return Flop(flops);
}

}  // namespace commplan
