// The shipped models are the model files that the build compiled into the program:
// shipped_models.cc is generated.
#pragma once

#include <vector>

#include "profiles/library.h"

namespace commplan::profiles {

// By path.
std::vector<LibraryFile> ShippedModelFiles();

}  // namespace commplan::profiles
