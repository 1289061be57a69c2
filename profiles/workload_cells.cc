#include "profiles/workload_cells.h"

#include <charconv>
#include <utility>

namespace commplan::profiles {
namespace {

std::vector<std::string> Split(std::string_view line) {
  std::vector<std::string> cells;
  std::string cell;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.push_back(std::exchange(cell, {}));
    } else if (c != '\r') {
      cell += c;
    }
  }
  cells.push_back(std::move(cell));
  return cells;
}

}  // namespace

std::string Cells::Word(std::string_view column) const {
  const auto found = cells_.find(column);
  return found == cells_.end() ? std::string() : found->second;
}

bool Cells::Flag(std::string_view column) const {
  const std::string word = Word(column);
  return word == "1" || word == "yes" || word == "true";
}

double Cells::Number(std::string_view column, double otherwise) const {
  const std::string text = Word(column);
  if (text.empty()) return otherwise;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end) return value;
  if (fault_.empty()) {
    fault_ = "column '";
    fault_ += column;
    fault_ += "': found '" + text + "', expected a number";
  }
  return otherwise;
}

int Cells::Count(std::string_view column, int otherwise) const {
  constexpr double kMost = 1e8;
  const double value = Number(column, otherwise);
  if (value >= 0 && value <= kMost) return static_cast<int>(value);
  if (fault_.empty()) fault_ = "column '" + std::string(column) + "': expected a count";
  return otherwise;
}

std::vector<TableLine> ReadCsv(std::string_view text) {
  std::vector<TableLine> lines;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.empty() || content == "\r") continue;
    lines.push_back({line, Split(content)});
  }
  return lines;
}

}  // namespace commplan::profiles
