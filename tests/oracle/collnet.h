// CollNet: an all-reduce whose sums across nodes are made by the network's switches. A switch is a
// rank of its own here, behind the ranks of the collective: it has no input and no result, adds in
// no time, and takes and gives what the ranks' own links carry. Each of a node's q ranks is the
// head for one slice, which goes through a tree of switches of its own; one switch stands for that
// tree.
#pragma once

#include <cstdint>

#include "tests/oracle/collective.h"
#include "tests/oracle/network.h"

namespace commplan::oracle {

enum class CollnetKind {
  kDirect,    // a node's ranks send each slice to its head at once, and the head sends it back
  kChain,     // each slice goes along a chain of all ranks to its head, and back along it
  kInSwitch,  // a switch inside the node adds and copies as well
};

struct CollnetShape {
  int nodes = 2;
  int ranks_per_node = 1;
  std::int64_t alpha1 =
      0;  // of a message between ranks of a node, or between a rank and its switch
  std::int64_t beta1 = 1;
  std::int64_t alpha2 = 0;  // of a message between a rank and a switch of the network
  std::int64_t beta2 = 1;   // of a rank's own card, each way
};

Network CollnetNetwork(CollnetKind kind, const CollnetShape& shape);

// In chunks. A rank begins with chunk c when it has its result of chunk c - window (0: no limit,
// the chunks meet only at the links, where the first stages of all chunks come first).
Collective CollnetAllReduce(CollnetKind kind, const CollnetShape& shape, std::int64_t elements,
                            int chunks, int window);

}  // namespace commplan::oracle
