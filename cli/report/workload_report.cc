#include "cli/report/workload_report.h"

#include <map>
#include <utility>

#include "calibrate/fit/score.h"
#include "cli/report/score_json.h"

namespace commplan::report {
namespace {

bool Judged(const JudgedWorkload& one) { return one.row->untimed.empty(); }
bool Measured(const JudgedWorkload& one) { return Judged(one) && !one.row->simulated; }

fit::Held HeldOf(const JudgedWorkload& one) {
  fit::Held held;
  held.measured_us = one.row->seconds * 1e6;
  held.time_us = InMicros(one.time);
  held.low_us = InMicros(one.low);
  held.high_us = InMicros(one.high);
  held.extrapolated = one.extrapolated;
  return held;
}

// `wanted` of the rows.
template <class Wanted>
fit::Score ScoreOf(const std::vector<JudgedWorkload>& rows, Wanted wanted) {
  std::vector<fit::Held> held;
  for (const JudgedWorkload& one : rows) {
    if (wanted(one)) held.push_back(HeldOf(one));
  }
  return fit::ScoreOf(held);
}

Json RowJson(const JudgedWorkload& one) {
  const profiles::WorkloadRow& row = *one.row;
  const fit::Held held = HeldOf(one);
  Json json = {{"file", row.file},
               {"line", row.line},
               {"source", row.source},
               {"workload", row.label},
               {"profile", one.profile},
               {"measured_us", held.measured_us},
               {"time_us", held.time_us},
               {"low_us", held.low_us},
               {"high_us", held.high_us},
               {"ape", Judged(one) ? Json(held.Ape()) : Json()},
               {"covered", Judged(one) ? Json(held.Covered()) : Json()},
               {"extrapolated", held.extrapolated},
               {"simulated", row.simulated},
               {"memory_only", !row.untimed.empty()},
               {"fits", one.memory.fits}};
  return json;
}

void AddRow(Table* table, std::string name, const fit::Score& score, int fits, int rows) {
  table->rows.push_back({std::move(name)});
  const auto cells = ScoreCells(score);
  table->rows.back().insert(table->rows.back().end(), cells.begin(), cells.end());
  table->rows.back().push_back(std::to_string(fits) + " of " + std::to_string(rows));
}

void AddSources(const WorkloadReport& report, Document* document) {
  Table table{.title = "Against measured steps",
              .columns = {{"source", Align::kLeft},
                          {"rows"},
                          {"median error"},
                          {"mean error"},
                          {"95 % of rows"},
                          {"in the band"},
                          {"fit in memory"}},
              .rows = {}};
  std::vector<std::string> sources;
  std::map<std::string, std::pair<int, int>> fits;  // of rows
  int all = 0;
  for (const JudgedWorkload& one : report.rows) {
    const auto [known, is_new] = fits.try_emplace(one.row->source, 0, 0);
    if (is_new) sources.push_back(one.row->source);
    ++known->second.second;
    if (one.memory.fits) ++known->second.first;
    if (one.memory.fits) ++all;
  }
  Json list = Json::array();
  for (const std::string& source : sources) {
    const fit::Score score = ScoreOf(report.rows, [&](const JudgedWorkload& one) {
      return one.row->source == source && Judged(one);
    });
    Json json = {{"source", source}, {"fits", fits[source].first}, {"rows", fits[source].second}};
    PutScore(score, &json);
    list.push_back(std::move(json));
    AddRow(&table, source.empty() ? "(not named)" : source, score, fits[source].first,
           fits[source].second);
  }
  const fit::Score score = ScoreOf(report.rows, Measured);
  AddRow(&table, "all measured", score, all, static_cast<int>(report.rows.size()));
  PutScore(score, &document->json);
  document->json["fits"] = all;
  document->json["sources"] = std::move(list);
  document->body.push_back(std::move(table));
}

// Reasons with their number, and the first row of each.
void AddLeftOut(const WorkloadReport& report, Document* document) {
  std::map<std::string, std::pair<int, const profiles::LeftOut*>> reasons;
  Json list = Json::array();
  for (const profiles::LeftOut& one : report.left_out) {
    auto& [count, first] = reasons[one.reason];
    if (count++ == 0) first = &one;
    list.push_back({{"file", one.file}, {"line", one.line}, {"reason", one.reason}});
  }
  document->json["unpriced"] = std::move(list);
  for (const auto& [reason, of] : reasons) {
    const auto& [count, first] = of;
    std::string text = std::to_string(count);
    text += count == 1 ? " row could not be priced (" : " rows could not be priced (first ";
    text += first->file + ":" + std::to_string(first->line) + "): " + reason;
    document->body.push_back(Paragraph{std::move(text)});
  }
}

}  // namespace

Document WorkloadDocument(const WorkloadReport& report) {
  Document document;
  document.json["schema"] = "commplan/accuracy-workloads/1";
  AddSources(report, &document);
  AddLeftOut(report, &document);
  document.json["notes"] = report.notes;
  for (const std::string& note : report.notes) document.body.push_back(Paragraph{"Note: " + note});
  Json rows = Json::array();
  for (const JudgedWorkload& one : report.rows) rows.push_back(RowJson(one));
  if (!rows.empty()) {
    for (const auto& [key, value] : rows.front().items()) document.rows.columns.push_back({key});
  }
  for (const Json& row : rows) {
    document.rows.rows.emplace_back();
    for (const auto& [key, value] : row.items()) {
      document.rows.rows.back().push_back(value.is_string() ? value.get<std::string>()
                                                            : value.dump());
    }
  }
  document.json["rows"] = std::move(rows);
  return document;
}

}  // namespace commplan::report
