// The shipped workloads are the workload files that the build compiled into the program:
// shipped_workloads.cc is generated.
#pragma once

#include <vector>

#include "profiles/library.h"

namespace commplan::profiles {

// By path.
std::vector<LibraryFile> ShippedWorkloadFiles();

}  // namespace commplan::profiles
