#include "model/codec/codec.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"
#include "model/codec/data.h"

namespace commplan::codec {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Codec Named(const std::string& name) { return FindCodec(name).value(); }

std::vector<std::byte> Encoded(const Codec& codec, const std::vector<float>& values) {
  std::vector<std::byte> bytes(EncodedBytes(codec, values.size()));
  Encode(codec, values, bytes);
  return bytes;
}

std::vector<float> RoundTrip(const Codec& codec, const std::vector<float>& values) {
  std::vector<float> back(values.size());
  Decode(codec, Encoded(codec, values), back);
  return back;
}

double Sqnr(const std::vector<float>& values, const std::vector<float>& back) {
  double signal = 0;
  double noise = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<double>(values[i]);
    const double error = static_cast<double>(back[i]) - value;
    signal += value * value;
    noise += error * error;
  }
  return 10 * std::log10(signal / noise);
}

// ---- the table ----

TEST(TableTest, NamesAreUniqueAndFound) {
  std::set<std::string> names;
  for (const Codec& codec : AllCodecs()) {
    EXPECT_TRUE(names.insert(codec.name).second) << codec.name;
    EXPECT_EQ(Named(codec.name).format, codec.format);
    EXPECT_FALSE(codec.summary.empty()) << codec.name;
  }
  EXPECT_EQ(Named("fp8-b32").format, Named("e4m3-b32-fp16").format);
  for (const char* const name :
       {"none", "tq3", "mxfp4", "mxfp8", "nvfp4", "int8-b32", "int4-b32"}) {
    EXPECT_EQ(names.count(name), 1U) << name;
  }
}

TEST(TableTest, AnUnknownNameIsRefusedWithTheNearest) {
  EXPECT_THAT(FindCodec("mxfp44"), IsError(ErrorCode::kNotFound, HasSubstr("'mxfp44'")));
  EXPECT_THAT(FindCodec("mxfp44"), HasHint("did you mean 'mxfp4'?"));
  EXPECT_THAT(FindCodec("e2m1-b23-e8m0"), HasHint("did you mean 'e2m1-b32-e8m0'?"));
  EXPECT_THAT(FindCodec("zstd"), HasHint(HasSubstr("'dual2'")));
}

// Effective bits from the definitions: value bits + scale bits / block. The ratios to fp16 are
// those that the publications name.
TEST(TableTest, BitsPerValue) {
  const auto bits = [](const char* name) { return BitsPerValue(Named(name), Source::kFp16); };
  EXPECT_EQ(bits("tq3"), 2.5);
  EXPECT_EQ(bits("dual2"), 2.5);
  EXPECT_EQ(bits("mxfp4"), 4.25);
  EXPECT_EQ(bits("e2m1-b8-e5m0"), 4.625);
  EXPECT_EQ(bits("e2m2-b32-e5m0"), 5.15625);
  EXPECT_EQ(bits("e2m1-b32-e5m0"), 4.15625);
  EXPECT_EQ(bits("nvfp4"), 4.5);
  EXPECT_EQ(bits("mxfp8"), 8.25);
  EXPECT_EQ(bits("int4-b32"), 4.5);
  EXPECT_EQ(bits("int4-b32-asym"), 5);
  EXPECT_EQ(bits("int8-b128"), 8.125);
  EXPECT_EQ(bits("int4-channel"), 4);
  EXPECT_NEAR(bits("topk-3x"), 16.0 / 3, 1e-12);
  EXPECT_EQ(bits("none"), 16);
  EXPECT_EQ(Ratio(Named("tq3"), Source::kBf16), 6.4);
  EXPECT_NEAR(Ratio(Named("mxfp4"), Source::kFp16), 3.765, 0.0005);
  EXPECT_EQ(Ratio(Named("bf16"), Source::kFp32), 2);
  EXPECT_EQ(Ratio(Named("none"), Source::kFp32), 1);
}

TEST(TableTest, BytesOfAMessage) {
  const auto bytes = [](const char* name, std::size_t values) {
    return EncodedBytes(Named(name), values);
  };
  for (const Codec& codec : AllCodecs()) EXPECT_EQ(EncodedBytes(codec, 0), 0U) << codec.name;
  EXPECT_EQ(bytes("tq3", 4096), 1280U);
  EXPECT_EQ(bytes("tq3", 33), 20U);
  EXPECT_EQ(bytes("mxfp4", 32), 17U);
  EXPECT_EQ(bytes("mxfp4", 33), 22U);  // 16.5 -> 17 bytes of codes, padded to 20, two scales
  EXPECT_EQ(bytes("mxfp4", 1), 5U);
  EXPECT_EQ(bytes("fp8-e4m3", 33), 33U);
  EXPECT_EQ(bytes("e2m1-b8-e5m0", 64), 32U + 5U);  // eight five-bit scales
  EXPECT_EQ(bytes("nvfp4", 32), 16U + 2U + 2U + 4U);
  EXPECT_EQ(bytes("int4-channel", 100), 50U + 2U + 2U);
  EXPECT_EQ(bytes("int3-b32-asym", 40), 16U + 8U);  // 15 bytes of codes
  EXPECT_EQ(bytes("topk-3x", 7), 8U);               // two of seven
  EXPECT_EQ(bytes("topk-3x", 65536 + 1), 4U * (10923 + 1));
  EXPECT_EQ(WireBytes(Named("none"), 10, Source::kBf16), B(20));
  EXPECT_EQ(WireBytes(Named("mxfp4"), 32, Source::kBf16), B(17));
  // On long messages the bytes approach the bits.
  for (const Codec& codec : AllCodecs()) {
    const double exact = BitsPerValue(codec, Source::kFp32) / 8 * 65536;
    EXPECT_NEAR(static_cast<double>(EncodedBytes(codec, 65536)), exact, 4) << codec.name;
  }
}

// ---- the seven properties that the proposal of TQ3 tests, with the true numbers ----

// On normal values with all seeds the proposal's own thresholds of 6 dB (one rank), 4 dB (four)
// and 5 dB (131,072 values) cannot hold: absmax reconstruction reaches 3.65 dB. Only its 3 dB for
// eight ranks can. Ranks that add independent data change neither signal-to-noise.
TEST(Tq3Property, RoundTripOf4096Normals) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const std::vector<float> values = Draw(Shape::kGaussian, 4096, seed);
    EXPECT_NEAR(Sqnr(values, RoundTrip(Named("tq3"), values)), 3.65, 0.35);
  }
}

TEST(Tq3Property, SumOverRanks) {
  for (const auto& [ranks, count] : {std::pair(4, 4096), std::pair(8, 8192)}) {
    std::vector<float> exact(static_cast<std::size_t>(count));
    std::vector<float> found(exact.size());
    const Codec codec = Named("tq3");
    for (int rank = 0; rank < ranks; ++rank) {
      const std::vector<float> values =
          Draw(Shape::kGaussian, exact.size(), 5, static_cast<std::uint64_t>(rank));
      DecodeAdd(codec, Encoded(codec, values), found);
      for (std::size_t i = 0; i < exact.size(); ++i) exact[i] += values[i];
    }
    EXPECT_NEAR(Sqnr(exact, found), 3.65, 0.35) << ranks;
    EXPECT_GT(Sqnr(exact, found), 3.0) << ranks;
  }
}

TEST(Tq3Property, LongRoundTripAndShareOfZeros) {
  const std::vector<float> values = Draw(Shape::kGaussian, 131072, 11);
  const std::vector<float> back = RoundTrip(Named("tq3"), values);
  EXPECT_NEAR(Sqnr(values, back), 3.65, 0.06);
  double zeros = 0;
  for (const float value : back) zeros += value == 0 ? 1 : 0;
  EXPECT_NEAR(zeros / 131072, 0.746, 0.004);
}

TEST(Tq3Property, RatioZerosAndSigns) {
  const Codec codec = Named("tq3");
  EXPECT_GE(Ratio(codec, Source::kFp16), 6.0);
  EXPECT_THAT(RoundTrip(codec, std::vector<float>(100, 0.0F)), Each(0.0F));
  EXPECT_THAT(RoundTrip(codec, {1, -1, 0.5F, -0.5F}), ElementsAre(1, -1, 1, -1));
  EXPECT_THAT(RoundTrip(codec, {1, -1, 0.49F, -0.49F}), ElementsAre(1, -1, 0, 0));
}

// ---- the other codec of ten bytes ----

TEST(Dual2Test, NineDecibelsAndMoreOnNormals) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const std::vector<float> values = Draw(Shape::kGaussian, 131072, seed);
    EXPECT_GE(Sqnr(values, RoundTrip(Named("dual2"), values)), 9.7);
  }
}

TEST(Dual2Test, AnOutlierTakesALevelOfItsOwn) {
  std::vector<float> values(32, 1.0F);
  for (std::size_t i = 0; i < 32; i += 2) values[i] = -1.0F;
  values[7] = 20;
  // The upper level is 20 exactly; the lower one is 13/256 of it, the number nearest to 1/20.
  for (float& value : values) value *= std::fabs(value) > 1 ? 1.0F : 20.0F * 13 / 256;
  EXPECT_EQ(RoundTrip(Named("dual2"), values), values);
}

TEST(Dual2Test, OneMagnitudeIsKeptExactly) {
  EXPECT_THAT(RoundTrip(Named("dual2"), std::vector<float>(40, 1.5F)), Each(1.5F));
  EXPECT_THAT(RoundTrip(Named("dual2"), std::vector<float>(40, 0.0F)), Each(0.0F));
  // Half of the values nothing, half of them 3.
  std::vector<float> half(64);
  for (std::size_t i = 0; i < 64; i += 2) half[i] = -3;
  EXPECT_EQ(RoundTrip(Named("dual2"), half), half);
}

// ---- what is not a number, infinite, tiny or huge ----

TEST(SpecialsTest, ABrokenValueBreaksItsBlockAndNoOther) {
  for (const Codec& codec : AllCodecs()) {
    const Format& format = codec.format;
    const bool scaled = (format.family == Family::kBlock && format.scale != Scale::kNone) ||
                        format.family == Family::kTq3 || format.family == Family::kDual2;
    if (!scaled) continue;
    for (const float broken : {kNan, kInfinity, -kInfinity}) {
      std::vector<float> values = Draw(Shape::kGaussian, 300, 3);
      values[140] = broken;
      const std::vector<float> back = RoundTrip(codec, values);
      const std::size_t block = format.family == Family::kBlock
                                    ? static_cast<std::size_t>(format.block)
                                    : std::size_t{kChunk};
      for (std::size_t i = 0; i < values.size(); ++i) {
        const bool same = block == 0 || i / block == 140 / block;
        ASSERT_EQ(std::isnan(back[i]), same) << codec.name << ' ' << i;
      }
    }
  }
}

TEST(SpecialsTest, Casts) {
  const std::vector<float> values = {kInfinity, -kInfinity, kNan, -0.0F, 1e30F, -1e30F};
  const std::vector<float> bf16 = RoundTrip(Named("bf16"), values);
  EXPECT_EQ(bf16[0], kInfinity);
  EXPECT_EQ(bf16[1], -kInfinity);
  EXPECT_TRUE(std::isnan(bf16[2]));
  EXPECT_TRUE(bf16[3] == 0 && std::signbit(bf16[3]));
  EXPECT_EQ(RoundTrip(Named("fp16"), values)[4], kInfinity);
  const std::vector<float> e4m3 = RoundTrip(Named("fp8-e4m3"), values);
  EXPECT_TRUE(std::isnan(e4m3[0]) && std::isnan(e4m3[1]) && std::isnan(e4m3[2]));
  EXPECT_TRUE(e4m3[3] == 0 && std::signbit(e4m3[3]));
  EXPECT_EQ(e4m3[4], 448);
  EXPECT_EQ(e4m3[5], -448);
  const std::vector<float> e5m2 = RoundTrip(Named("fp8-e5m2"), values);
  EXPECT_EQ(e5m2[0], kInfinity);
  EXPECT_EQ(e5m2[1], -kInfinity);
  EXPECT_TRUE(std::isnan(e5m2[2]));
  EXPECT_EQ(e5m2[4], 57344);
}

TEST(SpecialsTest, ZerosStayZerosAndTheTinyNeverGrows) {
  for (const Codec& codec : AllCodecs()) {
    EXPECT_THAT(RoundTrip(codec, std::vector<float>(200, 0.0F)), Each(0.0F)) << codec.name;
    EXPECT_THAT(RoundTrip(codec, std::vector<float>(200, -0.0F)), Each(0.0F)) << codec.name;
    std::vector<float> tiny(200, std::numeric_limits<float>::denorm_min());
    tiny[3] = -std::numeric_limits<float>::min();
    for (const float value : RoundTrip(codec, tiny)) {
      ASSERT_LE(std::fabs(value), 2 * std::numeric_limits<float>::min()) << codec.name;
    }
  }
}

TEST(SpecialsTest, FiniteValuesStayFinite) {
  constexpr float kTop = std::numeric_limits<float>::max();
  for (const Codec& codec : AllCodecs()) {
    if (codec.format.family == Family::kFp16 || codec.format.family == Family::kBf16 ||
        codec.format.family == Family::kTopK) {
      continue;  // IEEE casts: what rounds beyond the largest is infinite
    }
    std::vector<float> values(100, kTop);
    values[1] = -kTop;
    values[2] = 1;
    for (const float value : RoundTrip(codec, values)) {
      ASSERT_TRUE(std::isfinite(value)) << codec.name;
    }
  }
}

// ---- TopK ----

TEST(TopKTest, KeepsTheLargestAndOnATieTheEarlier) {
  const Codec codec = Named("topk-3x");
  std::vector<float> values(12, 1.0F);
  values[9] = -5;
  EXPECT_THAT(RoundTrip(codec, values), ElementsAre(1, 0, 0, 0, 0, 0, 0, 0, 0, -5, 0, 0));
  values[4] = kNan;
  const std::vector<float> back = RoundTrip(codec, values);
  EXPECT_TRUE(std::isnan(back[4]));
  EXPECT_EQ(back[9], -5);
  EXPECT_EQ(back[0], 0);
}

TEST(TopKTest, BytesAsDocumented) {
  const std::vector<std::byte> bytes = Encoded(Named("topk-3x"), {0, 0, 3, 0, 0, 0, -2});
  const std::vector<std::byte> expected = {std::byte{2},    std::byte{0},    std::byte{6},
                                           std::byte{0},    std::byte{0x40}, std::byte{0x40},
                                           std::byte{0x00}, std::byte{0xC0}};
  EXPECT_EQ(bytes, expected);  // places 2 and 6, then 3.0 and -2.0
}

// ---- all codecs, all lengths, any bits ----

std::vector<float> AnyBits(std::mt19937_64& random, std::size_t count, int kind) {
  std::vector<float> values(count);
  for (float& value : values) {
    auto bits = static_cast<std::uint32_t>(random());
    // Any pattern at all; or magnitudes near each other with now and then anything.
    if (kind != 0 && random() % 64 != 0) bits = (bits & 0x80FFFFFFU) | 0x3E000000U;
    if (kind == 2 && random() % 4 == 0) bits &= 0x80000000U;
    std::memcpy(&value, &bits, 4);
  }
  return values;
}

TEST(FuzzTest, RoundTripsOfAnyBitsAndLengths) {
  std::mt19937_64 random(TestSeed());
  SCOPED_TRACE(SeedNote());
  for (const Codec& codec : AllCodecs()) {
    for (int round = 0; round < 24; ++round) {
      const std::size_t count = round < 4 ? random() % 9 : random() % 700;
      const std::vector<float> values = AnyBits(random, count, round % 3);
      const std::vector<std::byte> bytes = Encoded(codec, values);
      ASSERT_EQ(bytes, Encoded(codec, values)) << codec.name;
      std::vector<float> back(count);
      Decode(codec, bytes, back);
      // What decodes to a number decodes to the same when added to nothing.
      std::vector<float> sum(count, 0.0F);
      DecodeAdd(codec, bytes, sum);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(back[i] == sum[i] || (std::isnan(back[i]) && std::isnan(sum[i])))
            << codec.name << ' ' << i;
      }
    }
  }
}

TEST(FuzzTest, AnyBytesAreDecodedWithoutHarm) {
  std::mt19937_64 random(TestSeed());
  for (const Codec& codec : AllCodecs()) {
    for (int round = 0; round < 12; ++round) {
      const std::size_t count = random() % 300;
      std::vector<std::byte> bytes(EncodedBytes(codec, count));
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
      std::vector<float> values(count);
      Decode(codec, bytes, values);
      DecodeAdd(codec, bytes, values);
    }
  }
}

// A message says the same whatever stands around it: the first blocks of a long one decode as they
// do alone (NVFP4 apart, whose scale belongs to the whole message).
TEST(FuzzTest, BlocksDoNotKnowTheirNeighbours) {
  const std::vector<float> values = Draw(Shape::kHeavyTailed, 1024, 9);
  const std::vector<float> first(values.begin(), values.begin() + 384);
  for (const Codec& codec : AllCodecs()) {
    const Format& format = codec.format;
    if (format.family == Family::kTopK || format.block == 0 || format.scale == Scale::kE4M3) {
      continue;
    }
    std::vector<float> whole = RoundTrip(codec, values);
    whole.resize(first.size());
    EXPECT_EQ(whole, RoundTrip(codec, first)) << codec.name;
  }
}

}  // namespace
}  // namespace commplan::codec
