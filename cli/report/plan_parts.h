// What the answers of both kinds of search say in the same way: the frame, layouts, values, what
// was refused, what would help, and how sure the order is.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/report/document.h"
#include "cli/report/plan_report.h"
#include "cli/report/tables.h"
#include "model/base/units.h"
#include "planner/collector.h"

namespace commplan::report {

// The time of a training run, in days.
double RunDays(double run_tokens, double tokens_per_second);

Json PlanLayoutJson(const Layout& layout);
std::string PlanLayoutText(const Layout& layout);

Json LaunchJson(const std::vector<planner::Launch>& launches);
Table LaunchTable(const std::vector<planner::Launch>& launches);

std::string PlanTitle(const PlanFrame& frame);
// By how much the value is worse than that of the best.
std::string BehindText(const planner::Metrics& best, const planner::Metrics& one,
                       planner::Metric metric);

using Changes = std::vector<std::pair<const char*, planner::Metrics>>;
Table HelpTable(const planner::Metrics& now, planner::Metric metric, const Changes& changes);
Json HelpJson(const planner::Metrics& now, planner::Metric metric, const Changes& changes);

Paragraph SureText(const std::vector<planner::Challenge>& lost,
                   const planner::Uncertainty& uncertainty, std::size_t plans);
Json SureJson(const std::vector<planner::Challenge>& lost, const planner::Uncertainty& uncertainty);

// Says in JSON and in words that there is no plan, and what would change that.
void AddNothing(const PlanFrame& frame, Document* document);

// The probability of meeting the target; certain where there is none.
double Likely(const planner::Banded& time, Time target);

// More of the Pareto set than this tires; JSON and the plot have all of it.
inline constexpr std::size_t kShownPareto = 12;

std::string ParetoTitle(std::string_view metrics, std::size_t size);

// At most so many, the first and the last among them, the others at equal distances.
template <class Plan>
std::vector<planner::Scored<Plan>> Thinned(const std::vector<planner::Scored<Plan>>& all) {
  if (all.size() <= kShownPareto) return all;
  std::vector<planner::Scored<Plan>> few;
  for (std::size_t i = 0; i < kShownPareto; ++i) {
    few.push_back(all[i * (all.size() - 1) / (kShownPareto - 1)]);
  }
  return few;
}

template <class Plan>
Json RejectedJson(const planner::Collector<Plan>& found) {
  Json rejected = Json::array();
  for (std::size_t i = 0; i < planner::kReasonCount; ++i) {
    const auto reason = static_cast<planner::Reason>(i);
    const auto& refused = found.refused(reason);
    if (refused.count == 0) continue;
    Json example = PlanLayoutJson(refused.plan.layout);
    example["why"] = refused.text;
    rejected.push_back({{"reason", Name(reason)},
                        {"count", refused.count},
                        {"of", planner::CountsCuts(reason) ? "cuts" : "plans"},
                        {"nearest_excess", refused.excess},
                        {"example", std::move(example)}});
  }
  return rejected;
}

template <class Plan>
Table RejectedTable(const planner::Collector<Plan>& found) {
  Table table{.title = "Refused",
              .columns = {{"reason", Align::kLeft},
                          {"count"},
                          {"of", Align::kLeft},
                          {"nearest", Align::kLeft},
                          {"why", Align::kLeft}},
              .rows = {}};
  for (std::size_t i = 0; i < planner::kReasonCount; ++i) {
    const auto reason = static_cast<planner::Reason>(i);
    const auto& refused = found.refused(reason);
    if (refused.count == 0) continue;
    table.rows.push_back({std::string(Name(reason)), std::to_string(refused.count),
                          planner::CountsCuts(reason) ? "cuts" : "plans",
                          PlanLayoutText(refused.plan.layout), refused.text});
  }
  return table;
}

template <class Plan>
Json FrameJson(const PlanFrame& frame, const planner::Collector<Plan>& found) {
  Json json = {{"schema", "commplan/plan/1"},    {"profile", frame.profile},
               {"model", frame.model},           {"workload", frame.workload},
               {"gpus", frame.devices},          {"cuts", frame.cells},
               {"evaluated", found.evaluated()}, {"complete", frame.complete}};
  if (frame.seconds) {
    json["elapsed_s"] = *frame.seconds;
    json["evaluations_per_s"] = static_cast<double>(found.evaluated()) / *frame.seconds;
  }
  return json;
}

template <class Plan>
std::string EvaluatedText(const PlanFrame& frame, const planner::Collector<Plan>& found) {
  std::string text = std::to_string(found.evaluated());
  text += " plans priced in ";
  text += std::to_string(frame.cells);
  text += " cuts of ";
  text += std::to_string(frame.devices);
  text += frame.devices == 1 ? " device" : " devices";
  if (!frame.complete) text += "; interrupted: there may be better ones";
  if (frame.seconds) {
    text += "; ";
    text += ForPeople(Seconds(*frame.seconds));
  }
  text += '.';
  return text;
}

// What every page ends with, and the rows of CSV.
template <class Plan>
void AddEnd(const PlanFrame& frame, const planner::Collector<Plan>& found, Document* document) {
  Table refused = RejectedTable(found);
  if (!refused.rows.empty()) document->body.emplace_back(std::move(refused));
  for (const std::string& note : frame.notes) document->body.emplace_back(Paragraph{note + "."});
  document->body.emplace_back(Paragraph{EvaluatedText(frame, found)});
  document->json["rejected"] = RejectedJson(found);
  document->json["notes"] = frame.notes;
  for (const Json& plan : document->json["plans"]) {
    const Table row = ScalarRow(plan);
    document->rows.columns = row.columns;
    document->rows.rows.push_back(row.rows.front());
  }
}

}  // namespace commplan::report
