#include "model/fabric/fabric.h"

#include <algorithm>
#include <cstdint>

#include "model/base/check.h"

namespace commplan {
namespace {

int CeilDivide(int a, int b) { return (a + b - 1) / b; }

std::string Describe(const Group& group) {
  return std::to_string(group.ranks) + " ranks" +
         (group.stride == 1 ? "" : " " + std::to_string(group.stride) + " apart");
}

// Ranks of the group inside a domain of `domain_ranks` ranks, where the group fills its domains
// equally.
Result<int> MembersInDomain(const Group& group, const Tier& tier) {
  if (tier.ranks == 0) return group.ranks;
  // The whole group, first to last rank, stands in one domain.
  if (std::int64_t{group.ranks - 1} * group.stride < tier.ranks) return group.ranks;
  if (group.stride >= tier.ranks) {
    if (group.stride % tier.ranks == 0) return 1;
  } else if (tier.ranks % group.stride == 0) {
    const int members = tier.ranks / group.stride;
    if (group.ranks % members == 0) return members;
  }
  return UnsupportedError(
      Describe(group) + " do not fill the domains of tier " + tier.name + " (" +
          std::to_string(tier.ranks) + " ranks each) equally",
      "use a group size that is a multiple of the ranks it has in one domain, and a stride that "
      "divides the domain or is a multiple of it");
}

// How many groups of this shape are active at the same time in a domain that holds `members` ranks
// of each.
int ActiveGroups(const Group& group, int members, int domain_ranks) {
  if (domain_ranks == 0) return group.concurrent;
  return std::min(group.concurrent, std::max(1, domain_ranks / members));
}

// The level that joins `members / inner_members` domains of the tier below, of `inner_ranks` ranks
// each.
Level MakeLevel(const Group& group, const Tier& tier, int inner_members, int inner_ranks,
                int members) {
  Level level;
  level.domains = members / inner_members;
  level.members = members;
  level.latency = tier.latency;
  const Bandwidth rate = tier.half_duplex ? tier.bandwidth / 2.0 : tier.bandwidth;
  const int groups_below = ActiveGroups(group, inner_members, inner_ranks);
  const int active_below = inner_members * groups_below;
  const Bandwidth ports_used = rate * static_cast<double>(std::min(tier.ports, active_below));
  const Bandwidth domain_uplink = rate * (tier.ports / tier.oversubscription);
  level.together = Min(ports_used, domain_uplink) / static_cast<double>(groups_below);
  const Bandwidth port = rate / static_cast<double>(CeilDivide(active_below, tier.ports));
  switch (tier.kind) {
    case TierKind::kSwitch: {
      const Bandwidth uplink = rate * (tier.ports / (tier.oversubscription * active_below));
      level.neighbour = level.all_peers = Min(port, uplink);
      break;
    }
    case TierKind::kMesh:
      level.neighbour = port;
      level.all_peers = port * static_cast<double>(level.domains - 1);
      break;
    case TierKind::kBus: {
      const int active = members * ActiveGroups(group, members, tier.ranks);
      level.neighbour = level.all_peers = rate / static_cast<double>(active);
      break;
    }
  }
  return level;
}

}  // namespace

std::string_view TierKindName(TierKind kind) {
  switch (kind) {
    case TierKind::kSwitch:
      return "switch";
    case TierKind::kMesh:
      return "mesh";
    case TierKind::kBus:
      return "bus";
  }
  CHECK(false);
}

Result<Placement> Place(const Fabric& fabric, const Group& group) {
  CHECK(group.ranks >= 1 && group.stride >= 1 && group.concurrent >= 1);
  Placement placement{.group = group, .levels = {}};
  const std::int64_t span = std::int64_t{group.ranks - 1} * group.stride + 1;
  const int room = fabric.tiers.empty() ? 1 : fabric.tiers.back().ranks;
  if (room != 0 && group.concurrent > 1 && std::int64_t{group.ranks} * group.concurrent > room) {
    return UnsupportedError(std::to_string(group.concurrent) + " groups of " + Describe(group) +
                                " do not fit on a fabric of " + std::to_string(room) + " ranks",
                            "add a network tier (such as +ib-ndr) to the profile, or use fewer "
                            "ranks or groups at the same time");
  }
  if (room != 0 && span > room) {
    return UnsupportedError(
        Describe(group) + " do not fit on a fabric of " + std::to_string(room) + " ranks",
        "add a network tier (such as +ib-ndr) to the profile, or use fewer ranks");
  }
  int inner_members = 1;
  int inner_ranks = 1;
  for (std::size_t i = 0; i < fabric.tiers.size() && inner_members < group.ranks; ++i) {
    const Tier& tier = fabric.tiers[i];
    ASSIGN_OR_RETURN(const int members, MembersInDomain(group, tier));
    if (members > inner_members) {
      Level level = MakeLevel(group, tier, inner_members, inner_ranks, members);
      level.tier = static_cast<int>(i);
      placement.levels.push_back(level);
    }
    inner_members = members;
    inner_ranks = tier.ranks;
  }
  CHECK(inner_members == group.ranks);
  return placement;
}

}  // namespace commplan
