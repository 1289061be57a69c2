// Measuring with NCCL, in a build that was made without its header.
#include "calibrate/device/backends.h"
#include "calibrate/device/gpu.h"

namespace commplan::device {

Result<std::unique_ptr<Session>> StartNccl() { return NotBuiltIn("nccl"); }

}  // namespace commplan::device
