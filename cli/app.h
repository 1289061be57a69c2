// The application: parses a command line, runs the one command that it names, prints its error, and
// gives the exit status. It ends no process and touches no global, so that a test can call it.
#pragma once

#include <string>
#include <vector>

#include "cli/io.h"

namespace commplan::cli {

// `arguments` without the program's own name.
int RunApp(const std::vector<std::string>& arguments, Io& io);

}  // namespace commplan::cli
