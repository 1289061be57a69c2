// The kernels for x86 processors with AVX2, from the same text.
//
// Everything that may be shared with other sources is included first, so that it is compiled for
// any processor; only the kernels themselves are compiled for AVX2.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/codec/bits.h"
#include "model/codec/format.h"
#include "model/codec/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#define COMMPLAN_CODEC_PATH avx2
#include "model/codec/kernel_planes.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace commplan::codec {

const Kernels* Avx2Kernels() {
  return __builtin_cpu_supports("avx2") != 0 ? &avx2::kKernels : nullptr;
}

}  // namespace commplan::codec

#else

namespace commplan::codec {

const Kernels* Avx2Kernels() { return nullptr; }

}  // namespace commplan::codec

#endif
