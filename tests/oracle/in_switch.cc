#include "tests/oracle/in_switch.h"

#include <vector>

namespace commplan::oracle {

Gates InSwitchReduceScatter(Schedule* schedule, int buffer, Span span, const Gates& entry) {
  const int p = schedule->ranks();
  // All ranks give to every sum.
  Deps all;
  for (const Deps& gate : entry) all = Join(all, gate);
  Gates done;
  for (int i = 0; i < p; ++i) {
    const Region block = In(buffer, Block(span, i, p));
    done.push_back({schedule->SwitchReduce(i, block, block, all)});
  }
  return done;
}

Gates InSwitchAllGather(Schedule* schedule, int buffer, Span span, const Gates& entry) {
  const int p = schedule->ranks();
  Deps all;
  for (int i = 0; i < p; ++i) {
    const Region block = In(buffer, Block(span, i, p));
    all.push_back(schedule->Multicast(i, block, block, At(entry, i)));
  }
  return Gates(static_cast<std::size_t>(p), all);
}

Gates NvlsAllReduce(Schedule* schedule, int buffer, Span span, int chunks, int window,
                    const Gates& entry) {
  const int p = schedule->ranks();
  std::vector<Gates> copied;  // per chunk and rank: its own copy
  Gates done = entry;
  Deps all;
  for (const Deps& gate : entry) all = Join(all, gate);
  for (int c = 0; c < chunks; ++c) {
    const Span chunk = Block(span, c, chunks);
    Gates added;
    for (int i = 0; i < p; ++i) {
      const Region block = In(buffer, Block(chunk, i, p));
      Deps after = all;
      if (window > 0 && c >= window) {
        after = Join(after, At(copied[static_cast<std::size_t>(c - window)], i));
      }
      added.push_back({schedule->SwitchReduce(i, block, block, after)});
    }
    copied.emplace_back();
    for (int i = 0; i < p; ++i) {
      const Region block = In(buffer, Block(chunk, i, p));
      copied.back().push_back({schedule->Multicast(i, block, block, At(added, i))});
      for (Deps& gate : done) gate = Join(gate, At(copied.back(), i));
    }
  }
  return done;
}

}  // namespace commplan::oracle
