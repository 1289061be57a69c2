#include "tests/oracle/direct.h"

#include <cstdint>
#include <vector>

namespace commplan::oracle {
namespace {

// Where the parts that a member receives are laid out: one slot per sender.
Region Slot(int landing, std::int64_t slot_size, int sender, std::int64_t length) {
  return {landing, slot_size * sender, length};
}

}  // namespace

Gates DirectReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span,
                          const Gates& entry) {
  const int p = Size(team);
  const std::int64_t slot = span.length() / p + 1;  // the longest block fits
  const int landing = schedule->AddBuffer(slot * p);
  Gates arrived = entry;
  for (int step = 1; step < p; ++step) {
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      const Span block = Block(span, to, p);
      At(arrived, to)
          .push_back(schedule->Send(RankOf(team, i), {In(buffer, block)}, RankOf(team, to),
                                    {Slot(landing, slot, i, block.length())}, At(entry, i)));
    }
  }
  Gates done(team.size());
  for (int i = 0; i < p; ++i) {
    const Region own = In(buffer, Block(span, i, p));
    Regions inputs = {own};
    for (int sender = 0; sender < p; ++sender) {
      if (sender != i) inputs.push_back(Slot(landing, slot, sender, own.length));
    }
    At(done, i) = {schedule->Reduce(RankOf(team, i), inputs, own, At(arrived, i))};
  }
  return done;
}

Gates DirectAllGather(Schedule* schedule, const Team& team, int buffer, Span span,
                      const Gates& entry) {
  const int p = Size(team);
  Gates done = entry;
  for (int step = 1; step < p; ++step) {
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      const Region block = In(buffer, Block(span, i, p));
      At(done, to).push_back(
          schedule->Send(RankOf(team, i), {block}, RankOf(team, to), {block}, At(entry, i)));
    }
  }
  return done;
}

Gates OneShotAllReduce(Schedule* schedule, const Team& team, int buffer, Span span, int sum,
                       const Gates& entry) {
  const int p = Size(team);
  const std::int64_t n = span.length();
  const int landing = schedule->AddBuffer(n * p);
  Gates arrived = entry;
  for (int step = 1; step < p; ++step) {
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      At(arrived, to)
          .push_back(schedule->Send(RankOf(team, i), {In(buffer, span)}, RankOf(team, to),
                                    {Slot(landing, n, i, n)}, At(entry, i)));
    }
  }
  Gates done(team.size());
  for (int i = 0; i < p; ++i) {
    Regions inputs = {In(buffer, span)};
    for (int sender = 0; sender < p; ++sender) {
      if (sender != i) inputs.push_back(Slot(landing, n, sender, n));
    }
    // Into a buffer of its own: the span may still be on its way to others.
    At(done, i) = {schedule->Reduce(RankOf(team, i), inputs, {sum, 0, n}, At(arrived, i))};
  }
  return done;
}

Gates TwoShotAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                       const Gates& entry) {
  const Gates scattered = DirectReduceScatter(schedule, team, buffer, span, entry);
  return DirectAllGather(schedule, team, buffer, span, scattered);
}

}  // namespace commplan::oracle
