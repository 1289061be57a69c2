// What one lane of a device does with a chunk of 32 values: the codecs' arithmetic, without any
// access to memory. The same text runs on the host, where a test compares every bit with the
// reference encoder of model/codec; docs/codecs.md defines the formats.
//
// A lane holds whole blocks, so no sum or maximum crosses lanes and the order of additions is that
// of the reference. Compile device code with -fmad=false: a fused multiply-add rounds once less.
#pragma once

#include <cstdint>

#include "calibrate/device/host_device.h"
#include "model/codec/bits.h"

namespace commplan::device {

inline constexpr int kLaneValues = 32;
inline constexpr int kLaneWords = 8;  // the largest chunk's codes: eight bits for each value

// A chunk as it stands on the wire: its codes as little-endian words, and the scales of its blocks.
struct LaneChunk {
  std::uint32_t codes[kLaneWords] = {};
  std::uint32_t scale = 0;
};

// The bits of the largest magnitude of values [first, last); infinity and NaN are larger than any
// number.
template <int kFirst, int kLast>
COMMPLAN_HOST_DEVICE inline std::uint32_t LaneMaxBits(const float (&x)[kLaneValues]) {
  std::uint32_t largest = 0;
  COMMPLAN_UNROLL
  for (int i = kFirst; i < kLast; ++i) {
    const std::uint32_t bits = codec::BitsOf(x[i]) & codec::kAbsBits;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

COMMPLAN_HOST_DEVICE inline float LaneInverse(float scale) {
  return scale > 0 ? 1.0F / scale : 0.0F;
}

// ---- elements: from a scaled value to a code of kBits and back ----

template <int kExponent, int kMantissa, std::uint32_t kTop, bool kTopIsNan>
struct FloatElement {
  static constexpr int kBits = 1 + kExponent + kMantissa;
  static constexpr int kLeast = 2 - (1 << (kExponent - 1));
  static constexpr std::uint32_t kSign = 1U << (kBits - 1);
  static constexpr std::uint32_t kTopBits = codec::BitsOf(static_cast<float>(kTop));
  static constexpr int kTopExponent = static_cast<int>(kTopBits >> 23) - 127;

  COMMPLAN_HOST_DEVICE static float Top() { return static_cast<float>(kTop); }
  COMMPLAN_HOST_DEVICE static std::uint32_t Code(float value, float inverse) {
    const std::uint32_t bits = codec::BitsOf(value);
    const float scaled = codec::FromBits(bits & codec::kAbsBits) * inverse;
    // As bits, so that a NaN becomes the largest value.
    const std::uint32_t found = codec::BitsOf(scaled);
    const float held = codec::FromBits(found < kTopBits ? found : kTopBits);
    return codec::RoundToCode(held, kMantissa, kLeast) | ((bits >> 31) << (kBits - 1));
  }
  COMMPLAN_HOST_DEVICE static float Value(std::uint32_t code) {
    float magnitude = codec::CodeValue(code & (kSign - 1), kMantissa, kLeast);
    if constexpr (kTopIsNan) {
      if ((code & (kSign - 1)) == kSign - 1) magnitude = codec::FromBits(codec::kQuietNanBits);
    }
    return codec::FromBits(codec::BitsOf(magnitude) | ((code & kSign) << (32 - kBits)));
  }
};

template <int kWidth>
struct IntegerElement {
  static constexpr int kBits = kWidth;
  static constexpr int kTop = (1 << (kWidth - 1)) - 1;

  COMMPLAN_HOST_DEVICE static float Top() { return static_cast<float>(kTop); }
  COMMPLAN_HOST_DEVICE static std::uint32_t Code(float value, float inverse) {
    // 1.5 * 2^23 has the steps of an integer, and room for both signs.
    constexpr std::uint32_t kMagic = 0x4B400000U;
    const float held = codec::Larger(codec::Smaller(value * inverse, Top()), -Top());
    return (codec::BitsOf(held + codec::FromBits(kMagic)) - kMagic) & ((1U << kBits) - 1U);
  }
  COMMPLAN_HOST_DEVICE static float Value(std::uint32_t code) {
    constexpr std::int32_t kSign = 1 << (kBits - 1);
    return static_cast<float>((static_cast<std::int32_t>(code) ^ kSign) - kSign);
  }
};

// ---- scales: from a block's largest magnitude to a code, and the factors on both sides ----

struct LaneScale {
  std::uint32_t code = 0;
  float inverse = 0;  // 0: all codes of the block are 0
};

struct PowerScale {
  static constexpr int kBytes = 1;
  static constexpr bool kOfMessage = false;

  template <class Element>
  COMMPLAN_HOST_DEVICE static LaneScale Of(std::uint32_t max_bits, float /*message*/) {
    if (max_bits >= codec::kInfinityBits) return {255, 0};
    const int found = codec::FloorLog2(codec::FromBits(max_bits)) - Element::kTopExponent;
    const int exponent = found < -127 ? -127 : found;
    return {static_cast<std::uint32_t>(exponent + 127), codec::PowerOfTwo(-exponent)};
  }
  COMMPLAN_HOST_DEVICE static float Value(std::uint32_t code, float /*message*/) {
    return code == 255 ? codec::FromBits(codec::kQuietNanBits)
                       : codec::PowerOfTwo(static_cast<int>(code) - 127);
  }
};

struct HalfScale {
  static constexpr int kBytes = 2;
  static constexpr bool kOfMessage = false;

  template <class Element>
  COMMPLAN_HOST_DEVICE static LaneScale Of(std::uint32_t max_bits, float /*message*/) {
    if (max_bits >= codec::kInfinityBits) return {codec::kHalfNan, 0};
    const float wanted = codec::FromBits(max_bits) / Element::Top();
    const std::uint32_t code = codec::RoundToCode(codec::Smaller(wanted, codec::kHalfTop), 10, -14);
    return {code, LaneInverse(codec::CodeValue(code, 10, -14))};
  }
  COMMPLAN_HOST_DEVICE static float Value(std::uint32_t code, float /*message*/) {
    return codec::FromHalf(code);
  }
};

// E4M3 times one fp32 for the message.
struct MessageScale {
  static constexpr int kBytes = 1;
  static constexpr bool kOfMessage = true;

  // Of the largest finite magnitude of the message.
  template <class Element>
  COMMPLAN_HOST_DEVICE static float OfMessage(std::uint32_t max_bits) {
    return codec::Larger(codec::FromBits(max_bits) / (Element::Top() * 448.0F),
                         codec::PowerOfTwo(-100));
  }
  template <class Element>
  COMMPLAN_HOST_DEVICE static LaneScale Of(std::uint32_t max_bits, float message) {
    if (max_bits >= codec::kInfinityBits) return {127, 0};
    const float wanted =
        codec::Smaller(codec::FromBits(max_bits) / (Element::Top() * message), 448.0F);
    const std::uint32_t code = codec::RoundToCode(wanted, 3, -6);
    return {code, LaneInverse(codec::CodeValue(code, 3, -6) * message)};
  }
  COMMPLAN_HOST_DEVICE static float Value(std::uint32_t code, float message) {
    const std::uint32_t positive = code & 127U;
    const float value =
        positive == 127 ? codec::FromBits(codec::kQuietNanBits) : codec::CodeValue(positive, 3, -6);
    return (code > 127 ? -value : value) * message;
  }
};

// ---- codecs: Encode takes values filled up with zeros, `count` of them real ----

template <class ElementOf, class ScaleOf, int kBlock>
struct BlockLane {
  using Element = ElementOf;
  using Scale = ScaleOf;
  static constexpr int kBlocks = kLaneValues / kBlock;
  static constexpr int kBits = Element::kBits;
  static constexpr int kCodeBytes = kLaneValues * kBits / 8;
  static constexpr int kScaleBytes = kBlocks * Scale::kBytes;
  static constexpr int kBlockValues = kBlock;
  static constexpr bool kOfMessage = Scale::kOfMessage;
  static constexpr bool kWhole = false;     // a partial chunk has fewer codes
  static constexpr bool kTogether = false;  // scales stand behind all codes

  template <int kIndex = 0>
  COMMPLAN_HOST_DEVICE static void Encode(const float (&x)[kLaneValues], int count, float message,
                                          LaneChunk& out) {
    constexpr int kFirst = kIndex * kBlock;
    const std::uint32_t largest = LaneMaxBits<kFirst, kFirst + kBlock>(x);
    const LaneScale scale = Scale::template Of<Element>(largest, message);
    const std::uint32_t kept = largest >= codec::kInfinityBits ? 0U : ~0U;
    out.scale |= scale.code << (8 * Scale::kBytes * kIndex);
    COMMPLAN_UNROLL
    for (int i = kFirst; i < kFirst + kBlock; ++i) {
      const std::uint32_t code = Element::Code(x[i], scale.inverse) & kept;
      out.codes[i * kBits / 32] |= code << (i * kBits % 32);
    }
    if constexpr (kIndex + 1 < kBlocks) Encode<kIndex + 1>(x, count, message, out);
  }

  template <int kIndex = 0>
  COMMPLAN_HOST_DEVICE static void Decode(const LaneChunk& in, float message,
                                          float (&x)[kLaneValues]) {
    constexpr int kFirst = kIndex * kBlock;
    constexpr std::uint32_t kScaleMask = (1U << (8 * Scale::kBytes)) - 1U;
    const float scale =
        Scale::Value((in.scale >> (8 * Scale::kBytes * kIndex)) & kScaleMask, message);
    COMMPLAN_UNROLL
    for (int i = kFirst; i < kFirst + kBlock; ++i) {
      const std::uint32_t code =
          (in.codes[i * kBits / 32] >> (i * kBits % 32)) & ((1U << kBits) - 1U);
      x[i] = Element::Value(code) * scale;
    }
    if constexpr (kIndex + 1 < kBlocks) Decode<kIndex + 1>(in, message, x);
  }
};

// What the two codecs of ten bytes for 32 values share: two planes and a word.
struct PlaneLane {
  static constexpr int kBits = 2;
  static constexpr int kCodeBytes = 8;
  static constexpr int kScaleBytes = 2;
  static constexpr int kBlockValues = kLaneValues;
  static constexpr bool kOfMessage = false;
  static constexpr bool kWhole = true;
};

// The kernel's convention: plane 0 is "negative", plane 1 "not zero".
struct Tq3Lane : PlaneLane {
  static constexpr bool kTogether = true;

  COMMPLAN_HOST_DEVICE static void Encode(const float (&x)[kLaneValues], int /*count*/,
                                          float /*message*/, LaneChunk& out) {
    const std::uint32_t largest = LaneMaxBits<0, kLaneValues>(x);
    const bool broken = largest >= codec::kInfinityBits;
    out.scale = broken ? codec::kHalfNan : codec::SaturatedHalf(codec::FromBits(largest));
    const float inverse = LaneInverse(codec::FromBits(largest));
    std::uint32_t negative = 0;
    std::uint32_t kept = 0;
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues; ++i) {
      kept |= (codec::Abs(x[i]) * inverse >= 0.5F ? 1U : 0U) << i;
      negative |= (codec::BitsOf(x[i]) >> 31) << i;
    }
    negative &= kept;
    // A broken block is all "not zero" times NaN, one whose scale rounds to 0 all zero.
    if (broken || out.scale == 0) {
      negative = 0;
      kept = broken ? ~0U : 0U;
    }
    out.codes[0] = negative;
    out.codes[1] = kept;
  }

  COMMPLAN_HOST_DEVICE static void Decode(const LaneChunk& in, float /*message*/,
                                          float (&x)[kLaneValues]) {
    const std::uint32_t magnitude = codec::BitsOf(codec::FromHalf(in.scale));
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues; ++i) {
      const std::uint32_t sign = ((in.codes[0] >> i) & 1U) << 31;
      x[i] = codec::FromBits(((in.codes[1] >> i) & 1U) != 0 ? sign ^ magnitude : 0U);
    }
  }
};

struct Dual2Lane : PlaneLane {
  static constexpr bool kTogether = false;

  // Place i + 16 is added to i, then 8, 4, 2, 1: the order of a butterfly.
  template <class Term>
  COMMPLAN_HOST_DEVICE static float Sum(const Term& term) {
    float sums[kLaneValues / 2] = {};
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues / 2; ++i) sums[i] = term(i) + term(i + kLaneValues / 2);
    COMMPLAN_UNROLL
    for (int half = kLaneValues / 4; half > 0; half /= 2) {
      COMMPLAN_UNROLL
      for (int i = 0; i < kLaneValues / 4; ++i) {
        if (i < half) sums[i] += sums[i + half];
      }
    }
    return sums[0];
  }

  struct Fitted {
    std::uint32_t word = 0;
    float threshold = 0;
  };
  template <class Magnitude>
  COMMPLAN_HOST_DEVICE static Fitted Fit(const Magnitude& magnitude, float total, int count) {
    const float mean = total / static_cast<float>(count);
    float threshold = 1.4F * mean;
    float low = 0;
    float high = 0;
    for (int round = 0; round < 3; ++round) {
      const float sum = Sum([&](int i) { return magnitude(i) >= threshold ? magnitude(i) : 0.0F; });
      int found = 0;
      COMMPLAN_UNROLL
      for (int i = 0; i < kLaneValues; ++i) found += magnitude(i) >= threshold ? 1 : 0;
      // Where the threshold is 0 the zeros behind the last value are above it too.
      const int upper = found < count ? found : count;
      const int lower = count - upper;
      const float below = codec::Larger(total - sum, 0.0F);
      high = upper == 0 ? mean : sum / static_cast<float>(upper);
      low = lower == 0 ? high : below / static_cast<float>(lower);
      threshold = 0.5F * (low + high);
    }
    const std::uint32_t code =
        codec::RoundedField(high, 20, codec::kDualHighOffset, codec::kDualHighTop);
    const float stored = codec::FromBits((code + codec::kDualHighOffset) << 20);
    const std::uint32_t ratio =
        codec::RoundedField(low / stored, 19, codec::kDualRatioOffset, codec::kDualRatioTop);
    const float lower =
        ratio == 0 ? 0.0F : stored * codec::FromBits((ratio + codec::kDualRatioOffset) << 19);
    return {code == 0 ? 0U : (code << 7) | ratio, 0.5F * (lower + stored)};
  }

  COMMPLAN_HOST_DEVICE static void Encode(const float (&x)[kLaneValues], int count,
                                          float /*message*/, LaneChunk& out) {
    const std::uint32_t largest = LaneMaxBits<0, kLaneValues>(x);
    if (largest >= codec::kInfinityBits) {
      out.scale = codec::kDualHighNan << 7;
      return;
    }
    const auto magnitude = [&x](int i) {
      return codec::Smaller(codec::Abs(x[i]), codec::kDualClamp);
    };
    const Fitted fitted = Fit(magnitude, Sum(magnitude), count);
    out.scale = fitted.word;
    if (fitted.word == 0) return;
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues; ++i) {
      out.codes[0] |= (codec::BitsOf(x[i]) >> 31) << i;
      out.codes[1] |= (magnitude(i) >= fitted.threshold ? 1U : 0U) << i;
    }
  }

  COMMPLAN_HOST_DEVICE static void Decode(const LaneChunk& in, float /*message*/,
                                          float (&x)[kLaneValues]) {
    const codec::DualLevels levels = codec::LevelsOf(in.scale);
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues; ++i) {
      const std::uint32_t sign = ((in.codes[0] >> i) & 1U) << 31;
      const float level = ((in.codes[1] >> i) & 1U) != 0 ? levels.high : levels.low;
      x[i] = codec::FromBits(codec::BitsOf(level) | sign);
    }
  }
};

using E2M1 = FloatElement<2, 1, 6, false>;
using E4M3 = FloatElement<4, 3, 448, true>;
using Mxfp4Lane = BlockLane<E2M1, PowerScale, 32>;
using Mxfp8Lane = BlockLane<E4M3, PowerScale, 32>;
using Nvfp4Lane = BlockLane<E2M1, MessageScale, 16>;
using Int8Lane = BlockLane<IntegerElement<8>, HalfScale, 32>;
using Int4Lane = BlockLane<IntegerElement<4>, HalfScale, 32>;

}  // namespace commplan::device
