// Values that try a codec: mostly such as a network computes, and among them blocks of every kind
// that an encoder must treat apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace commplan::device {

// Normal values; every 29th block of 32 is one of: zeros, subnormals, an infinity, a NaN, ends of
// fp32, ties of the small formats, one large value among small ones. The same on every machine.
std::vector<float> CraftedValues(std::size_t count, std::uint64_t seed);
// Normal values alone, for times: nothing that is rare in use.
std::vector<float> NormalValues(std::size_t count, std::uint64_t seed);

// "" where both hold the same bits, any NaN being as good as another; else the first difference.
std::string DifferenceOf(std::span<const float> found, std::span<const float> expected);
std::string DifferenceOf(std::span<const std::byte> found, std::span<const std::byte> expected);

}  // namespace commplan::device
