// `sweep`: another command, asked again for each value of what varies; one table, one plot.
#pragma once

#include "cli/command.h"
#include "cli/inner_run.h"

namespace commplan::cli {

void AddSweep(CLI::App& app, Action* chosen, const Runner& run);

}  // namespace commplan::cli
