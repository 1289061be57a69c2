#include "calibrate/device/backends.h"

#include "cuda_build_info.h"

namespace commplan::device {

std::vector<Backend> Backends() {
  return {{"cuda", COMMPLAN_CUDA_BUILT_WITH}, {"nccl", COMMPLAN_NCCL_BUILT_WITH}};
}

}  // namespace commplan::device
