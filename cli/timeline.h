// The timeline command: a step written out, event by event, as a trace for Perfetto.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddTimeline(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
