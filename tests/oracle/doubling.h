// Algorithms with partners at distances that are powers of two: recursive doubling and halving, and
// Rabenseifner's all-reduce. Where p is not a power of two, the all-reduces first fold: with
// p = 2^k + r, member 2i sends its whole span to member 2i+1 (i < r), which adds it and speaks for
// both; at the end member 2i+1 sends the whole result back.
// (Under Pace::kEager, members that need not fold begin while others still do; powers of two go in
// step either way.)
#pragma once

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// k rounds; in each, partners at distance 1, 2, 4, ... exchange all they have and both add. Every
// round sums into a fresh buffer, so a late message never reads a sum that is too new. Returns
// gates; the result is in buffer *sum, at the offsets of the span.
Gates RecursiveDoublingAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                                 Pace pace, const Gates& entry, int* sum);

// Reduce-scatter by halving, all-gather by doubling, among the members that speak after the fold.
Gates RabenseifnerAllReduce(Schedule* schedule, const Team& team, int buffer, Span span, Pace pace,
                            const Gates& entry);

// p must be a power of two. In round j partners at distance p/2^(j+1) exchange the half of the
// blocks that the other is responsible for. Member i ends with the sum of block i.
Gates HalvingReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span, Pace pace,
                           const Gates& entry);

// p must be a power of two. In round j partners at distance 2^j exchange all blocks they have.
Gates DoublingAllGather(Schedule* schedule, const Team& team, int buffer, Span span, Pace pace,
                        const Gates& entry);

}  // namespace commplan::oracle
