// The bill of a training step as a document, with the keys of the serving bill: the step's split, a
// line per site that exchanges something, what would help, and the memory.
#pragma once

#include "cli/report/document.h"
#include "model/step/machine.h"
#include "model/step/training.h"

namespace commplan::report {

Document TrainDocument(const Machine& machine, const TrainRequest& request, const TrainBill& bill,
                       bool explain);

}  // namespace commplan::report
