// A fabric is what connects the ranks of a machine: tiers, listed from the inside out. A placement
// says where a group of ranks stands on it, and gives the part of each tier that the group gets.
//
// Two ranks talk through the innermost tier that holds both, and through no other. A tier has one
// of three shapes: a switch, where each port has the full rate in each direction; a mesh, where
// each pair of ranks has a link of its own; a bus, where all ranks share one medium (a PCIe root
// complex without peer paths). Tiers beyond the first join whole domains (nodes) through ports
// (network cards), which the ranks of a domain share.
//
// Captured: rates per direction, half duplex, ports shared by ranks and by groups, an
// over-subscribed spine. Not captured: routing inside a tier, adaptive load balancing, traffic of
// other jobs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"

namespace commplan {

enum class TierKind { kSwitch, kMesh, kBus };
std::string_view TierKindName(TierKind kind);

struct Tier {
  std::string name;
  TierKind kind = TierKind::kSwitch;
  int ranks = 0;          // ranks in one domain of this tier; 0 for an outermost tier without bound
  Bandwidth bandwidth{};  // of one port, link or medium, one direction
  Time latency{};         // of one message, sender to receiver
  int ports = 1;          // ports of each domain of the tier below (network cards of a node)
  bool half_duplex = false;
  double oversubscription = 1;  // ports' rate over the rate of the domain's uplink
  bool in_switch_reduction = false;
};

struct Fabric {
  std::vector<Tier> tiers;
};

// A group of `ranks` ranks, `stride` apart: tensor parallelism inside a node has stride 1, data
// parallelism across groups of eight has stride 8. `concurrent` groups of this shape run at the
// same time, side by side.
struct Group {
  int ranks = 1;
  int stride = 1;
  int concurrent = 1;
};

// What one tier gives to a group that uses it.
struct Level {
  int tier = 0;     // index in the fabric
  int domains = 1;  // domains of the tier below (ranks, for the first tier) that it joins
  int members = 1;  // ranks of the group inside one domain of this tier
  Time latency{};
  Bandwidth neighbour{};  // of one rank that talks to one other rank at a time
  Bandwidth together{};   // of all ranks of the group in one domain of the tier below, through all
                          // its ports
  Bandwidth all_peers{};  // of one rank that talks to all others of the level at once
};

// The levels that a group uses, from the inside out; none for a single rank. At most one level per
// tier.
struct Placement {
  Group group;
  std::vector<Level> levels;
};

// Refused, with the reason: a group larger than the fabric, and one that does not fill the domains
// it touches equally (3 ranks 4 apart on nodes of 8, or 12 ranks on nodes of 8).
Result<Placement> Place(const Fabric& fabric, const Group& group);

}  // namespace commplan
