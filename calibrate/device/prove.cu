#include "calibrate/device/prove.cuh"

namespace commplan::device {
namespace {

__global__ void WriteProof(std::uint32_t* words, std::uint32_t count) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) words[i] = ProofWord(i);
}

}  // namespace

cudaError_t LaunchProof(std::uint32_t* words, std::uint32_t count) {
  constexpr std::uint32_t kThreads = 256;
  WriteProof<<<(count + kThreads - 1) / kThreads, kThreads>>>(words, count);
  if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess) return status;
  return cudaDeviceSynchronize();
}

}  // namespace commplan::device
