// A collective ready to be played: its schedule, where its inputs stand, and where its results must
// stand at the end. What the results must be follows from the operation alone, never from the
// algorithm.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/oracle/memory.h"
#include "tests/oracle/network.h"
#include "tests/oracle/schedule.h"
#include "tests/oracle/simulator.h"

namespace commplan::oracle {

// One for all algorithms; each reads what it knows.
struct Parameters {
  int ranks = 1;
  std::int64_t elements =
      0;           // n: of the whole buffer; all-gather gathers n, all-to-all holds n per rank
  int root = 0;    // broadcast, reduce
  int chunks = 1;  // pipelines and nvls
  int window = 1;  // chunks in flight per edge of a pipeline (0: no limit)
  int nodes = 1;   // hierarchical; ranks are numbered node by node
  bool inner_ring = true;  // hierarchical all-reduce: inner stages as rings, else direct
  int aggregate = 0;       // pat: most blocks per message (0: no limit)
  bool eager = false;      // binomial, doubling, halving: Pace::kEager
};

struct Collective {
  std::string op;
  std::string algorithm;
  Parameters parameters;
  Schedule schedule;
  int result_buffer = 0;
};

// Writes the input of group `group` of a schedule that is, or contains, the collective's.
void Fill(const Collective& collective, const Schedule& schedule, int group, Memory* memory);

// Empty if all results of the group are right, else a sentence about the first wrong one.
std::string Check(const Collective& collective, const Schedule& schedule, int group,
                  const Memory& memory);

// Fills, plays, checks; the sentence is empty if all is right.
struct Outcome {
  Timeline timeline;
  std::string wrong;
};
Outcome Perform(const Network& network, const Collective& collective);

// Several collectives at once: ranks[g] places collectives[g], and starts[g] (or 0 where there is
// none) is the tick at which it starts. Ticks of group g: timeline.group_finish[g].
Outcome PerformConcurrently(const Network& network,
                            const std::vector<const Collective*>& collectives,
                            const std::vector<std::vector<int>>& ranks,
                            const std::vector<std::int64_t>& starts = {},
                            IssueOrder order = IssueOrder::kRoundRobin);

// The data alone, in a random order that keeps the dependencies.
std::string CheckShuffled(const Collective& collective, std::uint64_t seed);

}  // namespace commplan::oracle
