#include "cli/report/trace.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

#include "cli/report/bill_parts.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// ---- the file ----

constexpr std::int64_t kPicosPerMicro = 1000000;
constexpr double kPicosPerSecond = 1e12;

std::int64_t Picos(Time time) { return std::llround(InSeconds(time) * kPicosPerSecond); }

void AppendWhole(std::int64_t number, std::string* out) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out->append(digits.begin(), end);
}

void AppendMicros(std::int64_t picos, std::string* out) {
  AppendWhole(picos / kPicosPerMicro, out);
  std::int64_t rest = picos % kPicosPerMicro;
  if (rest == 0) return;
  std::array<char, 7> digits{'.', '0', '0', '0', '0', '0', '0'};
  for (std::size_t i = 6; i > 0; --i, rest /= 10) digits[i] = static_cast<char>('0' + rest % 10);
  std::size_t size = digits.size();
  while (digits[size - 1] == '0') --size;
  out->append(digits.data(), size);
}

std::string Quoted(std::string_view text) { return Json(text).dump(); }

Json ValueOf(const TraceArgument& argument) {
  if (const auto* text = std::get_if<std::string>(&argument.value)) return *text;
  const double number = std::get<double>(argument.value);
  constexpr double kExact = 9007199254740992;  // 2^53
  if (number == std::floor(number) && std::abs(number) < kExact) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

// What all events of an item have in common, with an open end for what they have apart.
std::vector<std::string> ArgumentsOf(const Trace& trace) {
  std::vector<std::string> all;
  for (const TraceItem& item : trace.items) {
    Json json = Json::object();
    for (const TraceArgument& argument : item.arguments) json[argument.name] = ValueOf(argument);
    all.push_back(json.dump());
    all.back().pop_back();
  }
  return all;
}

void AppendNumber(std::string_view name, int number, std::string* out) {
  if (number == kNoNumber) return;
  if (out->back() != '{') *out += ',';
  *out += '"';
  *out += name;
  *out += "\":";
  AppendWhole(number, out);
}

std::string_view CategoryOf(LaneKind kind) {
  switch (kind) {
    case LaneKind::kCompute:
      return "compute";
    case LaneKind::kCommunicator:
      return "communication";
    case LaneKind::kHost:
      return "host";
  }
  return "";
}

// Readers keep process and thread 0 for the idle one of a kernel.
constexpr int kFirstId = 1;

// Names and order of processes and lanes.
void AppendNames(const Trace& trace, std::string* out) {
  const auto add = [&](std::string_view what, int pid, int tid, const Json& args) {
    const Json json = {{"ph", "M"},
                       {"name", what},
                       {"pid", pid + kFirstId},
                       {"tid", tid + kFirstId},
                       {"args", args}};
    if (out->back() != '[') *out += ',';
    *out += '\n';
    *out += json.dump();
  };
  for (int process = 0; process < static_cast<int>(trace.processes.size()); ++process) {
    add("process_name", process, 0, {{"name", trace.processes[At(process)]}});
    add("process_sort_index", process, 0, {{"sort_index", process}});
  }
  for (int lane = 0; lane < static_cast<int>(trace.lanes.size()); ++lane) {
    const int process = trace.lanes[At(lane)].process;
    add("thread_name", process, lane, {{"name", trace.lanes[At(lane)].name}});
    add("thread_sort_index", process, lane, {{"sort_index", lane}});
  }
}

// ---- the summary ----

constexpr std::size_t kPictureColumns = 60;

struct LaneSummary {
  std::string process, name;
  LaneKind kind = LaneKind::kCompute;
  std::int64_t events = 0;
  Time busy{};
  std::string picture;
};

// A column for each part of the step: how much of it the lane works.
std::string PictureOf(const std::array<double, kPictureColumns>& filled) {
  constexpr double kSome = 0.25, kMost = 0.75;
  std::string picture = "[";
  for (const double share : filled) {
    picture += share <= 0 ? ' ' : share < kSome ? '.' : share < kMost ? '-' : '#';
  }
  return picture + "]";
}

std::vector<LaneSummary> LanesOf(const Trace& trace) {
  std::vector<LaneSummary> lanes;
  std::vector<std::array<double, kPictureColumns>> filled(trace.lanes.size());
  for (const TraceLane& lane : trace.lanes) {
    lanes.push_back({trace.processes[At(lane.process)], lane.name, lane.kind, 0, {}, {}});
  }
  const std::vector<Time> busy = BusyOf(trace);
  for (const TraceEvent& event : trace.events) {
    ++lanes[At(event.lane)].events;
    const double begin = event.start / trace.end * kPictureColumns;
    const double end = event.end / trace.end * kPictureColumns;
    for (auto column = static_cast<std::size_t>(begin);
         column < kPictureColumns && static_cast<double>(column) < end; ++column) {
      const auto left = static_cast<double>(column);
      filled[At(event.lane)][column] += std::min(end, left + 1) - std::max(begin, left);
    }
  }
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    lanes[i].busy = busy[i];
    lanes[i].picture = PictureOf(filled[i]);
  }
  // Stage by stage, as Perfetto shows them.
  std::vector<std::size_t> order(lanes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return trace.lanes[a].process < trace.lanes[b].process;
  });
  std::vector<LaneSummary> sorted;
  sorted.reserve(order.size());
  for (const std::size_t i : order) sorted.push_back(std::move(lanes[i]));
  return sorted;
}

// All events of one name on lanes of one name.
struct NameSummary {
  std::string name, lane;
  std::int64_t events = 0;
  Time longest{}, total{};
};

std::vector<NameSummary> NamesOf(const Trace& trace) {
  constexpr std::size_t kMost = 12;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  std::map<std::pair<int, int>, std::size_t> known;  // by item and lane, so that texts are few
  std::vector<NameSummary> names;
  for (const TraceEvent& event : trace.events) {
    const auto [found, made] = known.try_emplace({event.item, event.lane}, 0);
    if (made) {
      const std::string& name = trace.items[At(event.item)].name;
      const std::string& lane = trace.lanes[At(event.lane)].name;
      found->second = places.try_emplace({name, lane}, names.size()).first->second;
      if (found->second == names.size()) names.push_back({name, lane, 0, {}, {}});
    }
    NameSummary& summary = names[found->second];
    const Time time = event.end - event.start;
    ++summary.events;
    summary.longest = Max(summary.longest, time);
    summary.total += time;
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.total > b.total; });
  if (names.size() > kMost) names.resize(kMost);
  return names;
}

Json SummaryJson(const Trace& trace, const TimelineReport& report,
                 const std::vector<LaneSummary>& lanes, const std::vector<NameSummary>& names) {
  Json json;
  json["schema"] = "commplan/timeline/1";
  json["model"] = report.title.model;
  json["profile"] = report.title.profile;
  json["phase"] = report.title.phase;
  json["step_time_us"] = InMicros(trace.end);
  json["processes"] = trace.processes.size();
  json["events"] = trace.events.size();
  json["file"] = report.file.empty() ? Json() : Json(report.file);
  json["lanes"] = ListJson(lanes, [&](const LaneSummary& lane) {
    return Json{{"process", lane.process},        {"lane", lane.name},
                {"kind", CategoryOf(lane.kind)},  {"events", lane.events},
                {"busy_us", InMicros(lane.busy)}, {"share", lane.busy / trace.end}};
  });
  json["longest"] = ListJson(names, [&](const NameSummary& name) {
    return Json{{"name", name.name},
                {"lane", name.lane},
                {"events", name.events},
                {"longest_us", InMicros(name.longest)},
                {"total_us", InMicros(name.total)}};
  });
  json["notes"] = report.title.notes;
  return json;
}

Table LaneTable(const Trace& trace, const std::vector<LaneSummary>& lanes) {
  Table table{.title = "Lanes",
              .columns = {{"process", Align::kLeft},
                          {"lane", Align::kLeft},
                          {"events"},
                          {"busy"},
                          {"share"},
                          {"from the start of the step to its end", Align::kLeft, true}},
              .rows = {}};
  for (const LaneSummary& lane : lanes) {
    table.rows.push_back({lane.process, lane.name, std::to_string(lane.events),
                          ForPeople(lane.busy), ShareOf(lane.busy, trace.end), lane.picture});
  }
  return table;
}

Table NameTable(const std::vector<NameSummary>& names) {
  Table table{.title = "What takes longest",
              .columns = {{"event", Align::kLeft},
                          {"lane", Align::kLeft},
                          {"events"},
                          {"longest"},
                          {"in all"}},
              .rows = {}};
  for (const NameSummary& name : names) {
    table.rows.push_back({name.name, name.lane, std::to_string(name.events),
                          ForPeople(name.longest), ForPeople(name.total)});
  }
  return table;
}

// For CSV: full precision.
Table LaneRows(const Json& json) {
  Table table;
  for (const auto& [key, value] : json.at("lanes").front().items()) table.columns.push_back({key});
  for (const Json& lane : json.at("lanes")) {
    table.rows.emplace_back();
    for (const auto& [key, value] : lane.items()) {
      table.rows.back().push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return table;
}

}  // namespace

std::string TraceJson(const Trace& trace, const TraceTitle& title) {
  constexpr double kMostPicos = 9e18;
  if (InSeconds(trace.end) * kPicosPerSecond > kMostPicos) return {};
  const Json about = {{"model", title.model},
                      {"profile", title.profile},
                      {"phase", title.phase},
                      {"step_time_us", InMicros(trace.end)},
                      {"notes", title.notes}};
  const std::vector<std::string> arguments = ArgumentsOf(trace);
  std::string out = R"({"schema":"commplan/trace/1","displayTimeUnit":"ns","otherData":)";
  constexpr std::size_t kBytesOfEvent = 300;
  out.reserve(trace.events.size() * kBytesOfEvent);
  out += about.dump();
  out += ",\"traceEvents\":[";
  AppendNames(trace, &out);
  for (const TraceEvent& event : trace.events) {
    const TraceLane& lane = trace.lanes[At(event.lane)];
    const std::int64_t start = Picos(event.start);
    out += ",\n{\"ph\":\"X\",\"name\":";
    out += Quoted(trace.NameOf(event));
    out += ",\"cat\":\"";
    out += CategoryOf(lane.kind);
    out += "\",\"pid\":";
    AppendWhole(lane.process + kFirstId, &out);
    out += ",\"tid\":";
    AppendWhole(event.lane + kFirstId, &out);
    out += ",\"ts\":";
    AppendMicros(start, &out);
    out += ",\"dur\":";
    AppendMicros(Picos(event.end) - start, &out);
    out += ",\"args\":";
    out += arguments[At(event.item)];
    AppendNumber("layer", event.layer, &out);
    AppendNumber("microbatch", event.microbatch, &out);
    out += "}}";
  }
  out += "\n]}\n";
  return out;
}

Document TimelineDocument(const Machine& machine, const Trace& trace, const TimelineReport& report,
                          bool explain) {
  const std::vector<LaneSummary> lanes = LanesOf(trace);
  const std::vector<NameSummary> names = NamesOf(trace);
  Document document;
  document.json = SummaryJson(trace, report, lanes, names);
  document.rows = LaneRows(document.json);
  std::string head = report.title.model;
  head += " on ";
  head += report.title.profile;
  head += ", ";
  head += report.title.phase;
  head += ": a step of ";
  head += ForPeople(trace.end);
  head += " as ";
  head += std::to_string(trace.events.size());
  head += " events on ";
  head += std::to_string(trace.lanes.size());
  head += " lanes";
  document.body.emplace_back(Paragraph{std::move(head)});
  document.body.emplace_back(LaneTable(trace, lanes));
  document.body.emplace_back(NameTable(names));
  if (explain) document.body.emplace_back(SourcesTable(machine));
  for (const std::string& note : report.title.notes) {
    document.body.emplace_back(Paragraph{"Note: " + note});
  }
  if (!report.file.empty()) {
    document.body.emplace_back(Paragraph{"The trace is in " + report.file +
                                         "; open it with ui.perfetto.dev or chrome://tracing."});
  }
  return document;
}

}  // namespace commplan::report
