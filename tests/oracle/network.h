// A network as the oracle sees it: ranks, links that carry one message at a time, and for every
// ordered pair of ranks the links that a message between them holds. Time is in integer ticks, so
// that a finish time is a fact and not an approximation.
//
// Everywhere in the oracle a std::int64_t is a time in ticks or a number of bytes, as its name says
// (latency, beta, start, done: ticks; length, elements, bytes: bytes, as one element of an array
// costs one byte), and an int is the number of a rank, link, buffer or operation.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace commplan::oracle {

// The links that a message holds all at once (cut-through), and the delay from its last byte
// leaving to its last byte arriving.
struct Route {
  std::vector<int> links;
  std::int64_t latency = 0;
};

// Where a rank is plugged into a switch that can add and copy. Only ranks with equal `switch_id`
// can take part in one in-switch operation.
struct SwitchPort {
  int switch_id = 0;
  int egress = 0;
  int ingress = 0;
  std::int64_t latency = 0;
};

// How an in-switch operation holds its ports. kLockstep is the default: all of them during the same
// n * beta ticks. kIndependent lets each port carry its part when it is free, the switch keeping
// what came early; ports of one operation may then work at different times.
enum class PortTiming { kLockstep, kIndependent };

class Network {
 public:
  explicit Network(int ranks);

  int ranks() const { return ranks_; }
  int links() const { return static_cast<int>(ticks_per_byte_.size()); }

  int AddLink(std::int64_t ticks_per_byte);
  std::int64_t ticks_per_byte(int link) const {
    return ticks_per_byte_[static_cast<std::size_t>(link)];
  }

  void SetRoute(int src, int dst, Route route);
  const Route& route(int src, int dst) const;
  // Of the slowest link of the route: the only one that matters under cut-through.
  std::int64_t SlowestTicksPerByte(const std::vector<int>& links) const;

  void SetSwitchPort(int rank, SwitchPort port);
  const std::optional<SwitchPort>& switch_port(int rank) const;
  // Whether an in-switch operation among these ranks is possible.
  bool SharesSwitch(const std::vector<int>& members) const;

  PortTiming port_timing() const { return port_timing_; }
  Network& set_port_timing(PortTiming timing);

  // Ticks that a rank's own arithmetic unit needs to add one byte to another.
  std::int64_t gamma() const { return gamma_; }
  Network& set_gamma(std::int64_t gamma);

 private:
  std::size_t Pair(int src, int dst) const;

  int ranks_;
  std::int64_t gamma_ = 0;
  PortTiming port_timing_ = PortTiming::kLockstep;
  std::vector<std::int64_t> ticks_per_byte_;
  std::vector<std::optional<Route>> routes_;
  std::vector<std::optional<SwitchPort>> ports_;
};

}  // namespace commplan::oracle
