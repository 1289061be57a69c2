// Long quoted texts, taken out of a YAML text before it is parsed and put back into what was read.
//
// A profile is mostly tables of numbers in double quotes, over many lines, and yaml-cpp takes half
// a microsecond for each of their characters. What YAML makes of them is simple: lines are joined
// by one blank. So each leaves a short word in its place, with as many escaped line breaks as it
// had, so that all other lines and columns stay what they are.
//
// Taken is only what cannot mean anything else: `key: "...` at the start of a line, several lines
// of plain ASCII without escapes, blank lines or blanks at their ends, and nothing behind the
// closing quote. Where such a text stood inside another one, its word is never asked for alone, and
// AllPutBack() says that the shortened text must not be used.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace commplan::profiles {

class QuotedTexts {
 public:
  // `text` must outlive it.
  explicit QuotedTexts(std::string_view text);

  // Whether anything was taken out.
  bool any() const { return !texts_.empty(); }
  std::string_view shortened() const { return shortened_; }

  // The text that a scalar's word stands for, as YAML reads it; nothing for any other scalar.
  const std::string* Find(std::string_view scalar);
  bool AllPutBack() const { return put_back_ == texts_.size(); }

 private:
  std::string shortened_;
  std::vector<std::string> texts_;
  std::size_t put_back_ = 0;
};

}  // namespace commplan::profiles
