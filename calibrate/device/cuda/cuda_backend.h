// Measuring with the CUDA devices of this machine: memory, host link, launches, matrix products,
// codecs, and the ring through host memory.
#pragma once

#include <vector>

#include "calibrate/device/bench.h"
#include "calibrate/device/devices.h"
#include "model/base/result.h"
#include "model/codec/codec.h"

namespace commplan::device {

// The benches of these devices; what one device does alone is measured on the first. `codecs` must
// have kernels. Nothing runs before a bench is prepared.
Benches CudaBenchesOf(const std::vector<DeviceInfo>& devices,
                      const std::vector<codec::Codec>& codecs);

// Errors say what is missing: a driver, a device, a codec's kernels. Each device has proved that it
// runs this build's code.
Result<Benches> CudaBenches(const std::vector<codec::Codec>& codecs);

}  // namespace commplan::device
