#include "calibrate/device/cuda/codec_device.cuh"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/codec/codec.h"
#include "model/codec/data.h"

namespace commplan::device {
namespace {

// What cudaMalloc gives: a multiple of 16 bytes, filled with what nobody wrote.
template <class T>
class Memory {
 public:
  explicit Memory(std::size_t count)
      : raw_(count * sizeof(T) / 16 + 2, uint4{~0U, ~0U, ~0U, ~0U}) {}
  T* data() { return reinterpret_cast<T*>(raw_.data()); }

 private:
  std::vector<uint4> raw_;
};

// One tile by itself, two and an odd rest, more than a block of eight warps.
constexpr std::array<std::size_t, 3> kCounts = {1024, 2 * 1024 + 77, 9 * 1024 + 1};

struct Message {
  codec::Codec codec;
  std::size_t count;
  std::vector<float> values{}, other{};
  std::vector<std::byte> wire{};

  Message(const char* name, std::size_t size) : codec(codec::FindCodec(name).value()), count(size) {
    values = codec::Draw(codec::Shape::kHeavyTailed, count, 1);
    other = codec::Draw(codec::Shape::kGaussian, count, 2);
    wire.resize(codec::EncodedBytes(codec, count));
    codec::EncodeWith(codec::PortableKernels(), codec, values, wire);
  }
  std::uint32_t Blocks() const {
    return static_cast<std::uint32_t>((count + kTileValues * kWarps - 1) / (kTileValues * kWarps));
  }
};

template <class Lane>
std::vector<std::byte> EncodeOnHost(const Message& message, const std::vector<float>& from) {
  Memory<float> values(message.count);
  std::copy(from.begin(), from.end(), values.data());
  Memory<std::uint8_t> wire(message.wire.size());
  std::uint32_t max_bits = 0;
  const auto count = static_cast<std::int64_t>(message.count);
  if (Lane::kOfMessage) {
    LaunchOnHost(message.Blocks(), kThreads,
                 [&] { FiniteMaxKernel(values.data(), count, &max_bits); });
  }
  LaunchOnHost(message.Blocks(), kThreads,
               [&] { EncodeKernel<Lane>(values.data(), count, wire.data(), &max_bits); });
  std::vector<std::byte> bytes(message.wire.size());
  std::memcpy(bytes.data(), wire.data(), bytes.size());
  return bytes;
}

template <class Lane>
void ExpectAsReference(const char* name) {
  for (const std::size_t size : kCounts) {
    SCOPED_TRACE(std::string(name) + ", " + std::to_string(size) + " values");
    const Message message(name, size);
    const auto count = static_cast<std::int64_t>(size);
    ASSERT_EQ(EncodeOnHost<Lane>(message, message.values), message.wire);

    Memory<std::uint8_t> wire(message.wire.size());
    std::memcpy(wire.data(), message.wire.data(), message.wire.size());
    Memory<float> out(size);
    std::vector<float> expected(size);
    codec::DecodeWith(codec::PortableKernels(), message.codec, message.wire, expected);
    LaunchOnHost(message.Blocks(), kThreads,
                 [&] { DecodeKernel<Lane, false>(wire.data(), count, out.data()); });
    ASSERT_EQ(std::vector<float>(out.data(), out.data() + size), expected);
    ASSERT_TRUE(std::isnan(out.data()[size])) << "wrote behind the end";

    std::copy(message.other.begin(), message.other.end(), out.data());
    std::vector<float> sum = message.other;
    codec::DecodeAddWith(codec::PortableKernels(), message.codec, message.wire, sum);
    LaunchOnHost(message.Blocks(), kThreads,
                 [&] { DecodeKernel<Lane, true>(wire.data(), count, out.data()); });
    ASSERT_EQ(std::vector<float>(out.data(), out.data() + size), sum);

    std::vector<std::byte> next(message.wire.size());
    codec::EncodeWith(codec::PortableKernels(), message.codec, sum, next);
    if constexpr (Lane::kOfMessage) {
      ASSERT_EQ(EncodeOnHost<Lane>(message, sum), next);
    } else {
      std::copy(message.other.begin(), message.other.end(), out.data());
      Memory<std::uint8_t> hop(next.size());
      LaunchOnHost(message.Blocks(), kThreads,
                   [&] { HopKernel<Lane>(wire.data(), count, out.data(), hop.data()); });
      ASSERT_EQ(std::memcmp(hop.data(), next.data(), next.size()), 0);
    }
  }
}

TEST(CodecDevice, Tq3) { ExpectAsReference<Tq3Lane>("tq3"); }
TEST(CodecDevice, Dual2) { ExpectAsReference<Dual2Lane>("dual2"); }
TEST(CodecDevice, Mxfp4) { ExpectAsReference<Mxfp4Lane>("mxfp4"); }
TEST(CodecDevice, Mxfp8) { ExpectAsReference<Mxfp8Lane>("mxfp8"); }
TEST(CodecDevice, Nvfp4) { ExpectAsReference<Nvfp4Lane>("nvfp4"); }
TEST(CodecDevice, Int8) { ExpectAsReference<Int8Lane>("int8-b32"); }
TEST(CodecDevice, Int4) { ExpectAsReference<Int4Lane>("int4-b32"); }

}  // namespace
}  // namespace commplan::device
