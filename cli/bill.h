// commplan bill: what one step of a model computes and moves under one layout, and what that takes.
#pragma once

#include "cli/command.h"

namespace commplan::cli {

void AddBill(CLI::App& app, Action* chosen);

}  // namespace commplan::cli
