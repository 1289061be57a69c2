// The clock of the oracle: plays a schedule on a network and says when each operation is ready,
// starts and is done. It looks only at lengths and dependencies; tests/oracle/memory.h moves data.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/oracle/network.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

struct Times {
  std::int64_t ready = 0;    // all it waits for is done
  std::int64_t start = 0;    // its source is read
  std::int64_t arrival = 0;  // a message is there; for kReduce equal to done
  std::int64_t done = 0;     // its result is written, and what waits for it may go on
};

struct Timeline {
  std::vector<Times> operations;           // as in Schedule::operations
  std::int64_t finish = 0;                 // of the last operation
  std::vector<std::int64_t> group_finish;  // the tick itself, not the time since the group's start
  std::vector<std::int64_t> link_busy;     // ticks during which each link was held
};

// Links and arithmetic units serve first come, first served: whoever became ready earlier, and at
// equal ticks whoever was issued earlier. A message stands in the queues of all its links at once,
// and so may hold up a later one on a link that is free (head-of-line blocking).
Timeline RunClock(const Network& network, const Schedule& schedule);

}  // namespace commplan::oracle
