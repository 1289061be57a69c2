// The ring all-reduce through pinned host memory: several ranks, each with two streams, on the
// devices at hand; ranks may share one. Plain, or with a codec in the reduce phase and, as chosen,
// in the gather phase.
#pragma once

#include <vector>

#include "calibrate/device/bench.h"
#include "calibrate/device/devices.h"
#include "model/codec/codec.h"

namespace commplan::device {

// Among 2 and 4 ranks, as graphs that are replayed; among 2 also plain and with the first codec as
// the host enqueues them. Each codec must have kernels.
Benches RingBenches(const std::vector<DeviceInfo>& devices,
                    const std::vector<codec::Codec>& codecs);

}  // namespace commplan::device
