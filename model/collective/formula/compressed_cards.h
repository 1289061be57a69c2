// The cards of compressed collectives: each closed form with its scheme, its meaning, its limits,
// and what one rank's codec and port work through; readable as a value and as text.
//
// They stand beside the registry of plain cards and not in it, because nobody runs a codec unless
// asked: an engine that looks for a way to run a collective must not find them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/collective/algorithm.h"
#include "model/collective/formula/cards.h"
#include "model/collective/formula/compressed.h"

namespace commplan {

// Where the codec stands in a collective.
enum class CompressedScheme : std::uint8_t {
  kRing,             // at every hop of a ring, and the gathered sums forwarded compressed
  kRingPlainGather,  // at every hop of the ring's reduce phase only
  kGatherSum,        // compressed buffers gathered along a ring, summed on every rank
  kOneShot,          // compressed buffers to every peer at once, summed on every rank
  kTwoShot,          // direct reduce-scatter, sums encoded again, direct all-gather
  kDirect,           // one exchange among all ranks at once
  kPairwise,         // the same, partner by partner
  kHierarchical,     // on the tier between nodes only
  kTwoHop,           // inside the nodes and once more between them
  kHostOneShot,      // one-shot through pinned host memory
  kHostTwoShot,      // two-shot through pinned host memory
  kHostRing,         // no codec: the ring through host memory that those two replace
};
inline constexpr std::size_t kCompressedSchemeCount = 12;

// The words of commands and JSON: "ring", "ring-plain-gather", "gather-sum".
std::string_view Name(CompressedScheme scheme);
std::optional<CompressedScheme> CompressedSchemeNamed(std::string_view word);
std::vector<std::string> CompressedSchemeNames();

enum class CodecSymbol {
  kShare,
  kEfficiency,
  kEncode,
  kDecode,
  kAdd,
  kPass,
  kCall,
};
inline constexpr std::size_t kCodecSymbolCount = 7;
const std::array<SymbolText, kCodecSymbolCount>& CodecSymbolTexts();

CodecInputs<Text> LetteredCodec();

struct CompressedCard {
  std::string_view id;  // such as "all-reduce/ring+codec"
  Op op;
  CompressedScheme scheme;
  Span span;
  // kEqualBlocks: exact with one chunk and equal blocks, rings and p2p with any number of chunks;
  // elsewhere the simulated chunks take 0.8 to 1.25 times as long as the formula says.
  Exactness exactness;
  bool all_peers;  // B is what a rank gets for all peers together, not for one neighbour
  std::string_view title;
  std::string_view assumptions;
  std::string_view source;
  Cost (*value)(const Inputs<double>&, const CodecInputs<double>&);
  CostOf<Text> (*text)(const Inputs<Text>&, const CodecInputs<Text>&);
  CodecWork<double> (*work)(const Inputs<double>&);
};

const std::vector<CompressedCard>& CompressedCards();

// The card, or nullptr where there is none.
const CompressedCard* FindCompressedCard(Op op, CompressedScheme scheme, Span span);
const CompressedCard* FindCompressedCard(std::string_view id);

}  // namespace commplan
