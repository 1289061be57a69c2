// NCCL, loaded at run time: the program starts and works without it, and says what is missing when
// it is asked for.
#pragma once

#include <string>

#include "model/base/result.h"

namespace commplan::device {

struct NcclLibrary {
  void* handle = nullptr;  // of dlopen; kept for the life of the process, as NCCL's threads need
  int version = 0;         // as the library encodes it: 22807 is 2.28.7
  std::string path;        // the name that was loaded
};

// Tries $COMMPLAN_NCCL (a file), then the usual names.
Result<NcclLibrary> LoadNccl();

// "2.28.7" for 22807, "2.8.4" for 2804: the encoding changed with 2.9.
std::string NcclVersionText(int version);

}  // namespace commplan::device
