// Formula cards: each closed form with its name, its meaning and its limits, readable in three
// ways: as a value, as text, and with exact derivatives. The registry is the one list of what can
// be priced analytically.
#pragma once

#include <string_view>
#include <vector>

#include "model/collective/algorithm.h"
#include "model/collective/formula/inputs.h"

namespace commplan {

// Where a formula equals the simulated algorithm to the tick, and what it is elsewhere.
enum class Exactness {
  kAlways,
  kEqualBlocks,  // exact where p divides S, a lower bound elsewhere
  kFineChunks,   // a lower bound that is approached as chunks get smaller
  kBound,        // a lower bound; the assumptions say how far off it can be
};

// What kind of group a formula is for: on one tier, or over nodes.
enum class Span { kOneTier, kOverNodes };

struct FormulaCard {
  std::string_view id;  // such as "all-reduce/ring"
  Op op;
  Algorithm algorithm;
  Span span;
  Exactness exactness;
  bool powers_of_two_only;
  std::string_view title;
  std::string_view assumptions;
  std::string_view source;
  Cost (*value)(const Inputs<double>&);
  CostOf<Text> (*text)(const Inputs<Text>&);
  CostOf<Slopes> (*slopes)(const Inputs<Slopes>&);
};

const std::vector<FormulaCard>& FormulaCards();

// The card for an algorithm, or nullptr where there is none.
const FormulaCard* FindCard(Op op, Algorithm algorithm, Span span);
const FormulaCard* FindCard(std::string_view id);

}  // namespace commplan
