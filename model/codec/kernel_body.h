// The text of the kernels, compiled once per kind of processor (kernels_portable.cc and
// kernels_avx2.cc), each time in a namespace of its own.
//
// All loops run over chunks of 32 values, four vectors of eight. Sums have a fixed order, that of a
// butterfly over 32 lanes (i with i + 16, then + 8, + 4, + 2, + 1), as a GPU warp adds them. There
// is no fused multiply-add. Little-endian bytes.
//
// Nothing of the standard library that is a template may be called here: the linker would keep one
// copy for both, compiled for either processor.
#pragma once

#ifndef COMMPLAN_CODEC_PATH
#error "define COMMPLAN_CODEC_PATH, the namespace of this compilation"
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/codec/bits.h"
#include "model/codec/format.h"
#include "model/codec/kernels.h"

namespace commplan::codec::COMMPLAN_CODEC_PATH {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bytes are written as they lie");

// ---- eight lanes, four of them a chunk ----
//
// The vector types of g++ and clang: what the processor lacks is done in halves or one by one, with
// the same result.

template <class T, int kLanes>
struct Vector {
  typedef T Type __attribute__((vector_size(kLanes * sizeof(T))));  // NOLINT(modernize-use-using)
};
using Floats = Vector<float, 8>::Type;
using Ints = Vector<std::int32_t, 8>::Type;
using Words = Vector<std::uint32_t, 8>::Type;

inline constexpr int kVectors = kChunk / 8;
inline constexpr std::int32_t kAbsMask = 0x7FFFFFFF;

COMMPLAN_CODEC_INLINE Floats Load(const float* from) {
  Floats lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}
COMMPLAN_CODEC_INLINE void Store(const Floats& lanes, float* to) {
  std::memcpy(to, &lanes, sizeof(lanes));
}
COMMPLAN_CODEC_INLINE Ints AsInts(const Floats& lanes) { return __builtin_bit_cast(Ints, lanes); }
COMMPLAN_CODEC_INLINE Floats AsFloats(const Ints& lanes) {
  return __builtin_bit_cast(Floats, lanes);
}
COMMPLAN_CODEC_INLINE Ints Magnitude(const Floats& lanes) { return AsInts(lanes) & kAbsMask; }
// The sign bit, moved right.
COMMPLAN_CODEC_INLINE Ints SignAt(const Floats& lanes, int shift) {
  const Words words = __builtin_bit_cast(Words, lanes) & 0x80000000U;
  return __builtin_bit_cast(Ints, words >> shift);
}
COMMPLAN_CODEC_INLINE Floats All(float value) { return Floats{} + value; }
COMMPLAN_CODEC_INLINE Ints AllInts(std::int32_t value) { return Ints{} + value; }
// -1 where true, 0 elsewhere, chooses.
COMMPLAN_CODEC_INLINE Ints Choose(const Ints& where, const Ints& yes, const Ints& no) {
  return (yes & where) | (no & ~where);
}
// a where a < b, so b for a NaN; and the reverse.
COMMPLAN_CODEC_INLINE Floats Smaller(const Floats& a, const Floats& b) { return a < b ? a : b; }
COMMPLAN_CODEC_INLINE Floats Larger(const Floats& a, const Floats& b) { return a > b ? a : b; }
COMMPLAN_CODEC_INLINE Ints Larger(const Ints& a, const Ints& b) { return a > b ? a : b; }
// Of values without a sign: as numbers they are in the order of their bits, NaN behind infinity.
COMMPLAN_CODEC_INLINE Floats SmallerPositive(const Floats& a, const Floats& b) {
  const Ints x = AsInts(a);
  const Ints y = AsInts(b);
  return AsFloats(x < y ? x : y);
}

template <class Lanes>
COMMPLAN_CODEC_INLINE Lanes SwapFours(const Lanes& x) {
  return __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
}
template <class Lanes>
COMMPLAN_CODEC_INLINE Lanes SwapTwos(const Lanes& x) {
  return __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
}
template <class Lanes>
COMMPLAN_CODEC_INLINE Lanes SwapOnes(const Lanes& x) {
  return __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6);
}

COMMPLAN_CODEC_INLINE std::uint32_t MaxLane(const Ints& lanes) {
  Ints x = lanes;
  x = Larger(x, SwapFours(x));
  x = Larger(x, SwapTwos(x));
  x = Larger(x, SwapOnes(x));
  return static_cast<std::uint32_t>(x[0]);
}
// The sum of all lanes, in every lane.
template <class Lanes>
COMMPLAN_CODEC_INLINE Lanes SumLanes(const Lanes& lanes) {
  Lanes x = lanes;
  x = x + SwapFours(x);
  x = x + SwapTwos(x);
  return x + SwapOnes(x);
}
// All bits of all lanes together.
COMMPLAN_CODEC_INLINE std::uint32_t OrLanes(const Ints& lanes) {
  Ints x = lanes;
  x = x | SwapFours(x);
  x = x | SwapTwos(x);
  x = x | SwapOnes(x);
  return static_cast<std::uint32_t>(x[0]);
}

COMMPLAN_CODEC_INLINE std::size_t Least(std::size_t a, std::size_t b) { return a < b ? a : b; }

// The next up to 32 values, filled up with `fill`.
COMMPLAN_CODEC_INLINE const float* Padded(const float* in, std::size_t count, float fill,
                                          float* scratch) {
  if (count >= kChunk) return in;
  for (std::size_t i = 0; i < kChunk; ++i) scratch[i] = i < count ? in[i] : fill;
  return scratch;
}

struct Chunk {
  Floats lanes[kVectors];
};
COMMPLAN_CODEC_INLINE Chunk LoadChunk(const float* x) {
  return {{Load(x), Load(x + 8), Load(x + 16), Load(x + 24)}};
}

// The place of each of eight values in its plane's byte.
inline constexpr Ints kPlaces = {1, 2, 4, 8, 16, 32, 64, 128};

// A word from four masks (bit i is value i), and the mask of vector `v` from a word.
COMMPLAN_CODEC_INLINE std::uint32_t Plane(const Ints* masks) {
  Ints bits{};
  for (int v = 0; v < kVectors; ++v) bits |= (masks[v] & kPlaces) << (8 * v);
  return OrLanes(bits);
}
COMMPLAN_CODEC_INLINE Ints MaskOf(std::uint32_t word, int v) {
  const Ints places = kPlaces << (8 * v);
  return (AllInts(static_cast<std::int32_t>(word)) & places) == places;
}

template <bool kAdd>
COMMPLAN_CODEC_INLINE void Put(const Chunk& values, std::size_t count, float* out) {
  if (count >= kChunk) {
    for (int v = 0; v < kVectors; ++v) {
      float* const at = out + 8 * v;
      Store(kAdd ? Load(at) + values.lanes[v] : values.lanes[v], at);
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const float value = values.lanes[i / 8][i % 8];
    out[i] = kAdd ? out[i] + value : value;
  }
}

// The bits of the largest magnitude; infinity and NaN are larger than any number. With kFinite
// those count as 0.
template <bool kFinite = false>
COMMPLAN_CODEC_INLINE std::uint32_t MaxBits(const float* x, std::size_t count) {
  Ints lanes{};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    Ints bits = Magnitude(Load(x + i));
    if (kFinite) bits &= bits < static_cast<std::int32_t>(kInfinityBits);
    lanes = Larger(lanes, bits);
  }
  std::uint32_t largest = MaxLane(lanes);
  for (; i < count; ++i) {
    std::uint32_t bits = BitsOf(x[i]) & kAbsBits;
    if (kFinite && bits >= kInfinityBits) bits = 0;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

inline float FiniteMax(const float* x, std::size_t count) {
  return FromBits(MaxBits<true>(x, count));
}

// ---- codes to bytes and back ----

// Codes of at most eight bits, one per byte, in the order of the values.
using Bytes32 = Vector<std::uint8_t, 32>::Type;
using Quads = Vector<std::uint64_t, 4>::Type;

// Value i stands in lane i % 8 of vector i / 8: the four bytes of a lane belong 8 apart.
COMMPLAN_CODEC_INLINE Quads ToBytes(const Ints* codes) {
  const Ints mixed = codes[0] | (codes[1] << 8) | (codes[2] << 16) | (codes[3] << 24);
  const Bytes32 b = __builtin_bit_cast(Bytes32, mixed);
  const Bytes32 ordered =
      __builtin_shufflevector(b, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29, 2, 6,
                              10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  return __builtin_bit_cast(Quads, ordered);
}

COMMPLAN_CODEC_INLINE void FromBytes(const Quads& bytes, Ints* codes) {
  const Bytes32 b = __builtin_bit_cast(Bytes32, bytes);
  const Bytes32 mixed =
      __builtin_shufflevector(b, b, 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27, 4, 12,
                              20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
  const Ints lanes = __builtin_bit_cast(Ints, mixed);
  for (int v = 0; v < kVectors; ++v) codes[v] = (lanes >> (8 * v)) & 255;
}

// In each lane, eight codes of `bits` bits, one per byte, pushed together into the low 8 * bits
// bits: pairs, then pairs of pairs, then both halves.
COMMPLAN_CODEC_INLINE Quads Squeeze(const Quads& codes, int bits) {
  Quads w = codes;
  const int gap = 8 - bits;
  w = (w & 0x00FF00FF00FF00FFULL) | ((w & 0xFF00FF00FF00FF00ULL) >> gap);
  w = (w & 0x0000FFFF0000FFFFULL) | ((w & 0xFFFF0000FFFF0000ULL) >> (2 * gap));
  return (w & 0xFFFFFFFFULL) | ((w >> 32 << 32) >> (4 * gap));
}

// The reverse: both halves apart, then the pairs, then the codes.
COMMPLAN_CODEC_INLINE Quads Stretch(const Quads& packed, int bits) {
  Quads w = packed;
  const std::uint64_t four = (1ULL << (4 * bits)) - 1U;
  const std::uint64_t two = ((1ULL << (2 * bits)) - 1U) * 0x0000000100000001ULL;
  const std::uint64_t one = ((1ULL << bits) - 1U) * 0x0001000100010001ULL;
  const int gap = 8 - bits;
  w = (w & four) | ((w & (four << (4 * bits))) << (4 * gap));
  w = (w & two) | ((w & (two << (2 * bits))) << (2 * gap));
  return (w & one) | ((w & (one << bits)) << gap);
}

// Four groups of kBits bytes each, with sizes that the compiler knows.
template <int kBits>
COMMPLAN_CODEC_INLINE void StoreGroups(const Quads& groups, std::uint8_t* out) {
  if constexpr (kBits <= 4) {
    // Two groups fit in one word.
    const std::uint64_t first = groups[0] | (groups[1] << (8 * kBits));
    const std::uint64_t second = groups[2] | (groups[3] << (8 * kBits));
    std::memcpy(out, &first, 2 * kBits);
    std::memcpy(out + 2 * kBits, &second, 2 * kBits);
  } else {
    for (int g = 0; g < 4; ++g) {
      const std::uint64_t group = groups[g];
      std::memcpy(out + g * kBits, &group, kBits);
    }
  }
}

template <int kBits>
COMMPLAN_CODEC_INLINE Quads LoadGroups(const std::uint8_t* in) {
  if constexpr (kBits == 4) {
    Vector<std::uint32_t, 4>::Type words;
    std::memcpy(&words, in, 16);
    return __builtin_convertvector(words, Quads);
  }
  std::uint64_t groups[4] = {};
  for (int g = 0; g < 4; ++g) std::memcpy(groups + g, in + g * kBits, kBits);
  return Quads{groups[0], groups[1], groups[2], groups[3]};
}

// 32 codes to 4 * bits bytes and back.
COMMPLAN_CODEC_INLINE void Pack(const Quads& codes, int bits, std::uint8_t* out) {
  switch (bits) {
    case 2:
      return StoreGroups<2>(Squeeze(codes, 2), out);
    case 3:
      return StoreGroups<3>(Squeeze(codes, 3), out);
    case 4:
      return StoreGroups<4>(Squeeze(codes, 4), out);
    case 5:
      return StoreGroups<5>(Squeeze(codes, 5), out);
    case 6:
      return StoreGroups<6>(Squeeze(codes, 6), out);
    case 7:
      return StoreGroups<7>(Squeeze(codes, 7), out);
    default:
      std::memcpy(out, &codes, kChunk);
  }
}

COMMPLAN_CODEC_INLINE Quads Unpack(const std::uint8_t* in, int bits) {
  switch (bits) {
    case 2:
      return Stretch(LoadGroups<2>(in), 2);
    case 3:
      return Stretch(LoadGroups<3>(in), 3);
    case 4:
      return Stretch(LoadGroups<4>(in), 4);
    case 5:
      return Stretch(LoadGroups<5>(in), 5);
    case 6:
      return Stretch(LoadGroups<6>(in), 6);
    case 7:
      return Stretch(LoadGroups<7>(in), 7);
    default:
      Quads codes;
      std::memcpy(&codes, in, kChunk);
      return codes;
  }
}

COMMPLAN_CODEC_INLINE std::size_t CodeBytes(std::size_t count, int bits) {
  return (count * static_cast<std::size_t>(bits) + 7) / 8;
}

// The bytes of up to 32 codes; the codes behind the last must be 0.
COMMPLAN_CODEC_INLINE void WriteCodes(const Quads& codes, int bits, std::size_t count,
                                      std::uint8_t* out) {
  if (count >= kChunk) return Pack(codes, bits, out);
  std::uint8_t packed[kChunk];
  Pack(codes, bits, packed);
  std::memcpy(out, packed, CodeBytes(count, bits));
}

COMMPLAN_CODEC_INLINE Quads ReadCodes(const std::uint8_t* in, int bits, std::size_t count) {
  if (count >= kChunk) return Unpack(in, bits);
  std::uint8_t packed[kChunk] = {};
  std::memcpy(packed, in, CodeBytes(count, bits));
  return Unpack(packed, bits);
}

// ---- scales ----

struct BlockScale {
  std::uint32_t code = 0;
  std::uint32_t zero_code = 0;
  float inverse = 0;  // 0: all codes of the block are 0
  float zero = 0;
};

COMMPLAN_CODEC_INLINE float InverseOf(float scale) { return scale > 0 ? 1.0F / scale : 0.0F; }

// SaturatedHalf of a finite value >= 0, and what it stands for.
struct RoundedHalf {
  std::uint32_t code = 0;
  float value = 0;
};
COMMPLAN_CODEC_INLINE RoundedHalf PositiveHalf(float value) {
  const std::uint32_t code = RoundToCode(codec::Smaller(value, kHalfTop), 10, -14);
  return {.code = code, .value = CodeValue(code, 10, -14)};
}

COMMPLAN_CODEC_INLINE BlockScale PowerScale(const BlockPlan& plan, float largest, int bias) {
  int exponent = FloorLog2(largest) - plan.top_exponent;
  exponent = exponent < -bias ? -bias : exponent;
  exponent = exponent > bias ? bias : exponent;
  return {.code = static_cast<std::uint32_t>(exponent + bias), .inverse = PowerOfTwo(-exponent)};
}

// The scale of a block by its largest magnitude (all but kFp16Zero).
COMMPLAN_CODEC_INLINE BlockScale ScaleFor(const BlockPlan& plan, std::uint32_t max_bits,
                                          float tensor_scale) {
  const bool broken = max_bits >= kInfinityBits;
  const float largest = FromBits(max_bits);
  switch (plan.scale) {
    case Scale::kNone:
      return {.inverse = 1};
    case Scale::kE8M0:
      return broken ? BlockScale{.code = 255} : PowerScale(plan, largest, 127);
    case Scale::kE5M0:
      return broken ? BlockScale{.code = 31} : PowerScale(plan, largest, 15);
    case Scale::kE4M3: {
      if (broken) return {.code = 127};
      const float wanted = codec::Smaller(largest / (plan.top * tensor_scale), 448.0F);
      const std::uint32_t code = RoundToCode(wanted, 3, -6);
      return {.code = code, .inverse = InverseOf(CodeValue(code, 3, -6) * tensor_scale)};
    }
    case Scale::kFp16: {
      if (broken) return {.code = kHalfNan};
      const RoundedHalf half = PositiveHalf(largest / plan.top);
      return {.code = half.code, .inverse = InverseOf(half.value)};
    }
    case Scale::kFp16Zero:
      break;
  }
  return {};
}

// The scale and zero point of a block by its ends: zero = the least value, the scale spans the
// rest.
COMMPLAN_CODEC_INLINE BlockScale AsymmetricScale(const BlockPlan& plan, const float* x,
                                                 std::size_t count) {
  if (MaxBits(x, count) >= kInfinityBits) return {.code = kHalfNan, .zero_code = kHalfNan};
  Floats lows = All(x[0]);
  Floats highs = lows;
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    lows = Smaller(Load(x + i), lows);
    highs = Larger(Load(x + i), highs);
  }
  float low = lows[0];
  float high = highs[0];
  for (int j = 1; j < 8; ++j) {
    low = codec::Smaller(lows[j], low);
    high = codec::Larger(highs[j], high);
  }
  for (; i < count; ++i) {
    low = codec::Smaller(x[i], low);
    high = codec::Larger(x[i], high);
  }
  BlockScale scale;
  scale.zero_code = SaturatedHalf(low);
  scale.zero = FromHalf(scale.zero_code);
  // Both ends are brought into the range of fp16 first: no difference overflows.
  const float span = codec::Larger(codec::Smaller(high, 2 * kHalfTop) - scale.zero, 0.0F);
  const RoundedHalf half = PositiveHalf(span / plan.top);
  scale.code = half.code;
  scale.inverse = InverseOf(half.value);
  return scale;
}

COMMPLAN_CODEC_INLINE void WriteScale(Scale kind, const BlockScale& scale, std::size_t index,
                                      std::uint8_t* out) {
  switch (kind) {
    case Scale::kNone:
      return;
    case Scale::kE8M0:
    case Scale::kE4M3:
      out[index] = static_cast<std::uint8_t>(scale.code);
      return;
    case Scale::kE5M0: {
      const std::size_t bit = 5 * index;
      const std::uint32_t field = scale.code << (bit % 8);
      out[bit / 8] = static_cast<std::uint8_t>(out[bit / 8] | (field & 255U));
      // The second byte exists only where the field reaches into it.
      if (bit % 8 > 3) {
        out[bit / 8 + 1] = static_cast<std::uint8_t>(out[bit / 8 + 1] | (field >> 8));
      }
      return;
    }
    case Scale::kFp16: {
      const auto half = static_cast<std::uint16_t>(scale.code);
      std::memcpy(out + 2 * index, &half, 2);
      return;
    }
    case Scale::kFp16Zero: {
      const std::uint32_t both = scale.code | (scale.zero_code << 16);
      std::memcpy(out + 4 * index, &both, 4);
      return;
    }
  }
}

struct ReadBackScale {
  float scale = 1;
  float zero = 0;
};

COMMPLAN_CODEC_INLINE float PowerScaleValue(std::uint32_t code, int bias, std::uint32_t nan) {
  return code == nan ? FromBits(kQuietNanBits) : PowerOfTwo(static_cast<int>(code) - bias);
}

COMMPLAN_CODEC_INLINE ReadBackScale ReadScale(Scale kind, const std::uint8_t* in, std::size_t index,
                                              float tensor_scale) {
  switch (kind) {
    case Scale::kNone:
      return {};
    case Scale::kE8M0:
      return {.scale = PowerScaleValue(in[index], 127, 255)};
    case Scale::kE4M3: {
      // An encoder writes no sign here; a sign that is there is taken as one.
      const std::uint32_t code = in[index] & 127U;
      const float value = code == 127 ? FromBits(kQuietNanBits) : CodeValue(code, 3, -6);
      return {.scale = (in[index] > 127 ? -value : value) * tensor_scale};
    }
    case Scale::kE5M0: {
      const std::size_t bit = 5 * index;
      std::uint32_t field = in[bit / 8];
      if (bit % 8 > 3) field |= static_cast<std::uint32_t>(in[bit / 8 + 1]) << 8;
      return {.scale = PowerScaleValue((field >> (bit % 8)) & 31U, 15, 31)};
    }
    case Scale::kFp16: {
      std::uint16_t half = 0;
      std::memcpy(&half, in + 2 * index, 2);
      return {.scale = FromHalf(half)};
    }
    case Scale::kFp16Zero: {
      std::uint32_t both = 0;
      std::memcpy(&both, in + 4 * index, 4);
      return {.scale = FromHalf(both & 0xFFFFU), .zero = FromHalf(both >> 16)};
    }
  }
  return {};
}

}  // namespace commplan::codec::COMMPLAN_CODEC_PATH
