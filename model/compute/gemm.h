// The time of a matrix product, output m x n, activation m x k, weight n x k.
//
//   compute = 2 m n k / (ec P)
//   memory  = bytes (f / es + (1 - f) / em) / B,   f = 1 / (1 + (w n k / s)^4),  s = cache / 7.5
//   serial  = tau (k / 4096)^gamma
//
// bytes are those of weight, activation and output. A weight much smaller than s has too few blocks
// in flight to reach the memory's rate, so it has an efficiency es of its own. The serial time is
// the loop over k of one block after splitting. Formats that quantise their activations first read
// them at 2 bytes and write them at their own before the product; that time is added to the launch.
// Wave quantisation is left out: on seven devices it explains nothing that these terms do not.
#pragma once

#include "model/compute/kernel.h"

namespace commplan {

// Numbers in the profile, per engine and format. Efficiencies are shares of the datasheet's peak.
template <class R>
struct GemmEfficiencyOf {
  TimeOf<R> launch{};
  R compute{};
  R memory{};
  R small{};  // es
  TimeOf<R> serial{};
  R serial_exponent{};
  R sharpness{};
};
using GemmEfficiency = GemmEfficiencyOf<double>;

// Calls visit(name, unit in base units, member), in the order of the profile's keys.
template <class Efficiency, class Visit>
void VisitGemm(Efficiency& e, Visit visit) {
  visit("launch_us", 1e-6, e.launch);
  visit("compute_efficiency", 1.0, e.compute);
  visit("memory_efficiency", 1.0, e.memory);
  visit("small_efficiency", 1.0, e.small);
  visit("serial_us", 1e-6, e.serial);
  visit("serial_exponent", 1.0, e.serial_exponent);
  visit("sharpness", 1.0, e.sharpness);
}

// A format and a device, as the formula sees them.
template <class R>
struct GemmGroundOf {
  R weight_bytes{}, activation_bytes{}, quantised_bytes{};  // Per value; the last one 0 for none.
  FlopRateOf<R> rate{};
  BandwidthOf<R> bandwidth{};
  BytesOf<R> cache{};
};

template <class R>
struct GemmShapeOf {
  R m{}, n{}, k{};
  R batch = R(1);  // Products of the same shape in one call.
};
using GemmShape = GemmShapeOf<double>;

inline constexpr double kOutputBytes = 2;      // Results are 16 bits wide in every format.
inline constexpr double kSerialLength = 4096;  // Where a serial time is stated; see above.
inline constexpr double kSmallPerCache = 7.5;  // The measured loops cycle through 6 copies, and a
                                               // cache holds a loop up to about 0.8 of its size.

template <class R>
TimesAlone<R> GemmTimes(const GemmShapeOf<R>& x, const GemmGroundOf<R>& ground,
                        const GemmEfficiencyOf<R>& e) {
  const R weights = x.n * x.k * ground.weight_bytes;
  const R moved =
      x.batch * (weights + x.m * x.k * ground.activation_bytes + x.m * x.n * R(kOutputBytes));
  const R fill = BytesOf<R>::FromBase(weights) * R(kSmallPerCache) / ground.cache;
  const R fourth = fill * fill * fill * fill;
  const R slowness = (R(1) / e.small + fourth / e.memory) / (R(1) + fourth);
  const FlopsOf<R> flops = FlopsOf<R>::FromBase(R(2) * x.batch * x.m * x.n * x.k);
  const BytesOf<R> quantised = BytesOf<R>::FromBase(x.batch * x.m * x.k * ground.quantised_bytes);
  TimesAlone<R> alone;
  alone.launch = e.launch + quantised / ground.bandwidth / e.memory;
  alone.compute = flops / ground.rate / e.compute;
  alone.memory = BytesOf<R>::FromBase(moved) / ground.bandwidth * slowness;
  alone.serial = e.serial * Pow(x.k / R(kSerialLength), e.serial_exponent);
  return alone;
}

}  // namespace commplan
