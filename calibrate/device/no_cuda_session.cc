// Measuring with CUDA, in a build that was made without it.
#include "calibrate/device/backends.h"
#include "calibrate/device/gpu.h"

namespace commplan::device {

Result<std::unique_ptr<Session>> StartCuda(const std::vector<codec::Codec>& /*codecs*/) {
  return NotBuiltIn("cuda");
}

}  // namespace commplan::device
