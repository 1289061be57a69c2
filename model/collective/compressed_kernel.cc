#include "model/collective/compressed_kernel.h"

#include <algorithm>
#include <cmath>

#include "model/base/check.h"

namespace commplan {
namespace {

double Links(int ranks) { return static_cast<double>(std::max(ranks - 1, 1)); }

const KernelRate& Nearest(const std::vector<KernelRate>& rates, int ranks) {
  const auto distance = [&](const KernelRate& rate) {
    return std::abs(std::log(Links(rate.ranks) / Links(ranks)));
  };
  return *std::min_element(rates.begin(), rates.end(),
                           [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
}

// Along the power of the links between the two measured counts next to `ranks`.
Bandwidth Along(const std::vector<KernelRate>& rates, int ranks, double lone_power) {
  const KernelRate& nearest = Nearest(rates, ranks);
  double power = lone_power;
  if (rates.size() > 1) {
    std::size_t right = 1;
    while (right + 1 < rates.size() && rates[right].ranks < ranks) ++right;
    const KernelRate& a = rates[right - 1];
    const KernelRate& b = rates[right];
    power = std::log(b.rate / a.rate) / std::log(Links(b.ranks) / Links(a.ranks));
    power = std::clamp(power, 0.0, 1.0);
  }
  return nearest.rate * std::pow(Links(ranks) / Links(nearest.ranks), power);
}

const KernelRate* Measured(const std::vector<KernelRate>& rates, int ranks) {
  const auto found = std::find_if(rates.begin(), rates.end(),
                                  [&](const KernelRate& rate) { return rate.ranks == ranks; });
  return found == rates.end() ? nullptr : &*found;
}

RateGuess Certain(Bandwidth rate, bool measured) { return {rate, rate, rate, measured}; }

Bandwidth PlainRate(const FusedKernel& kernel, int ranks) {
  if (const KernelRate* rate = Measured(kernel.plain, ranks)) return rate->rate;
  if (!kernel.link_per_peer) return Nearest(kernel.plain, ranks).rate;
  return Along(kernel.plain, ranks, 1);
}

}  // namespace

RateGuess RateOf(const FusedKernel& kernel, bool coded, int ranks) {
  CHECK(!kernel.plain.empty() || !kernel.coded.empty());
  // A kernel that was never measured plain is guessed from its compressed traffic, and conversely.
  const bool use_coded = (coded && !kernel.coded.empty()) || kernel.plain.empty();
  const std::vector<KernelRate>& rates = use_coded ? kernel.coded : kernel.plain;
  if (const KernelRate* rate = Measured(rates, ranks)) return Certain(rate->rate, true);
  if (!use_coded) return Certain(PlainRate(kernel, ranks), false);
  if (!kernel.link_per_peer) return Certain(Nearest(rates, ranks).rate, false);
  if (rates.size() > 1) return Certain(Along(rates, ranks, 1), false);
  const KernelRate& seen = rates.front();
  const double raise = kernel.plain.empty()
                           ? Links(ranks) / Links(seen.ranks)
                           : PlainRate(kernel, ranks) / PlainRate(kernel, seen.ranks);
  const Bandwidth raised = seen.rate * raise;
  return {seen.rate * std::sqrt(raise), Min(seen.rate, raised), Max(seen.rate, raised), false};
}

const KernelCodec* FindKernelCodec(const FusedKernel& kernel, std::string_view name) {
  for (const KernelCodec& codec : kernel.codecs) {
    if (codec.name == name) return &codec;
  }
  return nullptr;
}

KernelCodec AverageCodec(const FusedKernel& kernel, double share) {
  double start = 0, memory = 0, count = 0;
  for (const KernelCodec& codec : kernel.codecs) {
    if (codec.name == kNoCodec) continue;
    start += std::log(InSeconds(codec.start));
    memory += std::log(InSecondsPerByte(codec.memory));
    ++count;
  }
  CHECK(count > 0);
  return {"average", share, Seconds(std::exp(start / count)),
          SecondsPerByte(std::exp(memory / count))};
}

Cost PriceKernel(const FusedKernel& kernel, const KernelCodec& codec, int ranks, Bytes bytes,
                 Bandwidth rate) {
  Cost cost;
  if (ranks < 2) return cost;
  const Time start = codec.start + kernel.start_per_rank * (ranks - kernel.base_ranks * 1.0);
  const double begin = std::max(InSeconds(start), 0.2 * InSeconds(codec.start));
  const Time wire = BusBandwidthFactor(kernel.op, ranks) * codec.share * bytes / rate;
  const Time memory = bytes * codec.memory;
  const double body = InSeconds(wire + memory);
  const double ramp = kernel.ramp * std::sqrt(body);
  const double moving = kernel.shown * begin + body + ramp;
  // Scaled by the larger one, so that no power overflows.
  const double larger = std::max(begin, moving);
  const double q = kernel.sharpness;
  const double total =
      larger * std::pow(std::pow(begin / larger, q) + std::pow(moving / larger, q), 1 / q);
  cost.Add(Term::kBandwidth, wire);
  cost.Add(Term::kEncode, memory);
  cost.Add(Term::kFill, Seconds(ramp));
  cost.Add(Term::kLaunch, Seconds(total - body - ramp));
  return cost;
}

Cost PriceKernel(const FusedKernel& kernel, const KernelCodec& codec, int ranks, Bytes bytes) {
  return PriceKernel(kernel, codec, ranks, bytes,
                     RateOf(kernel, codec.name != kNoCodec, ranks).rate);
}

}  // namespace commplan
