// What a collective's formula is given: one set of symbols for all formulas, over the formula's
// number type.
//
// What a library adds around an algorithm (launch, copies to its own buffers) has symbols too; they
// are zero for the plain algorithm. A formula uses the symbols that it needs and ignores the
// others. Sizes follow nccl-tests: S is the buffer of one rank for all-reduce, broadcast, reduce
// and p2p; the total over all ranks for all-gather and reduce-scatter; what one rank holds for
// all-to-all.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "model/base/cost.h"
#include "model/base/number.h"
#include "model/base/quantity.h"

namespace commplan {

// A tier beyond the one between nodes: the third, which joins pods of nodes, or the fourth.
template <class R>
struct FurtherTier {
  R domains{};                 // N3, N4: the domains of the tier below that the group spans
  TimeOf<R> latency{};         // a3, a4
  BandwidthOf<R> bandwidth{};  // B3, B4, what one rank gets
};
inline constexpr std::size_t kFurtherTiers = 2;

template <class R>
struct Inputs {
  R ranks{};                       // p, the ranks of the group
  R nodes{};                       // N, the nodes (domains of the inner tier) that they stand in
  R local{};                       // q, ranks in one node
  R chunks{};                      // k, chunks of a pipeline
  BytesOf<R> bytes{};              // S
  TimeOf<R> latency{};             // a, one message between neighbours inside a node
  BandwidthOf<R> bandwidth{};      // B, what one rank gets inside a node, one direction
  TimeOf<R> net_latency{};         // a2, one message between nodes
  BandwidthOf<R> net_bandwidth{};  // B2, what one rank gets between nodes, one direction
  TimePerByteOf<R> reduction{};    // g, adding one byte to another
  TimeOf<R> launch{};          // t0, once per call: kernel launch, first and last synchronisation
  TimePerByteOf<R> copying{};  // c, moving one byte between the user's buffer and the library's
  R stages{};                  // s, further stages that a chunk passes on its way
  std::array<FurtherTier<R>, kFurtherTiers> further{};
  // How many tiers a hierarchy has, the one inside the nodes counted. It is the shape of a formula
  // and not a number in it.
  std::size_t tiers = 2;
};

enum class Symbol {
  kRanks,
  kNodes,
  kLocal,
  kChunks,
  kBytes,
  kLatency,
  kBandwidth,
  kNetLatency,
  kNetBandwidth,
  kReduction,
  kLaunch,
  kCopying,
  kStages,
  kDomains3,
  kLatency3,
  kBandwidth3,
  kDomains4,
  kLatency4,
  kBandwidth4,
};
inline constexpr std::size_t kSymbolCount = 19;

struct SymbolText {
  std::string_view letter;
  std::string_view meaning;
};
const std::array<SymbolText, kSymbolCount>& SymbolTexts();

// Calls visit(Symbol, member) for each member, in the order of the enumeration.
template <class InputsOrConst, class Visit>
constexpr void VisitInputs(InputsOrConst& x, Visit visit) {
  visit(Symbol::kRanks, x.ranks);
  visit(Symbol::kNodes, x.nodes);
  visit(Symbol::kLocal, x.local);
  visit(Symbol::kChunks, x.chunks);
  visit(Symbol::kBytes, x.bytes);
  visit(Symbol::kLatency, x.latency);
  visit(Symbol::kBandwidth, x.bandwidth);
  visit(Symbol::kNetLatency, x.net_latency);
  visit(Symbol::kNetBandwidth, x.net_bandwidth);
  visit(Symbol::kReduction, x.reduction);
  visit(Symbol::kLaunch, x.launch);
  visit(Symbol::kCopying, x.copying);
  visit(Symbol::kStages, x.stages);
  visit(Symbol::kDomains3, x.further[0].domains);
  visit(Symbol::kLatency3, x.further[0].latency);
  visit(Symbol::kBandwidth3, x.further[0].bandwidth);
  visit(Symbol::kDomains4, x.further[1].domains);
  visit(Symbol::kLatency4, x.further[1].latency);
  visit(Symbol::kBandwidth4, x.further[1].bandwidth);
}

// The number inside a member, whether it is a plain count or a quantity in base units.
inline double BaseNumber(double count) { return count; }
template <int kByte, int kSec, int kFlop>
double BaseNumber(const Quantity<kByte, kSec, kFlop>& quantity) {
  return quantity.base();
}

using Slopes = Dual<kSymbolCount>;

// The same inputs, each carrying its own derivative.
Inputs<Slopes> Differentiable(const Inputs<double>& x);

// The inputs as words: the letters of the symbols, of two tiers, or the texts that the caller has
// for the values. A further tier is there where its domains are not "0".
Inputs<Text> Lettered();
Inputs<Text> Worded(const std::array<std::string_view, kSymbolCount>& words);

}  // namespace commplan
