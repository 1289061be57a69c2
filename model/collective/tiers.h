// What several tiers beyond the inner one come to in a formula that knows one network: the mean hop
// of a ring and of a tree, and the rate of an exchange with all ranks beyond.
//
// A ring over ranks in order crosses the domains of a tier once in as many hops as a domain has
// ranks; of `steps` hops the ceil(steps / below) that leave a domain, less those that leave an
// outer one too, are the tier's own. A tree by doubling distances stays inside domains of 2^d ranks
// for d rounds. An exchange uses all tiers side by side, each for the peers that meet there: the
// slowest one decides.
#pragma once

#include <span>

#include "model/base/quantity.h"

namespace commplan {

struct OuterTier {
  int below = 1;  // ranks of the group in each of the domains that it joins
  Time latency{};
  Bandwidth neighbour{};  // of one rank that talks to one other rank at a time
  Bandwidth all_peers{};  // of one rank that talks to all others of the tier at once
};

// `tiers` from the inside out, at least one; `unit` is how many ranks a hop passes (the ranks of a
// node for a ring among the ranks of equal position).

// The mean latency of those of `steps` hops that leave an inner domain.
Time RingHop(std::span<const OuterTier> tiers, int unit, double steps);

// The mean of the rounds of a binomial tree over `ranks` ranks; where a domain's size is no power
// of two, the worst tier for all rounds.
Time TreeHop(std::span<const OuterTier> tiers, int unit, int ranks);
Bandwidth TreeRate(std::span<const OuterTier> tiers, int unit, int ranks);

// For all ranks beyond the inner domain, one block each.
Bandwidth ExchangeRate(std::span<const OuterTier> tiers, int ranks);

}  // namespace commplan
