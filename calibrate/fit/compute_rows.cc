#include "calibrate/fit/compute_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace commplan::fit {
namespace {

std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else if (c != '\r' && c != '"') {
      cells.back() += c;
    }
  }
  return cells;
}

// A CSV text with named columns, read line by line. A fault of a line is kept until it is asked
// for, so that a row is read without a test after each cell.
class Reader {
 public:
  static Result<Reader> Open(std::string_view text, const std::vector<std::string>& needed) {
    Reader reader(text);
    const std::vector<std::string> names = Cells(reader.NextLine());
    for (std::size_t i = 0; i < names.size(); ++i) reader.column_[names[i]] = i;
    reader.columns_ = names.size();
    for (const std::string& name : needed) {
      if (reader.column_.contains(name)) continue;
      std::string message = "no column '";
      message.append(name).append("' in the first line");
      return BadInputError(std::move(message), {.file = {}, .line = 1},
                           "the first line names the columns, separated by commas");
    }
    return reader;
  }

  // Moves to the next line that is not empty; false at the end.
  bool Next() {
    while (at_ < text_.size()) {
      const std::string_view line = NextLine();
      if (line.empty() || line == "\r") continue;
      cells_ = Cells(line);
      fault_.clear();
      if (cells_.size() != columns_) {
        Fault("found " + std::to_string(cells_.size()) + " cells, expected " +
              std::to_string(columns_));
        cells_.resize(columns_);
      }
      return true;
    }
    return false;
  }

  const std::string& Word(const std::string& name) const { return cells_[column_.at(name)]; }

  double Number(const std::string& name, double least) {
    const std::string& cell = Word(name);
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool whole = error == std::errc() && end == cell.data() + cell.size();
    if (!whole || !std::isfinite(value) || value < least) {
      std::string reason = name;
      reason.append(" is '").append(cell).append("', expected a number from ");
      reason.append(std::to_string(static_cast<int>(least))).append(" on");
      Fault(std::move(reason));
      return least;
    }
    return value;
  }

  double Microseconds() {
    const double time = Number("latency_us", 0);
    if (fault_.empty() && time <= 0) Fault("latency_us is not positive");
    return time;
  }

  ComputeType Type(const std::string& name) {
    const auto type = ComputeTypeNamed(Word(name));
    if (!type) {
      std::string reason = name;
      reason.append(" '").append(Word(name)).append("' is not a known format");
      Fault(std::move(reason));
    }
    return type.value_or(ComputeType::kBf16);
  }

  bool Is(const std::string& name, std::string_view yes, std::string_view no) {
    const std::string& word = Word(name);
    if (word != yes && word != no) {
      std::string reason = name;
      reason.append(" is '").append(word).append("', expected ").append(yes);
      reason.append(" or ").append(no);
      Fault(std::move(reason));
    }
    return word == yes;
  }

  void Fault(std::string reason) {
    if (fault_.empty()) fault_ = std::move(reason);
  }

  // Puts the row or its fault where it belongs.
  template <class Row>
  void Keep(Row row, ParsedRows<Row>& parsed) const {
    if (fault_.empty()) {
      parsed.rows.push_back(std::move(row));
    } else {
      parsed.skipped.push_back({line_, fault_});
    }
  }

 private:
  explicit Reader(std::string_view text) : text_(text) {}

  std::string_view NextLine() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    ++line_;
    return line;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 0;
  std::map<std::string, std::size_t> column_;
  std::size_t columns_ = 0;
  std::vector<std::string> cells_;
  std::string fault_;
};

}  // namespace

Result<ParsedRows<GemmRow>> ParseGemmRows(std::string_view text) {
  ASSIGN_OR_RETURN(Reader reader,
                   Reader::Open(text, {"library", "dtype", "m", "n", "k", "latency_us"}));
  ParsedRows<GemmRow> parsed;
  while (reader.Next()) {
    GemmRow row;
    row.engine = reader.Word("library");
    row.type = reader.Type("dtype");
    row.shape = {reader.Number("m", 1), reader.Number("n", 1), reader.Number("k", 1)};
    row.time_us = reader.Microseconds();
    reader.Keep(std::move(row), parsed);
  }
  return parsed;
}

Result<ParsedRows<AttentionRow>> ParseAttentionRows(std::string_view text) {
  ASSIGN_OR_RETURN(
      Reader reader,
      Reader::Open(text, {"library", "kernel", "phase", "batch", "q_heads", "kv_heads", "head_dim",
                          "isl", "past_kv", "window", "attn_dtype", "kv_dtype", "latency_us"}));
  ParsedRows<AttentionRow> parsed;
  while (reader.Next()) {
    AttentionRow row;
    row.engine = reader.Word("library");
    row.kernel = reader.Word("kernel");
    row.values = reader.Type("attn_dtype");
    row.cache = reader.Type("kv_dtype");
    AttentionShape& shape = row.shape;
    const bool generation = reader.Is("phase", "generation", "context");
    shape.phase = generation ? AttentionPhase::kGeneration : AttentionPhase::kContext;
    shape.batch = reader.Number("batch", 1);
    shape.q_heads = reader.Number("q_heads", 1);
    shape.kv_heads = reader.Number("kv_heads", 1);
    shape.qk_size = shape.v_size = reader.Number("head_dim", 1);
    shape.new_tokens = reader.Number("isl", 1);
    shape.past_tokens = reader.Number("past_kv", 0);
    shape.window = reader.Number("window", 0);
    if (generation && shape.new_tokens != 1) reader.Fault("a generation row has more than 1 token");
    row.time_us = reader.Microseconds();
    reader.Keep(std::move(row), parsed);
  }
  return parsed;
}

Result<ParsedRows<MoeRow>> ParseMoeRows(std::string_view text) {
  ASSIGN_OR_RETURN(Reader reader, Reader::Open(text, {"library", "kernel", "dtype", "distribution",
                                                      "tokens", "hidden", "inter", "topk",
                                                      "experts", "tp", "ep", "latency_us"}));
  using Model = std::tuple<double, double, double, double>;
  const auto model_of = [](const MoeShape& s) {
    return Model(s.hidden, s.width, s.top_k, s.experts);
  };
  std::set<Model> plain;
  ParsedRows<MoeRow> parsed;
  while (reader.Next()) {
    MoeRow row;
    row.engine = reader.Word("library");
    row.kernel = reader.Word("kernel");
    row.type = reader.Type("dtype");
    row.skewed = reader.Word("distribution") != "balanced";
    MoeShape& shape = row.shape;
    shape.even = !row.skewed;
    shape.tokens = reader.Number("tokens", 1);
    shape.hidden = reader.Number("hidden", 1);
    shape.width = reader.Number("inter", 1);
    shape.top_k = reader.Number("topk", 1);
    shape.experts = reader.Number("experts", 1);
    shape.tp = reader.Number("tp", 1);
    shape.ep = reader.Number("ep", 1);
    row.time_us = reader.Microseconds();
    if (row.kernel.find("nongated") != std::string::npos) plain.insert(model_of(shape));
    reader.Keep(std::move(row), parsed);
  }
  for (MoeRow& row : parsed.rows) row.shape.gated = !plain.contains(model_of(row.shape));
  return parsed;
}

}  // namespace commplan::fit
