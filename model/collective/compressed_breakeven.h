// Break-even: where, along one quantity, a codec starts to pay.
//
// Every way to run a collective is one formula with a fixed number of chunks. Its time is convex
// and piecewise linear in the size, in the time per byte of a link (one over its bandwidth), and in
// the codec's time per byte: sums and maxima of lines. So each formula's pieces are found exactly
// (a convex function is straight on an interval if and only if its middle lies on the chord), on
// each of them all formulas are lines, and the crossings of the cheapest compressed with the
// cheapest plain way are intersections of lines. None can be missed, and "always" and "never" are
// proved.
//
// In the number of ranks every count is looked at. In the overlap fraction the answer is a
// quotient.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "model/base/quantity.h"
#include "model/collective/compressed.h"
#include "model/collective/compressed_kernel.h"
#include "model/collective/variant.h"

namespace commplan {

// A stretch on which the codec pays.
struct PayRange {
  double from = 0;
  double to = 0;
};

// The answer over a range that was searched.
struct BreakEven {
  double searched_from = 0;
  double searched_to = 0;
  std::vector<PayRange> pays;  // rising, apart

  bool Never() const { return pays.empty(); }
  bool Always() const {
    return pays.size() == 1 && pays[0].from <= searched_from && pays[0].to >= searched_to;
  }
  bool PaysAt(double x) const;
  // Where it starts to pay, where it stops: inside the range only.
  std::optional<double> Start() const;
  std::optional<double> Stop() const;
};

// A time as a function of one quantity.
using TimeCurve = std::function<double(double)>;

// Where the least of `coded` lies below the least of `plain`. Each curve must be convex and
// piecewise linear.
BreakEven WherePays(const std::vector<TimeCurve>& plain, const std::vector<TimeCurve>& coded,
                    double from, double to);

// For curves of any shape: signs on a grid of `points` per octave, each change narrowed down by
// halving. What happens between two points of the grid is not seen.
BreakEven WherePaysOnGrid(const TimeCurve& plain, const TimeCurve& coded, double from, double to,
                          int points);

// The ways to run one collective on one group, plain and compressed.
struct Contest {
  std::vector<Variant> plain;
  std::vector<CompressedWay> plain_ways;  // plain ways that have no variant: through host memory
  std::vector<CompressedWay> coded;
  Bytes bytes{};
};

// Textbook ways against all schemes, or against one.
Result<Contest> MakeContest(Op op, const GroupShape& shape, const CodecCost& codec,
                            const CallCost& call, Bytes bytes,
                            std::optional<CompressedScheme> scheme = std::nullopt);

// In bytes.
BreakEven BreakEvenSize(const Contest& contest, Bytes from, Bytes to);
// In factors on the bandwidth of the inner links, or of the network.
enum class Link { kInner, kNetwork };
BreakEven BreakEvenBandwidthFactor(const Contest& contest, Link link, double from, double to);
// In factors on the speed of the codec, its fixed costs kept: twice the speed is half the time.
BreakEven BreakEvenCodecSpeed(const Contest& contest, double from, double to);
// In ranks on one tier, of which each has the same links to neighbour and switch; whole numbers.
BreakEven BreakEvenRanks(const Contest& contest, int most);

// In bytes, of a measured kernel against itself without a codec, which it must have. Its times are
// smooth curves: signs on a grid of sixteen points per octave.
BreakEven BreakEvenSize(const FusedKernel& kernel, const KernelCodec& codec, int ranks, Bytes from,
                        Bytes to);

// In the fraction h of the communication that other work hides. Links work beside the arithmetic of
// the step, so that fraction of the wire is free. Adding, encoding and decoding are arithmetic
// themselves: nothing hides them, and what the wire hid of the codec shows again, as far as the
// wire is hidden:
//   plain(h) = (1 - h) wire + reduce,   compressed(h) = (1 - h) wire + shown + h (codec - shown).
BreakEven BreakEvenOverlap(const Cost& plain, const CompressedPrice& compressed,
                           const CodecInputs<double>& codec);

}  // namespace commplan
