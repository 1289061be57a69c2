#include "tests/oracle/tiers.h"

#include <cstdint>
#include <map>
#include <utility>

#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

struct TwoWay {
  int egress = 0;
  int ingress = 0;
};

// One tier while its routes are laid: links are made when the first route asks for them.
class TierBuilder {
 public:
  // `joined` is how many ranks one of the joined domains holds.
  TierBuilder(const Tier& tier, int joined, Network* network)
      : tier_(tier), joined_(joined), network_(network) {
    Require(tier.size >= 1 && tier.ports >= 1, "a tier joins domains through ports");
    Require(joined > 1 || tier.ports == 1, "a single rank has one port");
  }

  int domain_ranks() const { return joined_ * tier_.size; }

  // Ranks that meet on this tier and not below it.
  bool Connects(int src, int dst) const {
    return src / domain_ranks() == dst / domain_ranks() && src / joined_ != dst / joined_;
  }

  Route Connect(int src, int dst) {
    Route route;
    route.latency = tier_.alpha;
    switch (tier_.kind) {
      case TierKind::kSwitch:
        route.links = {PortLinks(src).egress, PortLinks(dst).ingress};
        break;
      case TierKind::kMesh:
        route.links = {Wire(Port(src), Port(dst))};
        break;
      case TierKind::kBus:
        route.links = {Medium(src / domain_ranks())};
        break;
    }
    if (tier_.uplink_beta.has_value()) {
      route.links.push_back(Uplink(src / joined_).egress);
      route.links.push_back(Uplink(dst / joined_).ingress);
    }
    return route;
  }

  SwitchPort InSwitch(int rank) {
    const TwoWay links = PortLinks(rank);
    return {rank / domain_ranks(), links.egress, links.ingress, tier_.alpha};
  }

 private:
  // Counted over the whole network.
  int Port(int rank) const {
    return rank / joined_ * tier_.ports + rank % joined_ * tier_.ports / joined_;
  }

  TwoWay PortLinks(int rank) {
    const auto [found, is_new] = ports_.try_emplace(Port(rank));
    if (is_new) {
      found->second.egress = network_->AddLink(tier_.beta);
      found->second.ingress =
          tier_.half_duplex ? found->second.egress : network_->AddLink(tier_.beta);
    }
    return found->second;
  }

  int Wire(int from, int to) {
    const auto [found, is_new] = wires_.try_emplace({from, to});
    if (is_new) found->second = network_->AddLink(tier_.beta);
    return found->second;
  }

  int Medium(int domain) {
    const auto [found, is_new] = media_.try_emplace(domain);
    if (is_new) found->second = network_->AddLink(tier_.beta);
    return found->second;
  }

  TwoWay Uplink(int joined_domain) {
    const auto [found, is_new] = uplinks_.try_emplace(joined_domain);
    if (is_new) {
      found->second.egress = network_->AddLink(*tier_.uplink_beta);
      found->second.ingress = network_->AddLink(*tier_.uplink_beta);
    }
    return found->second;
  }

  Tier tier_;
  int joined_;
  Network* network_;
  std::map<int, TwoWay> ports_;
  std::map<std::pair<int, int>, int> wires_;
  std::map<int, int> media_;
  std::map<int, TwoWay> uplinks_;
};

}  // namespace

Network Tiered(const std::vector<Tier>& tiers) {
  Require(!tiers.empty(), "a network has at least one tier");
  int ranks = 1;
  for (const Tier& tier : tiers) ranks *= tier.size;
  Network network(ranks);
  int joined = 1;
  for (const Tier& tier : tiers) {
    TierBuilder builder(tier, joined, &network);
    for (int src = 0; src < ranks; ++src) {
      for (int dst = 0; dst < ranks; ++dst) {
        if (builder.Connects(src, dst)) network.SetRoute(src, dst, builder.Connect(src, dst));
      }
      // Only the innermost switch has a port of its own for every rank.
      if (joined == 1 && tier.kind == TierKind::kSwitch) {
        network.SetSwitchPort(src, builder.InSwitch(src));
      }
    }
    joined = builder.domain_ranks();
  }
  return network;
}

Network Switch(int p, std::int64_t alpha, std::int64_t beta, Duplex duplex) {
  Tier tier;
  tier.size = p;
  tier.alpha = alpha;
  tier.beta = beta;
  tier.half_duplex = duplex == Duplex::kHalf;
  return Tiered({tier});
}

Network Mesh(int p, std::int64_t alpha, std::int64_t beta) {
  return Tiered({{TierKind::kMesh, p, alpha, beta}});
}

Network Bus(int p, std::int64_t alpha, std::int64_t beta) {
  return Tiered({{TierKind::kBus, p, alpha, beta}});
}

Network TwoTier(const TwoTierShape& shape) {
  Tier inner;
  inner.kind = shape.inner;
  inner.size = shape.ranks_per_node;
  inner.alpha = shape.alpha1;
  inner.beta = shape.beta1;
  Tier outer;
  outer.size = shape.nodes;
  outer.alpha = shape.alpha2;
  outer.beta = shape.beta2;
  outer.ports = shape.nics_per_node;
  outer.uplink_beta = shape.uplink_beta;
  return Tiered({inner, outer});
}

}  // namespace commplan::oracle
