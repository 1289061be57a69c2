#include "planner/serving_engine.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "model/base/check.h"
#include "model/step/pricer.h"

namespace commplan::planner {
namespace {

constexpr double kSecondsInHour = 3600;
constexpr double kMillion = 1e6;

// `time_of` takes a bill for the time that counts.
template <class TimeOf>
EngineTimes TimesOf(const ServingDetail& detail, const TimeOf& time_of) {
  EngineTimes times;
  times.decode = time_of(detail.decode);
  times.prompts = {.alone = time_of(detail.prompt),
                   .each = time_of(detail.full) / detail.prompts_in_full};
  times.longest = time_of(detail.longest);
  times.cost = detail.cost;
  times.memory = detail.need.Total();
  return times;
}

template <class TimeOf>
Metrics MetricsUnder(const ServingQuestion& question, const ServingPlan& plan,
                     const ServingDetail& detail, const TimeOf& time_of) {
  const EngineTimes times = TimesOf(detail, time_of);
  const Served served = ServedBy(question, plan, times, plan.layout.dp);
  return MetricsOf(question, plan.layout, plan.layout.dp, times, served);
}

}  // namespace

Status CheckQuestion(const ServingQuestion& question) {
  CHECK(question.model != nullptr);
  CHECK(!question.stacks.empty() && !question.overlaps.empty() && !question.codecs.empty());
  CHECK(!question.wanted.objective.empty());
  if (question.devices < 1) return BadInputError("found no devices, expected at least one");
  if (!(question.shape.prompt >= 1) || !(question.shape.output >= 1)) {
    return BadInputError("a request has at least one token of prompt and one of answer");
  }
  const Objective& objective = question.wanted.objective;
  const bool costs = std::count(objective.begin(), objective.end(), Metric::kCost) > 0;
  if (question.price <= 0 && costs) {
    return BadInputError("the cost is asked for, but nobody says what a device costs", {},
                         "give the price of a device and hour");
  }
  return OkStatus();
}

bool SavesDevices(const ServingQuestion& question) {
  const Metric first = question.wanted.objective.front();
  return first == Metric::kDevices || (question.rate > 0 && first == Metric::kCost);
}

const ServingCost* CostOf(const Machine& machine, const ServingQuestion& question, int stack) {
  return ServingCostOf(machine, *question.model,
                       question.stacks[static_cast<std::size_t>(stack)].kernels);
}

ServingLoad LoadOf(const Machine& machine, const ServingQuestion& question,
                   const ServingPlan& plan) {
  ServingLoad load;
  load.sequences = plan.batch;
  load.tokens = question.shape.prompt + question.shape.output;
  load.batched_tokens = std::max(
      {question.shape.prompt, question.long_prompt, plan.batch / plan.layout.attention_dp});
  load.block = machine.compute.cache_block;
  return load;
}

Result<MemoryNeed> NeedOf(const Machine& machine, const ServingQuestion& question,
                          const ServingPlan& plan) {
  return ServingNeed(*question.model, plan.layout, question.precision,
                     LoadOf(machine, question, plan), machine.compute.margins);
}

Served ServedBy(const ServingQuestion& question, const ServingPlan& plan, const EngineTimes& times,
                int engines) {
  EngineLoad load;
  load.sequences = plan.batch;
  load.stages = plan.layout.pp;
  load.rate = question.rate / engines;
  load.quantile = question.quantile;
  if (times.cost != nullptr) {
    load.interference = times.cost->interference;
    load.first = times.cost->first;
  }
  Served served = Serve(question.shape, times.decode, times.prompts, load);
  const Time longer = (times.longest - times.prompts.alone) * load.first.prefill;
  served.ttft += longer;
  served.end_to_end += longer;
  return served;
}

Metrics MetricsOf(const ServingQuestion& question, const Layout& layout, int engines,
                  const EngineTimes& times, const Served& served) {
  Metrics metrics;
  const double devices = static_cast<double>(EngineDevices(layout)) * engines;
  const double requests = served.requests * engines;
  metrics[Metric::kStep] = InSeconds(served.tpot);
  metrics[Metric::kTtft] = InSeconds(served.ttft);
  metrics[Metric::kTpot] = InSeconds(served.tpot);
  metrics[Metric::kEndToEnd] = InSeconds(served.end_to_end);
  metrics[Metric::kRequests] = requests;
  // Devices that stay idle are there all the same.
  metrics[Metric::kThroughput] = requests * question.shape.output / question.devices;
  metrics[Metric::kDevices] = devices;
  metrics[Metric::kMemory] = InBytes(times.memory);
  const double made = question.rate > 0 ? std::min(question.rate, requests) : requests;
  metrics[Metric::kCost] =
      question.price * devices / kSecondsInHour / (made * question.shape.output) * kMillion;
  return metrics;
}

Result<ServingDetail> DetailOf(const Machine& machine, const ServingQuestion& question,
                               const ServingPlan& plan) {
  RETURN_IF_ERROR(CheckQuestion(question));
  const Stack& stack = question.stacks[static_cast<std::size_t>(plan.stack)];
  ASSIGN_OR_RETURN(StepPricer pricer, StepPricer::Create(machine, stack.kernels, stack.engine));
  ServingDetail detail;
  detail.cost = CostOf(machine, question, plan.stack);
  ASSIGN_OR_RETURN(detail.need, NeedOf(machine, question, plan));
  ASSIGN_OR_RETURN(detail.decode, pricer.BillOf(DecodeOf(question, plan)));
  StepRequest prompt = PromptOf(question, plan);
  ASSIGN_OR_RETURN(detail.prompt, pricer.BillOf(prompt));
  const StepRequest full = FullStepOf(question, plan, detail.cost);
  detail.prompts_in_full = full.demand.prefill.sequences;
  detail.full = detail.prompt;
  if (detail.prompts_in_full > prompt.demand.prefill.sequences) {
    ASSIGN_OR_RETURN(detail.full, pricer.BillOf(full));
  }
  detail.longest = detail.prompt;
  if (question.long_prompt > question.shape.prompt) {
    prompt.demand.prefill.new_tokens = question.long_prompt;
    ASSIGN_OR_RETURN(detail.longest, pricer.BillOf(prompt));
  }
  const auto served = [&](const auto& time_of) {
    return ServedBy(question, plan, TimesOf(detail, time_of), plan.layout.dp);
  };
  detail.served = served([](const StepBill& bill) { return bill.step; });
  const Served low = served([](const StepBill& bill) { return bill.low; });
  const Served high = served([](const StepBill& bill) { return bill.high; });
  detail.ttft = {detail.served.ttft, low.ttft, high.ttft};
  detail.tpot = {detail.served.tpot, low.tpot, high.tpot};
  detail.end_to_end = {detail.served.end_to_end, low.end_to_end, high.end_to_end};
  detail.metrics = MetricsUnder(question, plan, detail, [](const auto& bill) { return bill.step; });
  return detail;
}

Metrics Rescaled(const ServingQuestion& question, const ServingPlan& plan,
                 const ServingDetail& detail, double compute, double communication) {
  return MetricsUnder(question, plan, detail, [&](const StepBill& bill) {
    return bill.compute * compute + bill.exposed * communication + bill.other;
  });
}

Metrics WithHalfLatency(const ServingQuestion& question, const ServingPlan& plan,
                        const ServingDetail& detail) {
  return MetricsUnder(question, plan, detail,
                      [](const StepBill& bill) { return bill.half_latency; });
}

Metrics WithDoubleBandwidth(const ServingQuestion& question, const ServingPlan& plan,
                            const ServingDetail& detail) {
  return MetricsUnder(question, plan, detail,
                      [](const StepBill& bill) { return bill.double_bandwidth; });
}

}  // namespace commplan::planner
