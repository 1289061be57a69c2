#include "model/codec/bits.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "gtest/gtest.h"
#include "model/codec/test_reading.h"

namespace commplan::codec {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(PowerOfTwoTest, AllOfThem) {
  for (int e = -149; e <= 127; ++e) EXPECT_EQ(PowerOfTwo(e), std::ldexp(1.0F, e)) << e;
}

TEST(FloorLog2Test, AtEachPowerAndJustBelow) {
  for (int e = -126; e <= 127; ++e) {
    const float power = std::ldexp(1.0F, e);
    EXPECT_EQ(FloorLog2(power), e);
    EXPECT_EQ(FloorLog2(std::nextafter(power, 0.0F)), e - 1);
  }
  EXPECT_EQ(FloorLog2(0), -127);
  EXPECT_EQ(FloorLog2(std::numeric_limits<float>::denorm_min()), -127);
}

TEST(HalfTest, EveryCodeReadsAsItsDefinitionAndBack) {
  for (int half = 0; half < 65536; ++half) {
    const float value = FromHalf(static_cast<std::uint32_t>(half));
    const double expected = reading::HalfValue(half);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << half;
      EXPECT_EQ(HalfOf(value), static_cast<std::uint32_t>(half & 0x8000) | kHalfNan);
    } else {
      EXPECT_EQ(static_cast<double>(value), expected) << half;
      EXPECT_EQ(HalfOf(value), static_cast<std::uint32_t>(half));
    }
  }
}

TEST(HalfTest, BetweenTwoCodesTheNearerAndOnATieTheEven) {
  for (int half = 0; half < 0x7BFF; ++half) {
    const double low = reading::HalfValue(half);
    const double high = reading::HalfValue(half + 1);
    const auto middle = static_cast<float>((low + high) / 2);  // exact: one bit more than a half
    const auto even = static_cast<std::uint32_t>(half % 2 == 0 ? half : half + 1);
    EXPECT_EQ(HalfOf(middle), even) << half;
    EXPECT_EQ(HalfOf(-middle), even | 0x8000U) << half;
    EXPECT_EQ(HalfOf(std::nextafter(middle, 0.0F)), static_cast<std::uint32_t>(half));
    EXPECT_EQ(HalfOf(std::nextafter(middle, kInfinity)), static_cast<std::uint32_t>(half + 1));
  }
}

TEST(HalfTest, BeyondTheLargest) {
  EXPECT_EQ(HalfOf(65519.996F), 0x7BFFU);  // below the middle between 65504 and 65536
  EXPECT_EQ(HalfOf(65520.0F), 0x7C00U);
  EXPECT_EQ(HalfOf(std::numeric_limits<float>::max()), 0x7C00U);
  EXPECT_EQ(HalfOf(-kInfinity), 0xFC00U);
  EXPECT_EQ(SaturatedHalf(1e30F), 0x7BFFU);
  EXPECT_EQ(SaturatedHalf(-1e30F), 0xFBFFU);
  EXPECT_EQ(HalfOf(std::numeric_limits<float>::denorm_min()), 0U);
  EXPECT_EQ(HalfOf(-0.0F), 0x8000U);
}

TEST(Bf16Test, EveryCodeAndEveryMiddle) {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const float value = FromBf16(code);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, 4);
    EXPECT_EQ(bits, code << 16);
    if (std::isnan(value)) {
      EXPECT_EQ(Bf16Of(value), (code & 0x8000U) | 0x7FC0U);
      continue;
    }
    EXPECT_EQ(Bf16Of(value), code);
    if ((code & 0x7FFFU) >= 0x7F80U) continue;
    // The middle to the next code has the bits code:1000...; ties go to even.
    const auto with = [code](std::uint32_t low) { return FromBits((code << 16) | low); };
    EXPECT_EQ(Bf16Of(with(0x7FFF)), code);
    EXPECT_EQ(Bf16Of(with(0x8000)), code + code % 2);
    EXPECT_EQ(Bf16Of(with(0x8001)), code + 1);
  }
  EXPECT_TRUE(std::isnan(FromBf16(Bf16Of(kNan))));
}

TEST(RoundToCodeTest, EveryCodeOfEveryElementAndEveryMiddle) {
  for (const reading::FloatKind& kind : reading::FloatKinds()) {
    const int codes = 1 << (kind.exponent_bits + kind.mantissa_bits);
    for (int code = 0; code + 1 < codes && std::isfinite(reading::Value(kind, code + 1)); ++code) {
      const auto low = static_cast<float>(reading::Value(kind, code));
      const auto high = static_cast<float>(reading::Value(kind, code + 1));
      const float middle = (low + high) / 2;
      const auto round = [&kind](float value) {
        return static_cast<int>(RoundToCode(value, kind.mantissa_bits, 1 - kind.bias));
      };
      EXPECT_EQ(round(low), code) << kind.name;
      EXPECT_EQ(round(high), code + 1) << kind.name;
      EXPECT_EQ(round(middle), reading::OfTwo(kind, code)) << kind.name << ' ' << code;
      EXPECT_EQ(round(std::nextafter(middle, 0.0F)), code) << kind.name << ' ' << code;
      EXPECT_EQ(round(std::nextafter(middle, kInfinity)), code + 1) << kind.name << ' ' << code;
      EXPECT_EQ(CodeValue(static_cast<std::uint32_t>(code), kind.mantissa_bits, 1 - kind.bias), low)
          << kind.name << ' ' << code;
    }
  }
}

// All level words of dual2, read by ldexp.
TEST(LevelsTest, EveryWord) {
  for (std::uint32_t word = 0; word < 65536; ++word) {
    const int high = static_cast<int>(word >> 7);
    const int ratio = static_cast<int>(word & 127U);
    const DualLevels levels = LevelsOf(word);
    if (high == 511) {
      EXPECT_TRUE(std::isnan(levels.low) && std::isnan(levels.high));
      continue;
    }
    // 6 bits of exponent above 3 of mantissa; the first exponent is 2^-40.
    const double top = high == 0 ? 0 : std::ldexp(8 + high % 8, high / 8 - 40 - 3);
    // 3 bits of exponent above 4 of mantissa; the first exponent is 2^-8.
    const double share = ratio == 0 ? 0 : std::ldexp(16 + ratio % 16, ratio / 16 - 8 - 4);
    ASSERT_EQ(static_cast<double>(levels.high), top) << word;
    ASSERT_EQ(static_cast<double>(levels.low), top * share) << word;
  }
}

TEST(RoundedFieldTest, RoundsToEvenAndStaysInRange) {
  const auto high = [](float value) {
    return RoundedField(value, 20, kDualHighOffset, kDualHighTop);
  };
  for (std::uint32_t code = 1; code < kDualHighTop; ++code) {
    const float low = FromBits((code + kDualHighOffset) << 20);
    const float next = FromBits((code + 1 + kDualHighOffset) << 20);
    EXPECT_EQ(high(low), code);
    EXPECT_EQ(high((low + next) / 2), code + code % 2);
    EXPECT_EQ(high(std::nextafter((low + next) / 2, kInfinity)), code + 1);
  }
  EXPECT_EQ(high(0), 0U);
  EXPECT_EQ(high(std::ldexp(1.0F, -41)), 0U);
  EXPECT_EQ(high(kDualClamp), kDualHighTop);
}

}  // namespace
}  // namespace commplan::codec
