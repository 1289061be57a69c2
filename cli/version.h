// Which commplan this is: version, commit, compiler, and whether CUDA was built in.
#pragma once

#include <string>

namespace commplan::cli {

// The release, such as "0.1.0".
std::string Version();

// The text of --version, several lines.
std::string VersionText();

}  // namespace commplan::cli
