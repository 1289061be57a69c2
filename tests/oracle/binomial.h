// Binomial trees that move the whole buffer at once.
#pragma once

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// Member numbers below count from the root. Round j: members at odd multiples of 2^j send all they
// have summed to the member 2^j below, which adds it.
Gates BinomialReduce(Schedule* schedule, const Team& team, int root, int buffer, Span span,
                     Pace pace, const Gates& entry);

// The same rounds backwards: the farthest first.
Gates BinomialBroadcast(Schedule* schedule, const Team& team, int root, int buffer, Span span,
                        Pace pace, const Gates& entry);

}  // namespace commplan::oracle
