// The list of commands. A new one is a file that defines its AddX, and a line in commands.cc.
#pragma once

#include "cli/command.h"
#include "cli/inner_run.h"

namespace commplan::cli {

// Adds every command; running the one that the user names is left in `*chosen`. `run` is the
// application itself, for commands that ask others.
void AddCommands(CLI::App& app, Action* chosen, const Runner& run);

}  // namespace commplan::cli
