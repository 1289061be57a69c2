#include "planner/serving.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "model/base/check.h"
#include "model/base/units.h"
#include "model/memory/serving.h"
#include "model/step/pricer.h"
#include "planner/serving_engine.h"

namespace commplan::planner {
namespace {

std::int64_t Whole(std::size_t n) { return static_cast<std::int64_t>(n); }

// ---- the space ----

// How tokens reach experts where nobody says: with tokens of their own on the ranks they must
// travel; whole experts take single tokens.
ExpertExchange ExchangeOf(const Layout& layout) {
  if (layout.attention_dp == 1) return ExpertExchange::kReduce;
  const bool whole = layout.ep == layout.tp * layout.attention_dp;
  const bool own = layout.tp == 1 || layout.sequence_parallel;
  return whole && own ? ExpertExchange::kAllToAll : ExpertExchange::kGather;
}

class Space {
 public:
  Space(const ServingQuestion& question, bool experts) : question_(question), experts_(experts) {
    Bound layers = question.pp;
    layers.most = static_cast<int>(std::min<std::int64_t>(layers.most, question.model->layers));
    for (int tp = question.tp.least; tp <= Most(question.tp, 1); ++tp) {
      for (int pp = layers.least; pp <= Most(layers, tp); ++pp) {
        for (int cp = question.cp.least; cp <= Most(question.cp, tp * pp); ++cp) {
          AddAttention({.tp = tp, .pp = pp, .cp = cp});
        }
      }
    }
  }

  const std::vector<Layout>& layouts() const { return layouts_; }

 private:
  int Most(const Bound& bound, int taken) const {
    return std::min(bound.most, question_.devices / taken);
  }

  void AddAttention(Layout layout) {
    const Bound one{1, 1};
    const Bound& wanted = experts_ ? question_.attention_dp : one;
    const int taken = layout.tp * layout.pp * layout.cp;
    for (int ranks = wanted.least; ranks <= Most(wanted, taken); ++ranks) {
      layout.attention_dp = ranks;
      AddExperts(layout);
    }
  }

  void AddExperts(Layout layout) {
    const int ranks = layout.tp * layout.attention_dp;
    const Bound one{1, 1};
    const Bound& wanted = experts_ ? question_.ep : one;
    for (int ep = wanted.least; ep <= std::min(wanted.most, ranks); ++ep) {
      if (ranks % ep != 0) continue;
      layout.ep = ep;
      for (const bool parallel : question_.sequence_parallel) {
        if (parallel && layout.tp == 1) continue;
        layout.sequence_parallel = parallel;
        layout.expert_exchange = ExchangeOf(layout);
        layouts_.push_back(layout);
      }
    }
  }

  const ServingQuestion& question_;
  bool experts_;
  std::vector<Layout> layouts_;
};

// ---- one plan ----

// Pricers by stack, kept for the next cell.
class Pricers {
 public:
  static Result<Pricers> Create(const Machine& machine, const std::vector<Stack>& stacks) {
    Pricers all;
    for (const Stack& stack : stacks) {
      ASSIGN_OR_RETURN(StepPricer one, StepPricer::Create(machine, stack.kernels, stack.engine));
      all.pricers_.push_back(std::move(one));
    }
    return all;
  }
  StepPricer& operator[](int stack) { return pricers_[static_cast<std::size_t>(stack)]; }

 private:
  std::vector<StepPricer> pricers_;
};

// ---- the targets ----

struct Miss {
  Reason reason = Reason::kRate;
  double excess = 0;
};

std::optional<Miss> MissOf(const ServingQuestion& question, const Served& served, int engines) {
  const double carried = served.requests * engines;
  if (question.rate > 0 && !(carried >= question.rate)) {
    return Miss{Reason::kRate, question.rate / carried - 1};
  }
  const Targets& targets = question.targets;
  const auto beyond = [](Time target, Time time) { return target > Time() && !(time <= target); };
  if (beyond(targets.ttft, served.ttft)) {
    return Miss{Reason::kTtft, served.ttft / targets.ttft - 1};
  }
  if (beyond(targets.tpot, served.tpot)) {
    return Miss{Reason::kTpot, served.tpot / targets.tpot - 1};
  }
  if (beyond(targets.end_to_end, served.end_to_end)) {
    return Miss{Reason::kEndToEnd, served.end_to_end / targets.end_to_end - 1};
  }
  return std::nullopt;
}

std::string TextOf(Reason reason, const ServingQuestion& question, const Served& served,
                   int engines) {
  const Targets& targets = question.targets;
  const auto compare = [](const char* what, Time time, Time target) {
    std::string text = what;
    text += ForPeople(time);
    text += ", the target is ";
    text += ForPeople(target);
    return text;
  };
  switch (reason) {
    case Reason::kTtft:
      return compare("first token after ", served.ttft, targets.ttft);
    case Reason::kTpot:
      return compare("a token every ", served.tpot, targets.tpot);
    case Reason::kEndToEnd:
      return compare("a request takes ", served.end_to_end, targets.end_to_end);
    default:
      break;
  }
  std::string text = "carries ";
  text += NumberForPeople(served.requests * engines);
  text += " requests in a second of ";
  text += NumberForPeople(question.rate);
  return text;
}

// ---- a cell ----

class Worker {
 public:
  Worker(const Machine& machine, const ServingQuestion& question,
         const std::vector<Layout>& layouts, Pricers pricers)
      : machine_(machine), question_(question), layouts_(layouts), pricers_(std::move(pricers)) {}

  void operator()(std::int64_t cell, Collector<ServingPlan>& all) {
    plan_ = {};
    plan_.layout = layouts_[static_cast<std::size_t>(cell)];
    const auto refuse = [&](Reason reason, const Error& error, std::int64_t number) {
      all.Refuse(reason, 0, number, plan_, 1, [&] { return error.message; });
    };
    const std::int64_t first = cell * Inner();
    const Result<Cut> cut = CheckLayout(*question_.model, plan_.layout, Phase::kServe);
    if (!cut.ok()) return refuse(Reason::kIndivisible, cut.error(), first);
    const int joined = machine_.fabric.tiers.back().ranks;  // 0: without bound
    if (joined > 0 && EngineDevices(plan_.layout) > joined) {
      return refuse(Reason::kIndivisible,
                    UnsupportedError("an engine of " + std::to_string(EngineDevices(plan_.layout)) +
                                     " devices does not fit on a fabric of " +
                                     std::to_string(joined) + " ranks"),
                    first);
    }
    if (const Status room = FindRoom(); !room.ok()) {
      return refuse(Reason::kNoPrice, room.error(), first);
    }
    std::int64_t number = first;
    for (plan_.stack = 0; plan_.stack < Count(question_.stacks); ++plan_.stack) {
      for (const Overlap overlap : question_.overlaps) {
        plan_.overlap = overlap;
        for (plan_.codec = 0; plan_.codec < Count(question_.codecs); ++plan_.codec) {
          const Status priced = Batches(number, all);
          if (!priced.ok()) refuse(Reason::kNoPrice, priced.error(), number);
          number += Count(question_.batches) + 1;
        }
      }
    }
  }

 private:
  template <class Item>
  static int Count(const std::vector<Item>& items) {
    return static_cast<int>(items.size());
  }
  std::int64_t Inner() const {
    return std::int64_t{Count(question_.stacks)} * Count(question_.overlaps) *
           Count(question_.codecs) * (Count(question_.batches) + 1);
  }

  // The memory of a step that holds a whole prompt.
  Status FindRoom() {
    plan_.batch = 1;
    RETURN_IF_ERROR(PrepareRoom());
    most_ = room_->MostSequences(machine_.device.memory);
    return OkStatus();
  }

  Status PrepareRoom() {
    const ServingLoad load = LoadOf(machine_, question_, plan_);
    step_tokens_ = load.batched_tokens;
    ASSIGN_OR_RETURN(room_, ServingRoom::Create(*question_.model, plan_.layout, question_.precision,
                                                load, machine_.compute.margins));
    return OkStatus();
  }

  // Very large batches make longer steps than a prompt.
  Result<MemoryNeed> Need() {
    if (LoadOf(machine_, question_, plan_).batched_tokens != step_tokens_) {
      RETURN_IF_ERROR(PrepareRoom());
    }
    return room_->NeedOf(plan_.batch);
  }

  // Whether attention ranks have as many sequences each.
  bool Shares(double batch) const {
    return batch >= plan_.layout.attention_dp && std::fmod(batch, plan_.layout.attention_dp) == 0;
  }

  Status Batches(std::int64_t number, Collector<ServingPlan>& all) {
    times_ = {};
    const std::vector<double>& batches = question_.batches;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      plan_.batch = batches[i];
      if (!Shares(plan_.batch)) continue;
      // Those that are larger need more still.
      ASSIGN_OR_RETURN(const bool fits, One(number + Whole(i), Whole(batches.size() - i), all));
      if (!fits) break;
    }
    // As many as fit, where that is no number of the list.
    const bool listed = std::binary_search(batches.begin(), batches.end(), most_);
    const bool within = most_ >= batches.front() && most_ <= batches.back();
    if (listed || !within || !Shares(most_)) return OkStatus();
    plan_.batch = most_;
    RETURN_IF_ERROR(One(number + Whole(batches.size()), 1, all));
    return OkStatus();
  }

  // Whether it fits; if not, `plans` are refused.
  Result<bool> One(std::int64_t number, std::int64_t plans, Collector<ServingPlan>& all) {
    ASSIGN_OR_RETURN(const MemoryNeed need, Need());
    const Fit fit = Compare(need, machine_.device.memory, machine_.compute.margins);
    if (!fit.fits) {
      all.Refuse(Reason::kMemory, fit.shortfall / fit.capacity, number, plan_, plans, [&] {
        std::string text = "needs ";
        text += ForPeople(need.Total());
        text += " of ";
        text += ForPeople(fit.capacity);
        return text;
      });
      return false;
    }
    times_.memory = need.Total();
    const Status priced = Price();
    if (priced.ok()) {
      Decide(number, all);
    } else {
      all.Refuse(Reason::kNoPrice, 0, number, plan_, 1, [&] { return priced.error().message; });
    }
    return true;
  }

  Status Price() {
    RETURN_IF_ERROR(PricePrompts());
    ASSIGN_OR_RETURN(const StepTimes decode,
                     pricers_[plan_.stack].TimesOf(DecodeOf(question_, plan_)));
    times_.decode = decode.step;
    return OkStatus();
  }

  // Once in a cell: they do not depend on the batch.
  Status PricePrompts() {
    if (times_.prompts.alone > Time()) return OkStatus();
    times_.cost = CostOf(machine_, question_, plan_.stack);
    StepPricer& pricer = pricers_[plan_.stack];
    StepRequest request = PromptOf(question_, plan_);
    ASSIGN_OR_RETURN(const StepTimes mean, pricer.TimesOf(request));
    const StepRequest full = FullStepOf(question_, plan_, times_.cost);
    const double prompts = full.demand.prefill.sequences;
    Time step = mean.step;
    if (prompts > request.demand.prefill.sequences) {
      ASSIGN_OR_RETURN(const StepTimes filled, pricer.TimesOf(full));
      step = filled.step;
    }
    times_.prompts = {.alone = mean.step, .each = step / prompts};
    times_.longest = mean.step;
    if (question_.long_prompt > question_.shape.prompt) {
      request.demand.prefill.new_tokens = question_.long_prompt;
      ASSIGN_OR_RETURN(const StepTimes longest, pricer.TimesOf(request));
      times_.longest = longest.step;
    }
    return OkStatus();
  }

  void Decide(std::int64_t number, Collector<ServingPlan>& all) {
    const int most = question_.devices / EngineDevices(plan_.layout);
    int engines = most;
    Served served = ServedBy(question_, plan_, times_, engines);
    const std::optional<Miss> miss = MissOf(question_, served, engines);
    plan_.layout.dp = engines;
    if (miss) {
      all.CountEvaluated(1);
      all.Refuse(miss->reason, miss->excess, number, plan_, 1,
                 [&] { return TextOf(miss->reason, question_, served, engines); });
    } else {
      if (SavesDevices(question_)) {
        engines = Fewest(most);
        served = ServedBy(question_, plan_, times_, engines);
        plan_.layout.dp = engines;
      }
      all.Offer({plan_, MetricsOf(question_, plan_.layout, engines, times_, served), number,
                 number / Inner()});
    }
    plan_.layout.dp = 1;
  }

  // More engines carry more and wait less, so the fewest are found by halving.
  int Fewest(int most) const {
    int least = 1;
    while (least < most) {
      const int middle = least + (most - least) / 2;
      const Served served = ServedBy(question_, plan_, times_, middle);
      if (MissOf(question_, served, middle)) {
        least = middle + 1;
      } else {
        most = middle;
      }
    }
    return least;
  }

  const Machine& machine_;
  const ServingQuestion& question_;
  const std::vector<Layout>& layouts_;
  Pricers pricers_;
  ServingPlan plan_;
  std::optional<ServingRoom> room_;
  double step_tokens_ = 0;  // that room_ is for
  double most_ = 0;         // sequences that fit
  EngineTimes times_;
};

}  // namespace

std::vector<double> EvenBatches() {
  constexpr double kMost = 4096;
  std::vector<double> batches = {1};
  for (double n = 2; n <= kMost; n *= 2) {
    batches.push_back(n);
    if (n < kMost) batches.push_back(n * 3 / 2);
  }
  return batches;
}

int EngineDevices(const Layout& layout) {
  return layout.tp * layout.pp * layout.cp * layout.attention_dp;
}

StepRequest DecodeOf(const ServingQuestion& question, const ServingPlan& plan) {
  StepRequest request;
  request.model = question.model;
  request.layout = plan.layout;
  request.layout.dp = 1;
  request.precision = question.precision;
  request.overlap = plan.overlap;
  const std::string& codec = question.codecs[static_cast<std::size_t>(plan.codec)];
  if (codec != "none") {
    request.codec = request.expert_codec = codec;
    request.codec_use = CodecUse::kWhereItPays;
  }
  // One after the other in the stages, each with a part of the sequences.
  const double each = std::max<double>(plan.layout.attention_dp, plan.batch / plan.layout.pp);
  request.demand = Decode(each, question.shape.prompt + question.shape.output / 2);
  request.longest = question.shape.prompt + question.shape.output;
  return request;
}

StepRequest PromptOf(const ServingQuestion& question, const ServingPlan& plan) {
  StepRequest request = DecodeOf(question, plan);
  if (plan.overlap == Overlap::kTwoBatch) request.overlap = Overlap::kNone;
  // Each attention rank has a prompt of its own.
  request.demand = Prefill(plan.layout.attention_dp, question.shape.prompt);
  return request;
}

StepRequest FullStepOf(const ServingQuestion& question, const ServingPlan& plan,
                       const ServingCost* cost) {
  StepRequest request = PromptOf(question, plan);
  const double room = cost == nullptr ? 0 : cost->prompt_tokens;
  request.demand.prefill.sequences *= std::max(1.0, std::floor(room / question.shape.prompt));
  return request;
}

Result<ServingAnswer> PlanServing(const Machine& machine, const ServingQuestion& question,
                                  const Control& control) {
  RETURN_IF_ERROR(CheckQuestion(question));
  ServingQuestion full = question;
  if (full.batches.empty()) full.batches = EvenBatches();
  const Space space(full, HasExperts(*full.model));
  // An unknown stack is a fault of the question, not of a plan.
  RETURN_IF_ERROR(Pricers::Create(machine, full.stacks));
  const std::vector<Layout>& layouts = space.layouts();
  Found<ServingPlan> found = Search<ServingPlan>(
      static_cast<std::int64_t>(layouts.size()), full.wanted, control,
      [&] { return Worker(machine, full, layouts, *Pricers::Create(machine, full.stacks)); });
  return ServingAnswer{std::move(found), static_cast<std::int64_t>(layouts.size())};
}

}  // namespace commplan::planner
