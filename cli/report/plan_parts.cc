#include "cli/report/plan_parts.h"

namespace commplan::report {
namespace {

using planner::Metric;
using planner::Metrics;

constexpr double kSecondsInDay = 86400;

std::string ValueText(const Metrics& metrics, Metric metric) {
  const double value = metrics[metric];
  switch (metric) {
    case Metric::kStep:
    case Metric::kTtft:
    case Metric::kTpot:
    case Metric::kEndToEnd:
      return ForPeople(Seconds(value));
    case Metric::kMemory:
      return ForPeople(B(value));
    default:
      return NumberForPeople(value);
  }
}

std::string Better(const Metrics& now, const Metrics& then, Metric metric) {
  const double before = now.Loss(metric), after = then.Loss(metric);
  // Two ways of adding the same numbers differ in the last digits.
  constexpr double kNothing = 1e-9;
  if (std::abs(before - after) <= kNothing * std::abs(before)) return "nothing";
  return ShareForPeople((before - after) / std::abs(before));
}

std::string FactorText(double factor) { return NumberForPeople(factor) + " x"; }

}  // namespace

double RunDays(double run_tokens, double tokens_per_second) {
  return run_tokens / tokens_per_second / kSecondsInDay;
}

Json PlanLayoutJson(const Layout& l) {
  return {{"tp", l.tp},
          {"pp", l.pp},
          {"dp", l.dp},
          {"ep", l.ep},
          {"cp", l.cp},
          {"attention_dp", l.attention_dp},
          {"sequence_parallel", l.sequence_parallel}};
}

std::string PlanLayoutText(const Layout& l) {
  std::string text = "tp ";
  text += std::to_string(l.tp);
  const auto add = [&](const char* name, int n) {
    if (n == 1) return;
    text += ", ";
    text += name;
    text += ' ';
    text += std::to_string(n);
  };
  add("pp", l.pp);
  add("dp", l.dp);
  add("cp", l.cp);
  add("attention dp", l.attention_dp);
  add("ep", l.ep);
  add("virtual stages", l.virtual_stages);
  if (l.sequence_parallel) text += ", sp";
  return text;
}

Json LaunchJson(const std::vector<planner::Launch>& launches) {
  Json json = Json::object();
  for (const planner::Launch& launch : launches) {
    Json& one = json[launch.program];
    if (launch.command.empty()) {
      one = {{"command", nullptr}, {"reason", launch.reason}};
    } else {
      one = {{"command", launch.command}};
      if (!launch.note.empty()) one["note"] = launch.note;
    }
  }
  return json;
}

Table LaunchTable(const std::vector<planner::Launch>& launches) {
  Table table{.title = "To run it",
              .columns = {{"program", Align::kLeft}, {"command", Align::kLeft, true}},
              .rows = {}};
  for (const planner::Launch& launch : launches) {
    if (launch.command.empty()) continue;
    table.rows.push_back({launch.program, launch.command});
    if (!launch.note.empty()) table.rows.push_back({"", launch.note});
  }
  return table;
}

std::string PlanTitle(const PlanFrame& frame) {
  return frame.model + " on " + frame.profile + " for " + frame.workload;
}

std::string ParetoTitle(std::string_view metrics, std::size_t size) {
  std::string title = "No plan is better in both ";
  title += metrics;
  if (size > kShownPareto) {
    title += " (";
    title += std::to_string(kShownPareto);
    title += " of ";
    title += std::to_string(size);
    title += ')';
  }
  return title;
}

std::string BehindText(const Metrics& best, const Metrics& one, Metric metric) {
  const double behind = (one.Loss(metric) - best.Loss(metric)) / std::abs(best.Loss(metric));
  return ShareForPeople(behind);
}

Table HelpTable(const Metrics& now, Metric metric, const Changes& changes) {
  Table table{.title = "What would help",
              .columns = {{"change", Align::kLeft}, {std::string(Name(metric))}, {"gain"}},
              .rows = {}};
  for (const auto& [change, then] : changes) {
    table.rows.push_back({change, ValueText(then, metric), Better(now, then, metric)});
  }
  return table;
}

Json HelpJson(const Metrics& now, Metric metric, const Changes& changes) {
  Json list = Json::array();
  for (const auto& [change, then] : changes) {
    list.push_back({{"change", change},
                    {"metric", Name(metric)},
                    {"value", then[metric]},
                    {"gain", (now.Loss(metric) - then.Loss(metric)) / std::abs(now.Loss(metric))}});
  }
  return list;
}

Paragraph SureText(const std::vector<planner::Challenge>& lost,
                   const planner::Uncertainty& uncertainty, std::size_t plans) {
  if (plans < 2) return {"There is no other plan to compare it with."};
  std::string moved = "kernels at ";
  moved += FactorText(uncertainty.compute_low);
  moved += " to ";
  moved += FactorText(uncertainty.compute_high);
  moved += " and collectives at ";
  moved += FactorText(uncertainty.communication_low);
  moved += " to ";
  moved += FactorText(uncertainty.communication_high);
  moved += " of their times";
  if (lost.empty()) return {"The first plan stays the best of those listed with " + moved + "."};
  const auto& worst = *std::max_element(
      lost.begin(), lost.end(), [](const auto& a, const auto& b) { return a.lead < b.lead; });
  std::string text = "The first plans cannot be told apart: with ";
  text += moved;
  text += ", plan ";
  text += std::to_string(worst.winner + 1);
  text += " wins by up to ";
  text += ShareForPeople(worst.lead);
  text += ".";
  return {text};
}

Json SureJson(const std::vector<planner::Challenge>& lost,
              const planner::Uncertainty& uncertainty) {
  Json json = {
      {"stays_best", lost.empty()},
      {"compute_factors", {uncertainty.compute_low, uncertainty.compute_high}},
      {"communication_factors", {uncertainty.communication_low, uncertainty.communication_high}}};
  json["lost"] = Json::array();
  for (const planner::Challenge& one : lost) {
    json["lost"].push_back({{"compute_factor", one.compute},
                            {"communication_factor", one.communication},
                            {"winner", one.winner},
                            {"lead", one.lead}});
  }
  return json;
}

void AddNothing(const PlanFrame& frame, Document* document) {
  document->json["best"] = nullptr;
  document->json["plans"] = Json::array();
  document->json["pareto"] = Json::array();
  document->json["changes"] = frame.changes;
  document->body.emplace_back(Heading{PlanTitle(frame) + ": no plan"});
  for (const std::string& change : frame.changes) {
    document->body.emplace_back(Paragraph{change + "."});
  }
}

double Likely(const planner::Banded& time, Time target) {
  return target > Time() ? planner::LikelyWithin(time, target) : 1;
}

}  // namespace commplan::report
