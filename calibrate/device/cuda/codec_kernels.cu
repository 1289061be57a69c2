// The formatter does not know this file's own header, which comes first.
// clang-format off
#include "calibrate/device/cuda/codec_kernels.h"
// clang-format on

#include <algorithm>
#include <array>

#include "calibrate/device/cuda/codec_device.cuh"

namespace commplan::device {
namespace {

std::uint32_t GridFor(std::int64_t values) {
  constexpr std::int64_t kEach = std::int64_t{kTileValues} * kWarps;
  return static_cast<std::uint32_t>((values + kEach - 1) / kEach);
}

cudaError_t FindMax(const float* values, std::int64_t count, std::uint32_t* scratch,
                    cudaStream_t stream) {
  const cudaError_t cleared = cudaMemsetAsync(scratch, 0, sizeof(*scratch), stream);
  if (cleared != cudaSuccess) return cleared;
  // Few enough that the atomics are nothing, enough to fill any device.
  constexpr std::uint32_t kMostBlocks = 2048;
  FiniteMaxKernel<<<std::min(GridFor(count), kMostBlocks), kThreads, 0, stream>>>(values, count,
                                                                                  scratch);
  return cudaGetLastError();
}

template <class Lane>
cudaError_t Encode(const float* values, std::int64_t count, std::uint8_t* wire,
                   std::uint32_t* scratch, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  if constexpr (Lane::kOfMessage) {
    const cudaError_t found = FindMax(values, count, scratch, stream);
    if (found != cudaSuccess) return found;
  }
  EncodeKernel<Lane><<<GridFor(count), kThreads, 0, stream>>>(values, count, wire, scratch);
  return cudaGetLastError();
}

template <class Lane, bool kAdd>
cudaError_t Decode(const std::uint8_t* wire, std::int64_t count, float* values,
                   cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  DecodeKernel<Lane, kAdd><<<GridFor(count), kThreads, 0, stream>>>(wire, count, values);
  return cudaGetLastError();
}

template <class Lane>
cudaError_t Hop(const std::uint8_t* in, std::int64_t count, float* values, std::uint8_t* out,
                std::uint32_t* scratch, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  if constexpr (Lane::kOfMessage) {
    // The scale of the sum's message is known only when all of the sum is.
    const cudaError_t added = Decode<Lane, true>(in, count, values, stream);
    return added != cudaSuccess ? added : Encode<Lane>(values, count, out, scratch, stream);
  } else {
    HopKernel<Lane><<<GridFor(count), kThreads, 0, stream>>>(in, count, values, out);
    return cudaGetLastError();
  }
}

template <class Lane>
constexpr CodecKernels KernelsOf(std::string_view name) {
  return {name, Encode<Lane>, Decode<Lane, false>, Decode<Lane, true>, Hop<Lane>};
}

constexpr std::array<CodecKernels, 7> kKernels = {{
    KernelsOf<Tq3Lane>("tq3"),
    KernelsOf<Dual2Lane>("dual2"),
    KernelsOf<Mxfp4Lane>("mxfp4"),
    KernelsOf<Mxfp8Lane>("mxfp8"),
    KernelsOf<Nvfp4Lane>("nvfp4"),
    KernelsOf<Int8Lane>("int8-b32"),
    KernelsOf<Int4Lane>("int4-b32"),
}};

}  // namespace

const CodecKernels* FindCodecKernels(std::string_view codec) {
  for (const CodecKernels& kernels : kKernels) {
    if (kernels.name == codec) return &kernels;
  }
  return nullptr;
}

std::vector<std::string> CodecKernelNames() {
  std::vector<std::string> names;
  for (const CodecKernels& kernels : kKernels) names.emplace_back(kernels.name);
  return names;
}

}  // namespace commplan::device
