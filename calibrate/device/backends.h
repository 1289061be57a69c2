// The measuring backends of this build: which were compiled in, with what, and why the others were
// not.
#pragma once

#include <string>
#include <vector>

namespace commplan::device {

struct Backend {
  std::string name;        // "cuda", "nccl"
  std::string built_with;  // such as "toolkit 13.0.88 for sm_80 sm_90", or "not built in: nvcc was
                           // not found ..."
};

std::vector<Backend> Backends();

}  // namespace commplan::device
