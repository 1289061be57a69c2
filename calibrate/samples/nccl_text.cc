#include <algorithm>
#include <array>
#include <cmath>

#include "calibrate/samples/collector.h"
#include "calibrate/samples/import.h"
#include "calibrate/samples/nccl_table.h"
#include "calibrate/samples/text.h"

namespace commplan::samples {
namespace {

bool IsDigits(std::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "none", "sum" and so on, but no number and no "N/A".
bool IsName(std::string_view word) {
  return !word.empty() && ((word.front() >= 'a' && word.front() <= 'z') || word.front() == '_');
}

// What launchers put before each line of a process: "[1,0]<stdout>:", "node1: ", "0: ".
std::string_view TagOf(std::string_view line) {
  const std::size_t end = line.find(':');
  if (end == std::string_view::npos || end == 0) return {};
  const std::string_view tag = line.substr(0, end);
  if (tag.find_first_of(" \t#") != std::string_view::npos) return {};
  const std::string_view rest = Trim(line.substr(end + 1));
  const auto words = Words(rest);
  const bool row = words.size() >= 3 && IsDigits(words[0]) && IsDigits(words[1]);
  const bool bracketed = tag.front() == '[' && Contains(tag, "]<std");
  if (bracketed || row || StartsWith(rest, "#")) return line.substr(0, end + 1);
  return {};
}

// Three words that only a row has: two whole numbers and a data type.
bool IsRowAt(const std::vector<std::string_view>& words, std::size_t at) {
  return words.size() >= at + 3 && IsDigits(words[at]) && IsDigits(words[at + 1]) &&
         ElementBytes(words[at + 2]) != 0;
}

// How far the rounding of the printed text may lie from the number: half of its last digit. 0 for a
// text with an exponent.
double RoundingOf(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) return 0;
  const std::size_t point = text.find('.');
  const std::size_t decimals = point == std::string_view::npos ? 0 : text.size() - point - 1;
  return 0.51 * std::pow(10.0, -static_cast<double>(decimals));
}

// The words of one half: time algbw busbw wrong, and with -I also min max p99 cv. Nothing where
// they are no such thing. A time that is no number leaves the half without one.
std::optional<NcclSide> SideOf(const std::vector<std::string_view>& words, std::size_t at,
                               bool per_iteration) {
  NcclSide side;
  const auto time = NumberIn(words[at]);
  const auto algbw = NumberIn(words[at + 1]);
  const auto busbw = NumberIn(words[at + 2]);
  if (!time && words[at] != "N/A" && words[at] != "nan" && words[at] != "-nan" &&
      words[at] != "inf") {
    return std::nullopt;
  }
  if (time && (!algbw || !busbw) && words[at + 1] != "inf") return std::nullopt;
  side.time_us = time.value_or(0);
  side.algbw = algbw.value_or(0);
  side.busbw = busbw.value_or(0);
  if (algbw && busbw) {
    side.rounding = std::max(RoundingOf(words[at + 1]), RoundingOf(words[at + 2]));
    if (RoundingOf(words[at + 1]) == 0 || RoundingOf(words[at + 2]) == 0) side.rounding = 0;
  }
  const std::string_view wrong = words[at + 3];
  if (wrong == "nan" || wrong == "-nan" || wrong == "inf") {
    side.wrong = HUGE_VAL;
  } else if (wrong != "N/A") {
    side.wrong = NumberIn(wrong);
    if (!side.wrong) return std::nullopt;
  }
  if (!per_iteration) return side;
  constexpr std::array<double, 3> kShares = {0, 1, 0.99};  // as printed
  std::array<double, 3> times{};
  for (std::size_t i = 0; i < kShares.size(); ++i) {
    const auto number = NumberIn(words[at + 4 + i]);
    if (!number) return std::nullopt;
    times[i] = *number;
  }
  side.quantiles = {{0, times[0]}, {0.99, times[2]}, {1, times[1]}};
  return side;
}

bool IsTime(const std::vector<std::string_view>& words) {
  if (words.size() < 2) return false;
  const std::string_view date = words[words.size() - 2];
  const std::string_view time = words.back();
  return date.size() == 10 && date[4] == '-' && date[7] == '-' && time.size() == 8 &&
         time[2] == ':' && time[5] == ':';
}

// A row by counting its words; the text says why it is none.
Result<NcclRow> RowOf(std::vector<std::string_view> words, int line) {
  if (IsTime(words)) words.resize(words.size() - 2);
  NcclRow row;
  row.line = line;
  const auto bytes = IntegerIn(words[0]);
  const auto count = IntegerIn(words[1]);
  if (!bytes || !count) return BadInputError("the size or the count is too large");
  row.bytes = *bytes;
  row.count = *count;
  row.type = std::string(words[2]);
  std::size_t at = 3;
  if (at < words.size() && IsName(words[at]) && words[at] != "nan" && words[at] != "inf") {
    row.redop = std::string(words[at]);
    ++at;
  }
  const std::size_t rest = words.size() - at;
  if (rest == 9 || rest == 17) {
    const auto root = IntegerIn(words[at]);
    if (!root || *root < -1 || *root > 10'000'000) {
      return BadInputError("found '" + Label(words[at]) + "' as the root");
    }
    row.root = static_cast<int>(*root);
    ++at;
  } else if (rest != 8 && rest != 16) {
    return BadInputError("found " + std::to_string(rest) +
                         " fields after the type, expected 8 or 9, or with option -I 16 or 17");
  }
  const bool per_iteration = rest >= 16;
  const std::size_t width = per_iteration ? 8 : 4;
  for (std::size_t i = 0; i < row.sides.size(); ++i) {
    auto side = SideOf(words, at + i * width, per_iteration);
    if (!side) return BadInputError("found fields that are no numbers");
    row.sides[i] = std::move(*side);
  }
  return row;
}

// The number after a word such as "iters:", or nothing.
std::optional<std::int64_t> After(const std::vector<std::string_view>& words,
                                  std::initializer_list<std::string_view> names) {
  const auto at = std::search(words.begin(), words.end(), names.begin(), names.end());
  const auto size = static_cast<std::ptrdiff_t>(names.size());
  if (words.end() - at <= size) return std::nullopt;
  return IntegerIn(at[size]);
}

class Scanner {
 public:
  explicit Scanner(Collector& out) : out_(out) {}

  // False where nothing in the text is of nccl-tests.
  bool Run(std::string_view text) {
    const std::vector<std::string_view> lines = Lines(text);
    for (std::size_t i = 0; i < lines.size(); ++i) OneLine(lines[i], static_cast<int>(i) + 1);
    Close();
    return found_;
  }

 private:
  void OneLine(std::string_view line, int number) {
    const std::string_view tag = TagOf(line);
    line.remove_prefix(tag.size());
    const std::vector<std::string_view> words = Words(line);
    if (words.empty()) return;
    if (IsDigits(words[0])) {
      if (words.size() >= 3 && IsDigits(words[1]) && IsName(words[2])) Row(tag, words, number);
      return;
    }
    for (std::size_t at = 1; at + 2 < words.size(); ++at) {
      if (!IsRowAt(words, at)) continue;
      found_ = true;
      out_.Skip(number, "something stands before the row, so that its fields are not sure");
      return;
    }
    Speech(line, words, number);
  }

  void Row(std::string_view tag, const std::vector<std::string_view>& words, int number) {
    auto row = RowOf(words, number);
    if (!row.ok()) {
      // A line of another program may begin with two numbers and a word.
      if (ElementBytes(words[2]) == 0 && words.size() < 10) return;
      found_ = true;
      out_.Skip(number, row.error().message);
      return;
    }
    found_ = true;
    if (table_.rows.empty()) {
      tag_ = std::string(tag);
      if (table_.line == 0) table_.line = number;
    }
    if (tag != tag_) {
      out_.Skip(number, "another process (" + Label(tag) +
                            ") prints a table at the same time; "
                            "the first is taken");
      return;
    }
    table_.rows.push_back(std::move(*row));
  }

  // Everything that is no row.
  void Speech(std::string_view line, std::vector<std::string_view> words, int number) {
    std::string_view bare = Trim(line);
    while (!bare.empty() && bare.front() == '#') bare = Trim(bare.substr(1));
    words = Words(bare);
    if (words.empty()) return;
    if (Header(bare, words, number)) return;
    if (StartsWith(bare, "Avg bus bandwidth") || StartsWith(bare, "Out of bounds values") ||
        StartsWith(bare, "Collective test concluded")) {
      found_ = true;
      table_.concluded = true;
      return;
    }
    Versions(bare, words);
    Programs(words);
    Settings(bare, words);
  }

  // A line that belongs to the head of a table. If rows were read, it is the head of a new one.
  bool Header(std::string_view bare, const std::vector<std::string_view>& words, int number) {
    const bool starts = StartsWith(bare, "Collective test starting:");
    const bool options = words[0] == "nThread";
    const bool devices = StartsWith(bare, "Using devices");
    const bool rank = words[0] == "Rank" && words.size() >= 6;
    const bool columns = words.size() >= 8 && words[0] == "size" && words[1] == "count";
    if (!starts && !options && !devices && !rank && !columns) return false;
    found_ = true;
    // The name of the next test may come while the table before is still open.
    if (!table_.rows.empty()) Close();
    if (table_.line == 0) table_.line = number;
    if (starts && words.size() >= 4) {
      table_.program = std::string(words[3]);
      table_.programs_differ = false;
      program_is_sure_ = true;
    }
    if (options) Options(words);
    if (rank) Rank(bare, words);
    if (columns) {
      ++table_.headers;
      table_.cpu_time = std::count(words.begin(), words.end(), "cputime") > 0;
    }
    return true;
  }

  void Options(const std::vector<std::string_view>& words) {
    const auto all = After(words, {"agg", "iters:"});
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
      if (words[i] != "iters:" || words[i - 1] == "warmup" || words[i - 1] == "agg") continue;
      const std::int64_t calls =
          IntegerIn(words[i + 1]).value_or(0) * std::clamp<std::int64_t>(all.value_or(1), 1, 1000);
      if (calls > 0 && calls < 1'000'000'000) table_.calls = static_cast<int>(calls);
    }
    if (const auto graph = After(words, {"graph:"})) {
      table_.launch = *graph > 0 ? Launch::kGraph : Launch::kEager;
    }
  }

  // "Rank  0 Group  0 Pid  25 on HOST device  1 [0000:10:00] NAME"; older without group.
  void Rank(std::string_view bare, const std::vector<std::string_view>& words) {
    NcclRank rank;
    const auto number = After(words, {"Rank"});
    const auto on = std::find(words.begin(), words.end(), "on");
    if (!number || *number < 0 || *number > 10'000'000 || words.end() - on < 3) return;
    rank.rank = static_cast<int>(*number);
    rank.group = static_cast<int>(
        std::clamp<std::int64_t>(After(words, {"Group"}).value_or(0), -1, 10'000'000));
    rank.host = Label(on[1]);
    const std::size_t bracket = bare.find(']');
    if (bracket != std::string_view::npos) rank.device = Label(bare.substr(bracket + 1));
    if (table_.engine.empty()) table_.engine = EngineOfDevice(rank.device);
    table_.ranks.push_back(std::move(rank));
  }

  void Versions(std::string_view bare, const std::vector<std::string_view>& words) {
    const auto next = [&](std::string_view head) -> std::string_view {
      if (!StartsWith(bare, head)) return {};
      const auto rest = Words(bare.substr(head.size()));
      const std::size_t at = !rest.empty() && rest[0] == ":" ? 1 : 0;
      return rest.size() > at ? rest[at] : std::string_view();
    };
    for (const auto& [head, engine] :
         {std::pair<std::string_view, std::string_view>{"NCCL version", "nccl"},
          std::pair<std::string_view, std::string_view>{"RCCL version", "rccl"}}) {
      const std::string_view version = next(head);
      if (version.empty() || version.front() < '0' || version.front() > '9') continue;
      BeginHead();
      table_.engine = std::string(engine);
      table_.version = Label(version.substr(0, version.find_first_of("+-")));
    }
    if (const auto tool = next("nccl-tests version"); !tool.empty()) {
      BeginHead();
      table_.tool = "nccl-tests " + Label(tool);
      constexpr std::string_view kLibrary = "nccl-library=";
      for (const std::string_view word : words) {
        if (!StartsWith(word, kLibrary)) continue;
        const auto code = IntegerIn(word.substr(kLibrary.size()));
        if (code && table_.version.empty()) table_.version = NcclVersion(*code);
        if (table_.engine.empty()) table_.engine = "nccl";
      }
    }
    if (const auto tool = next("rccl-tests: Version"); !tool.empty()) {
      BeginHead();
      table_.tool = "rccl-tests " + Label(tool);
      table_.engine = "rccl";
    }
  }

  // A line before the head proper: it speaks of the next table where this one has ended.
  void BeginHead() {
    found_ = true;
    if (table_.concluded && !table_.rows.empty()) Close();
  }

  // The program in a command line. Two different ones in the lines before a table say nothing.
  void Programs(const std::vector<std::string_view>& words) {
    for (std::string_view word : words) {
      const std::size_t slash = word.find_last_of('/');
      if (slash != std::string_view::npos) word.remove_prefix(slash + 1);
      while (!word.empty() && (word.back() == ',' || word.back() == '"' || word.back() == '\'')) {
        word.remove_suffix(1);
      }
      constexpr std::string_view kEnd = "_perf";
      if (word.size() <= kEnd.size() || word.substr(word.size() - kEnd.size()) != kEnd) continue;
      if (table_.concluded && !table_.rows.empty()) Close();
      if (!table_.rows.empty() || program_is_sure_) continue;
      if (!table_.program.empty() && table_.program != word) table_.programs_differ = true;
      table_.program = std::string(word);
    }
  }

  // "NCCL_ALGO=Ring" in a command line, and what the library says it was told.
  void Settings(std::string_view bare, const std::vector<std::string_view>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      const std::string_view name = words[i].substr(0, equals);
      const bool is_name = name.size() > 3 && std::all_of(name.begin(), name.end(), [](char c) {
                             return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                           });
      if (!is_name || name.find('_') == std::string_view::npos) continue;
      std::string value;
      constexpr std::string_view kSet = "set by environment to ";
      const std::size_t told = bare.find(kSet);
      if (equals != std::string_view::npos) {
        value = Label(words[i].substr(equals + 1));
      } else if (told != std::string_view::npos) {
        value = Label(bare.substr(told + kSet.size()));
        while (!value.empty() && value.back() == '.') value.pop_back();
      } else {
        continue;
      }
      auto& settings = i > 0 && words[i - 1] == "export" ? exported_ : table_.environment;
      settings.emplace_back(std::string(name), std::move(value));
    }
  }

  void Close() {
    NcclTable table = std::move(table_);
    table_ = NcclTable();
    program_is_sure_ = false;
    if (table.rows.empty()) return;
    table.environment.insert(table.environment.begin(), exported_.begin(), exported_.end());
    AddTable(table, after_open_, out_);
    after_open_ = !table.concluded;
  }

  Collector& out_;
  NcclTable table_{};
  std::string tag_{};
  std::vector<std::pair<std::string, std::string>> exported_{};
  bool program_is_sure_ = false;
  bool after_open_ = false;
  bool found_ = false;
};

}  // namespace

Result<Imported> ImportNcclText(std::string_view text, const std::string& file,
                                const ImportHints& hints) {
  Collector out(file, hints);
  Scanner scanner(out);
  if (!scanner.Run(text)) return BadInputError("found no line of nccl-tests or rccl-tests", {file});
  return out.Finish();
}

}  // namespace commplan::samples
