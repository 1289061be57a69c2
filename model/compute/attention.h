// The time of attention: new tokens (queries) against keys and values, some of them cached.
//
// Generation (one new token per sequence, L keys; b sequences, g KV heads, q query heads):
//
//   memory  = (cache bytes of the keys seen + i_kv b g + i_q b q + queries and results) / (em B)
//   compute = 2 b q (d_qk + d_v) L / (ec P)
//   serial  = tau (L / 4096)^gamma + [q = g] tau_1 L / 4096
//
// i_kv and i_q are the cost of starting a work item, as bytes: large batches of short contexts are
// made of it. tau_1 is for kernels that do not split the keys of a head that has its own cache.
//
// Context (s new tokens per sequence, causal, V visible pairs of a new token and a key):
//
//   compute = 2 b q (d_qk + d_v) (V + s_0 s) / (ec P)
//   memory  = (keys, values, queries, results) / (em B)
//   serial  = tau (longest row of keys / 4096)^gamma
//
// s_0 is the padding of a row of keys. All of it is scaled by a factor for the head size and one
// for a window that cuts keys off, because these select other kernels; both are 1 for 128 without.
#pragma once

#include "model/compute/kernel.h"

namespace commplan {

inline constexpr double kAttentionLength = 4096;  // Where a serial time is stated.

enum class AttentionPhase { kContext, kGeneration };

template <class R>
struct AttentionEfficiencyOf {
  TimeOf<R> launch{};
  R compute{};
  R memory{};
  TimeOf<R> serial{};
  R serial_exponent{};
  R sharpness{};
  BytesOf<R> kv_item{}, q_item{};  // i_kv, i_q; generation only
  TimeOf<R> unsplit{};             // tau_1; generation only
  R padding{};                     // s_0; context only
  R size_64{}, size_192{}, size_256{};
  R window{};
};
using AttentionEfficiency = AttentionEfficiencyOf<double>;

template <class Efficiency, class Visit>
void VisitAttention(Efficiency& e, AttentionPhase phase, Visit visit) {
  visit("launch_us", 1e-6, e.launch);
  visit("compute_efficiency", 1.0, e.compute);
  visit("memory_efficiency", 1.0, e.memory);
  visit("serial_us", 1e-6, e.serial);
  visit("serial_exponent", 1.0, e.serial_exponent);
  visit("sharpness", 1.0, e.sharpness);
  if (phase == AttentionPhase::kGeneration) {
    visit("kv_item_bytes", 1.0, e.kv_item);
    visit("q_item_bytes", 1.0, e.q_item);
    visit("unsplit_us", 1e-6, e.unsplit);
  } else {
    visit("padding_tokens", 1.0, e.padding);
  }
  visit("head_size_64_factor", 1.0, e.size_64);
  visit("head_size_192_factor", 1.0, e.size_192);
  visit("head_size_256_factor", 1.0, e.size_256);
  visit("window_factor", 1.0, e.window);
}

// One call on one device, all sequences alike. Heads are those on this device.
struct AttentionShape {
  AttentionPhase phase = AttentionPhase::kGeneration;
  double batch = 1;
  double q_heads = 1, kv_heads = 1;
  double qk_size = 128, v_size = 128;  // Of one head.
  bool latent = false;                 // Keys and values are one vector of qk_size (MLA, absorbed).
  double new_tokens = 1;               // Per sequence.
  double past_tokens = 0;              // Cached before, per sequence.
  double window = 0;                   // Keys that a token sees at most; 0 for all.
};

// Pairs of a new token and a key that it sees, itself included, of one sequence.
double VisiblePairs(double new_tokens, double past_tokens, double window);

// What the formula needs of a shape, worked out by the caller (see ReduceAttention).
template <class R>
struct AttentionWorkOf {
  R flops{};      // Of all pairs.
  R row_flops{};  // Of one more key for each new token.
  R moved{};      // Bytes that each call must move.
  R kv_items{}, q_items{};
  R longest{};  // Keys of the longest row.
  R unsplit{};  // 1 where every query head has a cache of its own, else 0.
};
using AttentionWork = AttentionWorkOf<double>;

AttentionWork ReduceAttention(const AttentionShape& shape, double kv_bytes, double value_bytes);

// The factor for the head size and the window.
template <class R>
R AttentionFactor(const AttentionShape& shape, const AttentionEfficiencyOf<R>& e) {
  const double size = shape.latent ? 128 : shape.qk_size;
  R factor(1);
  if (size <= 96) factor = e.size_64;
  if (size >= 160 && size <= 224) factor = e.size_192;
  if (size > 224) factor = e.size_256;
  const bool cut = shape.window > 0 && shape.new_tokens + shape.past_tokens > shape.window;
  return cut ? factor * e.window : factor;
}

template <class R>
TimesAlone<R> AttentionTimes(AttentionPhase phase, const AttentionWorkOf<R>& x,
                             const FlopRateOf<R>& rate, const BandwidthOf<R>& bandwidth,
                             const AttentionEfficiencyOf<R>& e) {
  const R length = x.longest / R(kAttentionLength);
  BytesOf<R> moved = BytesOf<R>::FromBase(x.moved);
  R flops = x.flops;
  TimesAlone<R> alone;
  alone.serial = e.serial * Pow(length, e.serial_exponent);
  if (phase == AttentionPhase::kGeneration) {
    moved += x.kv_items * e.kv_item + x.q_items * e.q_item;
    alone.serial += x.unsplit * length * e.unsplit;
  } else {
    flops = flops + e.padding * x.row_flops;
  }
  alone.launch = e.launch;
  alone.compute = FlopsOf<R>::FromBase(flops) / rate / e.compute;
  alone.memory = moved / bandwidth / e.memory;
  return alone;
}

}  // namespace commplan
