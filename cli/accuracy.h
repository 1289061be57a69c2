// The command `accuracy`: a profile against measurements.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddAccuracy(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
