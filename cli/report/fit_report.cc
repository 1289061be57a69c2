#include "cli/report/fit_report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "calibrate/fit/rows.h"
#include "cli/report/plot.h"
#include "cli/report/score_json.h"
#include "model/base/units.h"
#include "model/collective/measured.h"

namespace commplan::report {
namespace {

// A page of more panels than this is no picture.
constexpr std::size_t kMostPanels = 60;
constexpr std::size_t kWorstRows = 10;

std::string SystemPrefix(const fit::Group& group) {
  return group.system.empty() ? "" : group.system + ": ";
}

Json GroupJson(const FitGroupReport& one) {
  const fit::Group& group = one.curve->group;
  const MeasuredCurve& curve = one.curve->curve;
  Json json;
  json["op"] = Name(group.op);
  json["ranks"] = group.ranks;
  json["nodes"] = group.nodes;
  json["library"] = group.engine;
  json["version"] = group.version;
  json["launch"] = samples::Name(group.launch);
  json["dtype"] = group.dtype;
  json["device"] = group.device;
  json["system"] = group.system;
  json["engine"] = one.curve->engine;
  json["fitted_sizes"] = one.curve->fit.rows.size();
  json["latency_us"] = InMicros(curve.latency);
  json["bandwidth_GBps"] = curve.bandwidth > Bandwidth() ? Json(InGBps(curve.bandwidth)) : Json();
  json["ramp_us"] = InMicros(curve.ramp);
  json["ramp_at_bytes"] = InBytes(curve.ramp_at);
  json["form"] = fit::FormName(one.curve->fit.mean.form);
  json["parameters"] = Json::array();
  for (const fit::Parameter& parameter : one.curve->fit.parameters) {
    json["parameters"].push_back({{"name", parameter.name},
                                  {"value", parameter.value},
                                  {"standard_error", parameter.standard_error},
                                  {"identified", parameter.identified}});
  }
  json["switches"] = Json::array();
  for (const fit::Switch& s : one.curve->fit.switches) {
    json["switches"].push_back({{"bytes_before", s.bytes_before},
                                {"bytes_after", s.bytes_after},
                                {"strength", s.strength},
                                {"text", s.text}});
  }
  json["notes"] = one.curve->fit.notes;
  PutScore(fit::ScoreOf(one.held), &json);
  return json;
}

Json SuggestionsJson(const FitGroupReport& one) {
  Json list = Json::array();
  for (const fit::Suggestion& s : one.suggestions) {
    list.push_back({{"measurements", SystemPrefix(one.curve->group) + one.curve->group.Text()},
                    {"bytes", s.bytes},
                    {"expected_error", s.expected_error},
                    {"beside_switch", s.beside_switch},
                    {"reason", s.reason}});
  }
  return list;
}

fit::Score Overall(const FitReport& report) {
  std::vector<fit::Held> all;
  for (const FitGroupReport& one : report.groups) {
    all.insert(all.end(), one.held.begin(), one.held.end());
  }
  return fit::ScoreOf(all);
}

fit::Score OverGroups(const FitReport& report) {
  std::vector<fit::Score> scores;
  for (const FitGroupReport& one : report.groups) scores.push_back(fit::ScoreOf(one.held));
  return fit::MedianOverLogs(scores);
}

Table PhysicsTable(const FitReport& report) {
  Table table{.title = "Curves",
              .columns = {{"measurements", Align::kLeft},
                          {"sizes"},
                          {"latency"},
                          {"bandwidth"},
                          {"ramp"},
                          {"switches"}},
              .rows = {}};
  // What the sizes do not fix is no physics, and no number is shown for it.
  const auto cell = [](bool is_term, double plus_minus, const std::string& text) {
    return !is_term ? "-" : plus_minus < 1 ? text : "not fixed";
  };
  for (const FitGroupReport& one : report.groups) {
    const MeasuredCurve& curve = one.curve->curve;
    std::string ramp = ForPeople(curve.ramp);
    ramp.append(" at ").append(fit::SizeText(InBytes(curve.ramp_at)));
    table.rows.push_back({SystemPrefix(one.curve->group) + one.curve->group.Text(),
                          std::to_string(one.curve->fit.rows.size()),
                          cell(true, curve.latency_plus_minus, ForPeople(curve.latency)),
                          cell(curve.bandwidth > Bandwidth(), curve.bandwidth_plus_minus,
                               ForPeople(curve.bandwidth)),
                          cell(curve.ramp > Time(), curve.ramp_plus_minus, ramp),
                          std::to_string(one.curve->fit.switches.size())});
  }
  return table;
}

std::vector<Column> ScoreColumns(const std::string& first) {
  return {{first, Align::kLeft}, {"rows"},         {"median error"},
          {"mean error"},        {"95 % of rows"}, {"in the band"}};
}

void AddRow(Table* table, const std::string& name, const fit::Score& score) {
  table->rows.push_back({name});
  const auto cells = ScoreCells(score);
  table->rows.back().insert(table->rows.back().end(), cells.begin(), cells.end());
}

Table ScoreTable(const FitReport& report) {
  Table table{.title = "Rows held out (every second one)",
              .columns = ScoreColumns("measurements"),
              .rows = {}};
  for (const FitGroupReport& one : report.groups) {
    AddRow(&table, SystemPrefix(one.curve->group) + one.curve->group.Text(),
           fit::ScoreOf(one.held));
  }
  if (report.groups.size() > 1) {
    AddRow(&table, "all rows", Overall(report));
    AddRow(&table, "median over the lines above", OverGroups(report));
  }
  return table;
}

// The rows that are furthest off, the worst first.
Table WorstTable(const FitReport& report) {
  struct Worst {
    const FitGroupReport* group;
    const fit::Held* held;
  };
  std::vector<Worst> rows;
  for (const FitGroupReport& one : report.groups) {
    for (const fit::Held& held : one.held) rows.push_back({&one, &held});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Worst& a, const Worst& b) { return a.held->Ape() > b.held->Ape(); });
  rows.resize(std::min(rows.size(), kWorstRows));
  Table table{.title = "Worst rows",
              .columns = {{"measurements", Align::kLeft},
                          {"size"},
                          {"measured"},
                          {"fitted"},
                          {"from"},
                          {"to"},
                          {"error"}},
              .rows = {}};
  for (const Worst& row : rows) {
    const fit::Held& held = *row.held;
    table.rows.push_back({SystemPrefix(row.group->curve->group) + row.group->curve->group.Text(),
                          fit::SizeText(held.bytes), ForPeople(Micros(held.measured_us)),
                          ForPeople(Micros(held.time_us)), ForPeople(Micros(held.low_us)),
                          ForPeople(Micros(held.high_us)), ShareForPeople(held.Ape())});
  }
  return table;
}

Json HeldJson(const FitGroupReport& one) {
  Json rows = Json::array();
  for (const fit::Held& held : one.held) {
    rows.push_back({{"bytes", held.bytes},
                    {"measured_us", held.measured_us},
                    {"time_us", held.time_us},
                    {"low_us", held.low_us},
                    {"high_us", held.high_us},
                    {"ape", held.Ape()},
                    {"covered", held.Covered()}});
  }
  return rows;
}

Table SuggestionTable(const FitReport& report) {
  Table table{.title = "Measure next",
              .columns = {{"measurements", Align::kLeft},
                          {"size"},
                          {"expected error"},
                          {"why", Align::kLeft}},
              .rows = {}};
  for (const FitGroupReport& one : report.groups) {
    for (const fit::Suggestion& s : one.suggestions) {
      table.rows.push_back({SystemPrefix(one.curve->group) + one.curve->group.Text(),
                            fit::SizeText(s.bytes), ShareForPeople(s.expected_error), s.reason});
    }
  }
  return table;
}

// Suspected switches, and what a reader must know of a curve.
Table DoubtTable(const FitReport& report) {
  Table table{.title = "Doubts",
              .columns = {{"measurements", Align::kLeft}, {"what", Align::kLeft}},
              .rows = {}};
  for (const FitGroupReport& one : report.groups) {
    const std::string name = SystemPrefix(one.curve->group) + one.curve->group.Text();
    for (const fit::Switch& s : one.curve->fit.switches) table.rows.push_back({name, s.text});
    for (const std::string& note : one.curve->fit.notes) table.rows.push_back({name, note});
  }
  return table;
}

Plot PanelOf(const FitGroupReport& one) {
  const MeasuredTable table{.curves = {one.curve->curve}, .corrections = {}};
  const PreparedCurve curve(table.curves.front());
  PlotSeries band{
      .name = "90 % band", .style = SeriesStyle::kBand, .points = {}, .hue = Hue::kNext};
  PlotSeries line{.name = "fitted", .style = SeriesStyle::kLine, .points = {}, .hue = Hue::kNext};
  double low = std::log2(InBytes(one.curve->curve.measured_min));
  double high = std::log2(InBytes(one.curve->curve.measured_max));
  for (const fit::Held& held : one.held) {
    low = std::min(low, std::log2(held.bytes));
    high = std::max(high, std::log2(held.bytes));
  }
  constexpr int kSteps = 200;
  for (int i = 0; i <= kSteps; ++i) {
    const double bytes = std::exp2(low + (high - low) * i / kSteps);
    const PreparedCurve::Answer answer = curve.At(B(bytes));
    const double us = std::exp(answer.ln_time) * 1e6, factor = std::exp(answer.half_width);
    line.points.push_back({bytes, us, 0});
    band.points.push_back({bytes, us / factor, us * factor});
  }
  PlotSeries used{
      .name = "measured", .style = SeriesStyle::kPoints, .points = {}, .hue = Hue::kInk};
  for (const fit::Row& row : one.curve->fit.rows)
    used.points.push_back({row.bytes, row.time_us, 0});
  Plot plot;
  plot.title = one.curve->group.Text();
  plot.subtitle = one.curve->group.system;
  plot.x = {.label = "message size", .kind = AxisKind::kBytes, .log = true, .from_zero = false};
  plot.y = {.label = "time", .kind = AxisKind::kTimeUs, .log = true, .from_zero = false};
  plot.series = {band, line, used};
  if (!one.held.empty()) {
    PlotSeries held{
        .name = "held out", .style = SeriesStyle::kPoints, .points = {}, .hue = Hue::kVermillion};
    for (const fit::Held& row : one.held) held.points.push_back({row.bytes, row.measured_us, 0});
    plot.series.push_back(std::move(held));
  }
  for (const fit::Switch& s : one.curve->fit.switches) {
    plot.marks.push_back({std::sqrt(s.bytes_before * s.bytes_after), "switch?"});
  }
  return plot;
}

Json WorkJson(const fit::DeviceWork& work) {
  Json json;
  json["name"] = work.device;
  const bool copies = work.memory_bandwidth > Bandwidth();
  json["memory_bandwidth_GBps"] = copies ? Json(InGBps(work.memory_bandwidth)) : Json();
  json["launch_us"] = work.launch_sizes > 0 ? Json(InMicros(work.launch)) : Json();
  json["codecs"] = Json::array();
  for (const fit::WorkedCodec& codec : work.codecs) {
    json["codecs"].push_back({{"name", codec.cost.name}, {"dtype", codec.dtype}});
    Json& one = json["codecs"].back();
    const auto put = [&one](const char* key, int sizes, TimePerByte speed) {
      one[key] = sizes > 0 ? Json(InSecondsPerByte(speed) * 1e12) : Json();
    };
    put("encode_ps_per_B", codec.encode_sizes, codec.cost.encode);
    put("decode_ps_per_B", codec.decode_sizes, codec.cost.decode);
    put("add_ps_per_B", codec.add_sizes, codec.cost.add);
    one["pass_us"] = InMicros(codec.cost.pass);
  }
  return json;
}

Table WorkTable(const fit::DeviceWork& work) {
  Table table{.title = "What the device does alone",
              .columns = {{"codec", Align::kLeft}, {"encode"}, {"decode"}, {"add"}, {"start"}},
              .rows = {}};
  const auto rate = [](int sizes, TimePerByte speed) {
    return sizes > 0 && speed > TimePerByte() ? ForPeople(1.0 / speed) : std::string("-");
  };
  for (const fit::WorkedCodec& codec : work.codecs) {
    const CodecCost& cost = codec.cost;
    table.rows.push_back({cost.name, rate(codec.encode_sizes, cost.encode),
                          rate(codec.decode_sizes, cost.decode), rate(codec.add_sizes, cost.add),
                          cost.pass > Time() ? ForPeople(cost.pass) : "-"});
  }
  return table;
}

void AddWork(const fit::DeviceWork& work, Document* document) {
  if (work.empty()) return;
  document->json["device"] = WorkJson(work);
  if (work.memory_bandwidth > Bandwidth()) {
    document->body.push_back(
        Paragraph{"Memory: " + ForPeople(work.memory_bandwidth) + ", " + work.memory_note});
  }
  if (work.launch_sizes > 0) {
    document->body.push_back(
        Paragraph{"Launch: " + ForPeople(work.launch) + " for each kernel from the host"});
  }
  if (!work.codecs.empty()) document->body.push_back(WorkTable(work));
}

std::string WrittenText(const FitReport& report) {
  std::string text = "Written: " + report.output;
  if (!report.engine.empty()) text.append(", engine ").append(report.engine);
  return text;
}

}  // namespace

Document FitDocument(const FitReport& report) {
  Document document;
  Json& json = document.json;
  json["schema"] = "commplan/fit/1";
  json["holdout"] = report.held_out ? "odd" : "none";
  const fit::Score overall = Overall(report);
  PutScore(overall, &json);
  Json over_groups;
  PutScore(OverGroups(report), &over_groups);
  json["over_groups"] = over_groups;
  json["output"] = report.output.empty() ? Json() : Json(report.output);
  json["groups"] = Json::array();
  json["suggestions"] = Json::array();
  document.rows.columns = {{"system"}, {"launch"},  {"dtype"},     {"op"},     {"ranks"},
                           {"nodes"},  {"library"}, {"version"},   {"points"}, {"median_ape"},
                           {"mape"},   {"p95_ape"}, {"coverage90"}};
  for (const FitGroupReport& one : report.groups) {
    json["groups"].push_back(GroupJson(one));
    if (report.held_out) json["groups"].back()["rows"] = HeldJson(one);
    if (report.suggest) json["groups"].back()["suggestions"] = SuggestionsJson(one);
    for (const Json& suggestion : SuggestionsJson(one)) json["suggestions"].push_back(suggestion);
    const Json& group = json["groups"].back();
    document.rows.rows.emplace_back();
    for (const Column& column : document.rows.columns) {
      const Json& value = group.at(column.name);
      document.rows.rows.back().push_back(value.is_string() ? value.get<std::string>()
                                                            : value.dump());
    }
  }
  json["notes"] = report.notes;
  if (!report.groups.empty()) document.body.push_back(PhysicsTable(report));
  AddWork(report.work, &document);
  if (report.held_out) {
    document.body.push_back(ScoreTable(report));
    if (overall.points > 0) document.body.push_back(WorstTable(report));
  }
  if (report.suggest) document.body.push_back(SuggestionTable(report));
  const Table doubts = DoubtTable(report);
  if (!doubts.rows.empty()) document.body.push_back(doubts);
  for (const std::string& note : report.notes) document.body.push_back(Paragraph{"Note: " + note});
  if (!report.output.empty()) {
    document.body.push_back(Paragraph{WrittenText(report)});
  }
  return document;
}

std::string FitPlot(const FitReport& report) {
  PlotPage page;
  page.title = "Measured and fitted times";
  for (const FitGroupReport& one : report.groups) {
    if (page.plots.size() < kMostPanels) page.plots.push_back(PanelOf(one));
  }
  if (report.groups.size() > kMostPanels) {
    page.subtitle = "the first " + std::to_string(kMostPanels) + " of " +
                    std::to_string(report.groups.size()) + " sets of measurements";
  }
  return RenderSvg(page);
}

}  // namespace commplan::report
