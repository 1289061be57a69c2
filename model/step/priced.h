// A priced program: the operations of a step, each with what it takes on a machine, alone. What
// overlap makes of them is model/step/hiding.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/price.h"
#include "model/step/exchanges.h"
#include "model/step/kernels.h"
#include "model/workload/operations.h"

namespace commplan {

// Under which change a collective is priced.
enum class WhatIf : std::uint8_t { kAsIs, kHalfLatency, kDoubleBandwidth };
inline constexpr std::size_t kWhatIfs = 3;

struct Priced {
  const Operation* operation = nullptr;
  std::size_t block = 0;  // in Program::blocks
  double times = 0;       // executions in the whole step
  // Of one execution, by WhatIf; the same three for a kernel. A kernel that is part of another's
  // time takes none.
  std::array<Time, kWhatIfs> each{};
  const CollectiveModel* collective = nullptr;  // null: a kernel
  const CompressionModel* coded = nullptr;      // null: plain
  const StepCodec* codec = nullptr;             // of `coded`
  Time plain{};                                 // of one plain execution of the collective
  // Only with Detail::kFull.
  Time low{}, high{};
  bool extrapolated = false;
  int variant = -1;  // of the collective; -1: a measured one without a model behind it
  Regime regime = Regime::kLatency;

  Time Each(WhatIf what_if = WhatIf::kAsIs) const {
    return each[static_cast<std::size_t>(what_if)];
  }
};

struct PricedProgram {
  Program program;
  std::vector<Priced> operations;  // as in `program`, in its order
};

enum class Detail : std::uint8_t {
  kTimes,  // only times as they are
  kFull,   // bands, regimes and what-ifs too
};

// The codecs of a step's exchanges; null: plain.
struct StepCodecs {
  const StepCodec* tensor = nullptr;
  const StepCodec* dispatch = nullptr;
  const StepCodec* combine = nullptr;
  bool where_it_pays = false;  // else always
};

// The codec of this exchange, or null.
const StepCodec* CodecFor(const StepCodecs& codecs, const Operation& exchange);

struct PricingContext {
  const Transformer* model = nullptr;
  const Layout* layout = nullptr;
  const Precision* precision = nullptr;
  Phase phase = Phase::kServe;
  double expert_imbalance = 1;
  double kernel_share = 1;  // of what kernels take alone (ServingCost::kernels)
  double sweep_share = 1;   // the same of kernels that only move bytes
  StepCodecs codecs{};
};

// Expands the demand and prices every operation. What was in *priced is reused.
Status PriceProgram(const PricingContext& context, const Demand& demand, Detail detail,
                    Kernels& kernels, Exchanges& exchanges, PricedProgram* priced);

// One collective of this size under a change.
Time TimeUnder(const CollectiveModel& model, Bytes bytes, WhatIf what_if);
// The same, with the codec that the exchange has.
Time TimeUnder(const Priced& exchange, Bytes bytes, WhatIf what_if);

// What the experts of this block's layers need to know.
ExpertContext ExpertsOf(const PricingContext& context, const Cut& cut, const Block& block);

}  // namespace commplan
