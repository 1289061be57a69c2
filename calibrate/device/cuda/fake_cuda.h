// A CUDA without a device, for tests of what the host does: memory is the host's, kernels are the
// reference codecs, and streams run late and in any order that events allow, so that a missing wait
// shows as a wrong result. It stands in the place of the CUDA runtime and of our kernels.
#pragma once

#include <cstdint>

namespace commplan::device::fake_cuda {

// How many devices there are from now on, and the order in which streams take turns.
void Reset(int devices, std::uint64_t seed);

// Handles that were made and not freed.
int Leaks();

}  // namespace commplan::device::fake_cuda
