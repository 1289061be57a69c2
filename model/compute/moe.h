// The time of the experts of one mixture-of-experts layer on one device: sorting the tokens to
// their experts, the grouped products, putting the results together. Dispatch between devices is
// not in it.
//
//   compute = 2 (N + pad E') w / (ec P),             w = matrices x hidden x width / tp
//   memory  = (E' w bytes + N (4 hidden + 4 matrices width / tp)
//              + r T top_k hidden 2) / (em B)
//   serial  = t_e E'
//
// T tokens of the whole expert-parallel group, N = imbalance T top_k / ep of their expert calls
// land on this device, which holds experts / ep experts, E' of them with at least one token. pad is
// the rows that the last tile of an expert wastes. r passes go over all routed tokens, also those
// of other devices, because some engines sort and mask the whole batch. t_e is the turn-over from
// one expert to the next.
#pragma once

#include "model/compute/kernel.h"

namespace commplan {

template <class R>
struct MoeEfficiencyOf {
  TimeOf<R> launch{};
  R compute{};
  R memory{};
  TimeOf<R> expert{};  // t_e
  R sharpness{};
  R padding{};  // pad, in tokens per expert
  R passes{};   // r
};
using MoeEfficiency = MoeEfficiencyOf<double>;

template <class Efficiency, class Visit>
void VisitMoe(Efficiency& e, Visit visit) {
  visit("launch_us", 1e-6, e.launch);
  visit("compute_efficiency", 1.0, e.compute);
  visit("memory_efficiency", 1.0, e.memory);
  visit("expert_us", 1e-6, e.expert);
  visit("sharpness", 1.0, e.sharpness);
  visit("padding_tokens", 1.0, e.padding);
  visit("routing_passes", 1.0, e.passes);
}

struct MoeShape {
  double tokens = 1;  // Of the whole expert-parallel group.
  double hidden = 1;
  double width = 1;  // Of one expert, before tensor parallelism.
  double top_k = 1;
  double experts = 1;  // Of the whole layer.
  double tp = 1, ep = 1;
  bool gated = true;     // Three matrices per expert instead of two.
  bool even = false;     // Benchmarks deal tokens evenly; real routers choose at random.
  double imbalance = 1;  // Load of the busiest device of the group over the mean; 1 to ep.
};

// What the formula needs of a shape.
template <class R>
struct MoeWorkOf {
  R calls{};    // N
  R touched{};  // E'
  R weights{};  // w, values in one expert's share
  R values{};   // activation bytes per call
  R routed{};   // bytes of one pass over all routed tokens
};
using MoeWork = MoeWorkOf<double>;

MoeWork ReduceMoe(const MoeShape& shape);

template <class R>
TimesAlone<R> MoeTimes(const MoeWorkOf<R>& x, const R& weight_bytes, const FlopRateOf<R>& rate,
                       const BandwidthOf<R>& bandwidth, const MoeEfficiencyOf<R>& e) {
  const R rows = x.calls + e.padding * x.touched;
  const R moved = x.touched * x.weights * weight_bytes + x.calls * x.values + e.passes * x.routed;
  TimesAlone<R> alone;
  alone.launch = e.launch;
  alone.compute = FlopsOf<R>::FromBase(R(2) * rows * x.weights) / rate / e.compute;
  alone.memory = BytesOf<R>::FromBase(moved) / bandwidth / e.memory;
  alone.serial = x.touched * e.expert;
  return alone;
}

}  // namespace commplan
