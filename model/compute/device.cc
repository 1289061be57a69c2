#include "model/compute/device.h"

#include <array>
#include <cstddef>

#include "model/base/check.h"

namespace commplan {
namespace {

constexpr std::array<ComputeTypeTraits, 7> kTraits = {{
    {ComputeType::kBf16, "bf16", 2, 2, false, &ComputeDevice::half},
    {ComputeType::kFp8, "fp8", 1, 1, true, &ComputeDevice::eight},
    {ComputeType::kFp8Block, "fp8_block", 1, 1, true, &ComputeDevice::eight},
    {ComputeType::kNvfp4, "nvfp4", 0.5625, 0.5625, true, &ComputeDevice::four},
    {ComputeType::kInt8WeightOnly, "int8_wo", 1, 2, false, &ComputeDevice::half},
    {ComputeType::kInt4WeightOnly, "int4_wo", 0.5, 2, false, &ComputeDevice::half},
    {ComputeType::kInt8, "int8_sq", 1, 1, true, &ComputeDevice::int8},
}};

}  // namespace

const ComputeTypeTraits& TraitsOf(ComputeType type) {
  const std::size_t place = static_cast<std::size_t>(type);
  CHECK_LT(place, kTraits.size());
  return kTraits[place];
}

std::optional<ComputeType> ComputeTypeNamed(std::string_view name) {
  for (const ComputeTypeTraits& traits : kTraits) {
    if (traits.name == name) return traits.type;
  }
  return std::nullopt;
}

FlopRate PeakRate(const ComputeDevice& device, ComputeType type) {
  return device.*TraitsOf(type).rate;
}

}  // namespace commplan
