#include "cli/report/formula_text.h"

#include <cctype>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "model/base/units.h"

namespace commplan::report {

FormulaLines TermLines(const CostOf<Text>& cost) {
  FormulaLines lines;
  for (std::size_t i = 0; i < kTermCount; ++i) {
    const Term term = static_cast<Term>(i);
    const std::string& text = cost.At(term).base().str();
    if (text != "0") lines.push_back({std::string(TermName(term)), text});
  }
  return lines;
}

bool Mentions(const FormulaLines& lines, std::string_view letter) {
  for (const auto& line : lines) {
    const std::string& text = line[1];
    for (std::size_t at = text.find(letter); at != std::string::npos;
         at = text.find(letter, at + 1)) {
      const auto is_word = [&](std::size_t i) {
        return i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0);
      };
      if ((at == 0 || !is_word(at - 1)) && !is_word(at + letter.size())) return true;
    }
  }
  return false;
}

std::array<std::string, kSymbolCount> Words(const Inputs<double>& x) {
  std::array<std::string, kSymbolCount> words;
  VisitInputs(x, [&](Symbol symbol, const auto& member) {
    std::string& word = words[static_cast<std::size_t>(symbol)];
    if (BaseNumber(member) == 0) {
      word = "0";
    } else if constexpr (std::is_same_v<std::decay_t<decltype(member)>, double>) {
      word = ExactNumber(member);
    } else {
      word = ForPeople(member);
    }
  });
  return words;
}

Table FormulaTable(const std::string& title, FormulaLines lines) {
  return {.title = title,
          .columns = {{"term", Align::kLeft}, {"formula", Align::kLeft, true}},
          .rows = std::move(lines)};
}

}  // namespace commplan::report
