#include "model/codec/kernels.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/test_seed.h"
#include "model/codec/bits.h"
#include "model/codec/codec.h"

namespace commplan::codec {
namespace {

std::vector<float> AnyBits(std::mt19937_64& random, std::size_t count, int kind) {
  std::vector<float> values(count);
  for (float& value : values) {
    auto bits = static_cast<std::uint32_t>(random());
    if (kind >= 1) bits = (bits & 0x80FFFFFFU) | 0x3E000000U;                 // 2^-3 to 2^1
    if (kind == 2 && random() % 512 == 0) bits |= 0x7F800000U;                // infinity and NaN
    if (kind == 3) bits = (bits & 0x807FFFFFU) | (bits << 29 & 0x60000000U);  // far apart
    if (kind == 4 && random() % 3 == 0) bits &= 0x80000000U;                  // zeros
    std::memcpy(&value, &bits, 4);
  }
  return values;
}

// Bit for bit, but a NaN is a NaN: which one an operation gives is not defined.
bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (BitsOf(a[i]) != BitsOf(b[i]) && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
  }
  return a.size() == b.size();
}

TEST(KernelsTest, Avx2GivesTheBitsOfThePortable) {
  if (Avx2Kernels() == nullptr) GTEST_SKIP() << "this processor has no AVX2";
  std::mt19937_64 random(TestSeed());
  SCOPED_TRACE(SeedNote());
  for (const Codec& codec : AllCodecs()) {
    for (int round = 0; round < 30; ++round) {
      const std::size_t count = random() % (round < 20 ? 700 : 40);
      const std::vector<float> values = AnyBits(random, count, round % 5);
      std::vector<std::byte> portable(EncodedBytes(codec, count), std::byte{0xA5});
      std::vector<std::byte> avx2(portable.size(), std::byte{0x5A});
      EncodeWith(PortableKernels(), codec, values, portable);
      EncodeWith(*Avx2Kernels(), codec, values, avx2);
      ASSERT_EQ(portable, avx2) << codec.name << ' ' << count << ' ' << round;
      std::vector<float> a(count);
      std::vector<float> b(count);
      DecodeWith(PortableKernels(), codec, portable, a);
      DecodeWith(*Avx2Kernels(), codec, portable, b);
      ASSERT_TRUE(SameBits(a, b)) << codec.name << ' ' << count << ' ' << round;
      std::vector<float> sum_a(count, 0.1F);
      std::vector<float> sum_b(count, 0.1F);
      DecodeAddWith(PortableKernels(), codec, portable, sum_a);
      DecodeAddWith(*Avx2Kernels(), codec, portable, sum_b);
      ASSERT_TRUE(SameBits(sum_a, sum_b)) << codec.name << ' ' << count;
      for (std::size_t i = 0; i < count; ++i) a[i] = 0.1F + a[i];
      ASSERT_TRUE(SameBits(sum_a, a)) << codec.name << ' ' << count;
    }
  }
}

// dual2 once more, one value at a time, as docs/codecs.md describes it.
struct Dual {
  std::uint32_t sign = 0;
  std::uint32_t upper = 0;
  std::uint32_t word = 0;
};

float Butterfly(const std::vector<float>& values) {
  std::vector<float> x = values;
  x.resize(32, 0.0F);
  for (std::size_t half = 16; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) x[i] = x[i] + x[i + half];
  }
  return x[0];
}

Dual EncodeDual(const std::vector<float>& x) {
  std::vector<float> magnitude;
  for (const float value : x) {
    if (!std::isfinite(value)) return {0, 0, 511U << 7};
    magnitude.push_back(std::min(std::fabs(value), 16777216.0F));
  }
  const float total = Butterfly(magnitude);
  const auto count = static_cast<float>(x.size());
  float threshold = 1.4F * (total / count);
  float low = 0;
  float high = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<float> above(x.size(), 0.0F);
    float upper = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (magnitude[i] >= threshold) {
        above[i] = magnitude[i];
        upper += 1;
      }
    }
    const float sum = Butterfly(above);
    high = upper == 0 ? total / count : sum / upper;
    low = upper == count ? high : std::max(total - sum, 0.0F) / (count - upper);
    threshold = 0.5F * (low + high);
  }
  const std::uint32_t code = RoundedField(high, 20, kDualHighOffset, kDualHighTop);
  if (code == 0) return {};
  const float stored = LevelsOf(code << 7).high;
  Dual dual;
  dual.word = (code << 7) | RoundedField(low / stored, 19, kDualRatioOffset, kDualRatioTop);
  const DualLevels levels = LevelsOf(dual.word);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::signbit(x[i])) dual.sign |= 1U << i;
    if (magnitude[i] >= 0.5F * (levels.low + levels.high)) dual.upper |= 1U << i;
  }
  return dual;
}

TEST(KernelsTest, Dual2IsAsDescribed) {
  std::mt19937_64 random(TestSeed());
  SCOPED_TRACE(SeedNote());
  const Codec codec = FindCodec("dual2").value();
  for (int round = 0; round < 400; ++round) {
    const std::size_t count = 1 + random() % 900;
    const std::vector<float> values = AnyBits(random, count, round % 5);
    std::vector<std::byte> bytes(EncodedBytes(codec, count));
    Encode(codec, values, bytes);
    const std::size_t blocks = (count + 31) / 32;
    for (std::size_t b = 0; b < blocks; ++b) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(32 * b);
      const auto end = values.begin() + static_cast<std::ptrdiff_t>(std::min(count, 32 * (b + 1)));
      const Dual expected = EncodeDual({begin, end});
      Dual found;
      std::memcpy(&found.sign, bytes.data() + 8 * b, 4);
      std::memcpy(&found.upper, bytes.data() + 8 * b + 4, 4);
      std::memcpy(&found.word, bytes.data() + 8 * blocks + 2 * b, 2);
      ASSERT_EQ(found.word, expected.word) << round << ' ' << b;
      ASSERT_EQ(found.sign, expected.sign) << round << ' ' << b;
      // Behind the last value both planes are 0.
      ASSERT_EQ(found.upper, expected.upper) << round << ' ' << b;
    }
  }
}

}  // namespace
}  // namespace commplan::codec
