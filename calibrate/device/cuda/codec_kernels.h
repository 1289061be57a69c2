// The codecs as kernels of a device: each bit as model/codec writes it. A call only enqueues; what
// it returns is the launch's fault.
//
// Pointers are of device memory, or of pinned host memory, and begin at multiples of 16 bytes. One
// warp works on a tile of 1024 values, each lane on a chunk of 32: values and codes pass through
// shared memory, so that every access to memory is of 16 bytes, side by side.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace commplan::device {

struct CodecKernels {
  std::string_view name;  // as in model/codec
  // `scratch` is four bytes of device memory for the codecs that look at the whole message first.
  cudaError_t (*encode)(const float* values, std::int64_t count, std::uint8_t* wire,
                        std::uint32_t* scratch, cudaStream_t stream) = nullptr;
  cudaError_t (*decode)(const std::uint8_t* wire, std::int64_t count, float* values,
                        cudaStream_t stream) = nullptr;
  // values[i] += decoded value i
  cudaError_t (*decode_add)(const std::uint8_t* wire, std::int64_t count, float* values,
                            cudaStream_t stream) = nullptr;
  // One hop of a ring: the sum of the values and what is decoded from `in`, encoded to `out`. The
  // values themselves may or may not become the sum.
  cudaError_t (*decode_add_encode)(const std::uint8_t* in, std::int64_t count, float* values,
                                   std::uint8_t* out, std::uint32_t* scratch,
                                   cudaStream_t stream) = nullptr;
};

// Null where there is none for this codec.
const CodecKernels* FindCodecKernels(std::string_view codec);
std::vector<std::string> CodecKernelNames();

}  // namespace commplan::device
