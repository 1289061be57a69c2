// A format says how the values of a message become bits: an element type, a block of values that
// share a scale, and the scale's own type. It is data; what reads it is codec.h and kernels.h.
//
// Elements are named as in the OCP Microscaling specification: ExMy has a sign, x bits of exponent
// with bias 2^(x-1) - 1 and y bits of mantissa. Exponent field 0 holds the subnormal values
// m * 2^(1 - bias - y), any other field e the values (1 + m / 2^y) * 2^(e - bias).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace commplan::codec {

enum class ElementKind {
  kFloat,     // sign, exponent, mantissa
  kInteger,   // two's complement, q = x / scale, symmetric: the lowest code is not used
  kUnsigned,  // q = (x - zero) / scale
};

// What the top codes of a float element mean.
enum class Specials {
  kNone,      // all codes are numbers
  kTopIsNan,  // E4M3: the top code is NaN, there is no infinity
  kIeee,      // E5M2: the top exponent holds infinity and NaN
};

struct Element {
  std::string_view name;
  ElementKind kind = ElementKind::kFloat;
  int exponent_bits = 0;
  int mantissa_bits = 0;  // of an integer: its bits without the sign
  Specials specials = Specials::kNone;
  int fraction_bits = 0;  // of an integer: how many of its bits stand behind the point

  constexpr int Bits() const {
    return kind == ElementKind::kUnsigned ? mantissa_bits : 1 + exponent_bits + mantissa_bits;
  }
  constexpr int Bias() const { return (1 << (exponent_bits - 1)) - 1; }
  // The code of the largest finite value, without its sign.
  constexpr int TopCode() const {
    if (kind != ElementKind::kFloat) return (1 << mantissa_bits) - 1;
    const int all = (1 << (exponent_bits + mantissa_bits)) - 1;
    if (specials == Specials::kTopIsNan) return all - 1;
    if (specials == Specials::kIeee) return all - (1 << mantissa_bits);
    return all;
  }
  // floor(log2) of the largest finite value.
  constexpr int TopExponent() const {
    return kind == ElementKind::kFloat ? (TopCode() >> mantissa_bits) - Bias()
                                       : mantissa_bits - 1 - fraction_bits;
  }
  // The largest finite value.
  constexpr float Top() const {
    if (kind != ElementKind::kFloat) {
      return static_cast<float>(TopCode()) / static_cast<float>(1 << fraction_bits);
    }
    const int mantissa = TopCode() & ((1 << mantissa_bits) - 1);
    const int exponent = TopExponent();
    float value = 1 + static_cast<float>(mantissa) / static_cast<float>(1 << mantissa_bits);
    for (int i = 0; i < exponent; ++i) value *= 2;
    return value;
  }
};

// The scale that the values of a block share.
enum class Scale {
  kNone,      // no scale: a plain cast
  kE8M0,      // 2^(code - 127), code 255 is NaN
  kE5M0,      // 2^(code - 15), code 31 is NaN; five bits, packed without gaps
  kE4M3,      // an E4M3 number times one fp32 for the message (NVFP4)
  kFp16,      // IEEE binary16
  kFp16Zero,  // binary16 scale, then binary16 of the value of code 0
};
int ScaleBits(Scale scale);

enum class Family {
  kNone,   // fp32 as it is
  kBf16,   // rounded to nearest even
  kFp16,   // rounded to nearest even, too large becomes infinity
  kBlock,  // elements in blocks, see above
  kTq3,    // ternary, 10 bytes per 32 values
  kDual2,  // a sign and one of two magnitudes, 10 bytes per 32 values
  kTopK,   // the largest values and where they were
};

// Which plane of TQ3 means what. The proposal's kernel and the test beside it disagree.
enum class Tq3Bits {
  kKernel,  // plane 0: negative; plane 1: not zero
  kTest,    // plane 0: not zero; plane 1: positive
};

struct Format {
  Family family = Family::kNone;
  Element element{};           // kBlock
  Scale scale = Scale::kNone;  // kBlock
  int block = 1;               // values that share a scale; 0: all of the message
  int one_of = 1;              // kTopK: one of so many values is kept
  Tq3Bits tq3_bits = Tq3Bits::kKernel;

  friend bool operator==(const Format& a, const Format& b) {
    return a.family == b.family && a.element.name == b.element.name && a.scale == b.scale &&
           a.block == b.block && a.one_of == b.one_of && a.tq3_bits == b.tq3_bits;
  }
};

struct Codec {
  std::string name;
  std::string summary;
  Format format{};
  bool listed = false;  // worth a line where only the usual ones are shown
};

// Values of one block of the 10-byte codecs, and of one step of every kernel.
inline constexpr int kChunk = 32;
// TopK counts places within this many values, so that a place fits in 16 bits.
inline constexpr int kTopKChunk = 65536;

}  // namespace commplan::codec
