// What the bill of a serving step and that of a training step say in the same way: lines of
// collectives and kernels, where the time goes, what would help, memory, and where the numbers on
// kernels come from. Each report adds what is its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/report/document.h"
#include "cli/report/tables.h"
#include "model/base/quantity.h"
#include "model/base/units.h"
#include "model/collective/algorithm.h"
#include "model/collective/price.h"
#include "model/memory/fit.h"
#include "model/step/machine.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"

namespace commplan::report {

// Means over a changing batch may be fractions of a byte, which nobody sends.
std::int64_t WholeBytes(Bytes size);

std::string ShareOf(Time part, Time whole);

// What was asked for, or the machine's first.
std::string EngineName(const Machine& machine, const std::string& asked);
std::string ProviderName(const Machine& machine, const std::string& asked);

// "tp 8, pp 2, dp 4, sequence parallel": `others` where they are more than one.
std::string LayoutText(const Layout& layout,
                       const std::vector<std::pair<const char*, int>>& others);
// `own` are the sizes that only one phase has.
Json LayoutJson(const Layout& layout, const Json& own);

// ---- lines: BillLine or TrainLine, ComputeLine or TrainKernelLine ----

inline std::string SiteText(Site site) { return std::string(Name(site)); }
inline std::string SiteText(const std::string& site) { return site; }

template <class Line>
Json LineJson(const Line& line) {
  Json json = {{"site", SiteText(line.site)},
               {"op", Name(line.exchange)},
               {"group", Name(line.group)},
               {"ranks", line.ranks},
               {"count", line.count},
               {"bytes", WholeBytes(line.bytes)},
               {"time_us", InMicros(line.time)},
               {"exposed_us", InMicros(line.exposed)}};
  if constexpr (requires { line.each; }) json["each_us"] = InMicros(line.each);
  json["low_us"] = InMicros(line.low);
  json["high_us"] = InMicros(line.high);
  json["algorithm"] = Name(line.algorithm);
  json["engine"] = line.engine;
  json["codec"] = "none";
  if constexpr (requires { line.codec; }) json["codec"] = line.codec;
  if constexpr (requires { line.plain_each; }) {
    json["scheme"] = line.scheme;
    json["plain_each_us"] = InMicros(line.plain_each);
    json["terms"] = TermsJson(line.terms);
  }
  json["regime"] = Name(line.regime);
  json["extrapolated"] = line.extrapolated;
  return json;
}

template <class Line>
Json KernelJson(const Line& line) {
  Json json = {{"site", line.kind}, {"count", line.count}, {"time_us", InMicros(line.time)}};
  if constexpr (requires { line.low; }) {
    json["low_us"] = InMicros(line.low);
    json["high_us"] = InMicros(line.high);
  }
  return json;
}

template <class Lines, class ToJson>
Json ListJson(const Lines& lines, const ToJson& to_json) {
  Json list = Json::array();
  for (const auto& line : lines) list.push_back(to_json(line));
  return list;
}

// The columns are a choice of those named here.
template <class Lines>
Table CollectivesTable(std::string title, const Lines& lines, Time step,
                       std::vector<Column> columns) {
  Table table{.title = std::move(title), .columns = std::move(columns), .rows = {}};
  for (const auto& line : lines) {
    std::vector<std::pair<std::string_view, std::string>> cells = {
        {"site", SiteText(line.site)},
        {"op", std::string(Name(line.exchange))},
        {"group", std::string(Name(line.group))},
        {"ranks", std::to_string(line.ranks)},
        {"count", NumberForPeople(line.count)},
        {"payload", ForPeople(line.bytes)},
        {"time", ForPeople(line.time)},
        {"exposed", ForPeople(line.exposed)},
        {"share", ShareOf(line.exposed, step)},
        {"algorithm", std::string(Name(line.algorithm))},
        {"regime", std::string(Name(line.regime))}};
    if constexpr (requires { line.each; }) cells.emplace_back("each", ForPeople(line.each));
    table.rows.emplace_back();
    for (const Column& column : table.columns) {
      for (auto& [name, text] : cells) {
        if (name == column.name) table.rows.back().push_back(std::move(text));
      }
    }
  }
  return table;
}

template <class Lines>
Table KernelTable(const Lines& lines, Time step) {
  Table table{.title = "Kernels",
              .columns = {{"site", Align::kLeft}, {"count"}, {"time"}, {"share"}},
              .rows = {}};
  for (const auto& line : lines) {
    table.rows.push_back(
        {line.kind, NumberForPeople(line.count), ForPeople(line.time), ShareOf(line.time, step)});
    if constexpr (requires { line.low; }) {
      table.rows.back().push_back(ForPeople(line.low) + " to " + ForPeople(line.high));
      if (table.rows.size() == 1) table.columns.push_back({"90 % band"});
    }
  }
  return table;
}

// ---- the whole: StepBill or TrainBill ----

// `rest` is what the step takes beside compute, communication and bubble.
template <class Bill>
void AddTimes(const Bill& bill, const char* rest_key, Time rest, Json* json) {
  Json& j = *json;
  j["step_time_us"] = InMicros(bill.step);
  j["low_us"] = InMicros(bill.low);
  j["high_us"] = InMicros(bill.high);
  j["compute_us"] = InMicros(bill.compute);
  j["comm_us"] = InMicros(bill.communication);
  j["exposed_comm_us"] = InMicros(bill.exposed);
  j["comm_fraction"] = bill.CommunicationShare();
  j["bubble_us"] = InMicros(bill.bubble);
  j[rest_key] = InMicros(rest);
  j["memory_bytes_per_device"] = WholeBytes(bill.memory.need.Total());
  j["extrapolated"] = bill.extrapolated;
}

Json MemoryJson(const Fit& fit);

template <class Bill>
void AddEnd(const Bill& bill, Json* json) {
  (*json)["memory"] = MemoryJson(bill.memory);
  (*json)["what_if"] = {{"half_latency_us", InMicros(bill.half_latency)},
                        {"double_bandwidth_us", InMicros(bill.double_bandwidth)}};
  (*json)["notes"] = bill.notes;
}

template <class Bill>
Table SplitTable(const Bill& bill, const char* rest_name, Time rest) {
  Table table{
      .title = "Step", .columns = {{"part", Align::kLeft}, {"time"}, {"share"}}, .rows = {}};
  const auto add = [&](const char* name, Time time) {
    table.rows.push_back({name, ForPeople(time), ShareOf(time, bill.step)});
  };
  add("compute", bill.compute);
  add("communication that it waits for", bill.exposed);
  if (bill.exposed < bill.communication) {
    table.rows.push_back({"communication in all", ForPeople(bill.communication), ""});
  }
  if (bill.bubble > Time()) add("bubble", bill.bubble);
  if (rest > Time()) add(rest_name, rest);
  add("step", bill.step);
  table.rows.push_back({"90 % band", ForPeople(bill.low) + " to " + ForPeople(bill.high),
                        bill.extrapolated ? "extrapolated" : ""});
  return table;
}

// The step's time under each change.
Table HelpTable(const char* heading, Time step,
                const std::vector<std::pair<const char*, Time>>& changes);
Table MemoryTable(std::string title, const Fit& fit);
// Where the numbers on kernels come from: each kind and source once.
Table SourcesTable(const Machine& machine);

// The parts of a page, in its order.
struct BillBody {
  Paragraph head;
  Table split;
  Table collectives;  // without rows: nothing is exchanged
  Table help;
  std::vector<Block> explanation;
  std::string memory_title;
};
// Fills body and rows; the JSON is there already.
void Finish(BillBody body, const Fit& memory, const std::vector<std::string>& notes,
            Document* document);

}  // namespace commplan::report
