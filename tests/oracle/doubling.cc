#include "tests/oracle/doubling.h"

#include <utility>
#include <vector>

#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

// The members that go on after the fold, as a team of 2^k, and what they wait for.
struct Folded {
  Team team;
  Gates gates;
  int pairs = 0;  // members 2i and 2i+1, for i below this, are one
};

Folded Fold(Schedule* schedule, const Team& team, int buffer, Span span, const Gates& entry) {
  Folded folded;
  const int p = Size(team);
  folded.pairs = p - FloorPowerOfTwo(p);
  for (int i = 0; i < folded.pairs; ++i) {
    const int gives = RankOf(team, 2 * i);
    const int takes = RankOf(team, 2 * i + 1);
    const int sent = schedule->Send(gives, {In(buffer, span)}, takes, {In(buffer, span)},
                                    At(entry, 2 * i), Arrival::kAdd);
    folded.team.push_back(takes);
    folded.gates.push_back(Join(At(entry, 2 * i + 1), sent));
  }
  for (int i = 2 * folded.pairs; i < p; ++i) {
    folded.team.push_back(RankOf(team, i));
    folded.gates.push_back(At(entry, i));
  }
  return folded;
}

Gates Unfold(Schedule* schedule, const Team& team, const Folded& folded, const Gates& done,
             int buffer, Span span) {
  Gates all;
  for (int i = 0; i < folded.pairs; ++i) {
    const int sent = schedule->Send(RankOf(team, 2 * i + 1), {In(buffer, span)},
                                    RankOf(team, 2 * i), {In(buffer, span)}, At(done, i));
    all.push_back({sent});
    all.push_back(At(done, i));
  }
  for (int i = folded.pairs; i < Size(folded.team); ++i) all.push_back(At(done, i));
  return all;
}

// Blocks [first, first + count) of p as one stretch.
Span Blocks(Span span, int first, int count, int p) {
  return {Block(span, first, p).begin, Block(span, first + count - 1, p).end};
}

// What a message waits for.
Deps Start(const Gates& ready, int sender, int receiver, Pace pace) {
  if (pace == Pace::kEager) return At(ready, sender);
  return Join(At(ready, sender), At(ready, receiver));
}

}  // namespace

Gates RecursiveDoublingAllReduce(Schedule* schedule, const Team& team, int buffer, Span span,
                                 Pace pace, const Gates& entry, int* sum) {
  const Folded folded = Fold(schedule, team, buffer, span, entry);
  const int p = Size(folded.team);
  Gates ready = folded.gates;
  for (int distance = 1; distance < p; distance *= 2) {
    const int landing = schedule->AddBuffer(span.end);
    const int next = schedule->AddBuffer(span.end);
    std::vector<int> received(static_cast<std::size_t>(p));
    for (int v = 0; v < p; ++v) {
      const int partner = v ^ distance;
      received[static_cast<std::size_t>(partner)] =
          schedule->Send(RankOf(folded.team, v), {In(buffer, span)}, RankOf(folded.team, partner),
                         {In(landing, span)}, Start(ready, v, partner, pace));
    }
    for (int v = 0; v < p; ++v) {
      At(ready, v) = {schedule->Reduce(RankOf(folded.team, v),
                                       {In(buffer, span), In(landing, span)}, In(next, span),
                                       Join(At(ready, v), received[static_cast<std::size_t>(v)]))};
    }
    buffer = next;
  }
  *sum = buffer;
  return Unfold(schedule, team, folded, ready, buffer, span);
}

Gates RabenseifnerAllReduce(Schedule* schedule, const Team& team, int buffer, Span span, Pace pace,
                            const Gates& entry) {
  const Folded folded = Fold(schedule, team, buffer, span, entry);
  const Gates scattered =
      HalvingReduceScatter(schedule, folded.team, buffer, span, pace, folded.gates);
  const Gates gathered = DoublingAllGather(schedule, folded.team, buffer, span, pace, scattered);
  return Unfold(schedule, team, folded, gathered, buffer, span);
}

Gates HalvingReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span, Pace pace,
                           const Gates& entry) {
  const int p = Size(team);
  Require(p == FloorPowerOfTwo(p), "halving needs a power of two");
  Gates ready = entry;
  for (int distance = p / 2; distance >= 1; distance /= 2) {
    Gates next = ready;
    for (int v = 0; v < p; ++v) {
      const int partner = v ^ distance;
      // The partner's side of the 2 * distance blocks that both are still responsible for.
      const Region half = In(buffer, Blocks(span, partner / distance * distance, distance, p));
      At(next, partner)
          .push_back(schedule->Send(RankOf(team, v), {half}, RankOf(team, partner), {half},
                                    Start(ready, v, partner, pace), Arrival::kAdd));
    }
    ready = std::move(next);
  }
  return ready;
}

Gates DoublingAllGather(Schedule* schedule, const Team& team, int buffer, Span span, Pace pace,
                        const Gates& entry) {
  const int p = Size(team);
  Require(p == FloorPowerOfTwo(p), "doubling needs a power of two");
  Gates ready = entry;
  for (int distance = 1; distance < p; distance *= 2) {
    Gates next = ready;
    for (int v = 0; v < p; ++v) {
      const int partner = v ^ distance;
      const Region have = In(buffer, Blocks(span, v / distance * distance, distance, p));
      At(next, partner)
          .push_back(schedule->Send(RankOf(team, v), {have}, RankOf(team, partner), {have},
                                    Start(ready, v, partner, pace)));
    }
    ready = std::move(next);
  }
  return ready;
}

}  // namespace commplan::oracle
