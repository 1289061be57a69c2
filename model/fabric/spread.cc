#include "model/fabric/spread.h"

#include <string>

#include "model/base/check.h"

namespace commplan {

Result<int> StrideOverNodes(const Fabric& fabric, int ranks, int nodes) {
  CHECK(ranks > 0 && nodes > 0);
  if (ranks % nodes != 0) {
    return UnsupportedError(std::to_string(ranks) + " ranks cannot be spread evenly over " +
                                std::to_string(nodes) + " nodes",
                            "use a number of ranks that is a multiple of the nodes");
  }
  const int local = ranks / nodes;
  const int node_ranks = fabric.tiers.empty() ? 0 : fabric.tiers.front().ranks;
  if (nodes == 1 && (node_ranks == 0 || local <= node_ranks)) return 1;
  if (node_ranks == 0 || local > node_ranks || node_ranks % local != 0) {
    return UnsupportedError(std::to_string(local) + " ranks per node do not fit nodes of " +
                                (node_ranks == 0 ? "no limit" : std::to_string(node_ranks)) +
                                " ranks",
                            "choose the nodes so that the ranks of one node divide its size");
  }
  return node_ranks / local;
}

}  // namespace commplan
