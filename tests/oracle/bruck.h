// All-gather and reduce-scatter in ceil(log2 p) rounds for any p: Bruck's, and PAT.
#pragma once

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// Round k: member i, which has blocks i .. i+2^k-1 (modulo p), sends the first min(2^k, p-2^k) of
// them to member i-2^k in one message. Blocks land where they belong, so nothing is rotated.
Gates BruckAllGather(Schedule* schedule, const Team& team, int buffer, Span span,
                     const Gates& entry);

// PAT (arXiv 2506.20252): Bruck with its distances reversed, so that far messages are the small
// ones. Every block travels down a binomial tree, and the p trees move in step. With L = ceil(log2
// p), round t = 0 .. L-1 has distance d = 2^(L-1-t): member i sends the blocks i-x, for x = 0, 2d,
// 4d, ... with x+d < p, to member i+d. `aggregate` is the most blocks that one message takes (the
// room in PAT's buffers), 0 for no limit; a round then takes several messages, all ready at once. A
// member begins a round when all it receives in the rounds before is there. The paper's order of
// messages, which bounds the buffers in use, is not played.
Gates PatAllGather(Schedule* schedule, const Team& team, int buffer, Span span, int aggregate,
                   const Gates& entry);

// The same messages backwards in time and direction, adding: distances 1, 2, 4, ..., and member i
// sends its partial sums of blocks i-d-x to member i-d.
Gates PatReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span, int aggregate,
                       const Gates& entry);

}  // namespace commplan::oracle
