#include "profiles/quoted_text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace commplan::profiles {
namespace {

// No text that holds it is shortened.
constexpr std::string_view kMark = "@quoted@";

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// Where a quoted text starts in a line `  key: "...`, behind its quote; npos for other lines.
std::size_t StartOfQuoted(std::string_view line) {
  std::size_t i = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t key = i;
  while (i < line.size() && IsNameCharacter(line[i])) ++i;
  if (i == key || line.substr(i, 3) != ": \"") return std::string_view::npos;
  return i + 3;
}

bool IsPlain(std::string_view line) {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

struct Quoted {
  std::string text;
  std::size_t lines = 0;   // line breaks inside
  std::size_t length = 0;  // up to and without the closing quote
};

// What stands from `start` on to the next quote, if it is as simple as it must be.
std::optional<Quoted> Take(std::string_view text, std::size_t start) {
  Quoted quoted;
  const std::size_t end = text.find('"', start);
  if (end == std::string_view::npos) return std::nullopt;
  if (end + 1 < text.size() && text[end + 1] != '\n') return std::nullopt;
  quoted.length = end - start;
  std::string_view rest = text.substr(start, quoted.length);
  for (;;) {
    const std::size_t stop = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, stop);
    if (!IsPlain(line)) return std::nullopt;
    const bool last = stop == rest.size();
    if (quoted.lines > 0) {
      // Marks of a document's end start a line, and end the text with it.
      if (line.substr(0, 3) == "---" || line.substr(0, 3) == "...") return std::nullopt;
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      quoted.text += ' ';
    }
    if (line.empty() || line.back() == ' ') return std::nullopt;
    quoted.text += line;
    if (last) break;
    ++quoted.lines;
    rest.remove_prefix(stop + 1);
  }
  if (quoted.lines == 0) return std::nullopt;
  return quoted;
}

}  // namespace

QuotedTexts::QuotedTexts(std::string_view text) {
  if (text.find(kMark) != std::string_view::npos) return;
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t stop = std::min(text.find('\n', at), text.size());
    const std::size_t inside = StartOfQuoted(text.substr(at, stop - at));
    std::optional<Quoted> quoted;
    if (inside != std::string_view::npos) quoted = Take(text, at + inside);
    if (!quoted) {
      at = stop + 1;
      continue;
    }
    shortened_ += text.substr(copied, at + inside - copied);
    shortened_ += kMark;
    shortened_ += std::to_string(texts_.size());
    for (std::size_t i = 0; i < quoted->lines; ++i) shortened_ += "\\\n";
    copied = at + inside + quoted->length;
    at = copied + 2;
    texts_.push_back(std::move(quoted->text));
  }
  if (!texts_.empty()) shortened_ += text.substr(std::min(copied, text.size()));
}

const std::string* QuotedTexts::Find(std::string_view scalar) {
  if (!scalar.starts_with(kMark)) return nullptr;
  scalar.remove_prefix(kMark.size());
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(scalar.data(), scalar.data() + scalar.size(), index);
  const bool whole = error == std::errc() && end == scalar.data() + scalar.size();
  if (!whole || index >= texts_.size()) return nullptr;
  ++put_back_;
  return &texts_[index];
}

}  // namespace commplan::profiles
