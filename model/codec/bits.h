// The arithmetic of codecs on single numbers, in integers and exactly rounded fp32 steps only, so
// that every machine gives the same bits: a CPU, its vector unit, a GPU without fused
// multiply-add.
#pragma once

#include <cstdint>

#if defined(__GNUC__)
// Without it a kernel compiled for a newer processor would call these instead of widening them.
#define COMMPLAN_CODEC_INLINE inline __attribute__((always_inline))
#else
#define COMMPLAN_CODEC_INLINE inline
#endif

namespace commplan::codec {

inline constexpr std::uint32_t kInfinityBits = 0x7F800000U;
inline constexpr std::uint32_t kQuietNanBits = 0x7FC00000U;
inline constexpr std::uint32_t kAbsBits = 0x7FFFFFFFU;
inline constexpr std::uint32_t kHalfNan = 0x7E00U;
inline constexpr float kHalfTop = 65504.0F;

COMMPLAN_CODEC_INLINE constexpr std::uint32_t BitsOf(float value) {
  return __builtin_bit_cast(std::uint32_t, value);
}
COMMPLAN_CODEC_INLINE constexpr float FromBits(std::uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}
COMMPLAN_CODEC_INLINE constexpr float Abs(float value) {
  return FromBits(BitsOf(value) & kAbsBits);
}
COMMPLAN_CODEC_INLINE constexpr float Smaller(float a, float b) { return a < b ? a : b; }
COMMPLAN_CODEC_INLINE constexpr float Larger(float a, float b) { return a > b ? a : b; }

// 2^exponent, exact, for -149 <= exponent <= 127.
COMMPLAN_CODEC_INLINE constexpr float PowerOfTwo(int exponent) {
  return exponent >= -126 ? FromBits(static_cast<std::uint32_t>(exponent + 127) << 23)
                          : FromBits(1U << (exponent + 149));
}

// floor(log2(value)) of a finite value >= 0; -127 for anything below 2^-126, zero included.
COMMPLAN_CODEC_INLINE constexpr int FloorLog2(float value) {
  return static_cast<int>(BitsOf(value) >> 23) - 127;
}

// The magnitude `value` >= 0 in steps of a float with `mantissa` bits whose least normal exponent
// is `least`: the code of the nearest one, ties to even. No upper end; the caller clamps before.
//
// With e = max(floor(log2 value), least) the neighbours are 2^(e - mantissa) apart. That is the
// distance of fp32 numbers at 2^(e - mantissa + 23), so adding that power of two rounds, and what
// the sum's bits gained is the count of steps. A count of 2^(mantissa + 1) carries into the next
// exponent by itself.
COMMPLAN_CODEC_INLINE constexpr std::uint32_t RoundToCode(float value, int mantissa, int least) {
  const std::uint32_t lowest = static_cast<std::uint32_t>(least + 127);
  const std::uint32_t found = BitsOf(value) >> 23;
  const std::uint32_t exponent = found > lowest ? found : lowest;
  const std::uint32_t magic = (exponent + static_cast<std::uint32_t>(23 - mantissa)) << 23;
  const std::uint32_t steps = BitsOf(value + FromBits(magic)) - magic;
  return ((exponent - lowest) << mantissa) + steps;
}

// The value of such a code. A subnormal m * 2^(least - mantissa) is the normal
// (1 + m / 2^mantissa) * 2^least less 2^least; so no fp32 subnormal, slow on some processors, comes
// up on the way.
COMMPLAN_CODEC_INLINE constexpr float CodeValue(std::uint32_t code, int mantissa, int least) {
  const std::uint32_t hidden = 1U << mantissa;
  const bool subnormal = code < hidden;
  const std::uint32_t normal = subnormal ? code + hidden : code;
  const float base = FromBits(static_cast<std::uint32_t>(least + 127) << 23);
  const float value =
      FromBits((normal << (23 - mantissa)) + (static_cast<std::uint32_t>(least + 126) << 23));
  return subnormal ? value - base : value;
}

// IEEE binary16 of `value`, ties to even; what rounds beyond 65504 is infinity.
COMMPLAN_CODEC_INLINE constexpr std::uint32_t HalfOf(float value) {
  const std::uint32_t sign = (BitsOf(value) >> 16) & 0x8000U;
  const std::uint32_t magnitude = BitsOf(value) & kAbsBits;
  const bool is_nan = magnitude > kInfinityBits;
  // Above 2^17 all is infinity; the clamp keeps RoundToCode within its range.
  const std::uint32_t clamped = magnitude < 0x48000000U ? magnitude : 0x48000000U;
  const std::uint32_t code = RoundToCode(FromBits(clamped), 10, -14);
  const std::uint32_t finite = code < 0x7C00U ? code : 0x7C00U;
  return sign | (is_nan ? kHalfNan : finite);
}

COMMPLAN_CODEC_INLINE constexpr float FromHalf(std::uint32_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7FFFU;
  const std::uint32_t finite = BitsOf(CodeValue(magnitude, 10, -14));
  const std::uint32_t special = kInfinityBits | ((magnitude & 0x3FFU) << 13);
  return FromBits(sign | (magnitude < 0x7C00U ? finite : special));
}

// The binary16 that stores a scale or a zero point: as HalfOf, but saturated, so that finite data
// stay finite.
COMMPLAN_CODEC_INLINE constexpr std::uint32_t SaturatedHalf(float value) {
  return HalfOf(Larger(Smaller(value, kHalfTop), -kHalfTop));
}

// bfloat16: the upper half of an fp32, ties to even. NaNs become one quiet NaN, with their sign.
COMMPLAN_CODEC_INLINE constexpr std::uint32_t Bf16Of(float value) {
  const std::uint32_t bits = BitsOf(value);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t nan = ((bits >> 16) & 0x8000U) | 0x7FC0U;
  return (bits & kAbsBits) > kInfinityBits ? nan : rounded;
}

COMMPLAN_CODEC_INLINE constexpr float FromBf16(std::uint32_t bf16) { return FromBits(bf16 << 16); }

// ---- the level word of dual2 ----
//
// Bits 7..15, `high`: 0 is a block of zeros, 511 is NaN, any other the magnitude whose fp32 bits
// are (high + 8 * 87) << 20: 1.125 * 2^-40 up to 1.75 * 2^23, three bits of mantissa.
// Bits 0..6, `ratio` of the lower magnitude to the higher: 0 is 0, any other the number whose fp32
// bits are (ratio + 16 * 119) << 19: 1.0625 / 256 up to 31/32, four bits of mantissa.

inline constexpr std::uint32_t kDualHighOffset = 87U << 3;
inline constexpr std::uint32_t kDualHighTop = 510;
inline constexpr std::uint32_t kDualHighNan = 511;
inline constexpr std::uint32_t kDualRatioOffset = 119U << 4;
inline constexpr std::uint32_t kDualRatioTop = 127;
inline constexpr float kDualClamp = 16777216.0F;  // 2^24: beyond all levels, and sums stay finite

// fp32 bits rounded to `kept` upper bits less `offset`, held within 0 and `top`.
COMMPLAN_CODEC_INLINE constexpr std::uint32_t RoundedField(float value, int dropped,
                                                           std::uint32_t offset,
                                                           std::uint32_t top) {
  const std::uint32_t bits = BitsOf(value);
  const std::uint32_t half = (1U << (dropped - 1)) - 1U;
  const std::uint32_t rounded = (bits + half + ((bits >> dropped) & 1U)) >> dropped;
  if (rounded <= offset) return 0;
  return rounded - offset < top ? rounded - offset : top;
}

struct DualLevels {
  float low = 0;
  float high = 0;
};

COMMPLAN_CODEC_INLINE constexpr DualLevels LevelsOf(std::uint32_t word) {
  const std::uint32_t high = word >> 7;
  const std::uint32_t ratio = word & 127U;
  if (high == kDualHighNan) return {FromBits(kQuietNanBits), FromBits(kQuietNanBits)};
  if (high == 0) return {};
  const float top = FromBits((high + kDualHighOffset) << 20);
  return {ratio == 0 ? 0.0F : top * FromBits((ratio + kDualRatioOffset) << 19), top};
}

}  // namespace commplan::codec
