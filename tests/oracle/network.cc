#include "tests/oracle/network.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "tests/oracle/require.h"

namespace commplan::oracle {

Network::Network(int ranks) : ranks_(ranks) {
  Require(ranks >= 1, "a network has at least one rank");
  routes_.resize(static_cast<std::size_t>(ranks) * static_cast<std::size_t>(ranks));
  ports_.resize(static_cast<std::size_t>(ranks));
}

int Network::AddLink(std::int64_t ticks_per_byte) {
  Require(ticks_per_byte >= 0, "a link has no negative ticks per byte");
  ticks_per_byte_.push_back(ticks_per_byte);
  return links() - 1;
}

void Network::SetRoute(int src, int dst, Route route) {
  Require(src != dst, "no route leads from a rank to itself");
  Require(route.latency >= 0, "a route has no negative latency");
  // A link that appears twice (both ends on one half-duplex medium) is still held only once.
  std::sort(route.links.begin(), route.links.end());
  route.links.erase(std::unique(route.links.begin(), route.links.end()), route.links.end());
  for (int link : route.links) Require(link >= 0 && link < links(), "a route names its links");
  routes_[Pair(src, dst)] = std::move(route);
}

const Route& Network::route(int src, int dst) const {
  const std::optional<Route>& found = routes_[Pair(src, dst)];
  Require(found.has_value(), "two ranks without a route exchanged a message");
  return *found;
}

std::int64_t Network::SlowestTicksPerByte(const std::vector<int>& links) const {
  std::int64_t slowest = 0;
  for (int link : links) slowest = std::max(slowest, ticks_per_byte(link));
  return slowest;
}

void Network::SetSwitchPort(int rank, SwitchPort port) {
  Require(rank >= 0 && rank < ranks_, "a switch port belongs to a rank of the network");
  ports_[static_cast<std::size_t>(rank)] = port;
}

const std::optional<SwitchPort>& Network::switch_port(int rank) const {
  Require(rank >= 0 && rank < ranks_, "a switch port belongs to a rank of the network");
  return ports_[static_cast<std::size_t>(rank)];
}

bool Network::SharesSwitch(const std::vector<int>& members) const {
  for (int member : members) {
    const std::optional<SwitchPort>& port = switch_port(member);
    if (!port.has_value() || port->switch_id != switch_port(members[0])->switch_id) return false;
  }
  return true;
}

Network& Network::set_port_timing(PortTiming timing) {
  port_timing_ = timing;
  return *this;
}

Network& Network::set_gamma(std::int64_t gamma) {
  Require(gamma >= 0, "arithmetic takes no negative time");
  gamma_ = gamma;
  return *this;
}

std::size_t Network::Pair(int src, int dst) const {
  Require(src >= 0 && src < ranks_ && dst >= 0 && dst < ranks_, "a rank of the network");
  return static_cast<std::size_t>(src) * static_cast<std::size_t>(ranks_) +
         static_cast<std::size_t>(dst);
}

}  // namespace commplan::oracle
