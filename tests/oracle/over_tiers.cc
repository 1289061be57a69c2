#include "tests/oracle/over_tiers.h"

#include "tests/oracle/phase.h"

namespace commplan::oracle {

std::optional<Collective> HierarchyOver(const Sizes& sizes, const std::string& op,
                                        std::int64_t elements, int chunks, int root) {
  Parameters parameters;
  parameters.ranks = 1;
  for (const int size : sizes) parameters.ranks *= size;
  parameters.elements = elements;
  parameters.chunks = chunks;
  parameters.root = root;
  Collective made{op, "hierarchical", parameters, Schedule(parameters.ranks), 0};
  Schedule* const schedule = &made.schedule;
  schedule->AddBuffer(elements);
  const Team team = WholeTeam(parameters.ranks);
  const Span all{0, elements};
  const Gates open = NoGates(team);
  if (op == "all-reduce") {
    HierarchicalAllReduce(schedule, team, sizes, InnerKind::kRing, 0, all, chunks, open);
  } else if (op == "all-gather") {
    HierarchicalAllGather(schedule, team, sizes, 0, all, open);
  } else if (op == "reduce-scatter") {
    HierarchicalReduceScatter(schedule, team, sizes, 0, all, open);
  } else if (op == "broadcast") {
    HierarchicalBroadcast(schedule, team, sizes, root, 0, all, open);
  } else if (op == "reduce") {
    HierarchicalReduce(schedule, team, sizes, root, 0, all, open);
  } else {
    return std::nullopt;
  }
  return made;
}

}  // namespace commplan::oracle
