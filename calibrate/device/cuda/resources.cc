#include "calibrate/device/cuda/resources.h"

#include <algorithm>
#include <string>

namespace commplan::device {
namespace {

std::int64_t AtLeastOne(std::int64_t bytes) { return std::max<std::int64_t>(bytes, 1); }

}  // namespace

Result<DeviceMemory> AllocateDevice(std::int64_t bytes) {
  void* memory = nullptr;
  const auto size = static_cast<std::size_t>(AtLeastOne(bytes));
  if (const cudaError_t status = cudaMalloc(&memory, size); status != cudaSuccess) {
    return CudaError(status, "allocating " + std::to_string(size) + " bytes of device memory");
  }
  return DeviceMemory(memory);
}

Result<PinnedMemory> AllocatePinned(std::int64_t bytes) {
  void* memory = nullptr;
  const auto size = static_cast<std::size_t>(AtLeastOne(bytes));
  // Any device may read and write it.
  const cudaError_t status = cudaHostAlloc(&memory, size, cudaHostAllocPortable);
  if (status != cudaSuccess) {
    return CudaError(status, "pinning " + std::to_string(size) + " bytes of host memory");
  }
  return PinnedMemory(memory);
}

Result<Stream> MakeStream() {
  cudaStream_t stream = nullptr;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

Result<Event> MakeEvent() {
  cudaEvent_t event = nullptr;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventCreate(&event));
  return Event(event);
}

Result<Event> MakeEventForOrder() {
  cudaEvent_t event = nullptr;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return Event(event);
}

}  // namespace commplan::device
