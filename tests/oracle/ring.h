// Ring algorithms: every member talks only to the next one.
#pragma once

#include <vector>

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// p-1 steps; in step s member i sends the partial sum of block i-s-1 to member i+1, which adds its
// own part and sends the block on in the next step. Member i ends with the sum of block i of the
// span. Messages land beside the buffer, and the addition waits for the receiver's own part.
Gates RingReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span,
                        const Gates& entry);

// p-1 steps; in step s member i sends block i-s to member i+1. At the entry member i has block i.
Gates RingAllGather(Schedule* schedule, const Team& team, int buffer, Span span,
                    const Gates& entry);

// The same two for parts that are no blocks of one span: member i ends with (begins with) part i,
// which may be several regions of one buffer and travels as one message. `landing` of the first is
// a buffer as large as that one.
Gates RingReduceScatterOf(Schedule* schedule, const Team& team, const std::vector<Regions>& parts,
                          int landing, const Gates& entry);
Gates RingAllGatherOf(Schedule* schedule, const Team& team, const std::vector<Regions>& parts,
                      const Gates& entry);

// Reduce-scatter and all-gather of a span, one after the other.
Gates RingAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                    const Gates& entry);

}  // namespace commplan::oracle
