// A data type is how a number is stored or sent: its name and how many bytes a value takes, block
// scales included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace commplan {

enum class DataType : std::uint8_t {
  kFp32,
  kBf16,
  kFp16,
  kFp8,       // one scale for a tensor or a token, not counted
  kFp8Block,  // an fp32 scale for 128 values
  kInt8,
  kInt4,   // an fp16 scale for 128 values (AWQ, GPTQ)
  kMxfp8,  // an 8-bit scale for 32 values
  kMxfp4,
  kNvfp4,  // an 8-bit scale for 16 values
};
inline constexpr std::size_t kDataTypeCount = 10;

// Bytes of one value, with its share of the scales: 2 for bf16, 1.03125 for mxfp8.
double BytesPerValue(DataType type);

// "bf16", "fp8-block": the words of commands, JSON and profiles.
std::string_view Name(DataType type);
std::optional<DataType> DataTypeNamed(std::string_view word);
std::vector<std::string_view> DataTypeNames();

}  // namespace commplan
