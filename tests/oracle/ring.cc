#include "tests/oracle/ring.h"

#include <utility>

namespace commplan::oracle {
namespace {

int Wrap(int member, int p) { return (member % p + p) % p; }

std::vector<Regions> BlocksOf(int buffer, Span span, int p) {
  std::vector<Regions> parts;
  for (int i = 0; i < p; ++i) parts.push_back({In(buffer, Block(span, i, p))});
  return parts;
}

const Regions& Part(const std::vector<Regions>& parts, int i) {
  return parts[static_cast<std::size_t>(Wrap(i, static_cast<int>(parts.size())))];
}

}  // namespace

Gates RingReduceScatterOf(Schedule* schedule, const Team& team, const std::vector<Regions>& parts,
                          int landing, const Gates& entry) {
  const int p = Size(team);
  Gates summed = entry;
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(team.size());
    for (int i = 0; i < p; ++i) {
      const Regions& own = Part(parts, i - step - 1);
      Regions landed = own;
      for (Region& region : landed) region.buffer = landing;
      const int to = Wrap(i + 1, p);
      const int sent =
          schedule->Send(RankOf(team, i), own, RankOf(team, to), landed, At(summed, i));
      for (std::size_t r = 0; r < own.size(); ++r) {
        At(next, to).push_back(schedule->Reduce(RankOf(team, to), {own[r], landed[r]}, own[r],
                                                Join(At(entry, to), sent)));
      }
    }
    summed = std::move(next);
  }
  return summed;
}

Gates RingAllGatherOf(Schedule* schedule, const Team& team, const std::vector<Regions>& parts,
                      const Gates& entry) {
  const int p = Size(team);
  Gates done = entry;
  Gates newest = entry;
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(team.size());
    for (int i = 0; i < p; ++i) {
      const Regions& part = Part(parts, i - step);
      const int to = Wrap(i + 1, p);
      const int sent = schedule->Send(RankOf(team, i), part, RankOf(team, to), part, At(newest, i));
      At(next, to) = {sent};
      At(done, to).push_back(sent);
    }
    newest = std::move(next);
  }
  return done;
}

Gates RingReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span,
                        const Gates& entry) {
  const int landing = schedule->AddBuffer(span.end);
  return RingReduceScatterOf(schedule, team, BlocksOf(buffer, span, Size(team)), landing, entry);
}

Gates RingAllGather(Schedule* schedule, const Team& team, int buffer, Span span,
                    const Gates& entry) {
  return RingAllGatherOf(schedule, team, BlocksOf(buffer, span, Size(team)), entry);
}

Gates RingAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                    const Gates& entry) {
  const Gates scattered = RingReduceScatter(schedule, team, buffer, span, entry);
  return RingAllGather(schedule, team, buffer, span, scattered);
}

}  // namespace commplan::oracle
