// The parts that origins are put together from: the tiers of a placement, and NCCL's keys.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/collective/price.h"

namespace commplan {

inline constexpr std::size_t kAllLevels = std::numeric_limits<std::size_t>::max();

// "tiers.1.latency" and so on, of the levels from `first` to before `end`.
std::vector<std::string> TierPaths(const Placement& placement, std::size_t first, std::size_t end,
                                   std::span<const std::string_view> keys);
inline std::vector<std::string> TierPaths(const Placement& placement, std::size_t first,
                                          std::size_t end,
                                          std::initializer_list<std::string_view> keys) {
  return TierPaths(placement, first, end, std::span(keys.begin(), keys.size()));
}

// What an input of one of NCCL's variants was made of, and what NCCL compares it by.
std::vector<std::string> NcclPaths(const CollectiveModel& model, const Variant& variant,
                                   Symbol symbol);
std::vector<std::string> NcclChoicePaths(const CollectiveModel& model, const Variant& variant);

}  // namespace commplan
