// The kernels that are no codec's: adding a buffer to another, as a ring does, and one that does
// next to nothing, whose launch is what is measured.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace commplan::device {

// to[i] += from[i]; both begin at multiples of 16 bytes.
cudaError_t LaunchAdd(const float* from, std::int64_t count, float* to, cudaStream_t stream);

// word = value, by one thread.
cudaError_t LaunchMark(std::uint32_t* word, std::uint32_t value, cudaStream_t stream);

}  // namespace commplan::device
