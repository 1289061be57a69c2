#include "tests/oracle/hierarchical.h"

#include <cstddef>
#include <functional>
#include <vector>

#include "tests/oracle/binomial.h"
#include "tests/oracle/direct.h"
#include "tests/oracle/require.h"
#include "tests/oracle/ring.h"

namespace commplan::oracle {
namespace {

int TierCount(const Sizes& sizes) { return static_cast<int>(sizes.size()); }
int SizeOf(const Sizes& sizes, int tier) { return sizes[static_cast<std::size_t>(tier)]; }

// How far apart in numbering the members are that differ in this tier only.
int Stride(const Sizes& sizes, int tier) {
  int stride = 1;
  for (int t = 0; t < tier; ++t) stride *= SizeOf(sizes, t);
  return stride;
}

int Index(const Sizes& sizes, int tier, int member) {
  return member / Stride(sizes, tier) % SizeOf(sizes, tier);
}

void RequireFull(const Team& team, const Sizes& sizes) {
  Require(!sizes.empty() && Size(team) == Stride(sizes, TierCount(sizes)),
          "all domains of a tier have equally many members");
}

Sizes TwoTiers(const Team& team, int nodes) {
  Require(nodes >= 1 && Size(team) % nodes == 0, "all nodes have equally many members");
  return {Size(team) / nodes, nodes};
}

// Plays a phase among the members that differ in this tier only, for each such part of the team
// that `wanted` wants, and puts their gates back where they belong. The phase is told the first of
// them.
using Phase = std::function<Gates(const Team& part, int first, const Gates& entry)>;
void OnTier(const Team& team, const Sizes& sizes, int tier, Gates* gates, const Phase& phase,
            const std::function<bool(int first)>& wanted = {}) {
  const int stride = Stride(sizes, tier);
  for (int first = 0; first < Size(team); ++first) {
    if (Index(sizes, tier, first) != 0 || (wanted && !wanted(first))) continue;
    Team part;
    Gates entry;
    for (int i = 0; i < SizeOf(sizes, tier); ++i) {
      part.push_back(RankOf(team, first + i * stride));
      entry.push_back(At(*gates, first + i * stride));
    }
    const Gates done = phase(part, first, entry);
    for (int i = 0; i < SizeOf(sizes, tier); ++i) At(*gates, first + i * stride) = At(done, i);
  }
}

Gates JoinEach(Gates some, const Gates& more) {
  for (std::size_t i = 0; i < some.size(); ++i) some[i] = Join(some[i], more[i]);
  return some;
}

// What a member has of the span when all tiers below this one are shared out.
Span SliceOn(const Sizes& sizes, int tier, int member, Span span) {
  for (int t = 0; t < tier; ++t) span = Block(span, Index(sizes, t, member), SizeOf(sizes, t));
  return span;
}

}  // namespace

Gates HierarchicalAllReduce(Schedule* schedule, const Team& team, const Sizes& sizes,
                            InnerKind inner, int buffer, Span span, int chunks,
                            const Gates& entry) {
  RequireFull(team, sizes);
  const int outermost = TierCount(sizes) - 1;
  // What the members wait for before they may use each stage again: out, across, and back in.
  std::vector<Gates> stages(static_cast<std::size_t>(2 * outermost + 1), NoGates(team));
  stages.front() = entry;
  for (int c = 0; c < chunks; ++c) {
    const Span chunk = Block(span, c, chunks);
    for (int s = 0; s <= 2 * outermost; ++s) {
      const int tier = s <= outermost ? s : 2 * outermost - s;
      Gates& gates = stages[static_cast<std::size_t>(s)];
      if (s > 0) gates = JoinEach(gates, stages[static_cast<std::size_t>(s - 1)]);
      const bool direct = tier == 0 && inner == InnerKind::kDirect;
      OnTier(team, sizes, tier, &gates, [&](const Team& part, int first, const Gates& ready) {
        const Span slice = SliceOn(sizes, tier, first, chunk);
        if (s == outermost) return RingAllReduce(schedule, part, buffer, slice, ready);
        if (s < outermost) {
          return direct ? DirectReduceScatter(schedule, part, buffer, slice, ready)
                        : RingReduceScatter(schedule, part, buffer, slice, ready);
        }
        return direct ? DirectAllGather(schedule, part, buffer, slice, ready)
                      : RingAllGather(schedule, part, buffer, slice, ready);
      });
    }
  }
  return stages.back();
}

namespace {

// For each of the members that differ in this tier only: the blocks of all members that have its
// indexes on this tier and on those further in.
std::vector<Regions> PartsOf(const Sizes& sizes, int tier, int first, int buffer, Span span) {
  const int p = Stride(sizes, TierCount(sizes));
  const int period = Stride(sizes, tier + 1);
  std::vector<Regions> parts;
  for (int i = 0; i < SizeOf(sizes, tier); ++i) {
    const int index = (first + i * Stride(sizes, tier)) % period;
    Regions blocks;
    for (int j = index; j < p; j += period) blocks.push_back(In(buffer, Block(span, j, p)));
    parts.push_back(blocks);
  }
  return parts;
}

}  // namespace

Gates HierarchicalAllGather(Schedule* schedule, const Team& team, const Sizes& sizes, int buffer,
                            Span span, const Gates& entry) {
  RequireFull(team, sizes);
  Gates done = entry;
  for (int tier = TierCount(sizes) - 1; tier >= 0; --tier) {
    OnTier(team, sizes, tier, &done, [&](const Team& part, int first, const Gates& ready) {
      return RingAllGatherOf(schedule, part, PartsOf(sizes, tier, first, buffer, span), ready);
    });
  }
  return done;
}

Gates HierarchicalReduceScatter(Schedule* schedule, const Team& team, const Sizes& sizes,
                                int buffer, Span span, const Gates& entry) {
  RequireFull(team, sizes);
  Gates done = entry;
  for (int tier = 0; tier < TierCount(sizes); ++tier) {
    const int landing = schedule->AddBuffer(span.end);
    OnTier(team, sizes, tier, &done, [&](const Team& part, int first, const Gates& ready) {
      return RingReduceScatterOf(schedule, part, PartsOf(sizes, tier, first, buffer, span), landing,
                                 ready);
    });
  }
  return done;
}

namespace {

// Whether these members have the root's indexes on all tiers further in.
std::function<bool(int)> InLineWith(int root, const Sizes& sizes, int tier) {
  const int stride = Stride(sizes, tier);
  return [=](int first) { return first % stride == root % stride; };
}

}  // namespace

Gates HierarchicalBroadcast(Schedule* schedule, const Team& team, const Sizes& sizes, int root,
                            int buffer, Span span, const Gates& entry) {
  RequireFull(team, sizes);
  Gates done = entry;
  for (int tier = TierCount(sizes) - 1; tier >= 0; --tier) {
    const auto play = [&](const Team& part, int /*first*/, const Gates& ready) {
      return BinomialBroadcast(schedule, part, Index(sizes, tier, root), buffer, span,
                               Pace::kRounds, ready);
    };
    OnTier(team, sizes, tier, &done, play, InLineWith(root, sizes, tier));
  }
  return done;
}

Gates HierarchicalReduce(Schedule* schedule, const Team& team, const Sizes& sizes, int root,
                         int buffer, Span span, const Gates& entry) {
  RequireFull(team, sizes);
  Gates done = entry;
  for (int tier = 0; tier < TierCount(sizes); ++tier) {
    const auto play = [&](const Team& part, int /*first*/, const Gates& ready) {
      return BinomialReduce(schedule, part, Index(sizes, tier, root), buffer, span, Pace::kRounds,
                            ready);
    };
    OnTier(team, sizes, tier, &done, play, InLineWith(root, sizes, tier));
  }
  return done;
}

Gates HierarchicalAllReduce(Schedule* schedule, const Team& team, int nodes, InnerKind inner,
                            int buffer, Span span, int chunks, const Gates& entry) {
  return HierarchicalAllReduce(schedule, team, TwoTiers(team, nodes), inner, buffer, span, chunks,
                               entry);
}

Gates HierarchicalAllGather(Schedule* schedule, const Team& team, int nodes, int buffer, Span span,
                            const Gates& entry) {
  return HierarchicalAllGather(schedule, team, TwoTiers(team, nodes), buffer, span, entry);
}

Gates HierarchicalReduceScatter(Schedule* schedule, const Team& team, int nodes, int buffer,
                                Span span, const Gates& entry) {
  return HierarchicalReduceScatter(schedule, team, TwoTiers(team, nodes), buffer, span, entry);
}

Gates HierarchicalBroadcast(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                            Span span, const Gates& entry) {
  return HierarchicalBroadcast(schedule, team, TwoTiers(team, nodes), root, buffer, span, entry);
}

Gates HierarchicalReduce(Schedule* schedule, const Team& team, int nodes, int root, int buffer,
                         Span span, const Gates& entry) {
  return HierarchicalReduce(schedule, team, TwoTiers(team, nodes), root, buffer, span, entry);
}

}  // namespace commplan::oracle
