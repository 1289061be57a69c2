// The machine that a command is asked about: --on names a profile, --set changes single values of
// it.
#pragma once

#include <string>

#include "cli/command.h"
#include "model/step/machine.h"
#include "profiles/reader.h"

namespace commplan::cli {

// kNoCompute for a command that asks about collectives alone: it starts twice as fast.
Result<Machine> LoadMachineFor(const std::string& profile, const CommonOptions& common,
                               profiles::Sections sections = profiles::Sections::kAll);

// The engine of that name, or the machine's first one when the name is empty.
Result<const Engine*> EngineOf(const Machine& machine, const std::string& name);

}  // namespace commplan::cli
