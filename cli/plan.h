// The command `plan`: the best layouts of a model on a number of devices for a workload, and why
// not the others.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace commplan::cli {

void AddPlan(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
