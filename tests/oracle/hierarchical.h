// Hierarchical collectives over nodes of equal size. The all-reduce: reduce-scatter inside the
// node, a ring all-reduce of each slice among the members with the same index in their nodes,
// all-gather inside the node.
#pragma once

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

enum class InnerKind { kRing, kDirect };

// Members are numbered node by node. The span is cut into chunks, each of which goes through the
// three stages. A member begins a stage of a chunk when its own previous stage of that chunk and
// its own same stage of the chunk before are done; there is no other barrier, and nothing else
// keeps the stages of different chunks from overlapping. Its stage is done when its last result of
// the stage is there; what it still sends for others does not count.
Gates HierarchicalAllReduce(Schedule* schedule, const Team& team, int nodes, InnerKind inner,
                            int buffer, Span span, int chunks, const Gates& entry);

// Rings: member j of each node first gathers, among the members j of all nodes, their blocks; then
// the members of a node gather from each other all that they have.
Gates HierarchicalAllGather(Schedule* schedule, const Team& team, int nodes, int buffer, Span span,
                            const Gates& entry);

// The reverse: inside each node member j gets the node's sums of all blocks of members j, then the
// members j of all nodes add those up.
Gates HierarchicalReduceScatter(Schedule* schedule, const Team& team, int nodes, int buffer,
                                Span span, const Gates& entry);

// Binomial trees: among the members with the root's index in their nodes, then inside each node;
// and the reverse.
Gates HierarchicalBroadcast(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                            Span span, const Gates& entry);
Gates HierarchicalReduce(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                         Span span, const Gates& entry);

}  // namespace commplan::oracle
