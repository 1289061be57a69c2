// An independent reading of the formats for tests: values by ldexp from the definition, the nearest
// one by looking at all of them, bits one at a time. It shares no line with the encoders.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace commplan::codec::reading {

// By hand from the OCP Microscaling specification 1.0, section 5.3, and for the others from their
// definition: bias, exponent of the largest value, largest value.
struct FloatKind {
  std::string_view name;
  int exponent_bits;
  int mantissa_bits;
  int bias;
  int top_exponent;
  double top;
};
inline const std::vector<FloatKind>& FloatKinds() {
  static const std::vector<FloatKind> kKinds = {
      {"e1m1", 1, 1, 0, 1, 3},  {"e2m0", 2, 0, 1, 2, 4},   {"e1m2", 1, 2, 0, 1, 3.5},
      {"e2m1", 2, 1, 1, 2, 6},  {"e3m0", 3, 0, 3, 4, 16},  {"e1m3", 1, 3, 0, 1, 3.75},
      {"e2m2", 2, 2, 1, 2, 7},  {"e3m1", 3, 1, 3, 4, 24},  {"e2m3", 2, 3, 1, 2, 7.5},
      {"e3m2", 3, 2, 3, 4, 28}, {"e4m3", 4, 3, 7, 8, 448}, {"e5m2", 5, 2, 15, 15, 57344},
  };
  return kKinds;
}

// The value of a code without its sign.
inline double Value(const FloatKind& kind, int code) {
  const int field = code >> kind.mantissa_bits;
  const int mantissa = code & ((1 << kind.mantissa_bits) - 1);
  if (kind.name == "e4m3" && code == 127) return std::numeric_limits<double>::quiet_NaN();
  if (kind.name == "e5m2" && field == 31) {
    return mantissa == 0 ? std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (field == 0) return std::ldexp(mantissa, 1 - kind.bias - kind.mantissa_bits);
  return std::ldexp((1 << kind.mantissa_bits) + mantissa, field - kind.bias - kind.mantissa_bits);
}

// Which of the codes `code` and `code` + 1 the middle between them becomes: the even one. Where
// there is no mantissa, neither of two powers of two is even, and the larger one is taken.
inline int OfTwo(const FloatKind& kind, int code) {
  if (kind.mantissa_bits == 0) return code == 0 ? 0 : code + 1;
  return code + code % 2;
}

// The code of the nearest value; beyond the largest the largest.
inline int Nearest(const FloatKind& kind, double magnitude) {
  if (magnitude > kind.top) magnitude = kind.top;
  int best = 0;
  for (int code = 0; code < 1 << (kind.exponent_bits + kind.mantissa_bits); ++code) {
    const double value = Value(kind, code);
    if (!std::isfinite(value)) break;
    const double now = std::fabs(value - magnitude);
    const double least = std::fabs(Value(kind, best) - magnitude);
    if (now < least || (now == least && code == OfTwo(kind, code - 1))) best = code;
  }
  return best;
}

// binary16 by its definition.
inline double HalfValue(int half) {
  const int field = (half >> 10) & 31;
  const int mantissa = half & 1023;
  double value = field == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, field - 25);
  if (field == 31) {
    value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  }
  return (half & 0x8000) != 0 ? -value : value;
}

// The nearest binary16 of 0 <= value <= 65504, ties to even: the spacing is 2^-24 below 2^-14 and
// 2^(e - 10) in the binade of 2^e.
inline int NearestHalf(double value) {
  const int exponent = value < std::ldexp(1, -14) ? -14 : std::ilogb(value);
  const double spacing = std::ldexp(1, exponent - 10);
  const double rounded = std::nearbyint(value / spacing) * spacing;
  if (rounded < std::ldexp(1, -14)) return static_cast<int>(std::ldexp(rounded, 24));
  const int e = std::ilogb(rounded);
  return ((e + 15) << 10) + static_cast<int>(std::ldexp(rounded, 10 - e)) - 1024;
}

// Bits [first, first + count) of a stream whose bit 0 is the lowest bit of byte 0.
inline int Bits(const std::vector<std::byte>& bytes, std::size_t first, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) {
    const std::size_t at = first + static_cast<std::size_t>(i);
    value |= ((static_cast<int>(bytes.at(at / 8)) >> (at % 8)) & 1) << i;
  }
  return value;
}

inline void SetBits(std::vector<std::byte>& bytes, std::size_t first, int count, int value) {
  for (int i = 0; i < count; ++i) {
    const std::size_t at = first + static_cast<std::size_t>(i);
    if (((value >> i) & 1) != 0) bytes.at(at / 8) |= static_cast<std::byte>(1 << (at % 8));
  }
}

}  // namespace commplan::codec::reading
