#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "calibrate/samples/collector.h"
#include "calibrate/samples/import.h"
#include "calibrate/samples/text.h"

namespace commplan::samples {
namespace {

// Every name a column may have, by what it means. The first that a table has is taken.
constexpr std::array<std::string_view, 3> kRanks = {"num_gpus", "ranks", "num_ranks"};
constexpr std::array<std::string_view, 2> kBytes = {"message_bytes", "bytes"};
constexpr std::array<std::string_view, 4> kTime = {"latency_us", "time_us", "median_us",
                                                   "out_of_place_us"};
constexpr std::array<std::string_view, 2> kEngine = {"library", "engine"};
constexpr std::array<std::string_view, 2> kVersion = {"library_version", "version"};
constexpr std::array<std::string_view, 3> kKernel = {"kernel_source", "kernel", "implementation"};
constexpr std::array<std::string_view, 2> kLaunch = {"launch_mode", "launch"};
constexpr std::array<std::string_view, 2> kType = {"dtype", "input_dtype"};
constexpr std::array<std::string_view, 3> kDevice = {"device", "gpu", "hardware"};
constexpr std::array<std::string_view, 2> kCoded = {"payload_bytes", "coded_bytes"};

// The values that share one scale; it tells two variants of a codec apart.
constexpr std::array<std::string_view, 2> kBlock = {"block_values", "group_values"};

// The cells of one line; nothing where a quote is left open.
std::optional<std::vector<std::string>> Cells(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  if (quoted) return std::nullopt;
  return cells;
}

class Table {
 public:
  explicit Table(std::vector<std::string> header) : width_(header.size()) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      columns_.try_emplace(std::string(Trim(header[i])), i);
    }
  }

  std::size_t width() const { return width_; }
  void Take(std::vector<std::string> cells) { cells_ = std::move(cells); }

  bool Has(std::string_view name) const { return columns_.count(std::string(name)) != 0; }

  // The cell of the row taken last; empty where there is no such column.
  std::string_view Cell(std::string_view name) const {
    const auto found = columns_.find(std::string(name));
    return found == columns_.end() ? std::string_view() : Trim(cells_[found->second]);
  }

  template <class Names>
  std::string_view FirstOf(const Names& names) const {
    for (const std::string_view name : names) {
      if (Has(name)) return Cell(name);
    }
    return {};
  }

  template <class Names>
  bool HasAny(const Names& names) const {
    return std::any_of(names.begin(), names.end(), [this](auto name) { return Has(name); });
  }

 private:
  std::size_t width_;
  std::map<std::string, std::size_t> columns_{};
  std::vector<std::string> cells_{};
};

// A count in a cell: empty is "not stated", anything but a whole number above 0 a fault.
bool ReadCount(std::string_view cell, const std::string& what, int line, Collector& out,
               int& count) {
  count = 0;
  if (cell.empty()) return true;
  const auto number = IntegerIn(cell);
  if (number && *number > 0 && *number <= std::numeric_limits<int>::max()) {
    count = static_cast<int>(*number);
    return true;
  }
  out.Skip(line, "found '" + Label(cell) + "' as " + what + ", expected a whole number above 0");
  return false;
}

bool ReadPlacement(const Table& table, int line, Collector& out, Sample& sample) {
  int per_node = 0;
  if (!ReadCount(table.FirstOf(kRanks), "the number of ranks", line, out, sample.ranks) ||
      !ReadCount(table.Cell("nodes"), "the number of nodes", line, out, sample.nodes) ||
      !ReadCount(table.Cell("gpus_per_node"), "the ranks per node", line, out, per_node)) {
    return false;
  }
  if (per_node == 0 || sample.ranks == 0 || sample.nodes == 0) return true;
  if (std::int64_t{per_node} * sample.nodes != sample.ranks) {
    out.Skip(line, std::to_string(sample.nodes) + " nodes with " + std::to_string(per_node) +
                       " ranks each are not " + std::to_string(sample.ranks) + " ranks");
    return false;
  }
  sample.ranks_per_node.assign(static_cast<std::size_t>(sample.nodes), per_node);
  return true;
}

// Where a table names implementations only: whose they are.
std::string OwnerOf(std::string_view implementation) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kOwners = {
      {{"vllm_", "vllm"},
       {"sgl_", "sglang"},
       {"trtllm_", "trtllm"},
       {"nccl", "nccl"},
       {"pynccl", "nccl"},
       {"rccl", "rccl"},
       {"mscclpp", "mscclpp"},
       {"deepep_", "deepep"}}};
  for (const auto& [head, owner] : kOwners) {
    if (StartsWith(implementation, head)) return std::string(owner);
  }
  return {};
}

// Kernels of serving engines carry their launch in their name: "vLLM_custom_graph".
void ReadKernel(const Table& table, int line, Collector& out, Sample& sample) {
  sample.engine = table.HasAny(kEngine) ? Lower(Label(table.FirstOf(kEngine)))
                                        : OwnerOf(table.Cell("implementation"));
  sample.version = Label(table.FirstOf(kVersion));
  sample.kernel = Label(table.FirstOf(kKernel));
  if (const auto launch = LaunchNamed(table.FirstOf(kLaunch))) {
    sample.launch = *launch;
  } else {
    out.Remark(line, "the launch '" + Label(table.FirstOf(kLaunch)) + "' is not known here");
  }
  for (const auto& [ending, launch] :
       {std::pair<std::string_view, Launch>{"_graph", Launch::kGraph},
        std::pair<std::string_view, Launch>{"_eager", Launch::kEager}}) {
    if (sample.kernel.size() <= ending.size()) continue;
    const std::size_t start = sample.kernel.size() - ending.size();
    if (sample.launch != Launch::kNotStated || sample.kernel.substr(start) != ending) continue;
    sample.launch = launch;
    sample.kernel.resize(start);
  }
}

std::optional<double> ReadTime(std::string_view cell, const std::string& what, int line,
                               Collector& out) {
  const auto time = NumberIn(cell);
  if (time && *time > 0) return time;
  out.Skip(line, "found '" + Label(cell) + "' as " + what + ", expected microseconds above 0");
  return std::nullopt;
}

bool ReadTimes(const Table& table, int line, Collector& out, Sample& sample) {
  const auto time = ReadTime(table.FirstOf(kTime), "the time", line, out);
  if (!time) return false;
  if (!table.Has("median_us") || table.HasAny(std::array{kTime[0], kTime[1]})) {
    sample.repeats_us = {*time};
    return true;
  }
  if (table.Has("min_us")) {
    const auto least = ReadTime(table.Cell("min_us"), "the least time", line, out);
    if (!least) return false;
    sample.quantiles.push_back({0, *least});
  }
  sample.quantiles.push_back({0.5, *time});
  if (table.Has("max_us")) {
    const auto most = ReadTime(table.Cell("max_us"), "the largest time", line, out);
    if (!most) return false;
    sample.quantiles.push_back({1, *most});
  }
  return true;
}

void ReadRow(const Table& table, int line, Collector& out) {
  Sample sample;
  const std::string_view op = table.Cell("op");
  const auto meant = table.Has("op") ? OpMeant(op) : out.hints().op;
  if (!meant) {
    out.Skip(line, "found the operation '" + Label(op) + "', which no sample can state");
    return;
  }
  sample.op = *meant;
  const auto bytes = IntegerIn(table.FirstOf(kBytes));
  if (!bytes || *bytes <= 0) {
    out.Skip(line, "found '" + Label(table.FirstOf(kBytes)) +
                       "' as the size, expected a whole number of bytes above 0");
    return;
  }
  sample.bytes = *bytes;
  if (!ReadPlacement(table, line, out, sample) || !ReadTimes(table, line, out, sample)) return;
  ReadKernel(table, line, out, sample);
  sample.dtype = Label(table.FirstOf(kType));
  sample.device = Label(table.FirstOf(kDevice));
  sample.system = Label(table.Cell("system"));
  sample.date = Label(table.Cell("date"));
  sample.codec = Label(table.Cell("codec"));
  if (sample.codec == "none") sample.codec.clear();
  const std::string_view block = table.FirstOf(kBlock);
  if (!sample.codec.empty() && !block.empty()) sample.codec.append("-b").append(Label(block));
  if (!sample.codec.empty()) {
    sample.coded_bytes = std::max<std::int64_t>(IntegerIn(table.FirstOf(kCoded)).value_or(0), 0);
  }
  out.FillFromHints(sample);
  const std::string_view in_place = table.Cell("in_place_us");
  if (!out.Add(sample, line) || in_place.empty()) return;
  const auto time = ReadTime(in_place, "the in-place time", line, out);
  if (!time) return;
  sample.in_place = true;
  sample.repeats_us = {*time};
  out.Add(std::move(sample), line);
}

}  // namespace

Result<Imported> ImportCsv(std::string_view text, const std::string& file,
                           const ImportHints& hints) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // of UTF-8, as some programs write it
  if (StartsWith(text, kMark)) text.remove_prefix(kMark.size());
  const std::vector<std::string_view> lines = Lines(text);
  std::size_t first = 0;
  while (first < lines.size() && (Trim(lines[first]).empty() || lines[first].front() == '#')) {
    ++first;
  }
  const auto header = first < lines.size() ? Cells(lines[first]) : std::nullopt;
  if (!header) return BadInputError("found no header line of a table", {file});
  Table table(*header);
  if (!table.HasAny(kBytes) || !table.HasAny(kTime) || !(table.Has("op") || hints.op)) {
    return BadInputError(
        "found no table of measured operations, expected a header line with op, message_bytes and "
        "a time such as latency_us",
        {file, static_cast<int>(first) + 1, 0});
  }
  Collector out(file, hints);
  for (std::size_t i = first + 1; i < lines.size(); ++i) {
    if (Trim(lines[i]).empty()) continue;
    const int line = static_cast<int>(i) + 1;
    auto cells = Cells(lines[i]);
    if (!cells || cells->size() != table.width()) {
      out.Skip(line, cells ? "found " + std::to_string(cells->size()) + " cells, expected " +
                                 std::to_string(table.width())
                           : "found a quote that is left open");
      continue;
    }
    out.CountRow();
    table.Take(std::move(*cells));
    ReadRow(table, line, out);
  }
  return out.Finish();
}

}  // namespace commplan::samples
