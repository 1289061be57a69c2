// A .npy file is one array as NumPy saves it; this reads its bytes into fp32 values.
//
// Taken: little-endian floats of 2, 4 and 8 bytes, and bfloat16, which NumPy does not know and
// which is saved as raw 2-byte items (`<u2`, `<V2`, `|V2`); in C order; format versions 1 to 3.
// All else is refused with what was found and how to convert it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace commplan::codec {

struct NpyTensor {
  std::vector<std::int64_t> shape;  // empty for a single number
  std::string dtype;                // as written in the file
  std::vector<float> values;        // doubles beyond fp32's range become infinities
};

Result<NpyTensor> ParseNpy(std::span<const std::byte> bytes);

}  // namespace commplan::codec
