// Prints a finished result in the format that the user asked for.
#pragma once

#include "cli/command.h"
#include "cli/report/document.h"

namespace commplan::cli {

void Print(const report::Document& document, Format format, Io& io);

}  // namespace commplan::cli
