#include "tests/oracle/catalogue.h"

#include <iterator>
#include <vector>

#include "tests/oracle/all_to_all.h"
#include "tests/oracle/binomial.h"
#include "tests/oracle/bruck.h"
#include "tests/oracle/direct.h"
#include "tests/oracle/doubling.h"
#include "tests/oracle/hierarchical.h"
#include "tests/oracle/in_switch.h"
#include "tests/oracle/phase.h"
#include "tests/oracle/require.h"
#include "tests/oracle/ring.h"
#include "tests/oracle/tree.h"

namespace commplan::oracle {
namespace {

// What every algorithm is given: the input stands in buffer 0, and so does the result unless
// *result names another buffer.
struct Desk {
  const Parameters& given;
  Schedule* schedule;
  int* result;
  Team team;
  Span all;
  Gates open;
};

Pace PaceOf(const Parameters& given) { return given.eager ? Pace::kEager : Pace::kRounds; }

void AllReduceBinomial(const Desk& on) {
  const Pace pace = PaceOf(on.given);
  const Gates summed = BinomialReduce(on.schedule, on.team, 0, 0, on.all, pace, on.open);
  BinomialBroadcast(on.schedule, on.team, 0, 0, on.all, pace, summed);
}

void AllReduceTrees(const Desk& on, const std::vector<Tree>& trees) {
  PipelinedAllReduce(on.schedule, on.team, trees, 0, on.all, on.given.chunks, on.given.window,
                     on.open);
}

void Broadcast(const Desk& on, const Tree& tree) {
  PipelinedBroadcast(on.schedule, on.team, tree, 0, on.all, on.given.chunks, on.given.window,
                     on.open);
}

void Reduce(const Desk& on, const Tree& tree) {
  PipelinedReduce(on.schedule, on.team, tree, 0, on.all, on.given.chunks, on.given.window, on.open);
}

// A result buffer for the longest block of every rank.
int NewResult(const Desk& on) {
  const int p = on.given.ranks;
  *on.result = on.schedule->AddBuffer((on.all.length() / p + 1) * p);
  return *on.result;
}

enum class Wants { kAnything, kPowerOfTwo, kSwitch };

struct Recipe {
  const char* op;
  const char* algorithm;
  Wants wants;
  void (*build)(const Desk& on);
};

const Recipe kAllReduce[] = {
    {"all-reduce", "ring", Wants::kAnything,
     [](const Desk& on) { RingAllReduce(on.schedule, on.team, 0, on.all, on.open); }},
    {"all-reduce", "recursive-doubling", Wants::kAnything,
     [](const Desk& on) {
       RecursiveDoublingAllReduce(on.schedule, on.team, 0, on.all, PaceOf(on.given), on.open,
                                  on.result);
     }},
    {"all-reduce", "rabenseifner", Wants::kAnything,
     [](const Desk& on) {
       RabenseifnerAllReduce(on.schedule, on.team, 0, on.all, PaceOf(on.given), on.open);
     }},
    {"all-reduce", "one-shot", Wants::kAnything,
     [](const Desk& on) {
       *on.result = on.schedule->AddBuffer(on.all.length());
       OneShotAllReduce(on.schedule, on.team, 0, on.all, *on.result, on.open);
     }},
    {"all-reduce", "two-shot", Wants::kAnything,
     [](const Desk& on) { TwoShotAllReduce(on.schedule, on.team, 0, on.all, on.open); }},
    {"all-reduce", "binomial", Wants::kAnything, AllReduceBinomial},
    {"all-reduce", "tree", Wants::kAnything,
     [](const Desk& on) { AllReduceTrees(on, {InOrderTree(on.given.ranks)}); }},
    {"all-reduce", "double-tree", Wants::kAnything,
     [](const Desk& on) {
       AllReduceTrees(on, {InOrderTree(on.given.ranks), ComplementTree(on.given.ranks)});
     }},
    {"all-reduce", "chain", Wants::kAnything,
     [](const Desk& on) { AllReduceTrees(on, {ChainTree(on.given.ranks, 0)}); }},
    {"all-reduce", "nvls", Wants::kSwitch,
     [](const Desk& on) {
       NvlsAllReduce(on.schedule, 0, on.all, on.given.chunks, on.given.window, on.open);
     }},
    {"all-reduce", "hierarchical", Wants::kAnything,
     [](const Desk& on) {
       const InnerKind inner = on.given.inner_ring ? InnerKind::kRing : InnerKind::kDirect;
       HierarchicalAllReduce(on.schedule, on.team, on.given.nodes, inner, 0, on.all,
                             on.given.chunks, on.open);
     }},
};

const Recipe kGatherAndScatter[] = {
    {"all-gather", "ring", Wants::kAnything,
     [](const Desk& on) { RingAllGather(on.schedule, on.team, 0, on.all, on.open); }},
    {"all-gather", "recursive-doubling", Wants::kPowerOfTwo,
     [](const Desk& on) {
       DoublingAllGather(on.schedule, on.team, 0, on.all, PaceOf(on.given), on.open);
     }},
    {"all-gather", "bruck", Wants::kAnything,
     [](const Desk& on) { BruckAllGather(on.schedule, on.team, 0, on.all, on.open); }},
    {"all-gather", "direct", Wants::kAnything,
     [](const Desk& on) { DirectAllGather(on.schedule, on.team, 0, on.all, on.open); }},
    {"all-gather", "pat", Wants::kAnything,
     [](const Desk& on) {
       PatAllGather(on.schedule, on.team, 0, on.all, on.given.aggregate, on.open);
     }},
    {"all-gather", "nvls", Wants::kSwitch,
     [](const Desk& on) { InSwitchAllGather(on.schedule, 0, on.all, on.open); }},
    {"all-gather", "hierarchical", Wants::kAnything,
     [](const Desk& on) {
       HierarchicalAllGather(on.schedule, on.team, on.given.nodes, 0, on.all, on.open);
     }},
    {"reduce-scatter", "hierarchical", Wants::kAnything,
     [](const Desk& on) {
       HierarchicalReduceScatter(on.schedule, on.team, on.given.nodes, 0, on.all, on.open);
     }},
    {"reduce-scatter", "ring", Wants::kAnything,
     [](const Desk& on) { RingReduceScatter(on.schedule, on.team, 0, on.all, on.open); }},
    {"reduce-scatter", "recursive-halving", Wants::kPowerOfTwo,
     [](const Desk& on) {
       HalvingReduceScatter(on.schedule, on.team, 0, on.all, PaceOf(on.given), on.open);
     }},
    {"reduce-scatter", "direct", Wants::kAnything,
     [](const Desk& on) { DirectReduceScatter(on.schedule, on.team, 0, on.all, on.open); }},
    {"reduce-scatter", "pat", Wants::kAnything,
     [](const Desk& on) {
       PatReduceScatter(on.schedule, on.team, 0, on.all, on.given.aggregate, on.open);
     }},
    {"reduce-scatter", "nvls", Wants::kSwitch,
     [](const Desk& on) { InSwitchReduceScatter(on.schedule, 0, on.all, on.open); }},
};

const Recipe kOthers[] = {
    {"all-to-all", "pairwise", Wants::kAnything,
     [](const Desk& on) {
       PairwiseAllToAll(on.schedule, on.team, 0, on.all, NewResult(on), on.open);
     }},
    {"all-to-all", "direct", Wants::kAnything,
     [](const Desk& on) {
       DirectAllToAll(on.schedule, on.team, 0, on.all, NewResult(on), on.open);
     }},
    {"all-to-all", "hierarchical", Wants::kAnything,
     [](const Desk& on) {
       HierarchicalAllToAll(on.schedule, on.team, on.given.nodes, 0, on.all, NewResult(on),
                            on.open);
     }},
    {"broadcast", "binomial", Wants::kAnything,
     [](const Desk& on) {
       BinomialBroadcast(on.schedule, on.team, on.given.root, 0, on.all, PaceOf(on.given), on.open);
     }},
    {"broadcast", "hierarchical", Wants::kAnything,
     [](const Desk& on) {
       HierarchicalBroadcast(on.schedule, on.team, on.given.nodes, on.given.root, 0, on.all,
                             on.open);
     }},
    {"broadcast", "chain", Wants::kAnything,
     [](const Desk& on) { Broadcast(on, ChainTree(on.given.ranks, on.given.root)); }},
    {"broadcast", "tree", Wants::kAnything,
     [](const Desk& on) { Broadcast(on, Rotated(InOrderTree(on.given.ranks), on.given.root)); }},
    {"reduce", "binomial", Wants::kAnything,
     [](const Desk& on) {
       BinomialReduce(on.schedule, on.team, on.given.root, 0, on.all, PaceOf(on.given), on.open);
     }},
    {"reduce", "hierarchical", Wants::kAnything,
     [](const Desk& on) {
       HierarchicalReduce(on.schedule, on.team, on.given.nodes, on.given.root, 0, on.all, on.open);
     }},
    {"reduce", "chain", Wants::kAnything,
     [](const Desk& on) { Reduce(on, ChainTree(on.given.ranks, on.given.root)); }},
    {"reduce", "tree", Wants::kAnything,
     [](const Desk& on) { Reduce(on, Rotated(InOrderTree(on.given.ranks), on.given.root)); }},
    // From rank 0 to the last one.
    {"p2p", "direct", Wants::kAnything,
     [](const Desk& on) {
       const Region all = In(0, on.all);
       if (on.given.ranks > 1) on.schedule->Send(0, {all}, on.given.ranks - 1, {all}, {});
     }},
};

const std::vector<Recipe>& AllRecipes() {
  static const std::vector<Recipe> kRecipes = [] {
    std::vector<Recipe> all(std::begin(kAllReduce), std::end(kAllReduce));
    all.insert(all.end(), std::begin(kGatherAndScatter), std::end(kGatherAndScatter));
    all.insert(all.end(), std::begin(kOthers), std::end(kOthers));
    return all;
  }();
  return kRecipes;
}

}  // namespace

const std::vector<Entry>& Catalogue() {
  static const std::vector<Entry> kEntries = [] {
    std::vector<Entry> list;
    for (const Recipe& recipe : AllRecipes()) {
      list.push_back({recipe.op, recipe.algorithm, recipe.wants == Wants::kSwitch});
    }
    return list;
  }();
  return kEntries;
}

std::optional<Collective> Make(const std::string& op, const std::string& algorithm,
                               const Parameters& parameters) {
  const int p = parameters.ranks;
  Require(p >= 1 && parameters.elements >= 0 && parameters.chunks >= 1, "usable parameters");
  Require(parameters.root >= 0 && parameters.root < p, "the root is a rank");
  if (parameters.nodes < 1 || p % parameters.nodes != 0) return std::nullopt;
  for (const Recipe& recipe : AllRecipes()) {
    if (op != recipe.op || algorithm != recipe.algorithm) continue;
    if (recipe.wants == Wants::kPowerOfTwo && p != FloorPowerOfTwo(p)) return std::nullopt;
    Collective made{op, algorithm, parameters, Schedule(p), 0};
    if (op == "p2p") made.parameters.root = 0;
    made.schedule.AddBuffer(parameters.elements);
    const Team team = WholeTeam(p);
    recipe.build({made.parameters, &made.schedule, &made.result_buffer, team,
                  Span{0, parameters.elements}, NoGates(team)});
    return made;
  }
  return std::nullopt;
}

bool Serves(const Network& network, const Entry& entry, int ranks) {
  if (ranks > network.ranks()) return false;
  return !entry.in_switch || network.SharesSwitch(WholeTeam(ranks));
}

}  // namespace commplan::oracle
