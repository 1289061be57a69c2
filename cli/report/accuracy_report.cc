#include "cli/report/accuracy_report.h"

#include <cmath>
#include <cstddef>

#include "cli/report/score_json.h"
#include "model/base/check.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

Json RowJson(const JudgedGroup& judged, std::size_t i) {
  const fit::Group& group = judged.group;
  const fit::Held& held = judged.held[i];
  const samples::Origin& origin = group.rows[i].origin;
  return {
      {"file", origin.file},     {"line", origin.line},       {"system", group.system},
      {"op", Name(group.op)},    {"ranks", group.ranks},      {"nodes", group.nodes},
      {"library", group.engine}, {"version", group.version},  {"engine", judged.engine},
      {"basis", judged.basis},   {"bytes", held.bytes},       {"measured_us", held.measured_us},
      {"time_us", held.time_us}, {"low_us", held.low_us},     {"high_us", held.high_us},
      {"ape", held.Ape()},       {"covered", held.Covered()}, {"extrapolated", held.extrapolated}};
}

fit::Score ScoreWhere(const AccuracyReport& report, double from, double below) {
  std::vector<fit::Held> some;
  for (const JudgedGroup& judged : report.groups) {
    for (const fit::Held& held : judged.held) {
      if (held.bytes >= from && held.bytes < below) some.push_back(held);
    }
  }
  return fit::ScoreOf(some);
}

Table ScoreTable(const std::string& title, const std::string& first) {
  return {.title = title,
          .columns = {{first, Align::kLeft},
                      {"rows"},
                      {"median error"},
                      {"mean error"},
                      {"95 % of rows"},
                      {"in the band"}},
          .rows = {}};
}

void AddRow(Table* table, const std::string& name, const fit::Score& score) {
  table->rows.push_back({name});
  const auto cells = ScoreCells(score);
  table->rows.back().insert(table->rows.back().end(), cells.begin(), cells.end());
}

}  // namespace

Document AccuracyDocument(const AccuracyReport& report) {
  Document document;
  Json& json = document.json;
  json["schema"] = "commplan/accuracy/1";
  json["profile"] = report.profile;
  const fit::Score all = ScoreWhere(report, 0, HUGE_VAL);
  PutScore(all, &json);
  std::vector<fit::Score> scores;
  Table groups = ScoreTable("Against measurements", "measurements");
  groups.columns.push_back({"by engine", Align::kLeft});
  groups.columns.push_back({"basis", Align::kLeft});
  Json group_list = Json::array(), rows = Json::array();
  for (const JudgedGroup& judged : report.groups) {
    CHECK(judged.held.size() == judged.group.rows.size());
    scores.push_back(fit::ScoreOf(judged.held));
    const std::string name =
        (judged.group.system.empty() ? "" : judged.group.system + ": ") + judged.group.Text();
    AddRow(&groups, name, scores.back());
    groups.rows.back().push_back(judged.engine);
    groups.rows.back().push_back(judged.basis);
    Json one = {{"measurements", name}, {"engine", judged.engine}, {"basis", judged.basis}};
    PutScore(scores.back(), &one);
    group_list.push_back(one);
    for (std::size_t i = 0; i < judged.held.size(); ++i) rows.push_back(RowJson(judged, i));
  }
  AddRow(&groups, "all rows", all);
  groups.rows.back().resize(groups.columns.size());
  Json over_groups;
  PutScore(fit::MedianOverLogs(scores), &over_groups);
  json["over_groups"] = over_groups;
  json["groups"] = group_list;
  json["unpriced"] = Json::array();
  for (const auto& [reason, count] : report.unpriced) {
    json["unpriced"].push_back({{"reason", reason}, {"rows", count}});
  }
  json["notes"] = report.notes;
  json["rows"] = rows;
  document.body.push_back(groups);
  Table decades = ScoreTable("By size", "bytes");
  for (double from = 1; from < 1e13; from *= 10) {
    const fit::Score score = ScoreWhere(report, from, from * 10);
    if (score.points == 0) continue;
    const int decade = static_cast<int>(std::lround(std::log10(from)));
    AddRow(&decades, "1e" + std::to_string(decade) + " to 1e" + std::to_string(decade + 1), score);
  }
  document.body.push_back(decades);
  for (const auto& [reason, count] : report.unpriced) {
    document.body.push_back(
        Paragraph{std::to_string(count) + " rows could not be priced: " + reason});
  }
  for (const std::string& note : report.notes) document.body.push_back(Paragraph{"Note: " + note});
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
  return document;
}

}  // namespace commplan::report
