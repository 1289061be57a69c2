// The error of a reduction with a codec, found by running it: every message is encoded and decoded
// by the reference codec, and the result is compared with the exact sum.
//
// With n ranks of independent data of equal power, one coding leaving noise of the fraction eps of
// what it codes, the result of each scheme has noise over signal of about
//
//   kGather                 eps                      all shares coded, summed by everybody
//   kGather, own kept       (n - 1) / n * eps        the own share not coded; ranks disagree
//   kTwoShot                (2 - 1/n) * eps          shares coded, the owner's sum coded again
//   kRing                   (n + 1) / 2 * eps        coded at each hop, and once more to be
//   gathered kRecursiveDoubling      log2(n) / 2 * eps        ranks disagree kTree depth-weighted,
//   + eps    each node codes the sum of its subtree kHierarchical           one eps per level, +
//   eps
//
// less eps where the last coding is left out (coded_gather = false). Biased codecs do worse: their
// errors add up in step, not at random; see gain.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/codec/data.h"
#include "model/codec/format.h"

namespace commplan::codec {

enum class Scheme {
  kGather,
  kTwoShot,
  kRing,
  kRecursiveDoubling,  // a power of two of ranks
  kTree,               // binary: rank r has children 2r + 1 and 2r + 2
  kHierarchical,       // groups of `inner` consecutive ranks, then across the groups
};
// "gather", "two-shot", "ring", "recursive-doubling", "tree", "hierarchical".
std::string_view SchemeName(Scheme scheme);

struct Reduction {
  Scheme scheme = Scheme::kGather;
  bool keep_own = false;        // kGather: rank 0 adds its own share as it is
  int inner = 1;                // kHierarchical: ranks of a group; must divide the ranks
  bool inner_coded = true;      // kHierarchical: false is a codec on the slow tier only
  bool coded_gather = true;     // the finished sum travels coded (not kGather, kRecursiveDoubling)
  bool error_feedback = false;  // each sender adds what its last message lost to its next one
};

// True when all ranks end with the same bits, provided the owner of a sum uses what it sent.
bool RanksAgree(const Reduction& reduction);

// What all ranks put into one reduction: rank r has values [r * per_rank, (r + 1) * per_rank).
struct RankData {
  int ranks = 1;
  std::vector<float> values;

  std::size_t PerRank() const { return values.size() / static_cast<std::size_t>(ranks); }
  std::span<const float> Of(int rank) const;
};

// Independent draws for each rank. The outlier channels are the same on all ranks.
RankData DrawRanks(Shape shape, int ranks, std::size_t per_rank, std::uint64_t seed);

// A tensor cut into as many equal parts as there are ranks, in order; what is left over is unused.
Result<RankData> CutForRanks(std::span<const float> tensor, int ranks);

struct ErrorFigures {
  double sqnr_db = 0;     // 10 log10(signal / noise); infinite without noise
  double max_error = 0;   // largest |error| over the rms of the exact result
  double mean_error = 0;  // mean error over that rms
  double gain = 1;        // projection of the result on the exact one; 1 where shrinking and
                          // stretching cancel. What differs from 1 adds up in step over ranks
};

// The figures of rank 0's result. `steps` are reductions one after the other; the figures are those
// of the sum over all of them, which is what error feedback improves (a weight is the sum of its
// gradients). All steps must have the same form, and all values must be finite.
Result<ErrorFigures> MeasureError(const Codec& codec, const Reduction& reduction,
                                  std::span<const RankData> steps);

// One step.
Result<ErrorFigures> MeasureError(const Codec& codec, const Reduction& reduction,
                                  const RankData& data);

}  // namespace commplan::codec
