#include "model/compute/model.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "model/base/check.h"

namespace commplan {
namespace {

constexpr double kBandPerOctave = 0.1;  // As the curves of collectives.

Error NoRate(ComputeType type) {
  std::string message = "the device has no rate for ";
  message.append(TraitsOf(type).name);
  return UnsupportedError(std::move(message),
                          "state its peak rate for that format in the profile's device, or compute "
                          "in bf16");
}

Status CheckDevice(const ComputeDevice& device, ComputeType type) {
  if (!(PeakRate(device, type) > FlopRate())) return NoRate(type);
  if (!(device.memory > Bandwidth())) {
    return UnsupportedError("the device has no memory bandwidth",
                            "state its peak memory bandwidth in the profile's device");
  }
  return OkStatus();
}

// Octaves beyond the measured shapes, summed over the axes; infinite where nothing was measured.
double OctavesOutside(const KernelEvidence& evidence, const TablePoint& point) {
  double octaves = 0;
  for (std::size_t i = 0; i < evidence.measured.size(); ++i) {
    const AxisRange& range = evidence.measured[i];
    octaves += std::max({0.0, range.least - point[i], point[i] - range.most});
  }
  return octaves;
}

// The factor that the table and the floor put on the formula's total.
double Factor(const KernelEvidence& evidence, const TablePoint& point, Time total, Time floor) {
  const double factor = evidence.table.empty() ? 1 : std::exp(evidence.table.At(point));
  return std::max(factor, floor / total);
}

KernelTime Finish(const KernelEvidence& evidence, const TablePoint& point, const KernelParts& parts,
                  Time floor, std::size_t regime) {
  KernelTime time;
  time.parts = parts * Factor(evidence, point, parts.Total(), floor);
  const double octaves = OctavesOutside(evidence, point);
  const double wider = evidence.widening * std::exp(kBandPerOctave * octaves);
  const Time total = time.Total();
  const BandFactors& band = evidence.bands[regime];
  time.low = Max(floor, total * (band.low / wider));
  time.high = total * (band.high * wider);
  time.extrapolated = octaves > 0 || evidence.widening > 1 || evidence.measured.empty();
  return time;
}

bool LaunchBound(const KernelParts& parts) { return parts.launch * 2.0 > parts.Total(); }

}  // namespace

TablePoint GemmPoint(const GemmShape& shape) {
  return {std::log2(shape.m * shape.batch), std::log2(shape.n), std::log2(shape.k), 0};
}

TablePoint AttentionPoint(const AttentionShape& shape) {
  const double keys = shape.past_tokens + shape.new_tokens;
  const double seen = shape.window > 0 ? std::min(keys, shape.window) : keys;
  const double tokens = shape.phase == AttentionPhase::kGeneration ? seen : shape.new_tokens;
  return {std::log2(shape.batch * shape.kv_heads), std::log2(shape.kv_heads), std::log2(tokens),
          std::log2(shape.q_heads / shape.kv_heads)};
}

TablePoint MoePoint(const MoeShape& shape) {
  return {std::log2(shape.tokens * shape.top_k / shape.experts),
          std::log2(shape.experts / shape.ep), std::log2(shape.hidden * shape.width / shape.tp), 0};
}

std::size_t GemmRegime(const GemmShape& shape) {
  const std::size_t by_m = shape.m <= 64 ? 0 : shape.m < 1024 ? 1 : 2;
  return by_m + (std::min(shape.n, shape.k) < 512 ? 3 : 0);
}

std::size_t AttentionRegime(const AttentionShape& shape, const KernelParts& parts) {
  const bool plain = shape.qk_size == 128 && shape.v_size == 128 && shape.window == 0;
  return (LaunchBound(parts) ? 0U : 1U) + (plain ? 0U : 2U);
}

std::size_t MoeRegime(const KernelParts& parts) { return LaunchBound(parts) ? 0 : 1; }

Result<GemmModel> GemmModel::Create(const ComputeDevice& device, const GemmFit& fit) {
  RETURN_IF_ERROR(CheckDevice(device, fit.type));
  if (!(device.cache > Bytes())) {
    return UnsupportedError("the device has no cache size",
                            "state the size of its last level of cache in the profile's device");
  }
  const ComputeTypeTraits& traits = TraitsOf(fit.type);
  GemmModel model;
  model.ground_ = {traits.weight_bytes,        traits.activation_bytes, QuantisedBytes(traits),
                   PeakRate(device, fit.type), device.memory,           device.cache};
  model.efficiency_ = fit.efficiency;
  model.evidence_ = fit.evidence;
  return model;
}

KernelParts GemmModel::Formula(const GemmShape& shape) const {
  return Compose(GemmTimes(shape, ground_, efficiency_), efficiency_.sharpness);
}

Time GemmModel::Floor(const GemmShape& shape) const {
  const Time arithmetic = Flop(2 * shape.batch * shape.m * shape.n * shape.k) / ground_.rate;
  const Time weights =
      B(shape.batch * shape.n * shape.k * ground_.weight_bytes) / ground_.bandwidth;
  return Max(arithmetic, weights);
}

Time GemmModel::TimeOf(const GemmShape& shape) const {
  const Time time = ComposedTime(GemmTimes(shape, ground_, efficiency_), efficiency_.sharpness);
  const double residual =
      evidence_.table.empty() ? 1 : std::exp(evidence_.table.At(GemmPoint(shape)));
  return Max(time * residual, Floor(shape));
}

KernelTime GemmModel::Price(const GemmShape& shape) const {
  return Finish(evidence_, GemmPoint(shape), Formula(shape), Floor(shape), GemmRegime(shape));
}

Result<AttentionModel> AttentionModel::Create(const ComputeDevice& device,
                                              const AttentionFit& fit) {
  RETURN_IF_ERROR(CheckDevice(device, fit.values));
  AttentionModel model;
  model.phase_ = fit.phase;
  model.cache_bytes_ = TraitsOf(fit.cache).weight_bytes;
  model.largest_group_ = fit.largest_group;
  model.rate_ = PeakRate(device, fit.values);
  model.bandwidth_ = device.memory;
  model.efficiency_ = fit.efficiency;
  model.evidence_ = fit.evidence;
  return model;
}

bool AttentionModel::Supports(const AttentionShape& shape) const {
  return largest_group_ == 0 || shape.q_heads <= largest_group_ * shape.kv_heads;
}

AttentionWork AttentionModel::Reduce(const AttentionShape& shape) const {
  CHECK(shape.phase == phase_);
  return ReduceAttention(shape, cache_bytes_, kOutputBytes);
}

KernelParts AttentionModel::Formula(const AttentionShape& shape) const {
  const TimesAlone<double> alone =
      AttentionTimes(phase_, Reduce(shape), rate_, bandwidth_, efficiency_);
  return Compose(alone, efficiency_.sharpness) * AttentionFactor(shape, efficiency_);
}

Time AttentionModel::Floor(const AttentionShape& shape) const {
  const AttentionWork work = Reduce(shape);
  const Time arithmetic = Flop(work.flops) / rate_;
  // New keys may still be in the cache; those of earlier calls come from memory.
  if (phase_ == AttentionPhase::kContext) return arithmetic;
  return Max(arithmetic, B(work.moved) / bandwidth_);
}

Time AttentionModel::TimeOf(const AttentionShape& shape) const {
  const Time time =
      ComposedTime(AttentionTimes(phase_, Reduce(shape), rate_, bandwidth_, efficiency_),
                   efficiency_.sharpness) *
      AttentionFactor(shape, efficiency_);
  const double residual =
      evidence_.table.empty() ? 1 : std::exp(evidence_.table.At(AttentionPoint(shape)));
  return Max(time * residual, Floor(shape));
}

KernelTime AttentionModel::Price(const AttentionShape& shape) const {
  const KernelParts parts = Formula(shape);
  KernelTime time =
      Finish(evidence_, AttentionPoint(shape), parts, Floor(shape), AttentionRegime(shape, parts));
  // The tables hold neither latent caches nor heads of two sizes.
  time.extrapolated |= shape.latent || shape.qk_size != shape.v_size;
  return time;
}

Result<MoeModel> MoeModel::Create(const ComputeDevice& device, const MoeFit& fit) {
  RETURN_IF_ERROR(CheckDevice(device, fit.type));
  MoeModel model;
  model.weight_bytes_ = TraitsOf(fit.type).weight_bytes;
  model.rate_ = PeakRate(device, fit.type);
  model.bandwidth_ = device.memory;
  model.efficiency_ = fit.efficiency;
  model.evidence_ = fit.evidence;
  return model;
}

KernelParts MoeModel::Formula(const MoeShape& shape) const {
  return Compose(MoeTimes(ReduceMoe(shape), weight_bytes_, rate_, bandwidth_, efficiency_),
                 efficiency_.sharpness);
}

Time MoeModel::Floor(const MoeShape& shape) const {
  const MoeWork work = ReduceMoe(shape);
  return Max(Flop(2 * work.calls * work.weights) / rate_,
             B(work.touched * work.weights * weight_bytes_) / bandwidth_);
}

Time MoeModel::TimeOf(const MoeShape& shape) const { return Price(shape).Total(); }

KernelTime MoeModel::Price(const MoeShape& shape) const {
  const KernelParts parts = Formula(shape);
  return Finish(evidence_, MoePoint(shape), parts, Floor(shape), MoeRegime(parts));
}

}  // namespace commplan
