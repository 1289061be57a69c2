#include "calibrate/device/cuda/codec_lane.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "calibrate/device/cuda/codec_message.h"
#include "gtest/gtest.h"
#include "model/base/test_seed.h"
#include "model/codec/codec.h"

namespace commplan::device {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Mxfp4Case {
  using Lane = Mxfp4Lane;
  static constexpr const char* kName = "mxfp4";
};
struct Mxfp8Case {
  using Lane = Mxfp8Lane;
  static constexpr const char* kName = "mxfp8";
};
struct Nvfp4Case {
  using Lane = Nvfp4Lane;
  static constexpr const char* kName = "nvfp4";
};
struct Int8Case {
  using Lane = Int8Lane;
  static constexpr const char* kName = "int8-b32";
};
struct Int4Case {
  using Lane = Int4Lane;
  static constexpr const char* kName = "int4-b32";
};
struct Tq3Case {
  using Lane = Tq3Lane;
  static constexpr const char* kName = "tq3";
};
struct Dual2Case {
  using Lane = Dual2Lane;
  static constexpr const char* kName = "dual2";
};

// A message made of chunks, as a device makes it.
template <class Lane>
std::vector<std::byte> EncodeByLanes(const std::vector<float>& values) {
  const auto count = static_cast<std::int64_t>(values.size());
  const MessageLayout layout = LayoutOf<Lane>(count);
  // Stale bytes would show what is not written.
  std::vector<std::uint8_t> wire(static_cast<std::size_t>(layout.total), 0xA5);
  if (count == 0) return {};
  float message = 1;
  if constexpr (Lane::kOfMessage) {
    std::uint32_t largest = 0;
    for (const float value : values) {
      const std::uint32_t bits = codec::BitsOf(value) & codec::kAbsBits;
      if (bits < codec::kInfinityBits) largest = std::max(largest, bits);
    }
    message = Lane::Scale::template OfMessage<typename Lane::Element>(largest);
  }
  for (std::int64_t chunk = 0; chunk < Chunks(count); ++chunk) {
    const auto here =
        static_cast<int>(std::min<std::int64_t>(kLaneValues, count - chunk * kLaneValues));
    float x[kLaneValues] = {};
    for (int i = 0; i < here; ++i) x[i] = values[static_cast<std::size_t>(chunk * kLaneValues + i)];
    LaneChunk packed;
    Lane::Encode(x, here, message, packed);
    PutChunk<Lane>(packed, layout, chunk, here, wire.data());
  }
  PutRest<Lane>(count, message, wire.data());
  std::vector<std::byte> bytes(wire.size());
  std::memcpy(bytes.data(), wire.data(), wire.size());
  return bytes;
}

template <class Lane>
std::vector<float> DecodeByLanes(const std::vector<std::byte>& bytes, std::size_t values) {
  const auto* wire = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto count = static_cast<std::int64_t>(values);
  const MessageLayout layout = LayoutOf<Lane>(count);
  std::vector<float> result(values);
  for (std::int64_t chunk = 0; chunk < Chunks(count); ++chunk) {
    const auto here =
        static_cast<int>(std::min<std::int64_t>(kLaneValues, count - chunk * kLaneValues));
    float x[kLaneValues] = {};
    Lane::Decode(GetChunk<Lane>(wire, layout, chunk, here), MessageOf<Lane>(wire, layout), x);
    for (int i = 0; i < here; ++i) result[static_cast<std::size_t>(chunk * kLaneValues + i)] = x[i];
  }
  return result;
}

// The first value that differs in a bit; which NaN it is does not count.
std::string FirstDifference(const std::vector<float>& a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (codec::BitsOf(a[i]) == codec::BitsOf(b[i])) continue;
    return "value " + std::to_string(i) + ": " + std::to_string(a[i]) + " and " +
           std::to_string(b[i]);
  }
  return {};
}

// Blocks of every kind: of one binade anywhere in fp32, of all bits, of ties, of few distinct
// values, with zeros, subnormals, infinities and NaNs among them.
std::vector<float> Fuzz(std::mt19937_64& random, std::size_t count) {
  const auto below = [&random](std::uint64_t n) {
    return static_cast<std::uint32_t>(random() % n);
  };
  std::vector<float> values(count);
  std::uint32_t kind = 0;
  std::uint32_t exponent = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 16 == 0) {
      kind = below(9);
      exponent = below(255);
    }
    const std::uint32_t sign = below(2) << 31;
    const std::uint32_t mantissa = below(1U << 23);
    std::uint32_t bits = sign;
    if (kind == 1) bits |= mantissa;  // subnormals
    if (kind == 2) bits = static_cast<std::uint32_t>(random());
    if (kind == 3) bits |= (exponent << 23) | (mantissa & 0x700000U);  // ties of short mantissas
    if (kind == 4) bits |= (127U << 23) | (mantissa & 0x7FC000U);
    if (kind >= 5) {
      // Several binades below one another, as data are.
      const std::uint32_t down = below(8);
      bits |= ((exponent > down ? exponent - down : 0) << 23) | mantissa;
    }
    values[i] = codec::FromBits(bits);
  }
  for (std::uint32_t faults = below(8) == 0 ? below(3) : 0; faults > 0 && count > 0; --faults) {
    constexpr std::array<float, 3> kFaults = {kInfinity, -kInfinity,
                                              std::numeric_limits<float>::quiet_NaN()};
    values[random() % count] = kFaults[below(3)];
  }
  return values;
}

template <class Case>
class CodecLane : public ::testing::Test {
 protected:
  codec::Codec codec() const { return codec::FindCodec(Case::kName).value(); }

  void ExpectAsReference(const std::vector<float>& values) {
    const codec::Codec reference = codec();
    std::vector<std::byte> wire(codec::EncodedBytes(reference, values.size()));
    codec::EncodeWith(codec::PortableKernels(), reference, values, wire);
    ASSERT_EQ(EncodeByLanes<typename Case::Lane>(values), wire) << values.size() << " values";
    ExpectDecodesAsReference(wire, values.size());
  }

  void ExpectDecodesAsReference(const std::vector<std::byte>& wire, std::size_t count) {
    std::vector<float> expected(count);
    codec::DecodeWith(codec::PortableKernels(), codec(), wire, expected);
    ASSERT_EQ(FirstDifference(DecodeByLanes<typename Case::Lane>(wire, count), expected), "");
  }
};

using Cases =
    ::testing::Types<Mxfp4Case, Mxfp8Case, Nvfp4Case, Int8Case, Int4Case, Tq3Case, Dual2Case>;
struct CaseNames {
  template <class Case>
  static std::string GetName(int /*index*/) {
    std::string name;
    for (const char letter : std::string(Case::kName)) name += letter == '-' ? '_' : letter;
    return name;
  }
};
TYPED_TEST_SUITE(CodecLane, Cases, CaseNames);

TYPED_TEST(CodecLane, LaysOutAMessageAsTheReferenceDoes) {
  for (std::int64_t count = 0; count < 300; ++count) {
    ASSERT_EQ(static_cast<std::size_t>(LayoutOf<typename TypeParam::Lane>(count).total),
              codec::EncodedBytes(this->codec(), static_cast<std::size_t>(count)));
  }
}

TYPED_TEST(CodecLane, EncodesAndDecodesAsTheReference) {
  std::mt19937_64 random(TestSeed());
  for (std::size_t count = 0; count < 200; ++count) {
    this->ExpectAsReference(Fuzz(random, count));
    if (this->HasFatalFailure()) FAIL() << SeedNote();
  }
  for (int trial = 0; trial < 1500; ++trial) {
    this->ExpectAsReference(Fuzz(random, 1024 + random() % 512));
    if (this->HasFatalFailure()) FAIL() << SeedNote();
  }
}

// Every exponent of a block's largest value, with the neighbours of each power of two.
TYPED_TEST(CodecLane, EncodesEveryScaleAsTheReference) {
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent) {
    std::vector<float> values;
    for (std::uint32_t i = 0; i < 64; ++i) {
      const std::uint32_t bits = (exponent << 23) + (i * 0x00020001U) % 0x00800000U;
      values.push_back(codec::FromBits((i % 3 == 0 ? 0x80000000U : 0U) | (i == 5 ? 0U : bits)));
    }
    this->ExpectAsReference(values);
    values[40] = codec::FromBits((exponent << 23) + 0x007FFFFFU);
    this->ExpectAsReference(values);
    if (this->HasFatalFailure()) FAIL() << "exponent " << exponent;
  }
}

TYPED_TEST(CodecLane, DecodesForeignBytesAsTheReference) {
  std::mt19937_64 random(TestSeed());
  for (int trial = 0; trial < 300; ++trial) {
    const std::size_t count = 1 + random() % 400;
    std::vector<std::byte> wire(codec::EncodedBytes(this->codec(), count));
    for (std::byte& byte : wire) byte = static_cast<std::byte>(random());
    this->ExpectDecodesAsReference(wire, count);
    if (this->HasFatalFailure()) FAIL() << SeedNote();
  }
}

// A hop of a ring: what came is decoded and added to the own values, and the sum is encoded.
TYPED_TEST(CodecLane, AHopIsThatOfTheReference) {
  std::mt19937_64 random(TestSeed());
  const codec::Codec reference = this->codec();
  for (int trial = 0; trial < 50; ++trial) {
    const std::size_t count = 1 + random() % 700;
    const std::vector<std::byte> in = EncodeByLanes<typename TypeParam::Lane>(Fuzz(random, count));
    std::vector<float> sum = Fuzz(random, count);
    std::vector<float> own = sum;
    codec::DecodeAddWith(codec::PortableKernels(), reference, in, sum);
    const std::vector<float> decoded = DecodeByLanes<typename TypeParam::Lane>(in, count);
    for (std::size_t i = 0; i < count; ++i) own[i] += decoded[i];
    ASSERT_EQ(FirstDifference(own, sum), "") << SeedNote();
    std::vector<std::byte> out(in.size());
    codec::EncodeWith(codec::PortableKernels(), reference, sum, out);
    ASSERT_EQ(EncodeByLanes<typename TypeParam::Lane>(own), out) << SeedNote();
  }
}

}  // namespace
}  // namespace commplan::device
