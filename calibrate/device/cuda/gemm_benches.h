// Matrix products as a transformer's layers make them, by cuBLAS, alone and beside a transfer or an
// addition: how much slower compute becomes then is what an overlap costs.
//
// "gemm": tokens x k times k x n in bfloat16 with fp32 sums. `bytes` is the input, tokens * k * 2,
// so a few tokens are decoding and many are a prompt; the kernel names n and k. Weights are read
// from memory: more copies of them take turns than the device's cache holds.
// "gemm-beside-copy": the same while pinned host memory is copied to the device and back.
// "gemm-beside-add": the same while the device adds one buffer to another, again and again.
#pragma once

#include "calibrate/device/bench.h"
#include "calibrate/device/devices.h"

namespace commplan::device {

// Where cuBLAS is not installed each says so when it is prepared.
Benches GemmBenches(const DeviceInfo& device);

}  // namespace commplan::device
