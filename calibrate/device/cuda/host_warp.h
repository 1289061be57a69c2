// A warp on the host: the few words of CUDA that the codecs' kernels use, with a thread for each
// lane and a barrier where a warp meets. It is slow and for tests only; a race detector sees there
// what a missing __syncwarp would do on a device.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming): CUDA's names.
#define __global__
#define __device__
#define __shared__ static  // blocks run one after the other

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  std::uint32_t x, y, z, w;
};
struct alignas(8) uint2 {
  std::uint32_t x, y;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(std::uint32_t x, std::uint32_t y) { return {x, y}; }

struct HostIndex {
  std::uint32_t x = 0;
};
inline thread_local HostIndex threadIdx, blockIdx, gridDim;

namespace commplan::device {

inline constexpr std::size_t kHostLanes = 32;
struct HostWarp {
  std::barrier<> gate{kHostLanes};
  std::array<std::uint32_t, kHostLanes> words{};
};
inline thread_local HostWarp* host_warp = nullptr;

}  // namespace commplan::device

inline void __syncwarp() { commplan::device::host_warp->gate.arrive_and_wait(); }
inline std::uint32_t __reduce_max_sync(std::uint32_t /*lanes*/, std::uint32_t value) {
  auto& warp = *commplan::device::host_warp;
  warp.words[threadIdx.x % commplan::device::kHostLanes] = value;
  __syncwarp();
  const std::uint32_t largest = *std::max_element(warp.words.begin(), warp.words.end());
  __syncwarp();
  return largest;
}
inline void atomicMax(std::uint32_t* at, std::uint32_t value) {
  std::atomic_ref<std::uint32_t> word(*at);
  std::uint32_t found = word.load();
  while (found < value && !word.compare_exchange_weak(found, value)) {
  }
}
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

namespace commplan::device {

// Runs `kernel` as a grid of `blocks` times `threads`, whole warps.
template <class Kernel>
void LaunchOnHost(std::uint32_t blocks, std::uint32_t threads, const Kernel& kernel) {
  for (std::uint32_t block = 0; block < blocks; ++block) {
    std::vector<std::unique_ptr<HostWarp>> warps;
    for (std::size_t i = 0; i < threads / kHostLanes; ++i) {
      warps.push_back(std::make_unique<HostWarp>());
    }
    std::vector<std::jthread> lanes;
    for (std::uint32_t thread = 0; thread < threads; ++thread) {
      lanes.emplace_back([&, block, thread] {
        threadIdx.x = thread;
        blockIdx.x = block;
        gridDim.x = blocks;
        host_warp = warps[thread / kHostLanes].get();
        kernel();
      });
    }
  }
}

}  // namespace commplan::device
