#include "tests/oracle/compressed.h"

#include <functional>
#include <utility>

#include "tests/oracle/compressed_bench.h"

namespace commplan::oracle {
namespace {

Gates ScatterStage(const Bench& bench, const Team& team, const Parts& parts, const Gates& entry) {
  return DirectScatter(bench, team, parts, 0, entry);
}

Gates GatherStage(const Bench& bench, const Team& team, const Parts& parts, const Gates& entry) {
  return DirectGather(bench, team, parts, 0, entry);
}

// Each chunk of the pipeline on its own: nothing but the links and units that they share orders
// them.
void ForChunks(const Desk& on, const std::function<void(int)>& play) {
  for (int c = 0; c < on.given.chunks; ++c) play(c);
}

void OnParts(const Desk& on, Stage stage) {
  ForChunks(on, [&](int c) { stage(on.bench, on.team, ChunkOf(on, c), NoGates(on.team)); });
}

void SumByChunks(const Desk& on, bool ring) {
  ForChunks(on, [&](int c) { SumEverywhere(on, Block(on.all, c, on.given.chunks), ring); });
}

void PointToPoint(const Desk& on) {
  const int out = on.bench.AddBuffer(on.all.end);
  const int landing = on.bench.AddBuffer(on.all.end);
  ForChunks(on, [&](int c) {
    const Span chunk = Block(on.all, c, on.given.chunks);
    const int last = on.given.ranks - 1;
    const Deps packed = Pass(on.bench, 0).Encode(0, out, chunk, {});
    const int sent = on.bench.SendPacked(0, In(out, chunk), last, In(landing, chunk), packed);
    Pass(on.bench, last).Decode(landing, 0, chunk, {sent});
  });
}

void EncodedRingGather(const Desk& on) {
  const int packed = on.bench.AddBuffer(on.all.end);
  Gates ready(on.team.size());
  for (int i = 0; i < on.given.ranks; ++i) {
    At(ready, i) = Pass(on.bench, i).Encode(0, packed, Block(on.all, i, on.given.ranks), {});
  }
  RingForward(on, packed, std::move(ready));
}

// Every rank has its sum in buffer 0; the plain ring hands the sums on.
void PlainRingGather(const Desk& on, const Gates& entry) {
  const int p = on.given.ranks;
  Gates newest = entry;
  for (int step = 0; step + 1 < p; ++step) {
    Gates next(on.team.size());
    for (int i = 0; i < p; ++i) {
      const Region block = In(0, Block(on.all, ((i - step) % p + p) % p, p));
      const int to = (i + 1) % p;
      At(next, to) = {on.bench.schedule()->Send(i, {block}, to, {block}, At(newest, i))};
    }
    newest = std::move(next);
  }
}

int NewResult(const Desk& on) {
  *on.result = on.bench.AddBuffer(on.all.end);
  return *on.result;
}

struct Recipe {
  CompressedEntry entry;
  void (*build)(const Desk& on);
};

const std::vector<Recipe>& AllRecipes() {
  static const std::vector<Recipe> kRecipes{
      {{"all-reduce", "ring"},
       [](const Desk& on) {
         const int packed = on.bench.AddBuffer(on.all.end);
         RingForward(on, packed, RingScatter(on, packed, true));
       }},
      {{"all-reduce", "ring-plain-gather"},
       [](const Desk& on) {
         PlainRingGather(on, RingScatter(on, on.bench.AddBuffer(on.all.end), false));
       }},
      {{"all-reduce", "gather-sum"}, [](const Desk& on) { SumByChunks(on, true); }},
      {{"all-reduce", "one-shot"}, [](const Desk& on) { SumByChunks(on, false); }},
      {{"all-reduce", "two-shot"}, [](const Desk& on) { OnParts(on, TwoShot); }},
      {{"all-reduce", "host-one-shot", false, true},
       [](const Desk& on) {
         ForChunks(on, [&](int c) { HostOneShot(on, Block(on.all, c, on.given.chunks)); });
       }},
      {{"all-reduce", "host-two-shot", false, true},
       [](const Desk& on) { ForChunks(on, [&](int c) { HostTwoShot(on, c); }); }},
      {{"all-reduce", "host-ring", false, true}, HostRing},
      {{"all-reduce", "hierarchical", true},
       [](const Desk& on) {
         GatherInside(on, AcrossNodes(on, ScatterInside(on, Inside::kPlain), TwoShot));
       }},
      {{"all-gather", "ring"}, EncodedRingGather},
      {{"all-gather", "direct"}, [](const Desk& on) { OnParts(on, GatherStage); }},
      {{"all-gather", "hierarchical", true},
       [](const Desk& on) { GatherInside(on, AcrossNodes(on, NoGates(on.team), GatherStage)); }},
      {{"reduce-scatter", "ring"},
       [](const Desk& on) { RingScatter(on, on.bench.AddBuffer(on.all.end), false); }},
      {{"reduce-scatter", "direct"}, [](const Desk& on) { OnParts(on, ScatterStage); }},
      {{"reduce-scatter", "hierarchical", true},
       [](const Desk& on) { AcrossNodes(on, ScatterInside(on, Inside::kPlain), ScatterStage); }},
      {{"reduce-scatter", "two-hop", true},
       [](const Desk& on) { AcrossNodes(on, ScatterInside(on, Inside::kCoded), ScatterStage); }},
      {{"all-to-all", "direct"},
       [](const Desk& on) {
         NewResult(on);
         ForChunks(on, [&](int c) { Exchange(on, c, false); });
       }},
      {{"all-to-all", "pairwise"},
       [](const Desk& on) {
         NewResult(on);
         ForChunks(on, [&](int c) { Exchange(on, c, true); });
       }},
      {{"all-to-all", "hierarchical", true},
       [](const Desk& on) {
         NewResult(on);
         HierarchicalExchange(on);
       }},
      {{"p2p", "direct"}, PointToPoint},
  };
  return kRecipes;
}

}  // namespace

const std::vector<CompressedEntry>& CompressedCatalogue() {
  static const std::vector<CompressedEntry> kEntries = [] {
    std::vector<CompressedEntry> list;
    for (const Recipe& recipe : AllRecipes()) list.push_back(recipe.entry);
    return list;
  }();
  return kEntries;
}

std::optional<Collective> MakeCompressed(const std::string& op, const std::string& scheme,
                                         const Parameters& parameters, const CodecTicks& codec,
                                         Sight sight) {
  const int p = parameters.ranks;
  Require(p >= 2 && parameters.elements >= 0 && parameters.chunks >= 1, "usable parameters");
  for (const Recipe& recipe : AllRecipes()) {
    if (op != recipe.entry.op || scheme != recipe.entry.scheme) continue;
    if (p % parameters.nodes != 0) return std::nullopt;
    // Blocks of all-to-all stand at different places in their senders and receivers.
    if (op == "all-to-all" && parameters.elements % p != 0) return std::nullopt;
    Collective made{op, scheme, parameters, Schedule(recipe.entry.host ? p + 1 : p), 0};
    made.schedule.AddBuffer(parameters.elements);
    const Bench bench(&made.schedule, codec, sight);
    recipe.build(
        {bench, made.parameters, WholeTeam(p), Span{0, parameters.elements}, &made.result_buffer});
    return made;
  }
  return std::nullopt;
}

Network HostMemory(int p, std::int64_t alpha, std::int64_t beta) {
  Network network(p + 1);
  for (int i = 0; i < p; ++i) {
    network.SetRoute(i, p, {{network.AddLink(beta)}, alpha});
    network.SetRoute(p, i, {{network.AddLink(beta)}, alpha});
  }
  return network;
}

}  // namespace commplan::oracle
