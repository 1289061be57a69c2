#include "cli/timeline.h"

#include <memory>
#include <string>
#include <utility>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/trace.h"
#include "cli/step_input.h"
#include "cli/train_input.h"
#include "model/step/timeline.h"
#include "model/step/training_timeline.h"
#include "profiles/writer.h"

namespace commplan::cli {
namespace {

struct TimelineOptions {
  CommonOptions common;
  StepOptions step;
  TrainOptions train;
  std::string output;
};

// Whether the step fits in memory is the bill's answer; the trace is drawn all the same.
template <class Timeline>
Result<int> Show(const TimelineOptions& options, const StepInput& input, const Timeline& timeline,
                 Io& io) {
  report::TimelineReport report;
  report.title.model = input.model.model.name;
  report.title.profile = input.machine.name;
  report.title.phase = options.step.phase;
  report.title.notes = input.notes;
  for (const auto* notes : {&timeline.bill.notes, &timeline.trace.notes}) {
    report.title.notes.insert(report.title.notes.end(), notes->begin(), notes->end());
  }
  if (!options.output.empty()) {
    const std::string trace = report::TraceJson(timeline.trace, report.title);
    if (trace.empty()) {
      return UnsupportedError("the step takes longer than the 106 days that a trace can hold");
    }
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.output, trace));
    report.file = options.output;
  }
  Print(report::TimelineDocument(input.machine, timeline.trace, report, options.common.explain),
        options.common.format, io);
  return timeline.bill.memory.fits ? kExitOk : kExitNegative;
}

Result<int> RunTimeline(const TimelineOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const StepInput input, ReadStep(options.step, options.common));
  if (options.step.phase == "train") {
    ASSIGN_OR_RETURN(const TrainRequest request,
                     TrainRequestOf(options.step, options.train, input));
    ASSIGN_OR_RETURN(const TrainTimeline timeline, TrainTimelineOf(input.machine, request));
    return Show(options, input, timeline, io);
  }
  ASSIGN_OR_RETURN(const StepTimeline timeline, TimelineOf(input.machine, input.request()));
  return Show(options, input, timeline, io);
}

}  // namespace

void AddTimeline(CLI::App& app, Action* chosen) {
  CLI::App& command = *app.add_subcommand(
      "timeline", "what runs when in the step that bill counts, as a trace for Perfetto");
  auto options = std::make_shared<TimelineOptions>();
  AddStepOptions(command, options->step);
  AddTrainOptions(command, options->train);
  command.add_option("-o,--output", options->output, "write the trace, as Chrome trace JSON")
      ->option_text("FILE");
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunTimeline(*options, io); });
}

}  // namespace commplan::cli
