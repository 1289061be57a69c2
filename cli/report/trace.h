// The timeline of a step on its way out: the trace as a file for Perfetto and chrome://tracing, and
// its summary with a picture of the lanes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/report/document.h"
#include "model/base/quantity.h"
#include "model/step/machine.h"
#include "model/step/trace.h"

namespace commplan::report {

struct TraceTitle {
  std::string model;
  std::string profile;
  std::string phase;
  std::vector<std::string> notes;
};

// The same bytes for the same trace. Times are whole picoseconds, written as microseconds, so that
// sums of them are exact: events of a lane do not overlap in the file either, and the last one
// ends with the step. Of a step that 64 bits of picoseconds cannot hold (106 days) nothing is
// written but that: empty.
std::string TraceJson(const Trace& trace, const TraceTitle& title);

struct TimelineReport {
  TraceTitle title;
  std::string file;  // where the trace was written; empty: nowhere
};
Document TimelineDocument(const Machine& machine, const Trace& trace, const TimelineReport& report,
                          bool explain);

}  // namespace commplan::report
