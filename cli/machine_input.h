// The machine that a command is asked about: --on names a profile, --set changes single values of
// it.
#pragma once

#include <string>

#include "cli/command.h"
#include "model/step/machine.h"

namespace commplan::cli {

Result<Machine> LoadMachineFor(const std::string& profile, const CommonOptions& common);

// The engine of that name, or the machine's first one when the name is empty.
Result<const Engine*> EngineOf(const Machine& machine, const std::string& name);

}  // namespace commplan::cli
