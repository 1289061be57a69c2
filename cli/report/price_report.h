// The document of `price`: time with its band, terms, regime, alternatives, and on request the
// formula with the numbers put in and where each came from.
#pragma once

#include "cli/report/document.h"
#include "model/collective/price.h"
#include "model/step/machine.h"

namespace commplan::report {

Document PriceDocument(const Machine& machine, const Engine& engine, const CollectiveModel& model,
                       Bytes bytes, bool explain);

}  // namespace commplan::report
