#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "cli/report/plan_parts.h"
#include "cli/report/plan_report.h"

namespace commplan::report {
namespace {

using planner::Metric;
using planner::Metrics;
using planner::Scored;

std::string RunText(const TrainPlan& plan) {
  std::string text;
  const auto add = [&](std::string_view word) {
    if (!text.empty()) text += ", ";
    text += word;
  };
  if (plan.schedule && plan.layout.pp > 1) add(Name(*plan.schedule));
  constexpr std::array<std::string_view, 3> kRecomputes = {"", "recompute selective",
                                                           "recompute full"};
  if (plan.recompute != Recompute::kNone) {
    add(kRecomputes[static_cast<std::size_t>(plan.recompute)]);
  }
  if (plan.sharding.scheme != Scheme::kReplicated) {
    add("ZeRO-" + std::to_string(static_cast<int>(plan.sharding.scheme)));
  }
  if (plan.sharding.gtp > 1) add("gtp " + std::to_string(plan.sharding.gtp));
  std::string hidden;
  const auto hide = [&](bool is, const char* what) {
    if (!is) return;
    hidden += hidden.empty() ? "hides " : "+";
    hidden += what;
  };
  hide(plan.overlap.gradients, "gradients");
  hide(plan.overlap.parameters, "parameters");
  hide(plan.overlap.boundaries, "sends");
  hide(plan.overlap.tensor, "tensor");
  if (!hidden.empty()) add(hidden);
  return text;
}

Json PlanJson(const TrainingPlans& plans, const Scored<TrainPlan>& one) {
  const TrainPlan& plan = one.plan;
  const Metrics& m = one.metrics;
  constexpr std::array<std::string_view, 3> kRecomputes = {"none", "selective", "full"};
  Json json = PlanLayoutJson(plan.layout);
  json["expert_tp"] = plan.layout.expert_tp;
  json["virtual_stages"] = plan.layout.virtual_stages;
  json["micro_batch"] = plan.micro_batch;
  json["schedule"] = plan.schedule ? Json(Name(*plan.schedule)) : Json("1f1b");
  json["recompute"] = kRecomputes[static_cast<std::size_t>(plan.recompute)];
  json["zero"] = static_cast<int>(plan.sharding.scheme);
  json["gtp"] = plan.sharding.gtp;
  json["overlap_gradients"] = plan.overlap.gradients;
  json["overlap_parameters"] = plan.overlap.parameters;
  json["overlap_sends"] = plan.overlap.boundaries;
  json["overlap_tensor"] = plan.overlap.tensor;
  json["codec"] = "none";
  json["devices"] = m[Metric::kDevices];
  json["step_time_us"] = InMicros(Seconds(m[Metric::kStep]));
  json["tokens_per_s_per_device"] = m[Metric::kThroughput];
  json["memory_bytes_per_device"] = m[Metric::kMemory];
  if (plans.question->price > 0) json["cost_per_million_tokens"] = m[Metric::kCost];
  return json;
}

void AddBill(const TrainingPlans& plans, const Scored<TrainPlan>& one, const TrainBill& bill,
             Json* json) {
  Json& j = *json;
  j["low_us"] = InMicros(bill.low);
  j["high_us"] = InMicros(bill.high);
  j["compute_us"] = InMicros(bill.compute);
  j["exposed_comm_us"] = InMicros(bill.exposed);
  j["bubble_us"] = InMicros(bill.bubble);
  j["optimizer_us"] = InMicros(bill.optimizer);
  j["comm_fraction"] = bill.CommunicationShare();
  j["mfu"] = bill.mfu;
  if (plans.run_tokens > 0) j["run_days"] = RunDays(plans.run_tokens, bill.tokens_per_second);
  const Time target = plans.question->step_target;
  j["meets_step"] = Likely({bill.step, bill.low, bill.high}, target);
  j["extrapolated"] = bill.extrapolated;
  j["launch"] = LaunchJson(planner::LaunchesOf(*plans.question, one.plan));
}

Table TrainingTable(const std::string& title, const std::vector<Scored<TrainPlan>>& plans,
                    Metric metric) {
  Table table{.title = title,
              .columns = {{"#"},
                          {"layout", Align::kLeft},
                          {"micro batch"},
                          {"run", Align::kLeft},
                          {"step"},
                          {"tokens/s/device"},
                          {"memory"},
                          {"behind"}},
              .rows = {}};
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const Metrics& m = plans[i].metrics;
    table.rows.push_back({std::to_string(i + 1), PlanLayoutText(plans[i].plan.layout),
                          NumberForPeople(plans[i].plan.micro_batch), RunText(plans[i].plan),
                          ForPeople(Seconds(m[Metric::kStep])),
                          NumberForPeople(m[Metric::kThroughput]), ForPeople(B(m[Metric::kMemory])),
                          i == 0 ? "" : BehindText(plans.front().metrics, m, metric)});
  }
  return table;
}

Table TrainingSplit(const TrainingPlans& plans, const TrainBill& bill) {
  Table table{.title = "Where the best plan's time goes",
              .columns = {{"part", Align::kLeft}, {"time"}, {"share"}},
              .rows = {}};
  const auto add = [&](const char* part, Time time) {
    table.rows.push_back({part, ForPeople(time), ShareForPeople(time / bill.step)});
  };
  add("compute", bill.compute);
  add("communication that it waits for", bill.exposed);
  add("bubble", bill.bubble);
  add("optimizer", bill.optimizer);
  add("step", bill.step);
  table.rows.push_back({"90 % band", ForPeople(bill.low) + " to " + ForPeople(bill.high), ""});
  table.rows.push_back({"model flops used", ShareForPeople(bill.mfu), ""});
  if (plans.run_tokens > 0) {
    const double days = RunDays(plans.run_tokens, bill.tokens_per_second);
    table.rows.push_back({"days for the run", NumberForPeople(days), ""});
  }
  return table;
}

}  // namespace

Document PlanDocument(const TrainingPlans& plans) {
  const auto best = plans.found->Best();
  const auto pareto = plans.found->Pareto();
  Document document;
  document.json = FrameJson(plans.frame, *plans.found);
  if (best.empty()) {
    AddNothing(plans.frame, &document);
    AddEnd(plans.frame, *plans.found, &document);
    return document;
  }
  const Metric metric = plans.question->wanted.objective.front();
  Json list = Json::array();
  for (std::size_t i = 0; i < best.size(); ++i) {
    list.push_back(PlanJson(plans, best[i]));
    AddBill(plans, best[i], plans.bills[i], &list.back());
  }
  const Metrics& now = best.front().metrics;
  const TrainBill& first = plans.bills.front();
  const auto with_step = [&](Time step) {
    Metrics then = now;
    const double factor = InSeconds(step) / now[Metric::kStep];
    then[Metric::kStep] *= factor;
    then[Metric::kCost] *= factor;
    then[Metric::kThroughput] /= factor;
    return then;
  };
  Changes changes = {{"half the latency of all collectives", with_step(first.half_latency)},
                     {"twice the bandwidth of all links", with_step(first.double_bandwidth)}};
  if (plans.more_memory) changes.emplace_back("twice the memory, planned anew", *plans.more_memory);
  document.json["objective"] = Name(metric);
  document.json["best"] = list.front();
  document.json["plans"] = list;
  document.json["pareto"] = Json::array();
  for (const auto& one : pareto) document.json["pareto"].push_back(PlanJson(plans, one));
  document.json["robust"] = SureJson(plans.lost, plans.uncertainty);
  document.json["what_helps"] = HelpJson(now, metric, changes);
  document.body.emplace_back(
      Heading{PlanTitle(plans.frame) + ": " + PlanLayoutText(best.front().plan.layout)});
  document.body.emplace_back(TrainingTable("Best by " + std::string(Name(metric)), best, metric));
  document.body.emplace_back(SureText(plans.lost, plans.uncertainty, best.size()));
  document.body.emplace_back(TrainingSplit(plans, first));
  document.body.emplace_back(HelpTable(now, metric, changes));
  if (pareto.size() > 1) {
    document.body.emplace_back(TrainingTable(ParetoTitle("time and memory", pareto.size()),
                                             Thinned(pareto), Metric::kStep));
  }
  document.body.emplace_back(LaunchTable(planner::LaunchesOf(*plans.question, best.front().plan)));
  AddEnd(plans.frame, *plans.found, &document);
  return document;
}

}  // namespace commplan::report
