// The encoders and decoders against independent readings: every code under every scale, and what
// the encoder writes against the nearest value, found by looking at all of them.
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "model/base/test_seed.h"
#include "model/codec/codec.h"
#include "model/codec/test_reading.h"

namespace commplan::codec {
namespace {

using reading::FloatKind;

Codec Named(const std::string& name) { return FindCodec(name).value(); }

const FloatKind& KindOf(std::string_view name) {
  for (const FloatKind& kind : reading::FloatKinds()) {
    if (kind.name == name) return kind;
  }
  std::abort();
}

int BitsOf(const FloatKind& kind) { return 1 + kind.exponent_bits + kind.mantissa_bits; }

// Equal as numbers, or both NaN.
bool Same(float found, double expected) {
  return static_cast<double>(found) == expected || (std::isnan(found) && std::isnan(expected));
}

// A message of one full block of `block` values per scale, with codes that run through all.
std::vector<std::byte> AllCodesUnderAllScales(int bits, int block, int scales, int scale_bits,
                                              std::size_t& scale_at) {
  const auto values = static_cast<std::size_t>(block) * static_cast<std::size_t>(scales);
  const std::size_t code_bytes = values * static_cast<std::size_t>(bits) / 8;
  scale_at = (code_bytes + 3) / 4 * 4;
  const std::size_t scale_bytes = (static_cast<std::size_t>(scales * scale_bits) + 7) / 8;
  std::vector<std::byte> bytes(scale_at + scale_bytes);
  for (std::size_t i = 0; i < values; ++i) {
    const int code = static_cast<int>(i) & ((1 << bits) - 1);
    reading::SetBits(bytes, i * static_cast<std::size_t>(bits), bits, code);
  }
  return bytes;
}

double SignedValue(const FloatKind& kind, int code) {
  const int sign = 1 << (BitsOf(kind) - 1);
  const double magnitude = reading::Value(kind, code & (sign - 1));
  return (code & sign) != 0 ? -magnitude : magnitude;
}

// Each scale stands before as many blocks as it takes to see each code.
TEST(DecodeExhaustive, EveryFloatCodeUnderEveryPowerOfTwo) {
  for (const FloatKind& kind : reading::FloatKinds()) {
    for (const auto& [scale_name, bits, bias] : {std::tuple("e8m0", 8, 127), {"e5m0", 5, 15}}) {
      const std::string name = std::string(kind.name) + "-b32-" + scale_name;
      const int repeats = std::max(1, (1 << BitsOf(kind)) / 32);
      const int scales = (1 << bits) * repeats;
      std::size_t at = 0;
      auto bytes = AllCodesUnderAllScales(BitsOf(kind), 32, scales, bits, at);
      for (int s = 0; s < scales; ++s) {
        reading::SetBits(bytes, 8 * at + static_cast<std::size_t>(s * bits), bits, s / repeats);
      }
      std::vector<float> values(static_cast<std::size_t>(scales) * 32);
      Decode(Named(name), bytes, values);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const int code = static_cast<int>(i) & ((1 << BitsOf(kind)) - 1);
        const int scale = static_cast<int>(i / 32) / repeats;
        // Beyond fp32's largest the product is infinite; below its least it is rounded.
        double expected = std::ldexp(SignedValue(kind, code), scale - bias);
        if (scale == (1 << bits) - 1) expected = std::nan("");
        ASSERT_TRUE(Same(values[i], static_cast<double>(static_cast<float>(expected))))
            << name << " code " << code << " scale " << scale;
      }
    }
  }
}

TEST(DecodeExhaustive, EveryE2M1CodeUnderEveryHalf) {
  std::size_t at = 0;
  auto bytes = AllCodesUnderAllScales(4, 16, 65536, 16, at);
  for (int s = 0; s < 65536; ++s) {
    reading::SetBits(bytes, 8 * at + static_cast<std::size_t>(s) * 16, 16, s);
  }
  std::vector<float> values(std::size_t{65536} * 16);
  Decode(Named("e2m1-b16-fp16"), bytes, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = SignedValue(KindOf("e2m1"), static_cast<int>(i % 16)) *
                            reading::HalfValue(static_cast<int>(i / 16));
    ASSERT_TRUE(Same(values[i], expected)) << i;
  }
}

TEST(DecodeExhaustive, EveryIntegerCodeUnderEveryHalf) {
  for (int bits = 2; bits <= 8; ++bits) {
    for (const bool asym : {false, true}) {
      const std::string name = "int" + std::to_string(bits) + "-b32" + (asym ? "-asym" : "");
      const int repeats = std::max(1, (1 << bits) / 32);
      const int halves = asym ? 2048 : 65536;  // for the asymmetric: every 32nd
      std::size_t at = 0;
      auto bytes = AllCodesUnderAllScales(bits, 32, halves * repeats, asym ? 32 : 16, at);
      const auto zero_of = [](int s) { return (s * 40503) & 0xFFFF; };
      for (int s = 0; s < halves * repeats; ++s) {
        const int half = s / repeats * (65536 / halves);
        if (asym) {
          const std::size_t bit = 8 * at + static_cast<std::size_t>(s) * 32;
          reading::SetBits(bytes, bit, 16, half);
          reading::SetBits(bytes, bit + 16, 16, zero_of(s));
        } else {
          reading::SetBits(bytes, 8 * at + static_cast<std::size_t>(s) * 16, 16, half);
        }
      }
      std::vector<float> values(static_cast<std::size_t>(halves * repeats) * 32);
      Decode(Named(name), bytes, values);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const int s = static_cast<int>(i / 32);
        int code = static_cast<int>(i) & ((1 << bits) - 1);
        if (!asym && code >= 1 << (bits - 1)) code -= 1 << bits;
        double expected = code * reading::HalfValue(s / repeats * (65536 / halves));
        if (asym) expected += reading::HalfValue(zero_of(s));
        ASSERT_TRUE(Same(values[i], static_cast<double>(static_cast<float>(expected))))
            << name << ' ' << i;
      }
    }
  }
}

TEST(DecodeExhaustive, EveryCastCode) {
  for (const char* const name : {"e4m3", "e5m2"}) {
    std::vector<std::byte> bytes(256);
    for (std::size_t i = 0; i < 256; ++i) bytes[i] = static_cast<std::byte>(i);
    std::vector<float> values(256);
    const Codec codec = Named(std::string("fp8-") + name);
    Decode(codec, bytes, values);
    for (std::size_t i = 0; i < 256; ++i) {
      EXPECT_TRUE(Same(values[i], SignedValue(KindOf(name), static_cast<int>(i)))) << name;
    }
    // Numbers and infinities come back as the codes they were.
    std::vector<std::byte> back(256);
    Encode(codec, values, back);
    for (std::size_t i = 0; i < 256; ++i) {
      EXPECT_TRUE(std::isnan(values[i]) || back[i] == bytes[i]) << name << ' ' << i;
    }
  }
}

TEST(DecodeExhaustive, NvfpScales) {
  const float tensor = 0.37F;
  std::size_t at = 0;
  auto bytes = AllCodesUnderAllScales(4, 16, 256, 8, at);
  for (int s = 0; s < 256; ++s) {
    reading::SetBits(bytes, 8 * (at + static_cast<std::size_t>(s)), 8, s);
  }
  bytes.resize(bytes.size() + 4);
  std::memcpy(bytes.data() + bytes.size() - 4, &tensor, 4);
  std::vector<float> values(4096);
  Decode(Named("nvfp4"), bytes, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto scale = static_cast<float>(SignedValue(KindOf("e4m3"), static_cast<int>(i / 16)));
    const float product = scale * tensor;  // rounded once, then times the element once more
    const auto element = static_cast<float>(SignedValue(KindOf("e2m1"), static_cast<int>(i % 16)));
    ASSERT_TRUE(Same(values[i], static_cast<double>(element * product))) << i;
  }
}

// ---- what the encoder writes ----

// Values of one block: magnitudes spread over `spread` binades around 2^middle, some zeros, and
// numbers that lie between two codes.
std::vector<float> BlockOf(std::mt19937_64& random, std::size_t count, int middle, int spread) {
  std::vector<float> values(count);
  for (float& value : values) {
    const auto bits = random();
    const int exponent = middle + static_cast<int>(bits % static_cast<std::uint64_t>(spread));
    const auto mantissa = static_cast<int>((bits >> 20) % 64);  // many exact ties
    value = static_cast<float>(std::ldexp(64 + mantissa, exponent - 6));
    if ((bits >> 40) % 16 == 0) value = 0;
    if ((bits >> 50) % 2 == 0) value = -value;
  }
  return values;
}

float Largest(const std::vector<float>& values, std::size_t begin, std::size_t end) {
  float largest = 0;
  for (std::size_t i = begin; i < end; ++i) largest = std::max(largest, std::fabs(values[i]));
  return largest;
}

struct Case {
  std::vector<float> values;
  std::size_t blocks;
  std::size_t scale_at;
};
Case Make(std::mt19937_64& random, int bits, std::size_t block, int round) {
  const std::size_t count = 1 + random() % 200;
  // From fp32's subnormals to its largest; most around 1, where fp16 scales reach.
  const int middle = round % 4 == 0 ? -150 + static_cast<int>(random() % 260)
                                    : -12 + static_cast<int>(random() % 20);
  Case made{BlockOf(random, count, middle, 1 + static_cast<int>(random() % 12)), 0, 0};
  made.blocks = (count + block - 1) / block;
  made.scale_at = ((count * static_cast<std::size_t>(bits) + 7) / 8 + 3) / 4 * 4;
  return made;
}

TEST(EncodeTest, FloatsUnderPowersOfTwoAreTheNearest) {
  std::mt19937_64 random(TestSeed());
  SCOPED_TRACE(SeedNote());
  for (const FloatKind& kind : reading::FloatKinds()) {
    for (const std::size_t block : {8U, 16U, 32U}) {
      for (const auto& [scale_name, bits, bias] : {std::tuple("e8m0", 8, 127), {"e5m0", 5, 15}}) {
        const Codec codec =
            Named(std::string(kind.name) + "-b" + std::to_string(block) + "-" + scale_name);
        for (int round = 0; round < 16; ++round) {
          const Case c = Make(random, BitsOf(kind), block, round);
          std::vector<std::byte> bytes(EncodedBytes(codec, c.values.size()));
          Encode(codec, c.values, bytes);
          for (std::size_t b = 0; b < c.blocks; ++b) {
            const std::size_t end = std::min(c.values.size(), (b + 1) * block);
            const float largest = Largest(c.values, b * block, end);
            int exponent = largest == 0 ? -1000 : std::ilogb(largest) - kind.top_exponent;
            exponent = std::min(std::max(exponent, -bias), bias);
            const std::size_t bit = 8 * c.scale_at + b * static_cast<std::size_t>(bits);
            ASSERT_EQ(reading::Bits(bytes, bit, bits), exponent + bias) << codec.name;
            for (std::size_t i = b * block; i < end; ++i) {
              const double scaled = std::ldexp(std::fabs(c.values[i]), -exponent);
              int expected = reading::Nearest(kind, scaled);
              if (std::signbit(c.values[i])) expected |= 1 << (BitsOf(kind) - 1);
              const auto at = i * static_cast<std::size_t>(BitsOf(kind));
              ASSERT_EQ(reading::Bits(bytes, at, BitsOf(kind)), expected)
                  << codec.name << " value " << c.values[i] << " scale 2^" << exponent;
            }
          }
        }
      }
    }
  }
}

TEST(EncodeTest, FloatsUnderHalvesAreTheNearest) {
  std::mt19937_64 random(TestSeed());
  for (const FloatKind& kind : reading::FloatKinds()) {
    const Codec codec = Named(std::string(kind.name) + "-b16-fp16");
    for (int round = 0; round < 24; ++round) {
      const Case c = Make(random, BitsOf(kind), 16, round);
      std::vector<std::byte> bytes(EncodedBytes(codec, c.values.size()));
      Encode(codec, c.values, bytes);
      for (std::size_t b = 0; b < c.blocks; ++b) {
        const std::size_t end = std::min(c.values.size(), (b + 1) * 16);
        const float wanted = Largest(c.values, b * 16, end) / static_cast<float>(kind.top);
        const int half = reading::NearestHalf(std::min(static_cast<double>(wanted), 65504.0));
        ASSERT_EQ(reading::Bits(bytes, 8 * c.scale_at + b * 16, 16), half) << codec.name;
        const auto scale = static_cast<float>(reading::HalfValue(half));
        const float inverse = scale == 0 ? 0 : 1 / scale;
        for (std::size_t i = b * 16; i < end; ++i) {
          const float scaled = std::fabs(c.values[i]) * inverse;
          int expected = reading::Nearest(kind, static_cast<double>(scaled));
          if (std::signbit(c.values[i])) expected |= 1 << (BitsOf(kind) - 1);
          const auto at = i * static_cast<std::size_t>(BitsOf(kind));
          ASSERT_EQ(reading::Bits(bytes, at, BitsOf(kind)), expected) << codec.name;
        }
      }
    }
  }
}

TEST(EncodeTest, IntegersAreTheNearest) {
  std::mt19937_64 random(TestSeed());
  for (int bits = 2; bits <= 8; ++bits) {
    for (const bool asym : {false, true}) {
      const std::string name = "int" + std::to_string(bits) + "-b32" + (asym ? "-asym" : "");
      const Codec codec = Named(name);
      const int top = asym ? (1 << bits) - 1 : (1 << (bits - 1)) - 1;
      for (int round = 0; round < 24; ++round) {
        Case c = Make(random, bits, 32, round);
        if (asym) {
          // Zero points within fp16; beyond it they saturate.
          for (float& value : c.values) value = std::min(std::max(value, -6e4F), 6e4F);
        }
        std::vector<std::byte> bytes(EncodedBytes(codec, c.values.size()));
        Encode(codec, c.values, bytes);
        for (std::size_t b = 0; b < c.blocks; ++b) {
          const std::size_t end = std::min(c.values.size(), (b + 1) * 32);
          float span = Largest(c.values, b * 32, end);
          float zero = 0;
          const std::size_t bit = 8 * c.scale_at + b * (asym ? 32U : 16U);
          if (asym) {
            const auto [low, high] =
                std::minmax_element(c.values.begin() + static_cast<std::ptrdiff_t>(b * 32),
                                    c.values.begin() + static_cast<std::ptrdiff_t>(end));
            const int magnitude = reading::NearestHalf(std::fabs(static_cast<double>(*low)));
            zero = static_cast<float>(std::copysign(reading::HalfValue(magnitude), *low));
            EXPECT_EQ(reading::HalfValue(reading::Bits(bytes, bit + 16, 16)),
                      static_cast<double>(zero));
            span = std::max(*high - zero, 0.0F);
          }
          const double wanted = static_cast<double>(span / static_cast<float>(top));
          const int half = reading::NearestHalf(std::min(wanted, 65504.0));
          ASSERT_EQ(reading::Bits(bytes, bit, 16), half) << name;
          const auto scale = static_cast<float>(reading::HalfValue(half));
          const float inverse = scale == 0 ? 0 : 1 / scale;
          for (std::size_t i = b * 32; i < end; ++i) {
            const float scaled = (c.values[i] - zero) * inverse;
            const double low = asym ? 0 : -top;
            const double clamped = std::min(std::max(static_cast<double>(scaled), low), 1.0 * top);
            const int q = static_cast<int>(std::nearbyint(clamped)) & ((1 << bits) - 1);
            const auto at = i * static_cast<std::size_t>(bits);
            ASSERT_EQ(reading::Bits(bytes, at, bits), q) << name << ' ' << c.values[i];
          }
        }
      }
    }
  }
}

TEST(EncodeTest, MxInt8IsSixtyFourths) {
  const Codec codec = Named("mxint8");
  std::vector<float> values(32, 0.0F);
  values[0] = 1.0F;         // scale 2^0: 64/64
  values[1] = -1.984375F;   // -127/64
  values[2] = 1.999F;       // clamped to 127/64
  values[3] = 1.0F / 128;   // a tie between 0 and 1/64: even is 0
  values[4] = -3.0F / 128;  // a tie between 1/64 and 2/64
  std::vector<std::byte> bytes(EncodedBytes(codec, 32));
  Encode(codec, values, bytes);
  EXPECT_EQ(static_cast<int>(bytes[32]), 127);
  EXPECT_EQ(static_cast<int>(bytes[0]), 64);
  EXPECT_EQ(static_cast<int>(bytes[1]), 256 - 127);
  EXPECT_EQ(static_cast<int>(bytes[2]), 127);
  EXPECT_EQ(static_cast<int>(bytes[3]), 0);
  EXPECT_EQ(static_cast<int>(bytes[4]), 256 - 2);
  std::vector<float> back(32);
  Decode(codec, bytes, back);
  EXPECT_EQ(back[1], -1.984375F);
}

TEST(EncodeTest, NvfpScalesCoverTheMessage) {
  std::vector<float> values(32, 1.0F);
  values[0] = 6;   // the largest: tensor scale 6 / 2688, its block's scale 448
  values[16] = 3;  // half of it: 224
  const Codec codec = Named("nvfp4");
  std::vector<std::byte> bytes(EncodedBytes(codec, 32));
  Encode(codec, values, bytes);
  float tensor = 0;
  std::memcpy(&tensor, bytes.data() + 20, 4);
  EXPECT_EQ(tensor, 6.0F / 2688);
  EXPECT_EQ(reading::Value(KindOf("e4m3"), static_cast<int>(bytes[16])), 448);
  EXPECT_EQ(reading::Value(KindOf("e4m3"), static_cast<int>(bytes[17])), 224);
  EXPECT_EQ(static_cast<int>(bytes[0]), 0x27);  // 6 is code 7, 1 is code 2, the first one low
  EXPECT_EQ(static_cast<int>(bytes[8]), 0x47);  // 3 under half the scale is code 7, 1 is code 4
}

TEST(EncodeTest, Tq3InBothConventions) {
  std::vector<float> values(33, 0.0F);
  values[0] = 2;
  values[1] = -2;
  values[31] = -1;      // half of the maximum is kept
  values[30] = 0.999F;  // less is not
  values[32] = 0.25F;   // a block of its own, filled up with zeros
  for (const auto& [name, first, second] :
       {std::tuple("tq3", 0x80000002U, 0x80000003U), {"tq3-test", 0x80000003U, 0x00000001U}}) {
    std::vector<std::byte> bytes(EncodedBytes(Named(name), 33));
    Encode(Named(name), values, bytes);
    ASSERT_EQ(bytes.size(), 20U);
    EXPECT_EQ(static_cast<unsigned>(reading::Bits(bytes, 0, 32)), first) << name;
    EXPECT_EQ(static_cast<unsigned>(reading::Bits(bytes, 32, 32)), second) << name;
    EXPECT_EQ(reading::HalfValue(reading::Bits(bytes, 64, 16)), 2) << name;
    EXPECT_EQ(reading::HalfValue(reading::Bits(bytes, 144, 16)), 0.25) << name;
    std::vector<float> back(33);
    Decode(Named(name), bytes, back);
    EXPECT_EQ(back[0], 2);
    EXPECT_EQ(back[1], -2);
    EXPECT_EQ(back[31], -2);
    EXPECT_EQ(back[30], 0);
    EXPECT_EQ(back[32], 0.25F);
  }
}

}  // namespace
}  // namespace commplan::codec
