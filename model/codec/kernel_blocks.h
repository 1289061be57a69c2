// The kernels of block formats and plain casts: elements under a scale. See kernel_body.h.
#pragma once

#include "model/codec/kernel_body.h"

namespace commplan::codec::COMMPLAN_CODEC_PATH {

// ---- 32 elements at a time ----

// What the values of each eight are multiplied with, after `zero` has been taken off. No block ends
// within eight.
struct ChunkScale {
  float factor[kVectors];
  float zero[kVectors];  // ElementKind::kUnsigned only
};

// RoundToCode and CodeValue of bits.h, eight at a time.
COMMPLAN_CODEC_INLINE Ints RoundToCodes(const Floats& value, int mantissa, int least) {
  const Ints lowest = AllInts(least + 127);
  const Ints exponent = Larger(AsInts(value) >> 23, lowest);
  const Ints magic = (exponent + (23 - mantissa)) << 23;
  const Ints steps = AsInts(value + AsFloats(magic)) - magic;
  return ((exponent - lowest) << mantissa) + steps;
}

COMMPLAN_CODEC_INLINE Floats CodeValues(const Ints& code, int mantissa, int least) {
  const std::int32_t hidden = 1 << mantissa;
  const Ints subnormal = code < hidden;
  const Ints normal = code + (subnormal & hidden);
  const Ints base = subnormal & ((least + 127) << 23);
  return AsFloats((normal << (23 - mantissa)) + ((least + 126) << 23)) - AsFloats(base);
}

template <ElementKind kKind>
COMMPLAN_CODEC_INLINE void EncodeElements(const BlockPlan& plan, const Chunk& x,
                                          const ChunkScale& scale, Ints* codes) {
  const Floats top = All(plan.top);
  for (int v = 0; v < kVectors; ++v) {
    Ints wide;
    if constexpr (kKind == ElementKind::kFloat) {
      const Floats scaled = AsFloats(Magnitude(x.lanes[v])) * scale.factor[v];
      wide = RoundToCodes(SmallerPositive(scaled, top), plan.mantissa, plan.least) |
             SignAt(x.lanes[v], 32 - plan.bits);
    } else if constexpr (kKind == ElementKind::kInteger) {
      // 1.5 * 2^23 has the steps of an integer, and room for both signs below its next power of
      // two; with bits behind the point it is as much smaller.
      const std::int32_t magic = 0x4B400000 - (plan.fraction << 23);
      const Floats value = Larger(Smaller(x.lanes[v] * scale.factor[v], top), -top);
      const Ints mask = AllInts((1 << plan.bits) - 1);
      wide = (AsInts(value + AsFloats(AllInts(magic))) - magic) & mask;
    } else {
      const std::int32_t magic = 0x4B000000;  // 2^23
      const Floats value = (x.lanes[v] - scale.zero[v]) * scale.factor[v];
      wide = AsInts(Larger(Smaller(value, top), All(0)) + AsFloats(AllInts(magic))) - magic;
    }
    codes[v] = wide;
  }
}

// Infinity and NaN of a cast without a scale.
COMMPLAN_CODEC_INLINE void EncodeSpecials(const BlockPlan& plan, const Chunk& x, Ints* codes) {
  for (int v = 0; v < kVectors; ++v) {
    const Ints magnitude = Magnitude(x.lanes[v]);
    Ints special = AllInts(127);
    if (plan.specials == Specials::kIeee) {
      const Ints infinity =
          SignAt(x.lanes[v], 32 - plan.bits) | static_cast<std::int32_t>(plan.top_code + 1);
      special = Choose(magnitude == static_cast<std::int32_t>(kInfinityBits), infinity, special);
    }
    const Ints is_special = magnitude >= static_cast<std::int32_t>(kInfinityBits);
    codes[v] = Choose(is_special, special, codes[v]);
  }
}

// The top codes of E4M3 and E5M2: `values` where the code is a number, else infinity or NaN.
COMMPLAN_CODEC_INLINE Floats WithSpecials(const BlockPlan& plan, const Ints& code,
                                          const Floats& values) {
  const auto top = static_cast<std::int32_t>(plan.top_code);
  const Ints magnitude = code & 127;
  Ints special = AllInts(static_cast<std::int32_t>(kQuietNanBits));
  if (plan.specials == Specials::kIeee) {
    special =
        Choose(magnitude == top + 1, AllInts(static_cast<std::int32_t>(kInfinityBits)), special);
  }
  return AsFloats(Choose(magnitude > top, special, AsInts(values)));
}

template <ElementKind kKind>
COMMPLAN_CODEC_INLINE Chunk DecodeElements(const BlockPlan& plan, const Ints* codes,
                                           const ChunkScale& scale) {
  Chunk values;
  for (int v = 0; v < kVectors; ++v) {
    const Ints code = codes[v];
    const std::int32_t sign_bit = 1 << (plan.bits - 1);
    if constexpr (kKind == ElementKind::kFloat) {
      Floats magnitude = CodeValues(code & (sign_bit - 1), plan.mantissa, plan.least);
      if (plan.specials != Specials::kNone) magnitude = WithSpecials(plan, code, magnitude);
      const Ints sign = (code & sign_bit) << (32 - plan.bits);
      values.lanes[v] = AsFloats(AsInts(magnitude) | sign) * scale.factor[v];
    } else if constexpr (kKind == ElementKind::kInteger) {
      const Ints number = (code ^ sign_bit) - sign_bit;
      values.lanes[v] = __builtin_convertvector(number, Floats) * scale.factor[v];
    } else {
      values.lanes[v] = scale.zero[v] + __builtin_convertvector(code, Floats) * scale.factor[v];
    }
  }
  return values;
}

// ---- a chunk: up to 32 values, within one block or holding whole blocks ----

// The scales of the blocks of `plan.block` values in a chunk of `count`, and what they make of each
// value. Returns which values belong to a broken block (bit i for value i); their codes are 0.
template <ElementKind kKind>
COMMPLAN_CODEC_INLINE std::uint32_t ScaleChunk(const BlockPlan& plan, const float* x,
                                               std::size_t count, std::size_t first_block,
                                               const BlockParts& out, ChunkScale& chunk) {
  std::uint32_t broken = 0;
  const std::size_t step = plan.block;
  for (std::size_t begin = 0; begin < kChunk; begin += step) {
    BlockScale scale;
    if (begin < count) {
      if constexpr (kKind == ElementKind::kUnsigned) {
        scale = AsymmetricScale(plan, x + begin, step);
        if (scale.code == kHalfNan) broken |= 0xFFFFFFFFU >> (32 - step) << begin;
      } else {
        // With a bound that the compiler knows.
        const std::uint32_t largest = step == 32   ? MaxBits(x, 32)
                                      : step == 16 ? MaxBits(x + begin, 16)
                                                   : MaxBits(x + begin, 8);
        scale = ScaleFor(plan, largest, out.tensor_scale);
        if (largest >= kInfinityBits && plan.scale != Scale::kNone) {
          broken |= 0xFFFFFFFFU >> (32 - step) << begin;
        }
      }
      WriteScale(plan.scale, scale, first_block + begin / step, out.scales);
    }
    for (std::size_t v = begin / 8; v < (begin + step) / 8; ++v) {
      chunk.factor[v] = scale.inverse;
      chunk.zero[v] = scale.zero;
    }
  }
  return broken;
}

template <ElementKind kKind>
COMMPLAN_CODEC_INLINE void EncodeChunk(const BlockPlan& plan, const float* x, std::size_t count,
                                       const ChunkScale& scale, std::uint32_t broken,
                                       std::uint8_t* out) {
  Ints codes[kVectors];
  const Chunk values = LoadChunk(x);
  EncodeElements<kKind>(plan, values, scale, codes);
  if (plan.scale == Scale::kNone) EncodeSpecials(plan, values, codes);
  if (broken != 0 || count < kChunk) {
    const std::uint32_t wanted = count < kChunk ? ~broken & ((1U << count) - 1U) : ~broken;
    for (int v = 0; v < kVectors; ++v) codes[v] &= MaskOf(wanted, v);
  }
  WriteCodes(ToBytes(codes), plan.bits, count, out);
}

// ---- whole messages ----

// Blocks of 8, 16 or 32: a chunk holds whole blocks.
template <ElementKind kKind>
COMMPLAN_CODEC_INLINE void EncodeSmallBlocks(const BlockPlan& plan, const float* in,
                                             std::size_t count, const BlockParts& out) {
  const std::size_t chunk_bytes = 4 * static_cast<std::size_t>(plan.bits);
  const std::size_t chunk_blocks = kChunk / plan.block;
  std::size_t chunk = 0;
  for (std::size_t at = 0; at < count; at += kChunk, ++chunk) {
    const std::size_t left = Least(count - at, kChunk);
    float scratch[kChunk];
    // A block that ends early is filled up with its last value, which moves neither of its ends.
    const float* x = Padded(in + at, left, in[count - 1], scratch);
    ChunkScale scale;
    const std::uint32_t broken = ScaleChunk<kKind>(plan, x, left, chunk * chunk_blocks, out, scale);
    EncodeChunk<kKind>(plan, x, left, scale, broken, out.codes + chunk * chunk_bytes);
  }
}

// Blocks of any other length: a block holds chunks, and begins at a whole byte.
template <ElementKind kKind>
void EncodeLargeBlocks(const BlockPlan& plan, const float* in, std::size_t count,
                       const BlockParts& out) {
  const std::size_t chunk_bytes = 4 * static_cast<std::size_t>(plan.bits);
  std::size_t block = 0;
  for (std::size_t at = 0; at < count; at += plan.block, ++block) {
    const std::size_t length = Least(count - at, plan.block);
    BlockScale scale;
    if constexpr (kKind == ElementKind::kUnsigned) {
      scale = AsymmetricScale(plan, in + at, length);
    } else {
      scale = ScaleFor(plan, MaxBits(in + at, length), out.tensor_scale);
    }
    const bool broken = plan.scale != Scale::kNone && MaxBits(in + at, length) >= kInfinityBits;
    WriteScale(plan.scale, scale, block, out.scales);
    ChunkScale chunk;
    for (int v = 0; v < kVectors; ++v) {
      chunk.factor[v] = scale.inverse;
      chunk.zero[v] = scale.zero;
    }
    std::uint8_t* codes = out.codes + block * plan.block_code_bytes;
    for (std::size_t i = 0; i < length; i += kChunk, codes += chunk_bytes) {
      float scratch[kChunk];
      const std::size_t left = length - i;
      const float* x = Padded(in + at + i, left, 0, scratch);
      EncodeChunk<kKind>(plan, x, left, chunk, broken ? ~0U : 0U, codes);
    }
  }
}

COMMPLAN_CODEC_INLINE bool IsSmall(std::size_t block) {
  return block == 8 || block == 16 || block == 32;
}

template <ElementKind kKind>
void EncodeKind(const BlockPlan& plan, const float* in, std::size_t count, const BlockParts& out) {
  if (IsSmall(plan.block)) {
    EncodeSmallBlocks<kKind>(plan, in, count, out);
  } else {
    EncodeLargeBlocks<kKind>(plan, in, count, out);
  }
}

template <ElementKind kKind, bool kAdd>
COMMPLAN_CODEC_INLINE void DecodeChunk(const BlockPlan& plan, const std::uint8_t* in,
                                       std::size_t count, const ChunkScale& scale, float* out) {
  Ints codes[kVectors];
  FromBytes(ReadCodes(in, plan.bits, count), codes);
  Put<kAdd>(DecodeElements<kKind>(plan, codes, scale), count, out);
}

template <ElementKind kKind, bool kAdd>
COMMPLAN_CODEC_INLINE void DecodePlanned(const BlockPlan& plan, const ConstBlockParts& in,
                                         std::size_t count, float* out) {
  const std::size_t chunk_bytes = 4 * static_cast<std::size_t>(plan.bits);
  const float unit = PowerOfTwo(-plan.fraction);
  const bool small = IsSmall(plan.block);
  const std::size_t stride = small ? kChunk : plan.block;
  const std::size_t stride_bytes = small ? chunk_bytes : plan.block_code_bytes;
  const std::size_t step = small ? plan.block : kChunk;
  std::size_t block = 0;
  const std::uint8_t* codes = in.codes;
  for (std::size_t at = 0; at < count; at += stride, codes += stride_bytes) {
    const std::size_t length = Least(count - at, stride);
    ChunkScale chunk;
    for (std::size_t begin = 0; begin < kChunk; begin += step) {
      ReadBackScale scale;
      if (begin < length) scale = ReadScale(plan.scale, in.scales, block++, in.tensor_scale);
      for (std::size_t v = begin / 8; v < (begin + step) / 8; ++v) {
        chunk.factor[v] = scale.scale * unit;
        chunk.zero[v] = scale.zero;
      }
    }
    const std::uint8_t* part = codes;
    for (std::size_t i = 0; i < length; i += kChunk, part += chunk_bytes) {
      DecodeChunk<kKind, kAdd>(plan, part, length - i, chunk, out + at + i);
    }
  }
}

template <ElementKind kKind, bool kAdd>
void DecodeKind(const BlockPlan& plan, const ConstBlockParts& in, std::size_t count, float* out) {
  DecodePlanned<kKind, kAdd>(plan, in, count, out);
}

// ---- the formats that are worth a kernel of their own ----

// The same text with a plan that the compiler knows.
template <ElementKind kKind, int kExponent, int kMantissa, Scale kScale, int kBlock,
          Specials kSpecials = Specials::kNone>
struct Fixed {
  static constexpr BlockPlan kPlan = PlanOf({.family = Family::kBlock,
                                             .element = {.kind = kKind,
                                                         .exponent_bits = kExponent,
                                                         .mantissa_bits = kMantissa,
                                                         .specials = kSpecials},
                                             .scale = kScale,
                                             .block = kBlock},
                                            1);

  static bool Is(const BlockPlan& plan) {
    return plan.kind == kPlan.kind && plan.bits == kPlan.bits && plan.mantissa == kMantissa &&
           plan.scale == kScale && plan.block == kBlock && plan.specials == kSpecials &&
           plan.fraction == 0;
  }
  static void Encode(const float* in, std::size_t count, const BlockParts& out) {
    EncodeSmallBlocks<kKind>(kPlan, in, count, out);
  }
  template <bool kAdd>
  static void Decode(const ConstBlockParts& in, std::size_t count, float* out) {
    DecodePlanned<kKind, kAdd>(kPlan, in, count, out);
  }
};

// The first of the kernels that is for this plan does the work; false when none is.
template <class... Kernels>
struct FirstOf {
  static bool Encode(const BlockPlan& plan, const float* in, std::size_t count,
                     const BlockParts& out) {
    return ((Kernels::Is(plan) && (Kernels::Encode(in, count, out), true)) || ...);
  }
  template <bool kAdd>
  static bool Decode(const BlockPlan& plan, const ConstBlockParts& in, std::size_t count,
                     float* out) {
    return ((Kernels::Is(plan) && (Kernels::template Decode<kAdd>(in, count, out), true)) || ...);
  }
};

using Mxfp4 = Fixed<ElementKind::kFloat, 2, 1, Scale::kE8M0, 32>;
using Mxfp6 = Fixed<ElementKind::kFloat, 2, 3, Scale::kE8M0, 32>;
using Mxfp8 = Fixed<ElementKind::kFloat, 4, 3, Scale::kE8M0, 32, Specials::kTopIsNan>;
using Nvfp4 = Fixed<ElementKind::kFloat, 2, 1, Scale::kE4M3, 16>;
using Int4 = Fixed<ElementKind::kInteger, 0, 3, Scale::kFp16, 32>;
using Int8 = Fixed<ElementKind::kInteger, 0, 7, Scale::kFp16, 32>;
using Int4Asym = Fixed<ElementKind::kUnsigned, 0, 4, Scale::kFp16Zero, 32>;
using HotFormats = FirstOf<Mxfp4, Mxfp6, Mxfp8, Nvfp4, Int4, Int8, Int4Asym>;

inline void EncodeBlocks(const BlockPlan& plan, const float* in, std::size_t count,
                         const BlockParts& out) {
  if (HotFormats::Encode(plan, in, count, out)) return;
  switch (plan.kind) {
    case ElementKind::kFloat:
      return EncodeKind<ElementKind::kFloat>(plan, in, count, out);
    case ElementKind::kInteger:
      return EncodeKind<ElementKind::kInteger>(plan, in, count, out);
    case ElementKind::kUnsigned:
      return EncodeKind<ElementKind::kUnsigned>(plan, in, count, out);
  }
}

template <bool kAdd>
void DecodeBlocks(const BlockPlan& plan, const ConstBlockParts& in, std::size_t count, float* out) {
  if (HotFormats::Decode<kAdd>(plan, in, count, out)) return;
  switch (plan.kind) {
    case ElementKind::kFloat:
      return DecodeKind<ElementKind::kFloat, kAdd>(plan, in, count, out);
    case ElementKind::kInteger:
      return DecodeKind<ElementKind::kInteger, kAdd>(plan, in, count, out);
    case ElementKind::kUnsigned:
      return DecodeKind<ElementKind::kUnsigned, kAdd>(plan, in, count, out);
  }
}

}  // namespace commplan::codec::COMMPLAN_CODEC_PATH
