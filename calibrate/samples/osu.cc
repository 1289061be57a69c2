#include <algorithm>
#include <limits>

#include "calibrate/samples/collector.h"
#include "calibrate/samples/import.h"
#include "calibrate/samples/text.h"

namespace commplan::samples {
namespace {

// What a line of titles says: "# OSU MPI-CUDA Allreduce Latency Test v5.9".
struct Title {
  std::string library{};  // "MPI-CUDA"
  std::string test{};     // "Allreduce"
  std::string version{};  // "5.9"
  bool latency = false;
};

std::optional<Title> TitleIn(std::string_view line) {
  const auto words = Words(line);
  const auto osu = std::find(words.begin(), words.end(), "OSU");
  const auto test = std::find(osu, words.end(), "Test");
  if (osu == words.end() || test == words.end() || osu - words.begin() > 2 || test - osu < 3) {
    return std::nullopt;
  }
  Title title;
  title.library = Label(osu[1]);
  title.latency = test[-1] == "Latency";
  for (auto word = osu + 2; word != test - 1; ++word) {
    if (*word == "Personalized" || *word == "Exchange") continue;  // "All-to-All Personalized ..."
    title.test.append(title.test.empty() ? "" : " ").append(Label(*word));
  }
  if (title.test.empty() && title.latency) title.test = "latency";
  if (words.end() - test > 1 && test[1].front() == 'v') title.version = Label(test[1].substr(1));
  return title;
}

// "Size", "Avg Latency(us)", "Iterations": names of columns hold blanks, and units end them.
std::vector<std::string> ColumnsIn(std::string_view line) {
  std::vector<std::string> columns;
  std::string name;
  for (const std::string_view word : Words(line)) {
    if (word == "#") continue;
    if (!name.empty() && word.front() != '(') name += ' ';
    name += Label(word);
    const bool whole = name.back() == ')' || name == "Size" || name == "# Size" ||
                       name == "Iterations" || name == "Validation";
    if (!whole) continue;
    columns.push_back(std::move(name));
    name.clear();
  }
  if (!name.empty()) columns.push_back(std::move(name));
  return columns;
}

std::optional<double> ShareOfColumn(std::string_view name) {
  if (name.size() < 4 || name.front() != 'P' || !Contains(name, "Tail")) return std::nullopt;
  const auto percent = NumberIn(name.substr(1, name.find(' ') - 1));
  if (!percent || *percent < 0 || *percent > 100) return std::nullopt;
  return *percent / 100;
}

bool IsAverage(std::string_view name) {
  return name == "Latency(us)" || name == "Avg Latency(us)" || name == "Avg Lat(us)";
}

class Scanner {
 public:
  explicit Scanner(Collector& out) : out_(out) {}

  bool Run(std::string_view text) {
    const std::vector<std::string_view> lines = Lines(text);
    for (std::size_t i = 0; i < lines.size(); ++i) OneLine(lines[i], static_cast<int>(i) + 1);
    return found_;
  }

 private:
  void OneLine(std::string_view line, int number) {
    const auto words = Words(line);
    if (words.empty()) return;
    if (const auto title = TitleIn(line)) {
      Begin(*title, number);
    } else if (line.front() == '#') {
      constexpr std::string_view kType = "# Datatype:";
      if (Contains(line, "Size")) TakeColumns(line, number);
      if (StartsWith(line, kType)) {
        common_.dtype = Label(line.substr(kType.size()));
        if (!common_.dtype.empty() && common_.dtype.back() == '.') common_.dtype.pop_back();
      }
    } else if (active_ && !columns_.empty() && IntegerIn(words[0])) {
      Row(words, number);
    }
  }

  void Begin(const Title& title, int number) {
    found_ = true;
    common_ = Sample();
    columns_.clear();
    active_ = false;
    const auto op = OpMeant(title.test);
    if (!title.latency || !op) {
      out_.Skip(number, "the test '" + title.test + (title.latency ? "" : " (no latency test)") +
                            "' measures nothing a sample can state; its rows are skipped");
      return;
    }
    common_.op = *op;
    common_.engine = Lower(title.library.substr(0, title.library.find('-')));
    common_.tool = Label("osu-micro-benchmarks " + title.version + " " + title.library);
    if (*op == Op::kPointToPoint) common_.ranks = 2;  // the test runs on exactly two
    out_.FillFromHints(common_);
    if (out_.hints().op && *out_.hints().op != *op) {
      out_.Remark(number, "the caller says " + std::string(Name(*out_.hints().op)) + ", the text " +
                              std::string(Name(*op)) + "; the text is believed");
    }
    active_ = true;
    if (PerPeer() && common_.ranks == 0) {
      out_.Skip(number,
                "sizes of this test are per peer, and the number of ranks is not stated: give it "
                "as an option; its rows are skipped");
      active_ = false;
    }
  }

  bool PerPeer() const { return common_.op == Op::kAllGather || common_.op == Op::kAllToAll; }

  void TakeColumns(std::string_view line, int number) {
    if (!active_) return;
    columns_ = ColumnsIn(line);
    const bool has_time = std::any_of(columns_.begin(), columns_.end(),
                                      [](const std::string& name) { return IsAverage(name); });
    if (!has_time) {
      out_.Skip(number, "found no column of average latencies; the rows are skipped");
      active_ = false;
    } else if (Contains(line, "Min Latency")) {
      out_.Remark(number, "least and largest latency are over ranks, not over calls; left out");
    }
  }

  void Row(const std::vector<std::string_view>& words, int number) {
    out_.CountRow(number);
    if (words.size() != columns_.size()) {
      out_.Skip(number, "found " + std::to_string(words.size()) + " fields, expected " +
                            std::to_string(columns_.size()));
      return;
    }
    Sample sample = common_;
    const std::int64_t size = IntegerIn(words[0]).value_or(0);
    const std::int64_t peers = PerPeer() ? sample.ranks : 1;
    if (size <= 0 || size > std::numeric_limits<std::int64_t>::max() / peers) {
      out_.Skip(number, "size " + Label(words[0]) + " moves nothing that a sample can state");
      return;
    }
    sample.bytes = size * peers;
    for (std::size_t i = 1; i < columns_.size(); ++i) {
      const auto value = NumberIn(words[i]);
      const auto share = ShareOfColumn(columns_[i]);
      if (columns_[i] == "Validation" && words[i] != "Pass") {
        out_.Skip(number, "wrong data: validation says '" + Label(words[i]) + "'");
        return;
      }
      if (IsAverage(columns_[i])) sample.repeats_us = {value.value_or(0)};
      if (share) sample.quantiles.push_back({*share, value.value_or(0)});
      if (columns_[i] == "Iterations" && value && *value >= 1 && *value < 1e9) {
        sample.calls = static_cast<int>(*value);
      }
    }
    out_.Add(std::move(sample), number);
  }

  Collector& out_;
  Sample common_{};
  std::vector<std::string> columns_{};
  bool active_ = false;
  bool found_ = false;
};

}  // namespace

Result<Imported> ImportOsu(std::string_view text, const std::string& file,
                           const ImportHints& hints) {
  Collector out(file, hints);
  if (!Scanner(out).Run(text)) {
    return BadInputError("found no title of an OSU micro-benchmark", {file});
  }
  return out.Finish();
}

}  // namespace commplan::samples
