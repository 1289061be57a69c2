// The price of a compressed collective: a card of formula/compressed_cards.h with what a codec
// costs on a device, and the verdict against the plain collective. "Do not compress" is an answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/cost.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/formula/compressed_cards.h"
#include "model/collective/variant.h"

namespace commplan {

// What a codec costs on one device, from its profile: measured, or derived and marked so there.
// Times per byte are per byte of the tensor.
struct CodecCost {
  std::string name;
  double share = 1;  // bytes on the wire for each byte of the tensor, scales included
  TimePerByte encode{};
  TimePerByte decode{};
  TimePerByte add{};  // decode and add, in one pass
  Time pass{};        // fixed cost of each pass: a kernel launch where nothing is fused
  Time call{};        // fixed cost of a call, beyond the plain one
  // Rate of compressed traffic as a share of plain traffic's. Small packed stores keep one link
  // busy, but not several at once.
  double one_link_efficiency = 1;
  double many_links_efficiency = 1;
  // Into how many chunks a message may be cut to hide the codec behind the wire; 1 where the codec
  // runs as kernels of its own.
  int max_chunks = 1;
  // Of the memory's rate, what the codec's kernels get: for speeds that are derived from it.
  double memory_share = 1;
};

// The name of the entry that stands for each codec whose own does not say a cost.
inline constexpr std::string_view kAnyCodec = "any";

// A codec that is bound by memory: what it reads and writes, over the rate of the memory.
CodecCost CodecCostFromMemory(std::string name, double share, Bandwidth memory);

// What a plain call costs beside the fabric; an engine's kernels have it.
struct CallCost {
  Time launch{};
  TimePerByte reduction{};
};

// A card with everything put in but the size.
struct CompressedWay {
  const CompressedCard* card = nullptr;
  Inputs<double> inputs{};  // all but bytes and chunks
  CodecInputs<double> codec{};
  int max_chunks = 1;
};

struct CompressedPrice {
  CompressedScheme scheme = CompressedScheme::kTwoShot;
  Cost cost;
  int chunks = 1;
  CodecWork<double> work;
};

CodecInputs<double> CodecInputsOf(const CodecCost& codec, bool many_links);

// Unsupported where no card is for that scheme on that shape.
Result<CompressedWay> PrepareCompressed(Op op, CompressedScheme scheme, const GroupShape& shape,
                                        const CodecCost& codec, const CallCost& call);
// All schemes that the shape serves; those through host memory only if asked for by name.
std::vector<CompressedWay> CompressedWays(Op op, const GroupShape& shape, const CodecCost& codec,
                                          const CallCost& call);

// With as many chunks, by powers of two, as give the smallest time.
CompressedPrice PriceAt(const CompressedWay& way, Bytes bytes);
// With so many.
Cost CostAt(const CompressedWay& way, Bytes bytes, int chunks);
CodecWork<double> WorkAt(const CompressedWay& way, Bytes bytes);
// What a rank holds encoded at once, its own and what it receives.
Bytes ScratchOf(const CompressedWay& way, Bytes bytes);

Result<CompressedPrice> PriceCompressed(Op op, CompressedScheme scheme, const GroupShape& shape,
                                        const CodecCost& codec, const CallCost& call, Bytes bytes);
// The scheme with the smallest time.
Result<CompressedPrice> CheapestCompressed(Op op, const GroupShape& shape, const CodecCost& codec,
                                           const CallCost& call, Bytes bytes);

enum class CompressionVerdict {
  kPays,
  kLoses,
  kWithinBand,  // closer together than the model can tell
};
// "pays", "loses", "within the band".
std::string_view Name(CompressionVerdict verdict);

// A tenth either way: below that no model of these collectives has told a win from a loss.
inline constexpr double kVerdictBand = 0.10;

struct CompressionComparison {
  double gain = 1;  // plain time over compressed time
  CompressionVerdict verdict = CompressionVerdict::kWithinBand;
};
CompressionComparison CompareTimes(Time plain, Time compressed, double band = kVerdictBand);

}  // namespace commplan
