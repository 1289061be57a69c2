#include "tests/oracle/compressed_bench.h"
#include "tests/oracle/ring.h"

namespace commplan::oracle {
namespace {

Team Column(const Desk& on, int j) {
  Team team;
  const int q = on.given.ranks / on.given.nodes;
  for (int i = j; i < on.given.ranks; i += q) team.push_back(i);
  return team;
}

Team Node(const Desk& on, int node) {
  Team team;
  const int q = on.given.ranks / on.given.nodes;
  for (int j = 0; j < q; ++j) team.push_back(node * q + j);
  return team;
}

Gates Some(const Gates& gates, const Team& team) {
  Gates some;
  for (const int rank : team) some.push_back(At(gates, rank));
  return some;
}

void Put(const Team& team, const Gates& some, Gates* gates) {
  for (std::size_t i = 0; i < team.size(); ++i) At(*gates, team[i]) = some[i];
}

Regions InBuffer(const std::vector<Span>& part) {
  Regions regions;
  for (const Span& span : part) regions.push_back(In(0, span));
  return regions;
}

// The blocks of column j, as the part of member j of each node.
Parts ColumnsOf(const Desk& on) {
  const int q = on.given.ranks / on.given.nodes;
  Parts columns(static_cast<std::size_t>(q));
  for (int i = 0; i < on.given.ranks; ++i) {
    columns[static_cast<std::size_t>(i % q)].push_back(Block(on.all, i, on.given.ranks));
  }
  return columns;
}

}  // namespace

Gates ScatterInside(const Desk& on, Inside inside) {
  Gates done = NoGates(on.team);
  const Parts columns = ColumnsOf(on);
  const int landing = on.bench.AddBuffer(on.all.end);
  std::vector<Regions> regions;
  for (const auto& column : columns) regions.push_back(InBuffer(column));
  for (int n = 0; n < on.given.nodes; ++n) {
    const Team node = Node(on, n);
    const Gates open(node.size());
    if (inside == Inside::kPlain) {
      Put(node, RingReduceScatterOf(on.bench.schedule(), node, regions, landing, open), &done);
      continue;
    }
    Gates sums(node.size());
    for (int c = 0; c < on.given.chunks; ++c) {
      Parts parts = columns;
      for (auto& part : parts) {
        for (Span& span : part) span = Block(span, c, on.given.chunks);
      }
      const Gates some = DirectScatter(on.bench, node, parts, 0, open);
      for (std::size_t i = 0; i < node.size(); ++i) sums[i] = Join(sums[i], some[i]);
    }
    Put(node, sums, &done);
  }
  return done;
}

void GatherInside(const Desk& on, const Gates& entry) {
  std::vector<Regions> regions;
  for (const auto& column : ColumnsOf(on)) regions.push_back(InBuffer(column));
  for (int n = 0; n < on.given.nodes; ++n) {
    const Team node = Node(on, n);
    RingAllGatherOf(on.bench.schedule(), node, regions, Some(entry, node));
  }
}

Gates AcrossNodes(const Desk& on, const Gates& entry, Stage stage) {
  Gates done = entry;
  for (int j = 0; j < on.given.ranks / on.given.nodes; ++j) {
    const Team column = Column(on, j);
    for (int c = 0; c < on.given.chunks; ++c) {
      Parts parts;
      for (const int rank : column) {
        parts.push_back({Block(Block(on.all, rank, on.given.ranks), c, on.given.chunks)});
      }
      const Gates some = stage(on.bench, column, parts, Some(entry, column));
      for (std::size_t i = 0; i < column.size(); ++i) {
        At(done, column[i]) = Join(At(done, column[i]), some[i]);
      }
    }
  }
  return done;
}

// --- All-to-all ---

// Sender and receiver see the same block at different offsets, so packed data keep the sender's.
void Exchange(const Desk& on, int c, bool rounds) {
  const Bench& bench = on.bench;
  const int p = on.given.ranks;
  const std::int64_t block = on.all.length() / p;
  const Parts parts = ChunkOf(on, c);
  const int out = bench.AddBuffer(on.all.end);
  const int landing = bench.AddBuffer(on.all.end);
  const auto target = [&](int from, int to) {
    const Span span = PartOf(parts, to).front();
    return Span{span.begin + (from - to) * block, span.end + (from - to) * block};
  };
  Gates packed(on.team.size());
  for (int i = 0; i < p; ++i) {
    Pass pass(bench, i);
    for (int step = 1; step < p; ++step) {
      At(packed, i) = Join(At(packed, i), pass.Encode(0, out, PartOf(parts, i + step).front(), {}));
    }
    bench.Compute(i, {In(0, PartOf(parts, i).front())}, In(*on.result, PartOf(parts, i).front()), 0,
                  {});
  }
  Gates arrived(on.team.size());
  Gates last = packed;
  for (int step = 1; step < p; ++step) {
    Gates next = last;
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      const int sent =
          bench.SendPacked(i, In(out, PartOf(parts, to).front()), to, In(landing, target(i, to)),
                           rounds ? At(last, i) : At(packed, i));
      At(arrived, to).push_back(sent);
      At(next, i) = Join(At(next, i), sent);
      At(next, to) = Join(At(next, to), sent);
    }
    last = std::move(next);
  }
  for (int i = 0; i < p; ++i) {
    Pass pass(bench, i);
    for (int from = 0; from < p; ++from) {
      if (from != i) pass.Decode(landing, *on.result, target(from, i), At(arrived, i));
    }
  }
}

namespace {

// The first exchange, plain: every rank (a, m) gives every (a, j) what is meant for members j of
// any node. Part b of the middle buffer of (a, j) holds, member by member, what its node has for
// (b, j).
Gates ExchangeInside(const Desk& on, int middle, const Parts& parts) {
  const int p = on.given.ranks;
  const int q = p / on.given.nodes;
  Gates exchanged(on.team.size());
  for (int step = 0; step < q; ++step) {
    for (int i = 0; i < p; ++i) {
      const int to = i / q * q + (i + step) % q;
      Regions from, landing;
      for (int b = 0; b < on.given.nodes; ++b) {
        from.push_back(In(0, Block(on.all, b * q + to % q, p)));
        landing.push_back(In(middle, Block(PartOf(parts, b).front(), i % q, q)));
      }
      if (to != i) {
        At(exchanged, to).push_back(on.bench.schedule()->Send(i, from, to, landing, {}));
        continue;
      }
      for (std::size_t b = 0; b < from.size(); ++b) {
        At(exchanged, i).push_back(on.bench.Compute(i, {from[b]}, landing[b], 0, {}));
      }
    }
  }
  return exchanged;
}

// The second exchange, compressed, among the members j of all nodes.
void ExchangeAcross(const Desk& on, const Team& column, int middle, const Parts& parts,
                    const Gates& exchanged) {
  const Bench& bench = on.bench;
  const std::int64_t size = on.all.end;
  const int out = bench.AddBuffer(size);
  const int landing = bench.AddBuffer(size * on.given.nodes);
  Gates packed(column.size()), arrived(column.size());
  for (int a = 0; a < on.given.nodes; ++a) {
    Pass pass(bench, RankOf(column, a));
    for (int step = 1; step < on.given.nodes; ++step) {
      At(packed, a) = Join(At(packed, a), pass.Encode(middle, out, PartOf(parts, a + step).front(),
                                                      At(exchanged, RankOf(column, a))));
    }
  }
  for (int step = 1; step < on.given.nodes; ++step) {
    for (int a = 0; a < on.given.nodes; ++a) {
      const int b = (a + step) % on.given.nodes;
      SendPart(bench, column, a, out, b, landing, size, PartOf(parts, b), At(packed, a), &arrived);
    }
  }
  for (int b = 0; b < on.given.nodes; ++b) {
    const Span own = PartOf(parts, b).front();
    const int rank = RankOf(column, b);
    bench.Compute(rank, {In(middle, own)}, In(*on.result, own), 0, At(exchanged, rank));
    Pass pass(bench, rank);
    for (int a = 0; a < on.given.nodes; ++a) {
      if (a == b) continue;
      // Decoded, and put where the blocks of node a belong.
      const int decoded = bench.AddBuffer(size * on.given.nodes);
      const Region slot = Slot(landing, size, a, own);
      const Deps ready =
          pass.Decode(landing, decoded, {slot.offset, slot.offset + slot.length}, At(arrived, b));
      const Span target = PartOf(parts, a).front();
      bench.Compute(rank, {{decoded, slot.offset, slot.length}}, In(*on.result, target), 0, ready);
    }
  }
}

}  // namespace

void HierarchicalExchange(const Desk& on) {
  const int middle = on.bench.AddBuffer(on.all.end);
  Parts parts;  // what goes to each node
  for (int b = 0; b < on.given.nodes; ++b) parts.push_back({Block(on.all, b, on.given.nodes)});
  const Gates exchanged = ExchangeInside(on, middle, parts);
  for (int j = 0; j < on.given.ranks / on.given.nodes; ++j) {
    ExchangeAcross(on, Column(on, j), middle, parts, exchanged);
  }
}

}  // namespace commplan::oracle
