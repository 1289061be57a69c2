// The explanation of a price that stands on measured curves.
#pragma once

#include <string>

#include "cli/report/document.h"
#include "model/collective/price.h"
#include "model/step/machine.h"

namespace commplan::report {

// "measured", "measured, between 2 and 8 ranks", "scaled from all-reduce among 8 ranks": what a
// price rests on, for people.
std::string BasisText(const CollectiveModel& model);

// Appends the curve's formula, its numbers and their origin. The model must have measured curves.
void AddMeasuredExplanation(const Machine& machine, const CollectiveModel& model, Bytes bytes,
                            Document* document);

// The formula by its letters, as `explain measured-curve` shows it.
Document MeasuredCurveDocument();

}  // namespace commplan::report
