#include "planner/training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "model/base/check.h"
#include "model/base/units.h"
#include "model/step/pricer.h"

namespace commplan::planner {
namespace {

using schedule::PipelineKind;

constexpr double kSecondsInHour = 3600;
constexpr double kMillion = 1e6;

std::vector<int> DivisorsOf(int n, const Bound& bound) {
  std::vector<int> divisors;
  for (int d = 1; std::int64_t{d} * d <= n; ++d) {
    if (n % d != 0) continue;
    divisors.push_back(d);
    if (d != n / d) divisors.push_back(n / d);
  }
  std::sort(divisors.begin(), divisors.end());
  std::erase_if(divisors, [&](int d) { return !bound.Has(d); });
  return divisors;
}

// ---- the space ----

struct Cell {
  Layout layout;
  int gtp = 1;
};

class Space {
 public:
  explicit Space(const TrainingQuestion& question)
      : question_(question), experts_(HasExperts(*question.job.model)) {
    const int all = question.devices;
    for (const int tp : DivisorsOf(all, question.tp)) {
      for (const int cp : DivisorsOf(all / tp, question.cp)) {
        for (const int pp : DivisorsOf(all / tp / cp, question.pp)) {
          for (const int gtp : DivisorsOf(all / tp / cp / pp, question.gtp)) {
            AddExperts({{.tp = tp, .pp = pp, .dp = all / tp / cp / pp / gtp, .cp = cp}, gtp});
          }
        }
      }
    }
  }

  const std::vector<Cell>& cells() const { return cells_; }

 private:
  void AddExperts(Cell cell) {
    Layout& layout = cell.layout;
    if (!experts_) return AddParallel(cell);
    for (const int expert_tp : {1, layout.tp}) {
      if (expert_tp == layout.tp && expert_tp == 1 && layout.expert_tp == 1) continue;
      layout.expert_tp = expert_tp;
      const int ranks = layout.tp * layout.cp * layout.dp;
      for (const int ep : DivisorsOf(ranks / expert_tp, question_.ep)) {
        layout.ep = ep;
        layout.expert_exchange = ep > 1 ? ExpertExchange::kAllToAll : ExpertExchange::kReduce;
        AddParallel(cell);
      }
    }
  }

  void AddParallel(Cell cell) {
    for (const bool parallel : question_.sequence_parallel) {
      if (parallel && cell.layout.tp == 1) continue;
      cell.layout.sequence_parallel = parallel;
      cells_.push_back(cell);
    }
  }

  const TrainingQuestion& question_;
  bool experts_;
  std::vector<Cell> cells_;
};

// ---- a cell ----

// Whether this level hides what the one before it does not.
bool Adds(Hiding hiding, const TrainPlan& plan, int node_ranks) {
  const bool shards =
      plan.sharding.scheme == Scheme::kOptimizer || plan.sharding.scheme == Scheme::kGradients;
  switch (hiding) {
    case Hiding::kNothing:
      return true;
    case Hiding::kGradients:
      return plan.layout.dp * plan.layout.cp * plan.sharding.gtp > 1;
    case Hiding::kParameters:
      return plan.layout.dp * plan.layout.cp > 1 && shards;
    case Hiding::kBoundaries:
      return plan.layout.pp > 1;
    case Hiding::kTensor:
      // Tiles are sent by kernels that write into each other's memory.
      return plan.layout.sequence_parallel && plan.layout.tp <= node_ranks;
  }
  return false;
}

void SetHiding(Hiding hiding, TrainOverlap* overlap) {
  overlap->gradients = hiding >= Hiding::kGradients;
  overlap->parameters = hiding >= Hiding::kParameters;
  overlap->boundaries = hiding >= Hiding::kBoundaries;
  overlap->tensor = hiding >= Hiding::kTensor;
}

class Worker {
 public:
  Worker(const Machine& machine, const TrainingQuestion& question, const std::vector<Cell>& cells,
         TrainPricer pricer)
      : question_(question),
        cells_(cells),
        capacity_(machine.device.memory),
        node_ranks_(machine.fabric.tiers.front().ranks),
        pricer_(std::move(pricer)) {}

  void operator()(std::int64_t index, Collector<TrainPlan>& all) {
    const Cell& cell = cells_[static_cast<std::size_t>(index)];
    all_ = &all;
    plan_ = {};
    plan_.layout = cell.layout;
    plan_.sharding.gtp = cell.gtp;
    number_ = index << kInnerBits;
    const Result<Cut> cut = CheckLayout(*question_.job.model, plan_.layout, Phase::kTrain);
    if (!cut.ok()) return Refuse(Reason::kIndivisible, cut.error());
    const double each = question_.job.global_batch / cell.layout.dp / cell.gtp;
    if (each < 1 || each != std::floor(each)) {
      return Refuse(Reason::kBatch, BatchError(cell));
    }
    for (const int micro : DivisorsOf(static_cast<int>(each), question_.micro_batch)) {
      plan_.micro_batch = micro;
      Schedules(static_cast<int>(each) / micro);
    }
  }

 private:
  static constexpr int kInnerBits = 32;

  void Refuse(Reason reason, const Error& error) {
    all_->Refuse(reason, 0, number_, plan_, 1, [&] { return error.message; });
  }

  Error BatchError(const Cell& cell) const {
    std::string message = "a batch of ";
    message += NumberForPeople(question_.job.global_batch);
    message += " sequences does not divide over ";
    message += std::to_string(cell.layout.dp * cell.gtp);
    message += " data parallel ranks";
    return UnsupportedError(std::move(message));
  }

  void Schedules(int microbatches) {
    const int pp = plan_.layout.pp;
    for (const PipelineKind kind : question_.schedules) {
      if (pp == 1 && kind != PipelineKind::kOneForwardOneBackward) continue;
      plan_.schedule = kind;
      if (kind == PipelineKind::kInterleaved) {
        Interleaved(microbatches);
      } else {
        const int chunks = kind == PipelineKind::kZbV ? 2 : 1;
        if (chunks > 1 && question_.job.model->layers < std::int64_t{chunks} * pp) continue;
        plan_.layout.virtual_stages = chunks;
        Recomputes();
      }
    }
  }

  // Frameworks want stages of equal size and full groups of microbatches for it.
  void Interleaved(int microbatches) {
    const std::int64_t layers = question_.job.model->layers;
    const int pp = plan_.layout.pp;
    if (layers % pp != 0 || microbatches % pp != 0) return;
    for (const int chunks : DivisorsOf(static_cast<int>(layers / pp), question_.virtual_stages)) {
      if (chunks == 1) continue;
      plan_.layout.virtual_stages = chunks;
      Recomputes();
    }
  }

  void Recomputes() {
    for (const Recompute recompute : question_.recomputes) {
      plan_.recompute = recompute;
      Variants();
    }
  }

  // Plans that differ only in what follows the last backward pass come one after the other: the
  // pricer keeps what they share.
  void Variants() {
    const std::int64_t first = number_;
    const auto many = static_cast<std::int64_t>(question_.hidings.size());
    number_ += static_cast<std::int64_t>(question_.schemes.size()) * many;
    const std::int64_t end = number_;
    PriceMemory();
    for (const bool weights : {false, true}) {
      for (std::int64_t h = 0; h < many; ++h) {
        for (std::size_t s = 0; s < question_.schemes.size(); ++s) {
          const Scheme scheme = question_.schemes[s];
          if ((scheme == Scheme::kWeights) != weights || !Allows(scheme)) continue;
          plan_.sharding.scheme = scheme;
          const Hiding hiding = question_.hidings[static_cast<std::size_t>(h)];
          if (!Adds(hiding, plan_, node_ranks_)) continue;
          SetHiding(hiding, &plan_.overlap);
          number_ = first + static_cast<std::int64_t>(s) * many + h;
          Decide(s);
        }
      }
    }
    number_ = end;
  }

  bool Allows(Scheme scheme) const {
    if (scheme != Scheme::kReplicated && plan_.layout.dp * plan_.layout.cp == 1) return false;
    return scheme != Scheme::kWeights || plan_.sharding.gtp == 1;  // both cut weights
  }

  // What hides does not change what must be held.
  void PriceMemory() {
    memory_.clear();
    for (const Scheme scheme : question_.schemes) {
      plan_.sharding.scheme = scheme;
      memory_.push_back(Allows(scheme) ? pricer_.NeedOf(plan_) : Result<MemoryNeed>(MemoryNeed{}));
    }
  }

  void Decide(std::size_t scheme) {
    const Result<MemoryNeed>& need = memory_[scheme];
    if (!need.ok()) return Refuse(Reason::kNoPrice, need.error());
    const Bytes total = need->Total();
    if (total <= capacity_) return Price(total);
    const double excess = total / capacity_ - 1;
    if (all_->RefuseFarther(Reason::kMemory, excess)) return;
    all_->Refuse(Reason::kMemory, excess, number_, plan_, 1, [&] {
      std::string text = "needs ";
      text += ForPeople(total);
      text += " of ";
      text += ForPeople(capacity_);
      return text;
    });
  }

  // Most plans are settled by a bound on their time.
  void Price(Bytes memory) {
    const Time target = question_.step_target;
    const Result<Time> bound = pricer_.BoundOf(plan_);
    if (!bound.ok()) return Refuse(Reason::kNoPrice, bound.error());
    const bool late = target > Time() && *bound > target;
    if (late ? all_->RefuseFarther(Reason::kStep, *bound / target - 1)
             : all_->CannotMatter(MetricsOf(*bound, memory)) && target <= Time()) {
      all_->CountEvaluated(1);
      return;
    }
    const Result<Time> step = pricer_.TimeOf(plan_);
    if (!step.ok()) return Refuse(Reason::kNoPrice, step.error());
    if (target <= Time() || *step <= target) {
      all_->Offer({plan_, MetricsOf(*step, memory), number_, number_ >> kInnerBits});
      return;
    }
    all_->CountEvaluated(1);
    all_->Refuse(Reason::kStep, *step / target - 1, number_, plan_, 1, [&] {
      std::string text = "a step takes ";
      text += ForPeople(*step);
      text += ", the target is ";
      text += ForPeople(target);
      return text;
    });
  }

  Metrics MetricsOf(Time step, Bytes memory) const {
    Metrics metrics;
    const double seconds = InSeconds(step);
    const double tokens = question_.job.global_batch * question_.job.sequence;
    metrics[Metric::kStep] = seconds;
    metrics[Metric::kThroughput] = tokens / seconds / question_.devices;
    metrics[Metric::kDevices] = question_.devices;
    metrics[Metric::kMemory] = InBytes(memory);
    metrics[Metric::kCost] =
        question_.price * question_.devices * seconds / kSecondsInHour / tokens * kMillion;
    return metrics;
  }

  const TrainingQuestion& question_;
  const std::vector<Cell>& cells_;
  Bytes capacity_;
  int node_ranks_;
  TrainPricer pricer_;
  TrainPlan plan_;
  std::int64_t number_ = 0;
  std::vector<Result<MemoryNeed>> memory_;  // by scheme
  Collector<TrainPlan>* all_ = nullptr;
};

}  // namespace

std::string_view Name(Hiding hiding) {
  constexpr std::array<std::string_view, 5> kNames = {"nothing", "gradients", "parameters",
                                                      "boundaries", "tensor"};
  return kNames[static_cast<std::size_t>(hiding)];
}

Result<TrainingAnswer> PlanTraining(const Machine& machine, const TrainingQuestion& question,
                                    const Control& control) {
  CHECK(question.job.model != nullptr);
  CHECK(!question.wanted.objective.empty());
  if (question.devices < 1) return BadInputError("found no devices, expected at least one");
  if (!(question.job.global_batch <= std::numeric_limits<int>::max())) {
    return BadInputError("the global batch is " + NumberForPeople(question.job.global_batch) +
                         " sequences, expected at most 2147483647");
  }
  const int joined = machine.fabric.tiers.back().ranks;  // 0: without bound
  if (joined > 0 && question.devices > joined) {
    return UnsupportedError(std::to_string(question.devices) +
                                " devices do not fit on a fabric of " + std::to_string(joined) +
                                " ranks",
                            "add a network to the profile, such as NAME+ib-ndr");
  }
  const Objective& objective = question.wanted.objective;
  if (question.price <= 0 && std::count(objective.begin(), objective.end(), Metric::kCost) > 0) {
    return BadInputError("the cost is asked for, but nobody says what a device costs", {},
                         "give the price of a device and hour");
  }
  RETURN_IF_ERROR(TrainPricer::Create(machine, question.job));
  const Space space(question);
  const std::vector<Cell>& cells = space.cells();
  const auto count = static_cast<std::int64_t>(cells.size());
  Found<TrainPlan> found = Search<TrainPlan>(count, question.wanted, control, [&] {
    return Worker(machine, question, cells, *TrainPricer::Create(machine, question.job));
  });
  return TrainingAnswer{std::move(found), count};
}

}  // namespace commplan::planner
