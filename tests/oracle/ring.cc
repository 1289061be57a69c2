#include "tests/oracle/ring.h"

#include <utility>

namespace commplan::oracle {
namespace {

int Wrap(int member, int p) { return (member % p + p) % p; }

}  // namespace

Gates RingReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span,
                        const Gates& entry) {
  const int p = Size(team);
  const int landing = schedule->AddBuffer(span.end);
  Gates summed = entry;
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(team.size());
    for (int i = 0; i < p; ++i) {
      const Span block = Block(span, Wrap(i - step - 1, p), p);
      const int to = Wrap(i + 1, p);
      const int sent = schedule->Send(RankOf(team, i), {In(buffer, block)}, RankOf(team, to),
                                      {In(landing, block)}, At(summed, i));
      At(next, to) = {schedule->Reduce(RankOf(team, to), {In(buffer, block), In(landing, block)},
                                       In(buffer, block), Join(At(entry, to), sent))};
    }
    summed = std::move(next);
  }
  return summed;
}

Gates RingAllGather(Schedule* schedule, const Team& team, int buffer, Span span,
                    const Gates& entry) {
  const int p = Size(team);
  Gates done = entry;
  Gates newest = entry;
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(team.size());
    for (int i = 0; i < p; ++i) {
      const Region block = In(buffer, Block(span, Wrap(i - step, p), p));
      const int to = Wrap(i + 1, p);
      const int sent =
          schedule->Send(RankOf(team, i), {block}, RankOf(team, to), {block}, At(newest, i));
      At(next, to) = {sent};
      At(done, to).push_back(sent);
    }
    newest = std::move(next);
  }
  return done;
}

Gates RingAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                    const Gates& entry) {
  const Gates scattered = RingReduceScatter(schedule, team, buffer, span, entry);
  return RingAllGather(schedule, team, buffer, span, scattered);
}

}  // namespace commplan::oracle
