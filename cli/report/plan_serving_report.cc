#include <utility>

#include "cli/report/plan_parts.h"
#include "cli/report/plan_report.h"

namespace commplan::report {
namespace {

using planner::Metric;
using planner::Metrics;
using planner::Scored;

double MicrosOf(double seconds) { return InMicros(Seconds(seconds)); }

Json PlanJson(const ServingPlans& plans, const Scored<planner::ServingPlan>& one) {
  const planner::ServingQuestion& question = *plans.question;
  const Metrics& m = one.metrics;
  Json json = PlanLayoutJson(one.plan.layout);
  json["expert_exchange"] = Name(one.plan.layout.expert_exchange);
  json["batch"] = one.plan.batch;
  json["kernels"] = question.stacks[static_cast<std::size_t>(one.plan.stack)].kernels;
  json["engine"] = question.stacks[static_cast<std::size_t>(one.plan.stack)].engine;
  json["overlap"] = Name(one.plan.overlap);
  json["codec"] = question.codecs[static_cast<std::size_t>(one.plan.codec)];
  json["devices"] = m[Metric::kDevices];
  json["ttft_us"] = MicrosOf(m[Metric::kTtft]);
  json["tpot_us"] = MicrosOf(m[Metric::kTpot]);
  json["end_to_end_us"] = MicrosOf(m[Metric::kEndToEnd]);
  json["requests_per_s"] = m[Metric::kRequests];
  json["tokens_per_s_per_device"] = m[Metric::kThroughput];
  json["memory_bytes_per_device"] = m[Metric::kMemory];
  if (question.price > 0) json["cost_per_million_tokens"] = m[Metric::kCost];
  return json;
}

void AddDetail(const ServingPlans& plans, const Scored<planner::ServingPlan>& one,
               const planner::ServingDetail& detail, Json* json) {
  const auto& targets = plans.question->targets;
  const auto band = [&](const char* low, const char* high, const planner::Banded& time) {
    (*json)[low] = InMicros(time.low);
    (*json)[high] = InMicros(time.high);
  };
  band("ttft_low_us", "ttft_high_us", detail.ttft);
  band("tpot_low_us", "tpot_high_us", detail.tpot);
  (*json)["meets_ttft"] = Likely(detail.ttft, targets.ttft);
  (*json)["meets_tpot"] = Likely(detail.tpot, targets.tpot);
  (*json)["meets_end_to_end"] = Likely(detail.end_to_end, targets.end_to_end);
  const auto split = [](const StepBill& bill) {
    return Json{{"step_time_us", InMicros(bill.step)},
                {"compute_us", InMicros(bill.compute)},
                {"exposed_comm_us", InMicros(bill.exposed)},
                {"other_us", InMicros(bill.other)},
                {"comm_fraction", bill.CommunicationShare()}};
  };
  (*json)["decode"] = split(detail.decode);
  (*json)["prompt"] = split(detail.prompt);
  (*json)["extrapolated"] = detail.decode.extrapolated || detail.prompt.extrapolated;
  (*json)["launch"] = LaunchJson(planner::LaunchesOf(*plans.question, one.plan));
}

Table ServingTable(const std::string& title, const std::vector<Scored<planner::ServingPlan>>& plans,
                   Metric metric, bool stacks, const planner::ServingQuestion& question) {
  Table table{.title = title,
              .columns = {{"#"},
                          {"layout", Align::kLeft},
                          {"batch"},
                          {"ttft"},
                          {"tpot"},
                          {"requests/s"},
                          {"tokens/s/device"},
                          {"memory"},
                          {"devices"},
                          {"behind"}},
              .rows = {}};
  if (stacks) table.columns.push_back({"kernels", Align::kLeft});
  const bool codecs = question.codecs.size() > 1, overlaps = question.overlaps.size() > 1;
  if (codecs) table.columns.push_back({"codec", Align::kLeft});
  if (overlaps) table.columns.push_back({"overlap", Align::kLeft});
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const Metrics& m = plans[i].metrics;
    table.rows.push_back(
        {std::to_string(i + 1), PlanLayoutText(plans[i].plan.layout),
         NumberForPeople(plans[i].plan.batch), ForPeople(Seconds(m[Metric::kTtft])),
         ForPeople(Seconds(m[Metric::kTpot])), NumberForPeople(m[Metric::kRequests]),
         NumberForPeople(m[Metric::kThroughput]), ForPeople(B(m[Metric::kMemory])),
         NumberForPeople(m[Metric::kDevices]),
         i == 0 ? "" : BehindText(plans.front().metrics, m, metric)});
    if (stacks) {
      const auto stack = static_cast<std::size_t>(plans[i].plan.stack);
      table.rows.back().push_back(question.stacks[stack].kernels);
    }
    const auto codec = static_cast<std::size_t>(plans[i].plan.codec);
    if (codecs) table.rows.back().push_back(question.codecs[codec]);
    if (overlaps) table.rows.back().emplace_back(Name(plans[i].plan.overlap));
  }
  return table;
}

Table ServingSplit(const planner::ServingDetail& detail) {
  Table table{.title = "Where the best plan's time goes",
              .columns = {{"part", Align::kLeft}, {"decode step"}, {"prompt"}},
              .rows = {}};
  const auto add = [&](const char* part, Time decode, Time prompt) {
    table.rows.push_back({part, ForPeople(decode), ForPeople(prompt)});
  };
  add("compute", detail.decode.compute, detail.prompt.compute);
  add("communication that it waits for", detail.decode.exposed, detail.prompt.exposed);
  add("other", detail.decode.other, detail.prompt.other);
  add("step", detail.decode.step, detail.prompt.step);
  return table;
}

Table TargetsTable(const ServingPlans& plans, const planner::ServingDetail& detail) {
  Table table{
      .title = "Targets",
      .columns = {{"of", Align::kLeft}, {"expected"}, {"90 % band"}, {"target"}, {"likely"}},
      .rows = {}};
  const auto add = [&](const char* what, const planner::Banded& time, Time target) {
    table.rows.push_back(
        {what, ForPeople(time.middle), ForPeople(time.low) + " to " + ForPeople(time.high),
         target > Time() ? ForPeople(target) : "none",
         target > Time() ? ShareForPeople(planner::LikelyWithin(time, target)) : ""});
  };
  const auto& targets = plans.question->targets;
  add("first token", detail.ttft, targets.ttft);
  add("each token", detail.tpot, targets.tpot);
  add("request", detail.end_to_end, targets.end_to_end);
  return table;
}

}  // namespace

Document PlanDocument(const ServingPlans& plans) {
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
  const bool stacks = plans.question->stacks.size() > 1;
  Json list = Json::array();
  for (std::size_t i = 0; i < best.size(); ++i) {
    list.push_back(PlanJson(plans, best[i]));
    AddDetail(plans, best[i], plans.details[i], &list.back());
  }
  const planner::ServingDetail& first = plans.details.front();
  Changes changes = {{"half the latency of all collectives",
                      planner::WithHalfLatency(*plans.question, best.front().plan, first)},
                     {"twice the bandwidth of all links",
                      planner::WithDoubleBandwidth(*plans.question, best.front().plan, first)}};
  if (plans.more_memory) changes.emplace_back("twice the memory, planned anew", *plans.more_memory);
  document.json["objective"] = Name(metric);
  document.json["best"] = list.front();
  document.json["plans"] = list;
  document.json["pareto"] = Json::array();
  for (const auto& one : pareto) document.json["pareto"].push_back(PlanJson(plans, one));
  document.json["robust"] = SureJson(plans.lost, plans.uncertainty);
  document.json["what_helps"] = HelpJson(first.metrics, metric, changes);
  document.body.emplace_back(
      Heading{PlanTitle(plans.frame) + ": " + PlanLayoutText(best.front().plan.layout)});
  document.body.emplace_back(
      ServingTable("Best by " + std::string(Name(metric)), best, metric, stacks, *plans.question));
  document.body.emplace_back(SureText(plans.lost, plans.uncertainty, best.size()));
  document.body.emplace_back(TargetsTable(plans, first));
  document.body.emplace_back(ServingSplit(first));
  document.body.emplace_back(HelpTable(first.metrics, metric, changes));
  if (pareto.size() > 1) {
    document.body.emplace_back(
        ServingTable(ParetoTitle("time per token and throughput", pareto.size()), Thinned(pareto),
                     Metric::kTpot, stacks, *plans.question));
  }
  document.body.emplace_back(LaunchTable(planner::LaunchesOf(*plans.question, best.front().plan)));
  AddEnd(plans.frame, *plans.found, &document);
  return document;
}

}  // namespace commplan::report
