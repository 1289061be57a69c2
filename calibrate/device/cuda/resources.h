// Memory, streams, events and graphs of CUDA that free themselves.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <type_traits>

#include "calibrate/device/cuda_error.h"
#include "model/base/result.h"

namespace commplan::device {

// Frees on destruction; whether that worked no longer matters then.
template <class Handle, cudaError_t (*kFree)(Handle)>
struct FreeCuda {
  using pointer = Handle;  // NOLINT(readability-identifier-naming): unique_ptr's name
  void operator()(Handle handle) const { (void)kFree(handle); }
};

using DeviceMemory = std::unique_ptr<void, FreeCuda<void*, cudaFree>>;
using PinnedMemory = std::unique_ptr<void, FreeCuda<void*, cudaFreeHost>>;
using Stream = std::unique_ptr<void, FreeCuda<cudaStream_t, cudaStreamDestroy>>;
using Event = std::unique_ptr<void, FreeCuda<cudaEvent_t, cudaEventDestroy>>;
using Graph = std::unique_ptr<void, FreeCuda<cudaGraph_t, cudaGraphDestroy>>;
using GraphExec = std::unique_ptr<void, FreeCuda<cudaGraphExec_t, cudaGraphExecDestroy>>;

// All on the current device. Sizes of 0 give memory nonetheless.
Result<DeviceMemory> AllocateDevice(std::int64_t bytes);
Result<PinnedMemory> AllocatePinned(std::int64_t bytes);
// It does not wait for the default stream.
Result<Stream> MakeStream();
Result<Event> MakeEvent();          // for times
Result<Event> MakeEventForOrder();  // for other streams to wait on: cheaper

template <class T>
T* As(const DeviceMemory& memory) {
  return static_cast<T*>(memory.get());
}
template <class T>
T* As(const PinnedMemory& memory) {
  return static_cast<T*>(memory.get());
}

}  // namespace commplan::device
