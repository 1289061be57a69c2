// Direct algorithms: every member talks to every other, in rotation order (first to i+1, then to
// i+2, ...), so that on a switch no two messages of one round meet at a port. All messages are
// ready at once; what spreads them out is only the queues of the links.
#pragma once

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// Member i sends block j of its span to member j, for each j. Once all p-1 parts of its own block
// are there, it adds them in one reduction.
Gates DirectReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span,
                          const Gates& entry);

// Member i sends block i to all others.
Gates DirectAllGather(Schedule* schedule, const Team& team, int buffer, Span span,
                      const Gates& entry);

// One shot: every member sends its whole span to all others, and adds p-1 spans once all are there.
// The sum is stored in buffer `sum` at offset 0.
Gates OneShotAllReduce(Schedule* schedule, const Team& team, int buffer, Span span, int sum,
                       const Gates& entry);

// Two shots: direct reduce-scatter, then direct all-gather; a member begins the second when its own
// reduction is done.
Gates TwoShotAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                       const Gates& entry);

}  // namespace commplan::oracle
