#include "model/base/suggest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace commplan {
namespace {

// A word longer than any name of ours gets no suggestion; the distance costs length squared.
constexpr std::size_t kLongestWord = 256;

// Letters of ASCII only: std::tolower would ask the locale.
std::string Folded(std::string_view word) {
  std::string folded(word);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace

// The unrestricted distance (Lowrance and Wagner 1975), a true metric. `cost` has one more row and
// column than the usual table, holding a cost that nothing reaches, in place of bounds checks.
int EditDistance(std::string_view a, std::string_view b) {
  const std::size_t rows = a.size() + 2;
  const std::size_t columns = b.size() + 2;
  const int unreachable = static_cast<int>(a.size() + b.size());
  std::vector<int> cost(rows * columns, unreachable);
  const auto at = [&](std::size_t row, std::size_t column) -> int& {
    return cost[row * columns + column];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i + 1, 1) = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) at(1, j + 1) = static_cast<int>(j);

  std::array<std::size_t, 256>
      last_row_with{};  // Per character of `a`: the last row it was seen in.
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t last_match = 0;  // The last column of this row whose characters were equal.
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t row = last_row_with[static_cast<unsigned char>(b[j - 1])];
      const std::size_t column = last_match;
      const bool equal = a[i - 1] == b[j - 1];
      if (equal) last_match = j;
      const int replaced = at(i, j) + (equal ? 0 : 1);
      const int inserted = at(i + 1, j) + 1;
      const int deleted = at(i, j + 1) + 1;
      const int exchanged =
          at(row, column) + static_cast<int>((i - row - 1) + 1 + (j - column - 1));
      at(i + 1, j + 1) = std::min({replaced, inserted, deleted, exchanged});
    }
    last_row_with[static_cast<unsigned char>(a[i - 1])] = i;
  }
  return at(a.size() + 1, b.size() + 1);
}

std::optional<std::string> NearestWord(std::string_view word,
                                       const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  const std::string folded = Folded(word);
  std::optional<std::tuple<int, int, std::string_view>> best;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const int distance = EditDistance(folded, Folded(candidate));
    if (distance > static_cast<int>(std::max(word.size(), candidate.size()) / 3)) continue;
    const std::tuple rank(distance, EditDistance(word, candidate), candidate);
    if (!best || rank < *best) best = rank;
  }
  if (!best) return std::nullopt;
  return std::string(std::get<2>(*best));
}

std::string SuggestionHint(std::string_view word, const std::vector<std::string_view>& candidates,
                           int most) {
  if (const std::optional<std::string> nearest = NearestWord(word, candidates)) {
    return "did you mean '" + *nearest + "'?";
  }
  std::vector<std::string_view> sorted = candidates;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (sorted.empty()) return "";
  std::string text = "known are ";
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == static_cast<std::size_t>(most)) {
      text += " and " + std::to_string(sorted.size() - i) + " more";
      break;
    }
    if (i > 0) text += ", ";
    text += "'" + std::string(sorted[i]) + "'";
  }
  return text;
}

}  // namespace commplan
