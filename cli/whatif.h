// `whatif A --vs B`: two answers, key by key.
#pragma once

#include "cli/command.h"
#include "cli/inner_run.h"

namespace commplan::cli {

void AddWhatif(CLI::App& app, Action* chosen, const Runner& run);

}  // namespace commplan::cli
