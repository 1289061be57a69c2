// The command `fit`: from measurements to a profile, with the error on rows that the fit never saw.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddFit(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
