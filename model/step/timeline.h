// The timeline of a serving step: every kernel and collective of every layer, when it runs and on
// which stream, as the bill of the step counts it.
//
//   none, tiles   layers in their order, each operation behind the one before it; a pair that is
//                 cut into tiles shows its tiles
//   ladder,       as model/schedule plays them for the bill, task by task: layers of one kind in a
//   two-batch     row, and what is around the layers before and behind them
//   fraction      such a what-if does not say when the hidden part runs, so that only the rest of
//                 each collective is drawn
// With pp > 1 each stage is a process; its layers run when the stage before has sent. The engine's
// own time stands at the end, on a lane of the host.
#pragma once

#include "model/base/result.h"
#include "model/step/bill.h"
#include "model/step/machine.h"
#include "model/step/trace.h"

namespace commplan {

struct StepTimeline {
  StepBill bill;
  Trace trace;  // its end is the bill's step
};

// Unsupported where BillOf is.
Result<StepTimeline> TimelineOf(const Machine& machine, const StepRequest& request);

}  // namespace commplan
