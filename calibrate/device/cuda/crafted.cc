#include "calibrate/device/cuda/crafted.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/base/check.h"
#include "model/codec/bits.h"
#include "model/codec/data.h"

namespace commplan::device {
namespace {

constexpr std::size_t kDrawn = std::size_t{1} << 16;
constexpr std::size_t kBlock = 32;
constexpr std::size_t kEvery = 29;  // shares no factor with the blocks of a tile or a draw
constexpr std::uint32_t kKinds = 7;

float Special(std::uint32_t kind, std::size_t i, float normal) {
  const float sign = i % 2 == 0 ? 1.0F : -1.0F;
  switch (kind) {
    case 0:
      return 0.0F * sign;
    case 1:
      return sign * codec::FromBits(static_cast<std::uint32_t>(i * 12345 + 1) & 0x7FFFFFU);
    case 2:
      return i == 11 ? sign * std::numeric_limits<float>::infinity() : normal;
    case 3:
      return i == 23 ? std::numeric_limits<float>::quiet_NaN() : normal;
    case 4:
      return sign * codec::FromBits(i % 3 == 0 ? 0x7F7FFFFFU : 0x00800000U);
    case 5:
      return sign * 0.25F * static_cast<float>(i + 1);
    default:
      return i == 5 ? 1e6F : normal;
  }
}

}  // namespace

std::vector<float> NormalValues(std::size_t count, std::uint64_t seed) {
  const std::vector<float> drawn = codec::Draw(codec::Shape::kGaussian, kDrawn, seed);
  std::vector<float> values(count);
  for (std::size_t at = 0; at < count; at += kDrawn) {
    std::copy_n(drawn.begin(), std::min(kDrawn, count - at),
                values.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return values;
}

std::vector<float> CraftedValues(std::size_t count, std::uint64_t seed) {
  std::vector<float> values = NormalValues(count, seed);
  std::uint32_t kind = static_cast<std::uint32_t>(seed % kKinds);
  for (std::size_t block = 0; block * kBlock < count; block += kEvery) {
    for (std::size_t i = 0; i < kBlock && block * kBlock + i < count; ++i) {
      float& value = values[block * kBlock + i];
      value = Special(kind, i, value);
    }
    kind = (kind + 1) % kKinds;
  }
  return values;
}

std::string DifferenceOf(std::span<const float> found, std::span<const float> expected) {
  CHECK_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (codec::BitsOf(found[i]) == codec::BitsOf(expected[i])) continue;
    if (std::isnan(found[i]) && std::isnan(expected[i])) continue;
    return "value " + std::to_string(i) + " is " + std::to_string(found[i]) + ", expected " +
           std::to_string(expected[i]);
  }
  return {};
}

std::string DifferenceOf(std::span<const std::byte> found, std::span<const std::byte> expected) {
  CHECK_EQ(found.size(), expected.size());
  const auto [a, b] = std::mismatch(found.begin(), found.end(), expected.begin());
  if (a == found.end()) return {};
  return "byte " + std::to_string(a - found.begin()) + " is " +
         std::to_string(std::to_integer<int>(*a)) + ", expected " +
         std::to_string(std::to_integer<int>(*b));
}

}  // namespace commplan::device
