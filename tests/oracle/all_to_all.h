// All-to-all: block j of member i's span becomes part i of member j's result. With b elements in
// block j, part i stands at offset i*b of the result buffer, which has room for p times the longest
// block.
#pragma once

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// Step k = 1 .. p-1: member i sends to i+k and receives from i-k. It begins a step when its own
// send and its own receive of the step before are done.
Gates PairwiseAllToAll(Schedule* schedule, const Team& team, int buffer, Span span, int result,
                       const Gates& entry);

// All messages are ready at once, issued in rotation order.
Gates DirectAllToAll(Schedule* schedule, const Team& team, int buffer, Span span, int result,
                     const Gates& entry);

// Two exchanges for a team of `nodes` equal nodes, each direct and in rotation order. First, inside
// a node, a member gives every other member j all that is meant for members j of any node (one
// message of `nodes` blocks). When all of these have come in, it gives member j of every other
// node, its own j, all that its node has for it (one message of a block per member of the node).
Gates HierarchicalAllToAll(Schedule* schedule, const Team& team, int nodes, int buffer, Span span,
                           int result, const Gates& entry);

}  // namespace commplan::oracle
