// The shipped files are the profiles that the build compiled into the program: shipped_files.cc is
// generated.
#pragma once

#include <vector>

#include "profiles/library.h"

namespace commplan::profiles {

// By path.
std::vector<LibraryFile> ShippedFiles();

}  // namespace commplan::profiles
