// The time of kernels that only move bytes: norms, activations, embedding look-ups, copies.
//
//   t = launch + bytes / (em B)
//
// Flops do not appear: these kernels do a few per byte, far below any device's balance.
#pragma once

#include "model/compute/kernel.h"

namespace commplan {

template <class R>
struct MemoryEfficiencyOf {
  TimeOf<R> launch{};
  R memory{};
};
using MemoryEfficiency = MemoryEfficiencyOf<double>;

template <class Efficiency, class Visit>
void VisitMemory(Efficiency& e, Visit visit) {
  visit("launch_us", 1e-6, e.launch);
  visit("memory_efficiency", 1.0, e.memory);
}

template <class R>
KernelPartsOf<R> MemoryTimes(const BytesOf<R>& bytes, const BandwidthOf<R>& bandwidth,
                             const MemoryEfficiencyOf<R>& e) {
  KernelPartsOf<R> parts;
  parts.launch = e.launch;
  parts.memory = bytes / bandwidth / e.memory;
  return parts;
}

// Bytes read and written; `bytes` is the size of one value.

// One norm over rows of `hidden`. With the residual added in the same kernel (as engines do) it
// reads two inputs and writes two results.
constexpr Bytes NormBytes(double tokens, double hidden, double bytes, bool adds_residual) {
  return B((adds_residual ? 4 : 2) * tokens * hidden * bytes);
}

// act(gate) * up reads two rows of `width` and writes one; a plain activation reads one.
constexpr Bytes ActivationBytes(double tokens, double width, double bytes, bool gated) {
  return B((gated ? 3 : 2) * tokens * width * bytes);
}

// A row of the table per token, written out.
constexpr Bytes EmbeddingBytes(double tokens, double hidden, double bytes) {
  return B(2 * tokens * hidden * bytes);
}

constexpr Bytes CopyBytes(Bytes size) { return size * 2.0; }

}  // namespace commplan
