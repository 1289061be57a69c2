// All algorithms that the oracle can play, by name, so that a test can walk over them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/collective.h"
#include "tests/oracle/network.h"

namespace commplan::oracle {

struct Entry {
  std::string op;
  std::string algorithm;
  bool in_switch = false;  // needs a network whose switch adds and copies
};

// In a fixed order.
const std::vector<Entry>& Catalogue();

// Nothing if there is no such algorithm, or none for these parameters (a number of ranks that it
// does not serve, nodes that do not divide the ranks).
std::optional<Collective> Make(const std::string& op, const std::string& algorithm,
                               const Parameters& parameters);

// Whether the network has what the algorithm needs, for a collective on its first `ranks` ranks.
bool Serves(const Network& network, const Entry& entry, int ranks);

}  // namespace commplan::oracle
