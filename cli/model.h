// The command `model`: the models that names stand for, what one of them weighs and caches, and
// reading a Hugging Face config.json.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddModel(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
