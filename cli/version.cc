#include "cli/version.h"

#include "calibrate/device/backends.h"
#include "cli/build_commit.h"

namespace commplan::cli {

std::string Version() { return "0.1.0"; }

std::string VersionText() {
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  std::string text =
      "commplan " + Version() + " (built from commit " COMMPLAN_COMMIT ", " + compiler + ")\n";
  for (const device::Backend& backend : device::Backends()) {
    text += backend.name + ": " + backend.built_with + "\n";
  }
  return text;
}

}  // namespace commplan::cli
