// Where, along one quantity, a codec starts to pay on a machine, against what its engine takes.
//
// Where the engine is a textbook all ways are straight pieces and the answer is exact
// (model/collective/compressed_breakeven.h). An engine that was measured, or that NCCL's tables
// tune, has times of any shape, and so has a kernel that was measured with the codec: signs on a
// grid of sixteen points per octave, each change narrowed down by halving.
#pragma once

#include <functional>
#include <optional>

#include "model/base/quantity.h"
#include "model/collective/compressed_breakeven.h"
#include "model/step/compression.h"

namespace commplan {

// In bytes.
BreakEven WhereSizePays(const CompressionModel& model, Bytes from, Bytes to);

// In factors on the bandwidth of the network where the group spans nodes, else of the inner links.
// What the engine's plain time would become is what its cheapest formula would.
BreakEven WhereBandwidthPays(const CompressionModel& model, Bytes bytes, double from, double to);

// In factors on the codec's speed, its fixed costs kept.
BreakEven WhereCodecSpeedPays(const CompressionModel& model, Bytes bytes, double from, double to);

// In the fraction of the communication that other work hides, for the scheme that is cheapest
// without any.
BreakEven WhereOverlapPays(const CompressionModel& model, Bytes bytes);

// In ranks: each count from 2 to `most` for which there is a gain to be had from `gain_for`.
BreakEven WhereRanksPay(const std::function<std::optional<double>(int)>& gain_for, int most);

}  // namespace commplan
