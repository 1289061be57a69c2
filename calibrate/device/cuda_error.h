// Turns a CUDA call's status into an Error that names the call. Host code only.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "model/base/result.h"

namespace commplan::device {

// Also clears the runtime's sticky error, so that the next call is judged on its own.
inline Error CudaError(cudaError_t status, const std::string& call) {
  (void)cudaGetLastError();
  return DeviceError(call + ": " + cudaGetErrorName(status) + ": " + cudaGetErrorString(status));
}

}  // namespace commplan::device

// Returns the error of `call` from the function it stands in.
#define COMMPLAN_RETURN_IF_CUDA_ERROR(call)                                   \
  do {                                                                        \
    if (const cudaError_t cuda_status = (call); cuda_status != cudaSuccess) { \
      return ::commplan::device::CudaError(cuda_status, #call);               \
    }                                                                         \
  } while (false)
