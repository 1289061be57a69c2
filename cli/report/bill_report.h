// The bill of one step as a document: the step's split, a line per site that exchanges something,
// what would help, and the memory.
#pragma once

#include "cli/report/document.h"
#include "model/step/bill.h"
#include "model/step/machine.h"

namespace commplan::report {

Document BillDocument(const Machine& machine, const StepRequest& request, const StepBill& bill,
                      bool explain);

}  // namespace commplan::report
