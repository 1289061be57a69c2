// Hierarchical collectives over domains of equal size, tier by tier. The all-reduce over two tiers:
// reduce-scatter inside the node, a ring all-reduce of each slice among the members with the same
// index in their nodes, all-gather inside the node.
#pragma once

#include <vector>

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

enum class InnerKind { kRing, kDirect };

// How many domains of the tier below each tier joins, from the inside out: {8, 4, 2} is 8 ranks in
// a node, 4 nodes in a pod, 2 pods. Members are numbered node by node, pod by pod.
using Sizes = std::vector<int>;

// Rings, but for the innermost tier where `inner` is direct. On each tier from the inside out the
// members that differ in that tier only share out their slice; on the outermost they all-reduce it;
// then all gather it back. The span is cut into chunks, each of which goes through these stages. A
// member begins a stage of a chunk when its own previous stage of that chunk and its own same stage
// of the chunk before are done; there is no other barrier, and nothing else keeps the stages of
// different chunks from overlapping. Its stage is done when its last result of the stage is there;
// what it still sends for others does not count.
Gates HierarchicalAllReduce(Schedule* schedule, const Team& team, const Sizes& sizes,
                            InnerKind inner, int buffer, Span span, int chunks, const Gates& entry);

// Rings: from the outermost tier in, the members that differ in that tier only gather from each
// other all that they have.
Gates HierarchicalAllGather(Schedule* schedule, const Team& team, const Sizes& sizes, int buffer,
                            Span span, const Gates& entry);

// The reverse: from the inside out, members add up and share out what those that differ in the tier
// have.
Gates HierarchicalReduceScatter(Schedule* schedule, const Team& team, const Sizes& sizes,
                                int buffer, Span span, const Gates& entry);

// Binomial trees: on each tier, from the outermost in, among the members that have the root's index
// on all tiers further in; and the reverse.
Gates HierarchicalBroadcast(Schedule* schedule, const Team& team, const Sizes& sizes, int root,
                            int buffer, Span span, const Gates& entry);
Gates HierarchicalReduce(Schedule* schedule, const Team& team, const Sizes& sizes, int root,
                         int buffer, Span span, const Gates& entry);

// The same over two tiers, nodes of equal size and the network between them.
Gates HierarchicalAllReduce(Schedule* schedule, const Team& team, int nodes, InnerKind inner,
                            int buffer, Span span, int chunks, const Gates& entry);
Gates HierarchicalAllGather(Schedule* schedule, const Team& team, int nodes, int buffer, Span span,
                            const Gates& entry);
Gates HierarchicalReduceScatter(Schedule* schedule, const Team& team, int nodes, int buffer,
                                Span span, const Gates& entry);
Gates HierarchicalBroadcast(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                            Span span, const Gates& entry);
Gates HierarchicalReduce(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                         Span span, const Gates& entry);

}  // namespace commplan::oracle
