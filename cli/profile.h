// The command `profile`: the library of machines, one of them in full, checking files, and
// comparing two.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddProfile(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
