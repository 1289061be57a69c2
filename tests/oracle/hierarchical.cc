#include "tests/oracle/hierarchical.h"

#include <functional>
#include <vector>

#include "tests/oracle/binomial.h"
#include "tests/oracle/direct.h"
#include "tests/oracle/require.h"
#include "tests/oracle/ring.h"

namespace commplan::oracle {
namespace {

// Plays a phase on the members first, first + stride, ... (`count` of them) of a larger team, and
// puts their gates back where they belong.
void OnSubteam(const Team& team, int first, int stride, int count, Gates* gates,
               const std::function<Gates(const Team&, const Gates&)>& phase) {
  Team part;
  Gates entry;
  for (int i = 0; i < count; ++i) {
    part.push_back(RankOf(team, first + i * stride));
    entry.push_back(At(*gates, first + i * stride));
  }
  const Gates done = phase(part, entry);
  for (int i = 0; i < count; ++i) At(*gates, first + i * stride) = At(done, i);
}

Gates JoinEach(Gates some, const Gates& more) {
  for (std::size_t i = 0; i < some.size(); ++i) some[i] = Join(some[i], more[i]);
  return some;
}

}  // namespace

Gates HierarchicalAllReduce(Schedule* schedule, const Team& team, int nodes, InnerKind inner,
                            int buffer, Span span, int chunks, const Gates& entry) {
  const int per_node = Size(team) / nodes;
  Require(Size(team) == nodes * per_node, "all nodes have equally many members");
  // What the members wait for before they may use each stage again.
  Gates scattered = entry;
  Gates reduced = NoGates(team);
  Gates gathered = NoGates(team);
  for (int c = 0; c < chunks; ++c) {
    const Span chunk = Block(span, c, chunks);
    for (int node = 0; node < nodes; ++node) {
      OnSubteam(team, node * per_node, 1, per_node, &scattered,
                [&](const Team& part, const Gates& gates) {
                  return inner == InnerKind::kRing
                             ? RingReduceScatter(schedule, part, buffer, chunk, gates)
                             : DirectReduceScatter(schedule, part, buffer, chunk, gates);
                });
    }
    reduced = JoinEach(reduced, scattered);
    for (int j = 0; j < per_node; ++j) {
      const Span slice = Block(chunk, j, per_node);
      OnSubteam(team, j, per_node, nodes, &reduced, [&](const Team& part, const Gates& gates) {
        return RingAllReduce(schedule, part, buffer, slice, gates);
      });
    }
    gathered = JoinEach(gathered, reduced);
    for (int node = 0; node < nodes; ++node) {
      OnSubteam(team, node * per_node, 1, per_node, &gathered,
                [&](const Team& part, const Gates& gates) {
                  return inner == InnerKind::kRing
                             ? RingAllGather(schedule, part, buffer, chunk, gates)
                             : DirectAllGather(schedule, part, buffer, chunk, gates);
                });
    }
  }
  return gathered;
}

namespace {

// The blocks of all members that are number j of their node.
Regions BlocksOfColumn(int buffer, Span span, int p, int per_node, int j) {
  Regions regions;
  for (int i = j; i < p; i += per_node) regions.push_back(In(buffer, Block(span, i, p)));
  return regions;
}

// Plays `across` among the members j of all nodes for each j, with the block of each as its part.
void OnColumns(
    const Team& team, int nodes, int buffer, Span span, Gates* gates,
    const std::function<Gates(const Team&, const std::vector<Regions>&, const Gates&)>& play) {
  const int p = Size(team);
  const int per_node = p / nodes;
  for (int j = 0; j < per_node; ++j) {
    std::vector<Regions> parts;
    for (int i = j; i < p; i += per_node) parts.push_back({In(buffer, Block(span, i, p))});
    OnSubteam(team, j, per_node, nodes, gates,
              [&](const Team& part, const Gates& entry) { return play(part, parts, entry); });
  }
}

// Plays `inside` in each node, with the blocks of column j as the part of its member j.
void OnNodes(
    const Team& team, int nodes, int buffer, Span span, Gates* gates,
    const std::function<Gates(const Team&, const std::vector<Regions>&, const Gates&)>& play) {
  const int p = Size(team);
  const int per_node = p / nodes;
  std::vector<Regions> parts;
  for (int j = 0; j < per_node; ++j) {
    parts.push_back(BlocksOfColumn(buffer, span, p, per_node, j));
  }
  for (int node = 0; node < nodes; ++node) {
    OnSubteam(team, node * per_node, 1, per_node, gates,
              [&](const Team& part, const Gates& entry) { return play(part, parts, entry); });
  }
}

}  // namespace

Gates HierarchicalAllGather(Schedule* schedule, const Team& team, int nodes, int buffer, Span span,
                            const Gates& entry) {
  Require(Size(team) % nodes == 0, "all nodes have equally many members");
  const auto gather = [&](const Team& part, const std::vector<Regions>& parts, const Gates& gates) {
    return RingAllGatherOf(schedule, part, parts, gates);
  };
  Gates done = entry;
  OnColumns(team, nodes, buffer, span, &done, gather);
  OnNodes(team, nodes, buffer, span, &done, gather);
  return done;
}

Gates HierarchicalReduceScatter(Schedule* schedule, const Team& team, int nodes, int buffer,
                                Span span, const Gates& entry) {
  Require(Size(team) % nodes == 0, "all nodes have equally many members");
  Gates done = entry;
  const int first = schedule->AddBuffer(span.end);
  const int second = schedule->AddBuffer(span.end);
  OnNodes(team, nodes, buffer, span, &done,
          [&](const Team& part, const std::vector<Regions>& parts, const Gates& gates) {
            return RingReduceScatterOf(schedule, part, parts, first, gates);
          });
  OnColumns(team, nodes, buffer, span, &done,
            [&](const Team& part, const std::vector<Regions>& parts, const Gates& gates) {
              return RingReduceScatterOf(schedule, part, parts, second, gates);
            });
  return done;
}

Gates HierarchicalBroadcast(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                            Span span, const Gates& entry) {
  Require(Size(team) % nodes == 0, "all nodes have equally many members");
  const int per_node = Size(team) / nodes;
  Gates done = entry;
  OnSubteam(team, root % per_node, per_node, nodes, &done,
            [&](const Team& part, const Gates& gates) {
              return BinomialBroadcast(schedule, part, root / per_node, buffer, span, Pace::kRounds,
                                       gates);
            });
  for (int node = 0; node < nodes; ++node) {
    OnSubteam(team, node * per_node, 1, per_node, &done, [&](const Team& part, const Gates& gates) {
      return BinomialBroadcast(schedule, part, root % per_node, buffer, span, Pace::kRounds, gates);
    });
  }
  return done;
}

Gates HierarchicalReduce(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                         Span span, const Gates& entry) {
  Require(Size(team) % nodes == 0, "all nodes have equally many members");
  const int per_node = Size(team) / nodes;
  Gates done = entry;
  for (int node = 0; node < nodes; ++node) {
    OnSubteam(team, node * per_node, 1, per_node, &done, [&](const Team& part, const Gates& gates) {
      return BinomialReduce(schedule, part, root % per_node, buffer, span, Pace::kRounds, gates);
    });
  }
  OnSubteam(
      team, root % per_node, per_node, nodes, &done, [&](const Team& part, const Gates& gates) {
        return BinomialReduce(schedule, part, root / per_node, buffer, span, Pace::kRounds, gates);
      });
  return done;
}

}  // namespace commplan::oracle
