#include "model/codec/top_k.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "model/codec/bits.h"
#include "model/codec/format.h"

namespace commplan::codec {
namespace {

std::size_t Kept(int one_of, std::size_t length) {
  const auto divisor = static_cast<std::size_t>(one_of);
  return (length + divisor - 1) / divisor;
}

std::size_t Length(std::size_t at, std::size_t values) {
  return std::min<std::size_t>(values - at, kTopKChunk);
}

}  // namespace

std::size_t TopKBytes(int one_of, std::size_t values) {
  const std::size_t full = values / kTopKChunk;
  return 4 * (full * Kept(one_of, kTopKChunk) + Kept(one_of, values % kTopKChunk));
}

void EncodeTopK(int one_of, std::span<const float> values, std::span<std::byte> bytes) {
  std::byte* out = bytes.data();
  std::vector<std::uint64_t> order;
  for (std::size_t at = 0; at < values.size(); at += kTopKChunk) {
    const std::size_t length = Length(at, values.size());
    const std::size_t kept = Kept(one_of, length);
    // Ascending keys: larger magnitudes first, then earlier places. All keys differ, so the set of
    // the first `kept` does not depend on how they are sorted.
    order.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
      order[i] = std::uint64_t{~BitsOf(values[at + i]) | ~kAbsBits} << 32 | i;
    }
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept - 1),
                     order.end());
    for (std::size_t i = 0; i < kept; ++i) order[i] &= 0xFFFFFFFFU;
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept));
    for (std::size_t i = 0; i < kept; ++i) {
      const auto place = static_cast<std::uint16_t>(order[i]);
      const auto value = static_cast<std::uint16_t>(Bf16Of(values[at + order[i]]));
      std::memcpy(out + 2 * i, &place, 2);
      std::memcpy(out + 2 * (kept + i), &value, 2);
    }
    out += 4 * kept;
  }
}

void AddTopK(int one_of, std::span<const std::byte> bytes, std::span<float> values) {
  const std::byte* in = bytes.data();
  for (std::size_t at = 0; at < values.size(); at += kTopKChunk) {
    const std::size_t length = Length(at, values.size());
    const std::size_t kept = Kept(one_of, length);
    for (std::size_t i = 0; i < kept; ++i) {
      std::uint16_t place = 0;
      std::uint16_t value = 0;
      std::memcpy(&place, in + 2 * i, 2);
      std::memcpy(&value, in + 2 * (kept + i), 2);
      if (place < length) values[at + place] += FromBf16(value);
    }
    in += 4 * kept;
  }
}

}  // namespace commplan::codec
