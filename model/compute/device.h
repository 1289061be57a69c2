// What a datasheet says of a device, and the number formats that a kernel can run in.
//
// Nothing here is fitted: peaks bound every kernel time from below, and efficiencies (kernel.h) say
// which share of them a kernel reaches. A rate of zero means that the device has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/base/quantity.h"

namespace commplan {

struct ComputeDevice {
  Bandwidth memory{};  // Peak of the device memory.
  Bytes cache{};       // The last level of cache.
  FlopRate half{};     // Peak matrix rate with 16-bit operands, without sparsity.
  FlopRate eight{};    // The same with 8-bit floating-point operands.
  FlopRate four{};     // The same with 4-bit floating-point operands.
  FlopRate int8{};     // The same with 8-bit integer operands.

  friend bool operator==(const ComputeDevice&, const ComputeDevice&) = default;
};

// What the weights and activations of a matrix kernel are made of. fp16 counts as bf16: same size,
// same rate.
enum class ComputeType : std::uint8_t {
  kBf16,
  kFp8,             // Scales per tensor or token.
  kFp8Block,        // Scales per block of 128 x 128 weights.
  kNvfp4,           // 4 bits and one 8-bit scale per 16 values.
  kInt8WeightOnly,  // 8-bit weights, 16-bit activations and arithmetic.
  kInt4WeightOnly,
  kInt8,  // 8-bit integer weights and activations.
};

struct ComputeTypeTraits {
  ComputeType type;
  std::string_view name;    // As in profiles and measured tables.
  double weight_bytes;      // Per value, scales included.
  double activation_bytes;  // Per value, as the matrix kernel reads it.
  bool quantises;           // The call begins by turning 16-bit activations into that.
  FlopRate ComputeDevice::*rate;
};

const ComputeTypeTraits& TraitsOf(ComputeType type);

// Bytes moved per activation before the product: the 16-bit value read, the narrow one written.
constexpr double QuantisedBytes(const ComputeTypeTraits& traits) {
  return traits.quantises ? 2 + traits.activation_bytes : 0;
}

std::optional<ComputeType> ComputeTypeNamed(std::string_view name);

// The peak rate of `type` on `device`, zero where it has none.
FlopRate PeakRate(const ComputeDevice& device, ComputeType type);

}  // namespace commplan
