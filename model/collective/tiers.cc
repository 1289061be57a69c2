#include "model/collective/tiers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <vector>

#include "model/base/check.h"

namespace commplan {
namespace {

// Rounds of a binomial tree whose partners meet on each tier; none where domains are no powers of
// two.
std::vector<int> Rounds(std::span<const OuterTier> tiers, int unit, int ranks) {
  const auto log2_ceil = [](int n) {
    return static_cast<int>(std::bit_width(static_cast<unsigned>(n - 1)));
  };
  std::vector<int> rounds;
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    const int below = tiers[t].below / unit;
    if (!std::has_single_bit(static_cast<unsigned>(below))) return {};
    const bool last = t + 1 == tiers.size();
    const int above = (last ? ranks : tiers[t + 1].below) / unit;
    rounds.push_back(log2_ceil(above) - log2_ceil(below));
  }
  return rounds;
}

}  // namespace

Time RingHop(std::span<const OuterTier> tiers, int unit, double steps) {
  CHECK(!tiers.empty());
  if (tiers.size() == 1) return tiers[0].latency;
  Time total{};
  const auto leaving = [&](std::size_t t) {
    return t < tiers.size() ? std::ceil(steps * unit / tiers[t].below) : 0;
  };
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    total += (leaving(t) - leaving(t + 1)) * tiers[t].latency;
  }
  return total / std::max(1.0, leaving(0));
}

Time TreeHop(std::span<const OuterTier> tiers, int unit, int ranks) {
  CHECK(!tiers.empty());
  if (tiers.size() == 1) return tiers[0].latency;
  Time total{}, longest{};
  double count = 0;
  const std::vector<int> rounds = Rounds(tiers, unit, ranks);
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    longest = Max(longest, tiers[t].latency);
    if (rounds.empty()) continue;
    total += 1.0 * rounds[t] * tiers[t].latency;
    count += rounds[t];
  }
  return count > 0 ? total / count : longest;
}

Bandwidth TreeRate(std::span<const OuterTier> tiers, int unit, int ranks) {
  CHECK(!tiers.empty());
  if (tiers.size() == 1) return tiers[0].neighbour;
  TimePerByte total{};
  Bandwidth narrowest = tiers[0].neighbour;
  double count = 0;
  const std::vector<int> rounds = Rounds(tiers, unit, ranks);
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    narrowest = Min(narrowest, tiers[t].neighbour);
    if (rounds.empty()) continue;
    total += 1.0 * rounds[t] / tiers[t].neighbour;
    count += rounds[t];
  }
  return count > 0 ? count / total : narrowest;
}

Bandwidth ExchangeRate(std::span<const OuterTier> tiers, int ranks) {
  CHECK(!tiers.empty());
  if (tiers.size() == 1) return tiers[0].all_peers;
  TimePerByte slowest{};
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    const int above = t + 1 == tiers.size() ? ranks : tiers[t + 1].below;
    slowest = Max(slowest, 1.0 * (above - tiers[t].below) / tiers[t].all_peers);
  }
  return 1.0 * (ranks - tiers[0].below) / slowest;
}

}  // namespace commplan
