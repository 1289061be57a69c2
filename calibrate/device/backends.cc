#include "calibrate/device/backends.h"

#include <utility>

#include "cuda_build_info.h"

namespace commplan::device {

std::vector<Backend> Backends() {
  return {{"cuda", COMMPLAN_CUDA_BUILT_WITH}, {"nccl", COMMPLAN_NCCL_BUILT_WITH}};
}

Error NotBuiltIn(const std::string& name) {
  std::string message = name + " is not built in";
  for (const Backend& backend : Backends()) {
    if (backend.name == name) message = name + " is " + backend.built_with;
  }
  return DeviceError(std::move(message),
                     "build where the CUDA toolkit is; docs/calibration.md says how");
}

}  // namespace commplan::device
