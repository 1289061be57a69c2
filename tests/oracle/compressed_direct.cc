#include <algorithm>

#include "tests/oracle/compressed_bench.h"

namespace commplan::oracle {

Parts ChunkOf(const Desk& on, int c) {
  Parts parts;
  const int p = on.given.ranks;
  for (int i = 0; i < p; ++i) parts.push_back({Block(Block(on.all, i, p), c, on.given.chunks)});
  return parts;
}

const std::vector<Span>& PartOf(const Parts& parts, int i) {
  const int p = static_cast<int>(parts.size());
  return parts[static_cast<std::size_t>((i % p + p) % p)];
}

namespace {

std::int64_t EndOf(const Parts& parts) {
  std::int64_t end = 0;
  for (const auto& part : parts) {
    for (const Span& span : part) end = std::max(end, span.end);
  }
  return end;
}

}  // namespace

Region Slot(int landing, std::int64_t size, int from, Span span) {
  return {landing, size * from + span.begin, span.length()};
}

void SendPart(const Bench& bench, const Team& team, int from, int out, int to, int landing,
              std::int64_t size, const std::vector<Span>& part, const Deps& after, Gates* arrived) {
  for (const Span& span : part) {
    At(*arrived, to)
        .push_back(bench.SendPacked(RankOf(team, from), In(out, span), RankOf(team, to),
                                    Slot(landing, size, from, span), after));
  }
}

Gates DirectScatter(const Bench& bench, const Team& team, const Parts& parts, int buffer,
                    const Gates& entry, int packed_sums) {
  const int p = Size(team);
  const std::int64_t size = EndOf(parts);
  const int out = bench.AddBuffer(size);
  const int landing = bench.AddBuffer(size * p);
  Gates packed(team.size());
  Gates arrived = entry;
  for (int i = 0; i < p; ++i) {
    Pass pass(bench, RankOf(team, i));
    for (int step = 1; step < p; ++step) {
      for (const Span& span : PartOf(parts, i + step)) {
        At(packed, i) = Join(At(packed, i), pass.Encode(buffer, out, span, At(entry, i)));
      }
    }
  }
  for (int step = 1; step < p; ++step) {
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      SendPart(bench, team, i, out, to, landing, size, PartOf(parts, to), At(packed, i), &arrived);
    }
  }
  Gates done(team.size());
  for (int i = 0; i < p; ++i) {
    Pass pass(bench, RankOf(team, i));
    for (const Span& span : PartOf(parts, i)) {
      Regions others;
      for (int from = 0; from < p; ++from) {
        if (from != i) others.push_back(Slot(landing, size, from, span));
      }
      Deps last = pass.Add({In(buffer, span)}, others, In(buffer, span), At(arrived, i));
      if (packed_sums >= 0) last = pass.Encode(buffer, packed_sums, span, last);
      At(done, i) = Join(At(done, i), last);
    }
  }
  return done;
}

namespace {

// Member i sends its part, which stands encoded in `packed`, to all others, which decode all that
// comes in one pass.
Gates DirectForward(const Bench& bench, const Team& team, const Parts& parts, int packed,
                    int buffer, const Gates& entry) {
  const int p = Size(team);
  const int landing = bench.AddBuffer(EndOf(parts));
  Gates arrived = entry;
  for (int step = 1; step < p; ++step) {
    for (int i = 0; i < p; ++i) {
      SendPart(bench, team, i, packed, (i + step) % p, landing, 0, PartOf(parts, i), At(entry, i),
               &arrived);
    }
  }
  Gates done(team.size());
  for (int i = 0; i < p; ++i) {
    Pass pass(bench, RankOf(team, i));
    for (int step = 1; step < p; ++step) {
      for (const Span& span : PartOf(parts, i + step)) {
        At(done, i) = Join(At(done, i), pass.Decode(landing, buffer, span, At(arrived, i)));
      }
    }
  }
  return done;
}

}  // namespace

Gates DirectGather(const Bench& bench, const Team& team, const Parts& parts, int buffer,
                   const Gates& entry) {
  const int packed = bench.AddBuffer(EndOf(parts));
  Gates ready(team.size());
  for (int i = 0; i < Size(team); ++i) {
    Pass pass(bench, RankOf(team, i));
    for (const Span& span : PartOf(parts, i)) {
      At(ready, i) = Join(At(ready, i), pass.Encode(buffer, packed, span, At(entry, i)));
    }
  }
  return DirectForward(bench, team, parts, packed, buffer, ready);
}

Gates TwoShot(const Bench& bench, const Team& team, const Parts& parts, const Gates& entry) {
  const int sums = bench.AddBuffer(EndOf(parts));
  const Gates summed = DirectScatter(bench, team, parts, 0, entry, sums);
  return DirectForward(bench, team, parts, sums, 0, summed);
}

void SumEverywhere(const Desk& on, Span chunk, bool ring) {
  const Bench& bench = on.bench;
  const int p = on.given.ranks;
  const int landing = bench.AddBuffer(on.all.end * p);
  Gates packed(on.team.size());
  for (int i = 0; i < p; ++i) {
    const int id =
        bench.Compute(RankOf(on.team, i), {In(0, chunk)}, Slot(landing, on.all.end, i, chunk),
                      bench.codec().encode * chunk.length() + bench.codec().pass, {});
    At(packed, i) = {id};
  }
  Gates arrived = NoGates(on.team);
  Gates newest = packed;
  for (int step = 1; step < p; ++step) {
    Gates next(on.team.size());
    for (int i = 0; i < p; ++i) {
      const int to = (i + (ring ? 1 : step)) % p;
      const Region part = Slot(landing, on.all.end, ring ? ((i - step + 1) % p + p) % p : i, chunk);
      const int sent =
          bench.SendPacked(RankOf(on.team, i), part, RankOf(on.team, to), part, At(newest, i));
      At(arrived, to).push_back(sent);
      At(next, to) = {sent};
    }
    if (ring) newest = std::move(next);
  }
  for (int i = 0; i < p; ++i) {
    Regions others;
    for (int from = 0; from < p; ++from) {
      if (from != i) others.push_back(Slot(landing, on.all.end, from, chunk));
    }
    Pass(bench, RankOf(on.team, i))
        .Add({In(0, chunk)}, others, In(0, chunk), Join(At(arrived, i), At(packed, i)));
  }
}

}  // namespace commplan::oracle
