// The command `price`: what one collective costs on one machine.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddPrice(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
