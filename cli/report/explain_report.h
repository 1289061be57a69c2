// Explanations: a formula card as a page, a list of all cards, and the explanation of one price
// with the numbers put in and the origin of each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/report/document.h"
#include "model/collective/formula/compressed_cards.h"
#include "model/collective/price.h"
#include "model/compute/cards.h"
#include "model/step/machine.h"

namespace commplan::report {

// Appends formula, numbers and provenance to the document of a price.
void AddExplanation(const Machine& machine, const CollectiveModel& model, const Price& price,
                    Bytes bytes, Document* document);

// The cards as pages, one after the other.
Document CardsDocument(const std::vector<const FormulaCard*>& cards,
                       const std::vector<const CompressedCard*>& compressed = {});

// How long a kernel takes.
Document KernelCardDocument(const KernelCard& card);
// The parts of a kernel's time that its formula has, as name and formula.
std::vector<std::pair<const char*, std::string>> KernelTerms(const KernelCard& card);
// How the parts make the whole.
inline constexpr char kKernelSum[] =
    "A kernel takes launch + (compute^p + memory^p + serial^p)^(1/p), times what measurements of "
    "its shape leave over, but never less than the device's peaks allow.";

// One line per card.
Document CardListDocument();

// What a term of a cost means; empty for an unknown word.
std::string TermMeaning(std::string_view name);

}  // namespace commplan::report
