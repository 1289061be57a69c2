// Formulas as people read them: one line per term, in letters or with the numbers put in.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/report/document.h"
#include "model/base/cost.h"
#include "model/base/number.h"
#include "model/collective/formula/inputs.h"

namespace commplan::report {

using FormulaLines = std::vector<std::vector<std::string>>;  // term, formula

// The terms that are not zero.
FormulaLines TermLines(const CostOf<Text>& cost);

// Whether a formula has the letter as a word of its own.
bool Mentions(const FormulaLines& lines, std::string_view letter);

// The value of each symbol as a word; "0" for zeros, so that their terms vanish.
std::array<std::string, kSymbolCount> Words(const Inputs<double>& x);

Table FormulaTable(const std::string& title, FormulaLines lines);

}  // namespace commplan::report
