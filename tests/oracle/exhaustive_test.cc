// Every algorithm moves the right data in every small world: 1 to 16 ranks, 0 to 64 elements, all
// networks that serve it. Data depend on a network only through the order of events, so each
// schedule is also played in a random order that keeps nothing but the dependencies.
//
// To save time, sizes up to p (all remainders of n by p, with empty blocks and without) are played
// on all networks, and larger sizes on one network each, in turn.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/oracle/catalogue.h"
#include "tests/oracle/tiers.h"

namespace commplan::oracle {

// How a failing case is named.
static void PrintTo(const Entry& entry, std::ostream* out) {
  *out << entry.op << " " << entry.algorithm;
}

namespace {

constexpr int kMostRanks = 16;
constexpr std::int64_t kMostElements = 64;

// Of nodes of equal size, about as many as ranks in each; 1 for a prime number of ranks.
int NodesFor(int ranks) {
  int nodes = 1;
  for (int n = 2; n * n <= ranks; ++n) {
    if (ranks % n == 0) nodes = n;
  }
  return nodes;
}

Network TwoTierFor(int ranks, TierKind inner) {
  TwoTierShape shape;
  shape.nodes = NodesFor(ranks);
  shape.ranks_per_node = ranks / shape.nodes;
  shape.inner = inner;
  shape.alpha1 = 2;
  shape.beta1 = 1;
  shape.alpha2 = 7;
  shape.beta2 = 3;
  shape.nics_per_node = shape.ranks_per_node / 2 + 1;
  shape.uplink_beta = 4;
  if (shape.ranks_per_node == 1) shape.nics_per_node = 1;
  return TwoTier(shape);
}

std::vector<Network> NetworksFor(int ranks, const Entry& entry) {
  std::vector<Network> networks;
  networks.push_back(Switch(ranks, 3, 2).set_gamma(1));
  networks.push_back(Switch(ranks, 1, 3, Duplex::kHalf).set_gamma(5));
  networks.push_back(Mesh(ranks, 0, 1).set_gamma(0));
  networks.push_back(Bus(ranks, 5, 1).set_gamma(2));
  // Each of the three has both prime and composite numbers of ranks.
  const TierKind kinds[] = {TierKind::kSwitch, TierKind::kBus, TierKind::kMesh};
  networks.push_back(TwoTierFor(ranks, kinds[ranks % 3]).set_gamma(1));
  if (entry.in_switch) {
    networks.push_back(Switch(ranks, 3, 2).set_gamma(1).set_port_timing(PortTiming::kIndependent));
  }
  std::vector<Network> serving;
  for (const Network& network : networks) {
    if (Serves(network, entry, ranks)) serving.push_back(network);
  }
  return serving;
}

// Whatever an algorithm can be given, in different mixtures for different sizes.
Parameters ParametersFor(int ranks, std::int64_t elements) {
  Parameters parameters;
  parameters.ranks = ranks;
  parameters.elements = elements;
  parameters.root = static_cast<int>(elements) % ranks;
  parameters.chunks = 1 + static_cast<int>(elements) % 3;
  parameters.window = static_cast<int>(elements / 2) % 3;
  parameters.nodes = NodesFor(ranks);
  parameters.inner_ring = elements % 2 == 0;
  parameters.aggregate = static_cast<int>(elements / 3) % 4;
  parameters.eager = elements % 2 == 1;
  return parameters;
}

class Exhaustive : public testing::TestWithParam<Entry> {};

TEST_P(Exhaustive, EveryRankEndsWithTheRightData) {
  const Entry& entry = GetParam();
  for (int ranks = 1; ranks <= kMostRanks; ++ranks) {
    const std::vector<Network> networks = NetworksFor(ranks, entry);
    for (std::int64_t elements = 0; elements <= kMostElements; ++elements) {
      const std::optional<Collective> collective =
          Make(entry.op, entry.algorithm, ParametersFor(ranks, elements));
      if (!collective.has_value()) continue;
      const std::uint64_t seed = static_cast<std::uint64_t>(elements) * 31 + 1;
      ASSERT_EQ(CheckShuffled(*collective, seed), "") << "seed " << seed;
      const std::size_t turn = static_cast<std::size_t>(elements) % networks.size();
      for (std::size_t i = 0; i < networks.size(); ++i) {
        if (elements > ranks && i != turn) continue;
        ASSERT_EQ(Perform(networks[i], *collective).wrong, "") << "network " << i;
      }
    }
  }
}

std::string NameOf(const testing::TestParamInfo<Entry>& info) {
  std::string name = info.param.op + "_" + info.param.algorithm;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Exhaustive, testing::ValuesIn(Catalogue()), NameOf);

}  // namespace
}  // namespace commplan::oracle
