#include <algorithm>
#include <limits>

#include "calibrate/samples/collector.h"
#include "calibrate/samples/import.h"
#include "calibrate/samples/json.h"
#include "calibrate/samples/nccl_table.h"
#include "calibrate/samples/text.h"

namespace commplan::samples {
namespace {

// The part up to the last result that is complete, closed; nothing where there is none. nccl-tests
// writes results as it goes, so an aborted run leaves such a text.
std::optional<std::string> Salvage(std::string_view text) {
  std::string open;
  std::size_t whole = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      open += c;
    } else if ((c == '}' || c == ']') && !open.empty()) {
      open.pop_back();
      if (c == '}' && open == "{[") whole = i + 1;
    }
  }
  if (whole == 0 || open.empty()) return std::nullopt;
  return std::string(text.substr(0, whole)) + "]}";
}

const Json& Child(const Json& json, const char* key) {
  static const Json kNothing;
  if (!json.is_object()) return kNothing;
  const auto found = json.find(key);
  return found == json.end() ? kNothing : *found;
}

std::string TextOf(const Json& json) {
  return json.is_string() ? Label(json.get_ref<const std::string&>()) : std::string();
}

// A whole number from 0 on; also where it stands as a text, as roots do.
std::optional<std::int64_t> IntegerOf(const Json& json) {
  if (json.is_string()) return IntegerIn(Trim(json.get_ref<const std::string&>()));
  if (json.is_number_unsigned() &&
      json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::nullopt;
  }
  return json.is_number_integer() ? std::optional(json.get<std::int64_t>()) : std::nullopt;
}

int CountOf(const Json& json) {
  const auto count = IntegerOf(json);
  return count && *count > 0 && *count < 1'000'000'000 ? static_cast<int>(*count) : 0;
}

double NumberOf(const Json& json) { return json.is_number() ? json.get<double>() : 0; }

NcclSide SideOf(const Json& row, const char* name, NcclTable& table) {
  NcclSide side;
  const Json& json = Child(row, name);
  if (json.is_null()) return side;
  table.cpu_time = table.cpu_time || json.contains("cpu_time");
  side.time_us = NumberOf(Child(json, "time"));
  side.algbw = NumberOf(Child(json, "alg_bw"));
  side.busbw = NumberOf(Child(json, "bus_bw"));
  side.rounding = 0.51e-6;  // six decimals
  const Json& wrong = Child(json, "nwrong");
  if (wrong.is_number()) side.wrong = wrong.get<double>();
  const Json& single = Child(row, (std::string(name) + "_per_iter").c_str());
  for (const auto& [key, share] :
       {std::pair<const char*, double>{"min_us", 0}, std::pair<const char*, double>{"p50_us", 0.5},
        std::pair<const char*, double>{"p95_us", 0.95},
        std::pair<const char*, double>{"p99_us", 0.99},
        std::pair<const char*, double>{"max_us", 1}}) {
    const Json& time = Child(single, key);
    if (time.is_number()) side.quantiles.push_back({share, time.get<double>()});
  }
  return side;
}

// Every process states its first device only, so the rest follows from how many it has.
void ReadDevices(const Json& document, NcclTable& table) {
  const Json& config = Child(document, "config");
  const Json& inner = Child(config, "devices");
  const Json& devices = inner.is_array() ? inner : Child(document, "devices");
  if (!devices.is_array()) return;
  const std::int64_t each = std::int64_t{std::max(CountOf(Child(config, "nthreads")), 1)} *
                            std::max(CountOf(Child(config, "ngpus")), 1);
  bool one_per_process = each > 1 && each <= 1024;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    one_per_process = one_per_process &&
                      IntegerOf(Child(devices[i], "rank")) == static_cast<std::int64_t>(i) * each;
  }
  for (const Json& device : devices) {
    const auto number = IntegerOf(Child(device, "rank"));
    if (!number || *number < 0 || *number > 10'000'000) continue;
    const std::int64_t copies = one_per_process ? each : 1;
    for (std::int64_t i = 0; i < copies; ++i) {
      const int group = static_cast<int>(
          std::clamp<std::int64_t>(IntegerOf(Child(device, "group")).value_or(0), -1, 1 << 20));
      table.ranks.push_back({static_cast<int>(*number + i), group,
                             TextOf(Child(device, "hostname")),
                             TextOf(Child(device, "device_info"))});
    }
  }
}

void ReadHead(const Json& document, NcclTable& table) {
  table.headers = 1;
  const Json& config = Child(document, "config");
  const Json& args = Child(document, "args");
  if (args.is_array() && !args.empty()) {
    const std::string program = TextOf(args[0]);
    table.program = program.substr(program.find_last_of('/') + 1);  // npos + 1 is 0
    constexpr std::string_view kEnd = "_perf";
    const bool usual = table.program.size() > kEnd.size() &&
                       table.program.substr(table.program.size() - kEnd.size()) == kEnd;
    if (!usual) table.program.clear();
  }
  table.calls = CountOf(Child(config, "iterations"));
  if (const int together = CountOf(Child(config, "aggregated_iterations")); together > 1) {
    table.calls = table.calls <= 1'000'000'000 / together ? table.calls * together : 0;
  }
  if (const auto graph = IntegerOf(Child(config, "graph"))) {
    table.launch = *graph > 0 ? Launch::kGraph : Launch::kEager;
  }
  table.version = NcclVersion(IntegerOf(Child(document, "nccl_version")).value_or(0));
  table.tool = "nccl-tests";
  table.date = TextOf(Child(document, "start_time"));
  table.date.resize(std::min<std::size_t>(table.date.size(), 10));
  ReadDevices(document, table);
  const std::string device = table.ranks.empty() ? "" : table.ranks.front().device;
  table.engine = EngineOfDevice(device);
  const Json& env = Child(document, "env");
  if (!env.is_array()) return;
  for (const Json& setting : env) {
    const std::string text = TextOf(setting);
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) continue;
    table.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
}

}  // namespace

Result<Imported> ImportNcclJson(std::string_view text, const std::string& file,
                                const ImportHints& hints) {
  Collector out(file, hints);
  out.CountLinesIn("results");
  auto document = ParseJson(text, file);
  if (!document.ok()) {
    const auto salvaged = Salvage(text);
    auto again = salvaged ? ParseJson(*salvaged, file) : document;
    if (!again.ok()) return document.error();
    out.Remark(0, "the text is damaged or ends early (" + document.error().message +
                      "); the results that are complete were taken");
    document = std::move(again);
  }
  const Json& results = Child(*document, "results");
  if (!results.is_array() || !document->contains("config")) {
    return BadInputError("found no document of nccl-tests, expected the keys config and results",
                         {file});
  }
  NcclTable table;
  ReadHead(*document, table);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Json& json = results[i];
    const auto bytes = IntegerOf(Child(json, "size"));
    const auto count = IntegerOf(Child(json, "count"));
    const int line = static_cast<int>(i) + 1;
    if (!bytes || !count || *bytes < 0 || *count < 0) {
      out.Skip(line, "found no size and count");
      continue;
    }
    NcclRow row;
    row.line = line;
    row.bytes = *bytes;
    row.count = *count;
    row.type = TextOf(Child(json, "type"));
    row.redop = TextOf(Child(json, "redop"));
    const auto root = IntegerOf(Child(json, "root"));
    if (root && *root >= -1 && *root <= 10'000'000) row.root = static_cast<int>(*root);
    row.calls = CountOf(Child(json, "actual_iterations"));
    row.sides = {SideOf(json, "out_of_place", table), SideOf(json, "in_place", table)};
    table.rows.push_back(std::move(row));
  }
  AddTable(table, false, out);
  return out.Finish();
}

}  // namespace commplan::samples
