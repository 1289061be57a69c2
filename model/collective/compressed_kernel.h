// One fused kernel that runs a collective plain or with one of several codecs inside, as it was
// measured: for kernels whose codec cannot be told apart into passes.
//
// With n ranks, S bytes of tensor, w the codec's share and v the op's volume (2(n-1)/n for
// all-reduce):
//
//   start = t0(codec) + s (n - n0)
//   body  = v w S/R(n) + m(codec) S
//   t     = (start^q + (shown start + body + ramp sqrt(body))^q)^(1/q)
//
// A start that a large message hides in part (shown < 1), a wire of its own rate for each number of
// ranks, memory passes of the codec, a pipeline that fills (sqrt), and a soft corner between a
// message that only synchronises and one that only moves. Compressed traffic has rates of its own.
//
// A rate for a number of ranks that nobody measured is a guess with a range:
// - where all ranks share ports, the rate of the nearest measured number;
// - where every peer is a further link, plain rates follow the power of n - 1 that was measured (of
//   one link each where only one number was); compressed traffic, whose small packed stores may or
//   may not fill several links, is anywhere between the rate it was seen at and that rate raised as
//   plain traffic's: the geometric mean, the one middle that rates and times per byte agree on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/cost.h"
#include "model/base/quantity.h"
#include "model/collective/algorithm.h"

namespace commplan {

struct KernelCodec {
  std::string name;  // "none": the plain kernel
  double share = 1;  // bytes on the wire for each byte of the tensor
  Time start{};      // at FusedKernel::base_ranks
  TimePerByte memory{};
};

struct KernelRate {
  int ranks = 2;
  Bandwidth rate{};
};

struct FusedKernel {
  Op op = Op::kAllReduce;
  int base_ranks = 2;
  double sharpness = 2;   // q
  double shown = 0.5;     // share of the start that a large message still shows
  double ramp = 0;        // root of seconds
  Time start_per_rank{};  // s
  bool link_per_peer = false;
  std::vector<KernelCodec> codecs;
  std::vector<KernelRate> plain;  // by rising ranks
  std::vector<KernelRate> coded;
};

// The rate of one rank's traffic, and between what it may lie: low < high only for a guess.
struct RateGuess {
  Bandwidth rate{}, low{}, high{};
  bool measured = false;
};
RateGuess RateOf(const FusedKernel& kernel, bool coded, int ranks);

inline constexpr std::string_view kNoCodec = "none";

// The codec of that name, or nullptr.
const KernelCodec* FindKernelCodec(const FusedKernel& kernel, std::string_view name);
// What a codec of the kernel would cost on average: for one that was not measured.
KernelCodec AverageCodec(const FusedKernel& kernel, double share);

// Terms: bandwidth, encode (the codec's memory passes, decoding and adding among them), fill (the
// ramp), and launch: what of the start and the corner the others do not hide.
Cost PriceKernel(const FusedKernel& kernel, const KernelCodec& codec, int ranks, Bytes bytes,
                 Bandwidth rate);
Cost PriceKernel(const FusedKernel& kernel, const KernelCodec& codec, int ranks, Bytes bytes);

}  // namespace commplan
