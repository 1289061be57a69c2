#include "cli/report/sweep_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>

#include "cli/report/tables.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

// Axes that span more than this read better in powers.
constexpr double kLogSpan = 16;

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() &&
         std::string_view(text).substr(text.size() - end.size()) == end;
}

// "time_us" -> "time"
std::string NameOf(const std::string& key) {
  for (const std::string_view unit : {"_us", "_GBps"}) {
    if (EndsWith(key, unit)) return key.substr(0, key.size() - unit.size());
  }
  return key;
}

// The values of all names but the first: one line of a plot, one column of a table.
std::string LineOf(const SweepReport& report, const SweepRow& row) {
  std::string text;
  for (std::size_t i = 1; i < row.values.size(); ++i) {
    if (!text.empty()) text += ", ";
    if (!report.names[i].words) text += report.names[i].name + " ";
    text += row.values[i].text;
  }
  return text;
}

std::vector<std::string> LinesOf(const SweepReport& report) {
  std::vector<std::string> lines;
  for (const SweepRow& row : report.rows) {
    const std::string line = LineOf(report, row);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

std::string Cell(const SweepReport& report, const SweepRow& row, std::size_t key) {
  return row.error.empty() ? PeopleOf(report.keys[key], row.answers[key]) : "-";
}

Table LongTable(const SweepReport& report) {
  Table table;
  for (const SweptName& name : report.names) {
    table.columns.push_back({name.name, name.words ? Align::kLeft : Align::kRight});
  }
  for (const std::string& key : report.keys) {
    const bool words = std::any_of(report.rows.begin(), report.rows.end(), [&](const auto& row) {
      return row.error.empty() &&
             row.answers[static_cast<std::size_t>(&key - report.keys.data())].is_string();
    });
    table.columns.push_back({NameOf(key), words ? Align::kLeft : Align::kRight});
  }
  for (const SweepRow& row : report.rows) {
    std::vector<std::string> cells;
    for (const SweptValueText& value : row.values) cells.push_back(value.text);
    for (std::size_t k = 0; k < report.keys.size(); ++k) cells.push_back(Cell(report, row, k));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

// One key: what varies first goes down, everything else goes across.
Table WideTable(const SweepReport& report, const std::vector<std::string>& lines) {
  Table table{
      .title = NameOf(report.keys.front()), .columns = {{report.names.front().name}}, .rows = {}};
  for (const std::string& line : lines) table.columns.push_back({line});
  std::vector<std::string> order;
  std::map<std::string, std::map<std::string, std::string>> cells;
  for (const SweepRow& row : report.rows) {
    const std::string& first = row.values.front().text;
    if (std::find(order.begin(), order.end(), first) == order.end()) order.push_back(first);
    cells[first][LineOf(report, row)] = Cell(report, row, 0);
  }
  for (const std::string& first : order) {
    std::vector<std::string> line = {first};
    for (const std::string& column : lines) line.push_back(cells[first][column]);
    table.rows.push_back(std::move(line));
  }
  return table;
}

// A count without a fraction, as it is written elsewhere.
Json CountJson(double number) {
  return number == std::floor(number) ? Json(static_cast<std::int64_t>(number)) : Json(number);
}

Json RowJson(const SweepReport& report, const SweepRow& row) {
  Json json;
  for (std::size_t i = 0; i < report.names.size(); ++i) {
    const bool plain =
        report.names[i].axis == AxisKind::kBytes || report.names[i].axis == AxisKind::kCount;
    json[report.names[i].name] = plain && !report.names[i].words ? CountJson(row.values[i].number)
                                                                 : Json(row.values[i].text);
  }
  for (std::size_t k = 0; k < report.keys.size(); ++k) {
    json[report.keys[k]] = row.error.empty() ? row.answers[k] : Json();
  }
  if (!row.error.empty()) json["error"] = row.error;
  return json;
}

// Errors once each, with how often.
void AddErrors(const SweepReport& report, Document* document) {
  std::vector<std::string> seen;
  for (const SweepRow& row : report.rows) {
    if (row.error.empty() || std::find(seen.begin(), seen.end(), row.error) != seen.end()) continue;
    seen.push_back(row.error);
    const auto count =
        std::count_if(report.rows.begin(), report.rows.end(),
                      [&](const SweepRow& other) { return other.error == row.error; });
    document->body.push_back(Paragraph{std::to_string(count) + " without an answer: " + row.error});
  }
}

// Where the condition holds first, in each line.
void AddFirst(const SweepReport& report, Document* document) {
  if (!report.first) return;
  Json& json = document->json["first"];
  json = {{"condition", report.first->condition}, {"rows", Json::array()}};
  const std::string& name = report.names.front().name;
  std::vector<std::string> lines = LinesOf(report);
  for (const std::string& line : lines) {
    std::size_t at = 0;
    while (at < report.rows.size() &&
           (LineOf(report, report.rows[at]) != line || !report.first->holds[at])) {
      ++at;
    }
    std::string text = line.empty() ? "" : line + ": ";
    text += report.first->condition;
    if (at < report.rows.size()) {
      text += " first at " + name + " " + report.rows[at].values.front().text;
      json["rows"].push_back(RowJson(report, report.rows[at]));
    } else {
      text += " nowhere in this range of " + name;
    }
    document->body.push_back(Paragraph{std::move(text)});
  }
}

// ---- plot ----

PlotAxis AxisOf(const std::string& label, AxisKind kind, double least, double most) {
  const bool log = least > 0 && most / least > kLogSpan;
  return {.label = label, .kind = kind, .log = log, .from_zero = !log && least >= 0};
}

AxisKind KindOf(const std::string& key) {
  if (EndsWith(key, "_us")) return AxisKind::kTimeUs;
  if (EndsWith(key, "bytes")) return AxisKind::kBytes;
  if (EndsWith(key, "fraction")) return AxisKind::kFraction;
  return AxisKind::kNumber;
}

struct Extent {
  double least = INFINITY, most = -INFINITY;
  void Add(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
};

PlotSeries SeriesOf(const SweepReport& report, const std::string& line, std::size_t key) {
  PlotSeries series;
  for (const SweepRow& row : report.rows) {
    if (LineOf(report, row) != line || !row.error.empty()) continue;
    if (!row.answers[key].is_number()) continue;
    series.points.push_back({row.values.front().number, row.answers[key].get<double>()});
  }
  return series;
}

// ---- whatif ----

struct FlatValue {
  std::string key;
  Json value;
  bool detail = false;  // of a site: more than people want to compare
};
using Flat = std::vector<FlatValue>;

// Items of a list are told apart by their names; lists whose items have none are no comparison,
// since what stands third in one may stand first in the other.
void Flatten(const std::string& path, const Json& json, Flat* flat, bool detail = false) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      Flatten(path.empty() ? key : path + "." + key, value, flat, detail);
    }
  } else if (json.is_array()) {
    for (const Json& item : json) {
      const std::string name = ItemName(item);
      if (name.empty()) continue;
      const bool site = item.contains("site");
      for (const auto& [key, value] : item.items()) {
        if (key == "name" || key == "site" || key == "op") continue;
        Flatten(path + "." + name + "." + key, value, flat, detail || (site && key != "time_us"));
      }
    }
  } else {
    flat->push_back({path, json, detail});
  }
}

const Json* Find(const Flat& flat, const std::string& key) {
  for (const FlatValue& one : flat) {
    if (one.key == key) return &one.value;
  }
  return nullptr;
}

std::string Ratio(const Json& ratio) {
  return ratio.is_number() ? NumberForPeople(ratio.get<double>()) : "";
}

Json CompareKeys(const std::string& key, const Json& a, const Json& b) {
  Json row = {{"key", key}, {"a", a}, {"b", b}, {"difference", nullptr}, {"ratio", nullptr}};
  if (!a.is_number() || !b.is_number()) return row;
  row["difference"] = b.get<double>() - a.get<double>();
  if (a.get<double>() != 0) row["ratio"] = b.get<double>() / a.get<double>();
  return row;
}

// A difference with its sign, in the unit of its key.
std::string DifferenceText(const std::string& key, const Json& difference) {
  if (!difference.is_number()) return "";
  const double value = difference.get<double>();
  if (value == 0) return "0";
  return (value < 0 ? "-" : "+") + PeopleOf(key, std::abs(value));
}

}  // namespace

std::string PeopleOf(const std::string& key, const Json& value) {
  if (!value.is_number()) return CellOf(value);
  const double number = value.get<double>();
  if (EndsWith(key, "_us")) return ForPeople(Micros(number));
  if (EndsWith(key, "_GBps")) return ForPeople(GBps(number));
  const bool bytes = EndsWith(key, "_bytes") || EndsWith(key, ".bytes");
  if (key == "bytes" || bytes || key.find("_bytes_per_") != std::string::npos) {
    return ForPeople(B(number));
  }
  if (EndsWith(key, "fraction") || EndsWith(key, "share")) return ShareForPeople(number);
  return NumberForPeople(number);
}

Document SweepDocument(const SweepReport& report) {
  Document document;
  Json& json = document.json;
  json["schema"] = "commplan/sweep/1";
  json["command"] = report.command;
  json["varied"] = Json::array();
  for (const SweptName& name : report.names) json["varied"].push_back(name.name);
  json["keys"] = report.keys;
  json["rows"] = Json::array();
  for (const SweepRow& row : report.rows) json["rows"].push_back(RowJson(report, row));
  for (const SweptName& name : report.names) document.rows.columns.push_back({name.name});
  for (const std::string& key : report.keys) document.rows.columns.push_back({key});
  document.rows.columns.push_back({"error"});
  for (const SweepRow& row : report.rows) {
    std::vector<std::string> cells;
    const Json as_json = RowJson(report, row);
    for (const SweptName& name : report.names) cells.push_back(CellOf(as_json.at(name.name)));
    for (const std::string& key : report.keys) cells.push_back(CellOf(as_json.at(key)));
    cells.push_back(row.error);
    document.rows.rows.push_back(std::move(cells));
  }
  document.body.push_back(Paragraph{report.command});
  const std::vector<std::string> lines = LinesOf(report);
  const bool wide = report.keys.size() == 1 && lines.size() > 1;
  document.body.push_back(wide ? WideTable(report, lines) : LongTable(report));
  AddErrors(report, &document);
  AddFirst(report, &document);
  return document;
}

SweepPicture SweepPlot(const SweepReport& report, const std::vector<std::string>& keys) {
  if (report.names.front().words) {
    return {"", "the values of " + report.names.front().name +
                    " are words, and a plot needs numbers on its first axis"};
  }
  Plot plot;
  Extent x, y;
  const std::vector<std::string> lines = LinesOf(report);
  for (const std::string& line : lines) {
    for (const std::string& key : keys) {
      const auto at = std::find(report.keys.begin(), report.keys.end(), key);
      if (at == report.keys.end()) continue;
      PlotSeries series =
          SeriesOf(report, line, static_cast<std::size_t>(at - report.keys.begin()));
      series.name = line;
      if (keys.size() > 1 || line.empty()) series.name += (line.empty() ? "" : ", ") + NameOf(key);
      for (const PlotPoint& point : series.points) {
        x.Add(point.x);
        y.Add(point.y);
      }
      if (!series.points.empty()) plot.series.push_back(std::move(series));
    }
  }
  if (plot.series.empty()) return {"", "no row has a number for " + keys.front()};
  plot.title = report.command;
  plot.x = AxisOf(report.names.front().name, report.names.front().axis, x.least, x.most);
  plot.y = AxisOf(NameOf(keys.front()), KindOf(keys.front()), y.least, y.most);
  return {RenderSvg(plot), ""};
}

Document WhatifDocument(const WhatifReport& report) {
  Flat a, b;
  Flatten("", report.answer_a, &a);
  Flatten("", report.answer_b, &b);
  Document document;
  document.json = {
      {"schema", "commplan/whatif/1"}, {"a", report.a}, {"b", report.b}, {"rows", Json::array()}};
  document.rows.columns = {{"key"}, {"a"}, {"b"}, {"difference"}, {"ratio"}};
  Table table{.title = "",
              .columns = {{"key", Align::kLeft}, {"a"}, {"b"}, {"difference"}, {"b / a"}},
              .rows = {}};
  int same = 0;
  const auto add = [&](const FlatValue& one, const Json& left, const Json& right) {
    const std::string& key = one.key;
    const Json row = CompareKeys(key, left, right);
    document.json["rows"].push_back(row);
    document.rows.rows.push_back(
        {key, CellOf(left), CellOf(right), CellOf(row.at("difference")), CellOf(row.at("ratio"))});
    if (left == right) {
      ++same;
      return;
    }
    if (one.detail) return;
    table.rows.push_back({key, PeopleOf(key, left), PeopleOf(key, right),
                          DifferenceText(key, row.at("difference")), Ratio(row.at("ratio"))});
  };
  for (const FlatValue& one : a) {
    const Json* other = Find(b, one.key);
    add(one, one.value, other != nullptr ? *other : Json());
  }
  for (const FlatValue& one : b) {
    if (Find(a, one.key) == nullptr) add(one, Json(), one.value);
  }
  document.body.push_back(Paragraph{"a: " + report.a});
  document.body.push_back(Paragraph{"b: " + report.b});
  if (!table.rows.empty()) document.body.push_back(table);
  document.body.push_back(Paragraph{std::to_string(same) + " values are the same."});
  return document;
}

Document SolveDocument(const SolveReport& report) {
  std::vector<const SolvedPoint*> points = {&report.low, &report.high};
  if (report.found) points.insert(points.begin() + 1, &*report.found);
  const std::string other = report.b.empty() ? "target" : "b";
  Document document;
  Json& json = document.json;
  json = {{"schema", "commplan/whatif/1"}, {"a", report.a}};
  json["b"] = report.b.empty() ? Json() : Json(report.b);
  json["solve"] = {{"name", report.name},
                   {"key", report.key},
                   {"value", report.found ? report.found->value : Json()},
                   {"jumps", report.jumps}};
  json["rows"] = Json::array();
  document.rows.columns = {{report.name}, {"a"}, {other}};
  Table table{.title = NameOf(report.key), .columns = {{report.name}, {"a"}, {other}}, .rows = {}};
  for (const SolvedPoint* const point : points) {
    json["rows"].push_back({{report.name, point->value}, {"a", point->a}, {other, point->b}});
    document.rows.rows.push_back(
        {CellOf(point->value), CellOf(Json(point->a)), CellOf(Json(point->b))});
    table.rows.push_back(
        {point->people, PeopleOf(report.key, point->a), PeopleOf(report.key, point->b)});
  }
  document.body.push_back(Paragraph{"a: " + report.a});
  if (!report.b.empty()) document.body.push_back(Paragraph{"b: " + report.b});
  document.body.push_back(std::move(table));
  std::string text = "a is ";
  text += report.b.empty() ? "the target" : "equal to b";
  if (!report.found) {
    text += " nowhere in this range of " + report.name;
  } else {
    if (report.jumps) text = "a jumps past " + other;
    text += " at " + report.name + " " + report.found->people;
  }
  document.body.push_back(Paragraph{std::move(text)});
  return document;
}

}  // namespace commplan::report
