// TopK keeps one value of so many, the largest by magnitude, and says where each stood.
//
// In every 65,536 values (the last part may be shorter) it keeps ceil(length / one_of): first their
// places in rising order, 16 bits each, then the values as bfloat16, 16 bits each. Of equal
// magnitudes the earlier is kept; NaN counts as larger than infinity.
#pragma once

#include <cstddef>
#include <span>

namespace commplan::codec {

std::size_t TopKBytes(int one_of, std::size_t values);
void EncodeTopK(int one_of, std::span<const float> values, std::span<std::byte> bytes);
// Adds what was kept; the others are 0. A place beyond the end is passed over.
void AddTopK(int one_of, std::span<const std::byte> bytes, std::span<float> values);

}  // namespace commplan::codec
