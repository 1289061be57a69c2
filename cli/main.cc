// The program: hands the command line to the application, and is the one place that ends the
// process.
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/exit_status.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const bool color = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  commplan::cli::Io io{std::cout, std::cerr, color};
  int status = commplan::cli::kExitInternal;
  try {
    status = commplan::cli::RunApp(std::vector<std::string>(argv + 1, argv + argc), io);
  } catch (const std::exception& fault) {
    // Nothing of ours throws: a library did, or memory ran out.
    std::cerr << "commplan: internal error: " << fault.what() << "\n";
  }
  std::cout.flush();
  // A result that could not be written (a full disk, a closed pipe) must not look like success.
  if (!std::cout && status == commplan::cli::kExitOk) status = commplan::cli::kExitDevice;
  return status;
}
