// `codecs`: what each codec makes of a message, and the error that it leaves in a reduction.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddCodecs(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
