#include "tests/oracle/compressed_bench.h"

namespace commplan::oracle {

Gates RingScatter(const Desk& on, int packed, bool last) {
  const Bench& bench = on.bench;
  const int p = on.given.ranks;
  const int landing = bench.AddBuffer(on.all.end);
  const auto block = [&](int i) { return Block(on.all, (i % p + p) % p, p); };
  Gates ready(on.team.size());
  for (int i = 0; i < p; ++i) {
    At(ready, i) = Pass(bench, RankOf(on.team, i)).Encode(0, packed, block(i - 1), {});
  }
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(on.team.size());
    for (int c = 0; c < on.given.chunks; ++c) {
      for (int i = 0; i < p; ++i) {
        const int to = (i + 1) % p;
        const Span span = Block(block(i - step - 1), c, on.given.chunks);
        const int sent = bench.SendPacked(RankOf(on.team, i), In(packed, span), RankOf(on.team, to),
                                          In(landing, span), At(ready, i));
        Pass pass(bench, RankOf(on.team, to));
        Deps done = pass.Add({In(0, span)}, {In(landing, span)}, In(0, span), {sent});
        if (last || step + 2 < p) done = pass.Encode(0, packed, span, done);
        At(next, to) = Join(At(next, to), done);
      }
    }
    ready = std::move(next);
  }
  return ready;
}

void RingForward(const Desk& on, int packed, Gates newest) {
  const Bench& bench = on.bench;
  const int p = on.given.ranks;
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(on.team.size());
    for (int i = 0; i < p; ++i) {
      const int to = (i + 1) % p;
      const Span span = Block(on.all, ((i - step) % p + p) % p, p);
      const int sent = bench.SendPacked(RankOf(on.team, i), In(packed, span), RankOf(on.team, to),
                                        In(packed, span), At(newest, i));
      At(next, to) = {sent};
      Pass(bench, RankOf(on.team, to)).Decode(packed, 0, span, {sent});
    }
    newest = std::move(next);
  }
}

// --- Through host memory, which is rank p ---

void HostOneShot(const Desk& on, Span chunk) {
  const Bench& bench = on.bench;
  const int p = on.given.ranks;
  const int memory = bench.AddBuffer(on.all.end * p);
  Deps written;
  for (int i = 0; i < p; ++i) {
    const Region slot = Slot(memory, on.all.end, i, chunk);
    const int packed = bench.Compute(
        i, {In(0, chunk)}, slot, bench.codec().encode * chunk.length() + bench.codec().pass, {});
    written.push_back(bench.SendPacked(i, slot, p, slot, {packed}));
  }
  for (int i = 0; i < p; ++i) {
    Regions parts;
    Deps read;
    for (int from = 0; from < p; ++from) {
      parts.push_back(Slot(memory, on.all.end, from, chunk));
      read.push_back(bench.SendPacked(p, parts.back(), i, parts.back(), written));
    }
    Pass(bench, i).Add({}, parts, In(0, chunk), read);
  }
}

namespace {

// One way from `from` by the host to `to`.
int ByHost(const Bench& bench, int host, int from, Region region, int to, Region landing,
           const Deps& after) {
  const int up = bench.SendPacked(from, region, host, landing, after);
  return bench.SendPacked(host, landing, to, landing, {up});
}

}  // namespace

void HostTwoShot(const Desk& on, int c) {
  const Bench& bench = on.bench;
  const int p = on.given.ranks;
  const Parts parts = ChunkOf(on, c);
  const std::int64_t size = on.all.end;
  const int out = bench.AddBuffer(size);
  const int memory = bench.AddBuffer(size * p);
  const int sums = bench.AddBuffer(size);
  Gates packed(on.team.size());
  Gates arrived(on.team.size());
  for (int i = 0; i < p; ++i) {
    Pass pass(bench, i);
    for (int step = 1; step < p; ++step) {
      At(packed, i) = Join(At(packed, i), pass.Encode(0, out, PartOf(parts, i + step).front(), {}));
    }
  }
  std::vector<Deps> written(on.team.size());
  for (int step = 1; step < p; ++step) {
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      const Span span = PartOf(parts, to).front();
      At(written, i)
          .push_back(
              bench.SendPacked(i, In(out, span), p, Slot(memory, size, i, span), At(packed, i)));
    }
  }
  Deps all_written;
  for (const Deps& some : written) all_written = Join(all_written, some);
  for (int i = 0; i < p; ++i) {
    const Span own = PartOf(parts, i).front();
    for (int from = 0; from < p; ++from) {
      if (from == i) continue;
      const Region slot = Slot(memory, size, from, own);
      At(arrived, i).push_back(bench.SendPacked(p, slot, i, slot, all_written));
    }
  }
  Deps all_sums;
  for (int i = 0; i < p; ++i) {
    const Span own = PartOf(parts, i).front();
    Regions others;
    for (int from = 0; from < p; ++from) {
      if (from != i) others.push_back(Slot(memory, size, from, own));
    }
    Pass pass(bench, i);
    const Deps summed = pass.Add({In(0, own)}, others, In(0, own), At(arrived, i));
    const Deps ready = pass.Encode(0, sums, own, summed);
    all_sums.push_back(bench.SendPacked(i, In(sums, own), p, In(sums, own), ready));
  }
  for (int i = 0; i < p; ++i) {
    Deps read;
    for (int step = 1; step < p; ++step) {
      const Region sum = In(sums, PartOf(parts, i + step).front());
      read.push_back(bench.SendPacked(p, sum, i, sum, all_sums));
    }
    Pass pass(bench, i);
    for (int step = 1; step < p; ++step) {
      pass.Decode(sums, 0, PartOf(parts, i + step).front(), read);
    }
  }
}

void HostRing(const Desk& on) {
  const Bench& bench = on.bench;
  const int p = on.given.ranks;
  const int landing = bench.AddBuffer(on.all.end);
  Gates ready(on.team.size());
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(on.team.size());
    for (int i = 0; i < p; ++i) {
      const int to = (i + 1) % p;
      const Region own = In(0, Block(on.all, ((i - step - 1) % p + p) % p, p));
      const Region landed{landing, own.offset, own.length};
      const int sent = ByHost(bench, p, i, own, to, landed, At(ready, i));
      At(next,
         to) = {bench.Compute(to, {own, landed}, own, bench.codec().add * own.length, {sent})};
    }
    ready = std::move(next);
  }
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(on.team.size());
    for (int i = 0; i < p; ++i) {
      const int to = (i + 1) % p;
      const Region block = In(0, Block(on.all, ((i - step) % p + p) % p, p));
      At(next, to) = {ByHost(bench, p, i, block, to, block, At(ready, i))};
    }
    ready = std::move(next);
  }
}

}  // namespace commplan::oracle
