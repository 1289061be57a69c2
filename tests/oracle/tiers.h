// Builders of networks out of tiers. All of them are one mechanism: a list of tiers from the inside
// out, where a tier joins `size` domains of the tier below (tier 0 joins single ranks) through the
// ports that each of those domains has on it. Two ranks talk through the lowest tier that contains
// both, and through no other: traffic between nodes holds NICs, not the links inside a node.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/oracle/network.h"

namespace commplan::oracle {

enum class TierKind {
  kSwitch,  // each port has an egress and an ingress link, any two ports are connected
  kMesh,    // one directed link per ordered pair of ports
  kBus,     // one medium for everybody (a PCIe root complex without peer paths)
};

struct Tier {
  TierKind kind = TierKind::kSwitch;
  int size = 1;            // how many domains of the tier below are joined
  std::int64_t alpha = 0;  // latency of a route on this tier
  std::int64_t beta = 0;   // ticks per byte of each of its links
  // Ports (NICs) that a joined domain has; its member j of q uses port j * ports / q. Tier 0 joins
  // single ranks, so there it is 1.
  int ports = 1;
  bool half_duplex = false;  // kSwitch only: one link of a port serves both directions
  // An over-subscribed spine: one more egress and ingress link per joined domain, shared by all of
  // its ports.
  std::optional<std::int64_t> uplink_beta = std::nullopt;
};

Network Tiered(const std::vector<Tier>& tiers);

enum class Duplex { kFull, kHalf };

Network Switch(int p, std::int64_t alpha, std::int64_t beta, Duplex duplex = Duplex::kFull);
Network Mesh(int p, std::int64_t alpha, std::int64_t beta);
Network Bus(int p, std::int64_t alpha, std::int64_t beta);

struct TwoTierShape {
  int nodes = 1;
  int ranks_per_node = 1;  // rank r is member r % ranks_per_node of node r / ranks_per_node
  TierKind inner = TierKind::kSwitch;
  std::int64_t alpha1 = 0;
  std::int64_t beta1 = 0;
  std::int64_t alpha2 = 0;
  std::int64_t beta2 = 0;
  int nics_per_node = 1;
  std::optional<std::int64_t> uplink_beta = std::nullopt;
};

Network TwoTier(const TwoTierShape& shape);

}  // namespace commplan::oracle
