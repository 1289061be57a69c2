#include "tests/oracle/bruck.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace commplan::oracle {
namespace {

Region BlockOf(int buffer, Span span, int block, int p) {
  return In(buffer, Block(span, (block % p + p) % p, p));
}

// Regions cut into messages of at most `limit` regions.
std::vector<Regions> Messages(const Regions& regions, int limit) {
  std::vector<Regions> messages;
  for (const Region& region : regions) {
    if (messages.empty() || (limit > 0 && static_cast<int>(messages.back().size()) == limit)) {
      messages.emplace_back();
    }
    messages.back().push_back(region);
  }
  return messages;
}

// The distances 0, 2d, 4d, ... from its owner at which a block takes part in PAT's round d.
std::vector<int> Stages(int d, int p) {
  std::vector<int> stages;
  for (int x = 0; x + d < p; x += 2 * d) stages.push_back(x);
  return stages;
}

}  // namespace

Gates BruckAllGather(Schedule* schedule, const Team& team, int buffer, Span span,
                     const Gates& entry) {
  const int p = Size(team);
  Gates ready = entry;
  for (int have = 1; have < p; have *= 2) {
    Gates next = ready;
    for (int i = 0; i < p; ++i) {
      Regions blocks;
      for (int b = 0; b < std::min(have, p - have); ++b) {
        blocks.push_back(BlockOf(buffer, span, i + b, p));
      }
      const int to = (i - have + p) % p;
      At(next, to).push_back(
          schedule->Send(RankOf(team, i), blocks, RankOf(team, to), blocks, At(ready, i)));
    }
    ready = std::move(next);
  }
  return ready;
}

Gates PatAllGather(Schedule* schedule, const Team& team, int buffer, Span span, int aggregate,
                   const Gates& entry) {
  const int p = Size(team);
  Gates ready = entry;
  for (int round = CeilLog2(p); round-- > 0;) {
    const int d = 1 << round;
    Gates next = ready;
    for (int i = 0; i < p; ++i) {
      Regions blocks;
      for (int x : Stages(d, p)) blocks.push_back(BlockOf(buffer, span, i - x, p));
      const int to = (i + d) % p;
      for (const Regions& message : Messages(blocks, aggregate)) {
        At(next, to).push_back(
            schedule->Send(RankOf(team, i), message, RankOf(team, to), message, At(ready, i)));
      }
    }
    ready = std::move(next);
  }
  return ready;
}

Gates PatReduceScatter(Schedule* schedule, const Team& team, int buffer, Span span, int aggregate,
                       const Gates& entry) {
  const int p = Size(team);
  Gates ready = entry;
  for (int d = 1; d < p; d *= 2) {
    Gates next = ready;
    for (int i = 0; i < p; ++i) {
      Regions blocks;
      for (int x : Stages(d, p)) blocks.push_back(BlockOf(buffer, span, i - d - x, p));
      const int to = (i - d + p) % p;
      for (const Regions& message : Messages(blocks, aggregate)) {
        At(next, to).push_back(schedule->Send(RankOf(team, i), message, RankOf(team, to), message,
                                              At(ready, i), Arrival::kAdd));
      }
    }
    ready = std::move(next);
  }
  return ready;
}

}  // namespace commplan::oracle
