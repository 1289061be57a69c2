#include "calibrate/device/devices.h"

#include <array>
#include <memory>

#include "calibrate/device/cuda_error.h"
#include "calibrate/device/prove.cuh"

namespace commplan::device {
namespace {

struct Free {
  void operator()(std::uint32_t* memory) const { (void)cudaFree(memory); }
};

}  // namespace

Result<std::vector<DeviceInfo>> ListDevices() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorNoDevice || status == cudaErrorInsufficientDriver) {
    Error error = CudaError(status, "looking for CUDA devices");
    error.hint =
        "needs an NVIDIA GPU and a driver at least as new as the CUDA runtime that --version shows";
    return error;
  }
  COMMPLAN_RETURN_IF_CUDA_ERROR(status);
  std::vector<DeviceInfo> devices;
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties;
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaGetDeviceProperties(&properties, index));
    std::array<char, 32> bus_id{};
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaDeviceGetPCIBusId(bus_id.data(), static_cast<int>(bus_id.size()), index));
    devices.push_back({.index = index,
                       .name = properties.name,
                       .compute_capability = properties.major * 10 + properties.minor,
                       .multiprocessors = properties.multiProcessorCount,
                       .memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem),
                       .pci_bus_id = bus_id.data()});
  }
  return devices;
}

Result<void> ProveDevice(int index) {
  // Not a multiple of the block size: the kernel's own bound is part of the proof.
  constexpr std::uint32_t kWords = 100'003;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(index));
  void* raw = nullptr;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMalloc(&raw, kWords * sizeof(std::uint32_t)));
  const std::unique_ptr<std::uint32_t, Free> words(static_cast<std::uint32_t*>(raw));
  COMMPLAN_RETURN_IF_CUDA_ERROR(LaunchProof(words.get(), kWords));
  std::vector<std::uint32_t> copy(kWords);
  COMMPLAN_RETURN_IF_CUDA_ERROR(
      cudaMemcpy(copy.data(), words.get(), kWords * sizeof(std::uint32_t), cudaMemcpyDeviceToHost));
  for (std::uint32_t i = 0; i < kWords; ++i) {
    if (copy[i] != ProofWord(i)) {
      return DeviceError("device " + std::to_string(index) + " wrote " + std::to_string(copy[i]) +
                             " in word " + std::to_string(i) + ", expected " +
                             std::to_string(ProofWord(i)),
                         "the device or its driver is faulty; do not measure with it");
    }
  }
  return {};
}

}  // namespace commplan::device
