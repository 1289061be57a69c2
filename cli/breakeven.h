// `breakeven`: from what link, size, number of ranks, overlap and codec speed on a codec pays.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddBreakeven(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
