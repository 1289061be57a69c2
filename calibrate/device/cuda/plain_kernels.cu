#include "calibrate/device/cuda/plain_kernels.h"

namespace commplan::device {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 4;  // loads of 16 bytes that a thread has on their way at once

__global__ void Add(const float* from, std::int64_t count, float* to) {
  const std::int64_t first = std::int64_t{blockIdx.x} * kThreads * kEach + threadIdx.x;
  float4 a[kEach];
  float4 b[kEach];
#pragma unroll
  for (int i = 0; i < kEach; ++i) {
    const std::int64_t at = first + i * kThreads;
    if (at < count / 4) {
      a[i] = reinterpret_cast<const float4*>(from)[at];
      b[i] = reinterpret_cast<const float4*>(to)[at];
    }
  }
#pragma unroll
  for (int i = 0; i < kEach; ++i) {
    const std::int64_t at = first + i * kThreads;
    if (at < count / 4) {
      reinterpret_cast<float4*>(to)[at] =
          make_float4(a[i].x + b[i].x, a[i].y + b[i].y, a[i].z + b[i].z, a[i].w + b[i].w);
    }
  }
  if (blockIdx.x == 0 && threadIdx.x < count % 4) {
    const std::int64_t at = count / 4 * 4 + threadIdx.x;
    to[at] += from[at];
  }
}

__global__ void Mark(std::uint32_t* word, std::uint32_t value) { *word = value; }

}  // namespace

cudaError_t LaunchAdd(const float* from, std::int64_t count, float* to, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  constexpr std::int64_t kBlock = std::int64_t{kThreads} * kEach * 4;
  Add<<<static_cast<std::uint32_t>((count + kBlock - 1) / kBlock), kThreads, 0, stream>>>(
      from, count, to);
  return cudaGetLastError();
}

cudaError_t LaunchMark(std::uint32_t* word, std::uint32_t value, cudaStream_t stream) {
  Mark<<<1, 1, 0, stream>>>(word, value);
  return cudaGetLastError();
}

}  // namespace commplan::device
