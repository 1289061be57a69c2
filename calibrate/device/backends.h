// The measuring backends of this build: which were compiled in, with what, and why the others were
// not.
#pragma once

#include <string>
#include <vector>

#include "model/base/result.h"

namespace commplan::device {

struct Backend {
  std::string name;        // "cuda", "nccl"
  std::string built_with;  // such as "toolkit 13.0.88 for sm_80 sm_90", or "not built in: nvcc was
                           // not found ..."
};

std::vector<Backend> Backends();

// What to say where a backend of this name was not built in.
Error NotBuiltIn(const std::string& name);

}  // namespace commplan::device
