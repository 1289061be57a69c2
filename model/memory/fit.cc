#include "model/memory/fit.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "model/base/quantity.h"

namespace commplan {

std::string_view Name(RemedyKind kind) {
  constexpr std::array<std::string_view, 11> kNames = {
      "fewer sequences",    "shorter context",   "smaller cache type", "smaller weight type",
      "more tensor ranks",  "more stages",       "more expert ranks",  "smaller microbatch",
      "full recomputation", "shard the weights", "more memory"};
  return kNames[static_cast<std::size_t>(kind)];
}

Fit Compare(const MemoryNeed& need, Bytes device_memory, const MemoryMargins& margins) {
  Fit fit;
  fit.need = need;
  fit.capacity = device_memory * margins.usable_share;
  fit.fits = need.Total() <= fit.capacity;
  if (!fit.fits) fit.shortfall = need.Total() - fit.capacity;
  return fit;
}

}  // namespace commplan
