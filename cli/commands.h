// The list of commands. A new one is a file that defines its AddX, and a line in commands.cc.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

// Adds every command; running the one that the user names is left in `*chosen`.
void AddCommands(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
