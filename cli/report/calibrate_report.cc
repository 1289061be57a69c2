#include "cli/report/calibrate_report.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/base/units.h"

namespace commplan::report {
namespace {

using device::BenchResult;
using device::MeasuredPoint;
using samples::Sample;

std::string SizeText(std::int64_t bytes) { return ForPeople(B(static_cast<double>(bytes))); }

// Bytes of all cores over the time.
Bandwidth RateOf(const Sample& head, const MeasuredPoint& point) {
  const double bytes = static_cast<double>(point.bytes) * std::max(1, head.cores);
  return B(bytes) / Micros(point.spread.median_us);
}

std::string_view WordOf(device::Stop stop) {
  switch (stop) {
    case device::Stop::kPrecise:
      return "precise";
    case device::Stop::kBudget:
      return "budget";
    case device::Stop::kMost:
    case device::Stop::kGoOn:
      break;
  }
  return "most";
}

Json HeadJson(const Sample& head) {
  Json json;
  json["what"] = device::TextOf(head);
  json["op"] = head.work.empty() ? Json(std::string(Name(head.op))) : Json();
  json["work"] = head.work.empty() ? Json() : Json(head.work);
  json["engine"] = head.engine;
  json["kernel"] = head.kernel;
  json["launch"] = std::string(Name(head.launch));
  json["codec"] = head.codec.empty() ? "none" : head.codec;
  json["ranks"] = head.ranks;
  json["nodes"] = head.nodes;
  json["cores"] = head.cores;
  return json;
}

Json PointJson(const MeasuredPoint& point) {
  const device::Spread& spread = point.spread;
  return {{"bytes", point.bytes},
          {"coded_bytes", point.coded_bytes},
          {"time_us", spread.median_us},
          {"low_us", spread.low_us},
          {"high_us", spread.high_us},
          {"p10_us", spread.p10_us},
          {"p90_us", spread.p90_us},
          {"noise", spread.noise},
          {"drift", spread.drift},
          {"outliers", spread.outliers},
          {"repeats", spread.count},
          {"calls", point.calls},
          {"stopped", std::string(WordOf(point.stopped))}};
}

Table ResultTable(const CalibrateReport::Backend& backend) {
  Table table{.title = backend.name,
              .columns = {{"what", Align::kLeft},
                          {"sizes"},
                          {"from"},
                          {"to"},
                          {"least time"},
                          {"best rate"},
                          {"at"},
                          {"noise"}},
              .rows = {}};
  for (const BenchResult& result : backend.found.results) {
    const MeasuredPoint* best = &result.points.front();
    const MeasuredPoint* least = best;
    std::vector<double> noises;
    for (const MeasuredPoint& point : result.points) {
      if (RateOf(result.head, point) > RateOf(result.head, *best)) best = &point;
      if (point.spread.median_us < least->spread.median_us) least = &point;
      noises.push_back(point.spread.noise);
    }
    std::sort(noises.begin(), noises.end());
    table.rows.push_back(
        {device::TextOf(result.head), std::to_string(result.points.size()),
         SizeText(result.points.front().bytes), SizeText(result.points.back().bytes),
         ForPeople(Micros(least->spread.median_us)), ForPeople(RateOf(result.head, *best)),
         SizeText(best->bytes), ShareForPeople(device::QuantileOf(noises, 0.5))});
  }
  return table;
}

Table PlanTable(const CalibrateReport::Backend& backend) {
  Table table{.title = backend.name,
              .columns = {{"what", Align::kLeft}, {"sizes"}, {"from"}, {"to"}},
              .rows = {}};
  for (const device::PlannedBench& bench : backend.plan.benches) {
    table.rows.push_back({device::TextOf(bench.head), std::to_string(bench.sizes.size()),
                          SizeText(bench.sizes.front()), SizeText(bench.sizes.back())});
  }
  return table;
}

Json BackendJson(const CalibrateReport::Backend& backend, bool dry_run) {
  Json json;
  json["name"] = backend.name;
  json["missing"] = backend.missing.empty() ? Json() : Json(backend.missing);
  json["benches"] = Json::array();
  if (dry_run) {
    for (const device::PlannedBench& bench : backend.plan.benches) {
      Json one = HeadJson(bench.head);
      one["sizes"] = bench.sizes;
      json["benches"].push_back(std::move(one));
    }
    json["point_s"] = backend.plan.point_s;
    return json;
  }
  for (const BenchResult& result : backend.found.results) {
    Json one = HeadJson(result.head);
    one["points"] = Json::array();
    for (const MeasuredPoint& point : result.points) one["points"].push_back(PointJson(point));
    json["benches"].push_back(std::move(one));
  }
  json["failures"] = Json::array();
  for (const Error& error : backend.found.failures) json["failures"].push_back(error.message);
  json["notes"] = backend.found.notes;
  json["spent_s"] = backend.found.spent_s;
  return json;
}

void AddRows(const CalibrateReport::Backend& backend, Table& rows) {
  for (const BenchResult& result : backend.found.results) {
    const Json head = HeadJson(result.head);
    for (const MeasuredPoint& point : result.points) {
      const Json values = PointJson(point);
      std::vector<std::string> row = {backend.name};
      for (const Column& column : rows.columns) {
        if (column.name == "backend") continue;
        const Json& value =
            head.contains(column.name) ? head.at(column.name) : values.at(column.name);
        row.push_back(value.is_string() ? value.get<std::string>()
                      : value.is_null() ? std::string()
                                        : value.dump());
      }
      rows.rows.push_back(std::move(row));
    }
  }
}

}  // namespace

Document CalibrateDocument(const CalibrateReport& report) {
  Document document;
  document.json["schema"] = "commplan/calibrate/1";
  document.json["dry_run"] = report.dry_run;
  document.json["budget_s"] = report.budget_s;
  document.json["output"] = report.output.empty() ? Json() : Json(report.output);
  document.json["backends"] = Json::array();
  document.rows.columns = {{"backend"},     {"op"},      {"work"},   {"engine"},  {"kernel"},
                           {"launch"},      {"codec"},   {"ranks"},  {"cores"},   {"bytes"},
                           {"coded_bytes"}, {"time_us"}, {"low_us"}, {"high_us"}, {"noise"},
                           {"drift"},       {"repeats"}, {"calls"}};
  for (const CalibrateReport::Backend& backend : report.backends) {
    document.json["backends"].push_back(BackendJson(backend, report.dry_run));
    AddRows(backend, document.rows);
    if (!backend.missing.empty()) {
      document.body.push_back(Paragraph{backend.name + ": not run: " + backend.missing});
      continue;
    }
    document.body.push_back(report.dry_run ? PlanTable(backend) : ResultTable(backend));
    for (const std::string& note : backend.found.notes) {
      document.body.push_back(Paragraph{"Note: " + note});
    }
    if (report.dry_run) {
      document.body.push_back(Paragraph{std::to_string(backend.plan.points) + " points of about " +
                                        ForPeople(Seconds(backend.plan.point_s)) +
                                        " at most, then the sizes that the fit is least sure of"});
    } else {
      document.body.push_back(
          Paragraph{"Measured for " + ForPeople(Seconds(backend.found.spent_s))});
    }
  }
  if (report.dry_run) {
    document.body.push_back(
        Paragraph{"In all " + ForPeople(Seconds(report.budget_s)) + " at most; nothing was run"});
  }
  if (!report.output.empty()) document.body.push_back(Paragraph{"Written: " + report.output});
  return document;
}

}  // namespace commplan::report
