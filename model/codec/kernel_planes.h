// The kernels of the two 10-byte formats and of the 16-bit casts. See kernel_body.h.
#pragma once

#include "model/codec/kernel_blocks.h"
#include "model/codec/kernel_body.h"

namespace commplan::codec::COMMPLAN_CODEC_PATH {

// ---- planes: bit i of a word belongs to value i ----

constexpr std::int32_t kSignBit = INT32_MIN;

// ---- TQ3 ----

// scale = fp16(max|x|); a value is 0 below half of the maximum, else plus or minus the maximum.
inline void EncodeTq3(Tq3Bits bits, const float* in, std::size_t count, std::uint8_t* out) {
  for (std::size_t at = 0; at < count; at += kChunk, out += 10) {
    float scratch[kChunk];
    const float* x = Padded(in + at, count - at, 0, scratch);
    const std::uint32_t max_bits = MaxBits(x, kChunk);
    const bool broken = max_bits >= kInfinityBits;
    auto scale = static_cast<std::uint16_t>(broken ? kHalfNan : SaturatedHalf(FromBits(max_bits)));
    const float inverse = InverseOf(FromBits(max_bits));
    Ints kept[kVectors];
    Ints negative[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const Floats value = Load(x + 8 * v);
      kept[v] = AsFloats(Magnitude(value)) * inverse >= 0.5F;
      negative[v] = AsInts(value) < 0;
    }
    // A broken block is all "not zero" times NaN, one whose scale rounds to 0 all zero.
    std::uint32_t non_zero = Plane(kept);
    std::uint32_t minus = Plane(negative) & non_zero;
    if (broken || scale == 0) {
      non_zero = broken ? ~0U : 0U;
      minus = 0;
    }
    const std::uint32_t first = bits == Tq3Bits::kKernel ? minus : non_zero;
    const std::uint32_t second = bits == Tq3Bits::kKernel ? non_zero : non_zero & ~minus;
    std::memcpy(out, &first, 4);
    std::memcpy(out + 4, &second, 4);
    std::memcpy(out + 8, &scale, 2);
  }
}

template <bool kAdd>
void DecodeTq3(Tq3Bits bits, const std::uint8_t* in, std::size_t count, float* out) {
  for (std::size_t at = 0; at < count; at += kChunk, in += 10) {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    std::uint16_t half = 0;
    std::memcpy(&first, in, 4);
    std::memcpy(&second, in + 4, 4);
    std::memcpy(&half, in + 8, 2);
    const std::uint32_t non_zero = bits == Tq3Bits::kKernel ? second : first;
    const std::uint32_t minus = bits == Tq3Bits::kKernel ? first : ~second;
    const auto magnitude = static_cast<std::int32_t>(BitsOf(FromHalf(half)));
    Chunk values;
    for (int v = 0; v < kVectors; ++v) {
      const Ints sign = MaskOf(minus, v) & kSignBit;
      values.lanes[v] = AsFloats(MaskOf(non_zero, v) & (sign ^ magnitude));
    }
    Put<kAdd>(values, count - at, out + at);
  }
}

// ---- dual2: eight blocks at a time, one per lane ----

inline constexpr std::size_t kBlocks = 8;

// Lane b is the butterfly sum of the eight lanes of x[b]: halves of two vectors side by side, then
// quarters of four, then eighths of eight.
template <class Lanes>
COMMPLAN_CODEC_INLINE Lanes SumEach(const Lanes* x) {
  Lanes halves[4];
  for (int i = 0; i < 4; ++i) {
    const Lanes& a = x[i];
    const Lanes& b = x[i + 4];
    halves[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
                __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
  Lanes quarters[2];
  for (int i = 0; i < 2; ++i) {
    const Lanes& a = halves[2 * i];
    const Lanes& b = halves[2 * i + 1];
    quarters[i] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) +
                  __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  const Lanes& a = quarters[0];
  const Lanes& b = quarters[1];
  return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14) +
         __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
}

// RoundedField of bits.h, eight at a time; the values are not negative.
template <int kDropped>
COMMPLAN_CODEC_INLINE Ints RoundedFields(const Floats& value, std::uint32_t offset,
                                         std::uint32_t top) {
  const Ints bits = AsInts(value);
  const Ints rounded = (bits + ((1 << (kDropped - 1)) - 1) + ((bits >> kDropped) & 1)) >> kDropped;
  const Ints field = Larger(rounded - static_cast<std::int32_t>(offset), Ints{});
  const Ints highest = AllInts(static_cast<std::int32_t>(top));
  return field < highest ? field : highest;
}

struct DualBlocks {
  Ints words;
  Floats thresholds;
};

// Two magnitudes of each block by Lloyd's algorithm: split at a threshold, take the mean of each
// side, put the threshold halfway, three times. The first threshold is 1.4 times the mean magnitude
// (the best one for a Gaussian is 1.23; starting above leaves outliers alone sooner).
// `totals` and `counts` are the sums and numbers of each block's magnitudes.
COMMPLAN_CODEC_INLINE DualBlocks FitLevels(const float* x, const Floats& totals,
                                           const Ints& counts) {
  const Floats means = totals / __builtin_convertvector(counts, Floats);
  Floats thresholds = 1.4F * means;
  Floats low{};
  Floats high{};
  for (int round = 0; round < 3; ++round) {
    Floats sums[kBlocks];
    Ints places[kBlocks];
    for (std::size_t b = 0; b < kBlocks; ++b) {
      Floats above[kVectors];
      Ints found[kVectors];
      for (int v = 0; v < kVectors; ++v) {
        const Ints magnitude = Magnitude(Load(x + b * kChunk + 8 * static_cast<std::size_t>(v)));
        found[v] = AsFloats(magnitude) >= thresholds[b];
        above[v] = AsFloats(magnitude & found[v]);
      }
      sums[b] = (above[0] + above[2]) + (above[1] + above[3]);
      places[b] = (found[0] + found[2]) + (found[1] + found[3]);
    }
    const Floats sum = SumEach(sums);
    // Where a threshold is 0 the padding is above it too.
    const Ints all_found = -SumEach(places);
    const Ints upper = all_found < counts ? all_found : counts;
    const Ints lower = counts - upper;
    const Floats below = Larger(totals - sum, All(0));
    high = upper == 0 ? means : sum / __builtin_convertvector(Larger(upper, AllInts(1)), Floats);
    low = lower == 0 ? high : below / __builtin_convertvector(Larger(lower, AllInts(1)), Floats);
    thresholds = 0.5F * (low + high);
  }
  DualBlocks fitted;
  const Ints high_code = RoundedFields<20>(high, kDualHighOffset, kDualHighTop);
  const Floats stored = AsFloats((high_code + static_cast<std::int32_t>(kDualHighOffset)) << 20);
  const Ints ratio = RoundedFields<19>(low / stored, kDualRatioOffset, kDualRatioTop);
  const Ints factor = (ratio + static_cast<std::int32_t>(kDualRatioOffset)) << 19;
  const Floats low_stored = stored * AsFloats(factor & (ratio > 0));
  fitted.words = ((high_code << 7) | ratio) & (high_code > 0);
  fitted.thresholds = 0.5F * (low_stored + stored);
  return fitted;
}

// Values within the range that the sums can hold, and blocks without infinity and NaN. Broken
// blocks become zeros. Returns which were broken (bit b for block b).
inline std::uint32_t Mend(float* x) {
  std::uint32_t broken = 0;
  for (std::size_t b = 0; b < kBlocks; ++b) {
    float* const block = x + b * kChunk;
    if (MaxBits(block, kChunk) >= kInfinityBits) {
      broken |= 1U << b;
      for (int i = 0; i < kChunk; ++i) block[i] = 0;
    }
    for (int i = 0; i < kChunk; ++i) {
      block[i] = codec::Larger(codec::Smaller(block[i], kDualClamp), -kDualClamp);
    }
  }
  return broken;
}

COMMPLAN_CODEC_INLINE Floats DualTotals(const float* x) {
  Floats sums[kBlocks];
  for (std::size_t b = 0; b < kBlocks; ++b) {
    Floats m[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      m[v] = AsFloats(Magnitude(Load(x + b * kChunk + 8 * static_cast<std::size_t>(v))));
    }
    sums[b] = (m[0] + m[2]) + (m[1] + m[3]);
  }
  return SumEach(sums);
}

// 256 values, of which each block holds counts[b], zeros behind them, into eight blocks.
inline void EncodeEight(const float* x, const Ints& counts, std::uint32_t* planes,
                        std::uint16_t* levels) {
  float mended[kBlocks * kChunk];
  std::uint32_t broken = 0;
  Floats totals = DualTotals(x);
  // A sum within the range proves every value within it.
  const Ints fine = totals < kDualClamp;
  if (OrLanes(~fine) != 0) {
    std::memcpy(mended, x, sizeof(mended));
    broken = Mend(mended);
    x = mended;
    totals = DualTotals(x);
  }
  const DualBlocks fitted = FitLevels(x, totals, counts);
  for (std::size_t b = 0; b < kBlocks; ++b) {
    Ints negative[kVectors];
    Ints above[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const Floats value = Load(x + b * kChunk + 8 * static_cast<std::size_t>(v));
      negative[v] = AsInts(value) < 0;
      above[v] = AsFloats(Magnitude(value)) >= fitted.thresholds[b];
    }
    const std::uint32_t word = static_cast<std::uint32_t>(fitted.words[b]);
    const std::uint32_t wanted = word == 0 ? 0 : ~0U;
    planes[2 * b] = Plane(negative) & wanted;
    planes[2 * b + 1] = Plane(above) & wanted;
    const bool is_broken = ((broken >> b) & 1U) != 0;
    levels[b] = static_cast<std::uint16_t>(is_broken ? kDualHighNan << 7 : word);
  }
}

inline void EncodeDual2(const float* in, std::size_t count, std::uint8_t* planes,
                        std::uint8_t* levels) {
  constexpr std::size_t kStep = kBlocks * kChunk;
  for (std::size_t at = 0; at < count; at += kStep, planes += 8 * kBlocks, levels += 2 * kBlocks) {
    std::uint32_t words[2 * kBlocks];
    std::uint16_t level[kBlocks];
    if (count - at >= kStep) {
      EncodeEight(in + at, AllInts(kChunk), words, level);
      std::memcpy(planes, words, sizeof(words));
      std::memcpy(levels, level, sizeof(level));
      continue;
    }
    const std::size_t left = count - at;
    const std::size_t blocks = (left + kChunk - 1) / kChunk;
    float scratch[kStep] = {};
    std::memcpy(scratch, in + at, 4 * left);
    Ints counts = AllInts(kChunk);
    counts[blocks - 1] = static_cast<std::int32_t>(left - (blocks - 1) * kChunk);
    EncodeEight(scratch, counts, words, level);
    std::memcpy(planes, words, 8 * blocks);
    std::memcpy(levels, level, 2 * blocks);
  }
}

template <bool kAdd>
void DecodeDual2(const std::uint8_t* planes, const std::uint8_t* levels, std::size_t count,
                 float* out) {
  for (std::size_t at = 0; at < count; at += kChunk, planes += 8, levels += 2) {
    std::uint32_t minus = 0;
    std::uint32_t upper = 0;
    std::uint16_t word = 0;
    std::memcpy(&minus, planes, 4);
    std::memcpy(&upper, planes + 4, 4);
    std::memcpy(&word, levels, 2);
    const DualLevels level = LevelsOf(word);
    const Ints low = AllInts(static_cast<std::int32_t>(BitsOf(level.low)));
    const Ints high = AllInts(static_cast<std::int32_t>(BitsOf(level.high)));
    Chunk values;
    for (int v = 0; v < kVectors; ++v) {
      const Ints sign = MaskOf(minus, v) & kSignBit;
      values.lanes[v] = AsFloats(Choose(MaskOf(upper, v), high, low) | sign);
    }
    Put<kAdd>(values, count - at, out + at);
  }
}

// ---- 16-bit casts ----

using Shorts = Vector<std::uint16_t, 8>::Type;

// HalfOf, FromHalf and Bf16Of of bits.h, eight at a time.
COMMPLAN_CODEC_INLINE Ints HalvesOf(const Floats& x) {
  const Ints magnitude = Magnitude(x);
  const Ints beyond = AllInts(0x48000000);  // 2^17
  const Ints clamped = Choose(magnitude < beyond, magnitude, beyond);
  const Ints code = RoundToCodes(AsFloats(clamped), 10, -14);
  const Ints finite = Choose(code < 0x7C00, code, AllInts(0x7C00));
  const Ints is_nan = magnitude > static_cast<std::int32_t>(kInfinityBits);
  return SignAt(x, 16) | Choose(is_nan, AllInts(static_cast<std::int32_t>(kHalfNan)), finite);
}

COMMPLAN_CODEC_INLINE Floats FromHalves(const Ints& half) {
  const Ints magnitude = half & 0x7FFF;
  const Ints finite = AsInts(CodeValues(magnitude, 10, -14));
  const Ints special = ((magnitude & 0x3FF) << 13) | static_cast<std::int32_t>(kInfinityBits);
  return AsFloats(Choose(magnitude < 0x7C00, finite, special) | ((half & 0x8000) << 16));
}

COMMPLAN_CODEC_INLINE Ints Bf16sOf(const Floats& x) {
  const Words bits = __builtin_bit_cast(Words, x);
  const Words rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const Ints is_nan = Magnitude(x) > static_cast<std::int32_t>(kInfinityBits);
  return Choose(is_nan, SignAt(x, 16) | 0x7FC0, __builtin_bit_cast(Ints, rounded));
}

template <bool kHalf>
void Encode16Of(const float* in, std::size_t count, std::uint8_t* out) {
  for (std::size_t at = 0; at < count; at += kChunk) {
    float scratch[kChunk];
    const Chunk x = LoadChunk(Padded(in + at, count - at, 0, scratch));
    Shorts codes[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const Ints wide = kHalf ? HalvesOf(x.lanes[v]) : Bf16sOf(x.lanes[v]);
      codes[v] = __builtin_convertvector(wide, Shorts);
    }
    if (count - at >= kChunk) {
      std::memcpy(out + 2 * at, codes, sizeof(codes));
    } else {
      std::memcpy(out + 2 * at, codes, 2 * (count - at));
    }
  }
}

inline void Encode16(Family family, const float* in, std::size_t count, std::uint8_t* out) {
  (family == Family::kFp16 ? Encode16Of<true> : Encode16Of<false>)(in, count, out);
}

template <bool kHalf, bool kAdd>
void Decode16Of(const std::uint8_t* in, std::size_t count, float* out) {
  for (std::size_t at = 0; at < count; at += kChunk) {
    Shorts codes[kVectors] = {};
    if (count - at >= kChunk) {
      std::memcpy(codes, in + 2 * at, sizeof(codes));
    } else {
      std::memcpy(codes, in + 2 * at, 2 * (count - at));
    }
    Chunk values;
    for (int v = 0; v < kVectors; ++v) {
      const Ints code = __builtin_convertvector(codes[v], Ints);
      values.lanes[v] = kHalf ? FromHalves(code) : AsFloats(code << 16);
    }
    Put<kAdd>(values, count - at, out + at);
  }
}

template <bool kAdd>
void Decode16(Family family, const std::uint8_t* in, std::size_t count, float* out) {
  (family == Family::kFp16 ? Decode16Of<true, kAdd> : Decode16Of<false, kAdd>)(in, count, out);
}

inline constexpr Kernels kKernels = {
    .finite_max = FiniteMax,
    .encode_blocks = EncodeBlocks,
    .decode_blocks = DecodeBlocks<false>,
    .decode_add_blocks = DecodeBlocks<true>,
    .encode_tq3 = EncodeTq3,
    .decode_tq3 = DecodeTq3<false>,
    .decode_add_tq3 = DecodeTq3<true>,
    .encode_dual2 = EncodeDual2,
    .decode_dual2 = DecodeDual2<false>,
    .decode_add_dual2 = DecodeDual2<true>,
    .encode_16 = Encode16,
    .decode_16 = Decode16<false>,
    .decode_add_16 = Decode16<true>,
};

}  // namespace commplan::codec::COMMPLAN_CODEC_PATH
