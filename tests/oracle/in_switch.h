// Algorithms that let the switch add and copy (NVLS). The team is always the whole schedule,
// because an in-switch operation has all members of its group.
#pragma once

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// The switch adds block i of all ranks for rank i.
Gates InSwitchReduceScatter(Schedule* schedule, int buffer, Span span, const Gates& entry);

// The switch copies block i of rank i to all ranks.
Gates InSwitchAllGather(Schedule* schedule, int buffer, Span span, const Gates& entry);

// For each chunk of the span: rank i has its block of the chunk added, and then copied to all.
// `window` is how many chunks a rank works on at once: it has block i of chunk c added only when
// its copy of chunk c - window is done. 0 sets no limit.
Gates NvlsAllReduce(Schedule* schedule, int buffer, Span span, int chunks, int window,
                    const Gates& entry);

}  // namespace commplan::oracle
