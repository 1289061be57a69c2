// Ring algorithms: every member talks only to the next one.
#pragma once

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

// The two above, one after the other.
Gates RingAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                    const Gates& entry);

}  // namespace commplan::oracle
