// The command `explain`: what a formula, an algorithm or a term means.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddExplain(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
