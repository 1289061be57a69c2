// How the bill of a step came about: what each part of the step is the sum of, and what each kernel
// takes alone, by the terms of its formula.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/report/document.h"
#include "model/base/quantity.h"
#include "model/step/bill.h"
#include "model/step/machine.h"
#include "model/step/training.h"

namespace commplan::report {

// Blocks for people go to *blocks, the same in JSON to (*json)["explanation"].
void ExplainBill(const Machine& machine, const StepRequest& request, const StepBill& bill,
                 std::vector<Block>* blocks, Json* json);
void ExplainTraining(const Machine& machine, const TrainRequest& request, const TrainBill& bill,
                     std::vector<Block>* blocks, Json* json);

}  // namespace commplan::report
