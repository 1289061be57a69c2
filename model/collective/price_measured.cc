// The price of an engine with measured curves: by its own curve, by a law over counts, or scaled
// from the nearest group that was measured.
#include <algorithm>
#include <cmath>

#include "model/base/check.h"
#include "model/collective/price.h"
#include "model/fabric/spread.h"

namespace commplan {
namespace {

// The half-width of the band of a scaled price, in ln t, beyond that of the curve it stands on.
// Where 4 ranks are scaled from 2 (GB200, docs/validation.md) it covers 87 % of the rows.
constexpr double kScaledWidth = 0.4;

void SetBand(double half_width, Price* price) {
  const Time total = price->cost.Total();
  price->low = total * std::exp(-half_width);
  price->high = total * std::exp(half_width);
}

}  // namespace

struct CollectiveModel::Anchor {
  MeasuredWay way;
  CollectiveModel model;
};

std::string_view Name(Basis basis) {
  switch (basis) {
    case Basis::kModel:
      return "model";
    case Basis::kMeasured:
      return "measured";
    case Basis::kPredicted:
      return "predicted";
    case Basis::kBetween:
      return "between";
    case Basis::kBeyond:
      return "beyond";
    case Basis::kScaled:
      return "scaled";
  }
  CHECK(false);
}

Basis CollectiveModel::basis() const {
  if (anchor_ != nullptr) return Basis::kScaled;
  if (!measured_) return Basis::kModel;
  if (!measured_->is_law()) {
    return measured_->is_predicted() ? Basis::kPredicted : Basis::kMeasured;
  }
  return measured_->beyond() ? Basis::kBeyond : Basis::kBetween;
}

const MeasuredWay* CollectiveModel::measured() const {
  if (anchor_ != nullptr) return &anchor_->way;
  return measured_ ? &*measured_ : nullptr;
}

std::vector<std::string> CollectiveModel::MeasuredPaths() const {
  std::vector<std::string> paths;
  if (const MeasuredWay* way = measured(); way != nullptr) {
    for (const std::size_t curve : way->CurvesUsed()) {
      paths.push_back("engines." + engine_->name + ".curves." + std::to_string(curve));
    }
  }
  return paths;
}

const CollectiveRequest* CollectiveModel::scaled_from() const {
  return anchor_ == nullptr ? nullptr : &anchor_->model.request();
}

Status CollectiveModel::FindMeasured(const Fabric& fabric, const std::vector<Engine>& engines) {
  // Curves are of the engine's own choice and of a group that has the links to itself.
  if (engine_->rule != EngineRule::kMeasured || request_.algorithm) return OkStatus();
  const int nodes = shape_.network_only ? shape_.ranks : shape_.nodes;
  if (request_.group.concurrent == 1) {
    ASSIGN_OR_RETURN(measured_,
                     MeasuredWay::Find(engine_->measured, request_.op, shape_.ranks, nodes));
    if (measured_) return OkStatus();
  }
  return FindAnchor(fabric, engines);
}

Status CollectiveModel::FindAnchor(const Fabric& fabric, const std::vector<Engine>& engines) {
  const Engine* const behind = FindEngine(engines, engine_->fallback);
  const int nodes = shape_.network_only ? shape_.ranks : shape_.nodes;
  const auto nearest = NearestCurve(engine_->measured, request_.op, shape_.ranks, nodes);
  if (behind == nullptr || !nearest) return OkStatus();
  const MeasuredCurve& curve = engine_->measured.curves[*nearest];
  const Result<int> stride = StrideOverNodes(fabric, curve.ranks, curve.nodes);
  if (!stride.ok()) return OkStatus();  // the fabric has no place for the group that was measured
  CollectiveRequest there{.op = curve.op, .group = {}, .algorithm = {}};
  there.group.ranks = curve.ranks;
  there.group.stride = *stride;
  Result<CollectiveModel> model = Create(fabric, engines, *behind, there);
  if (!model.ok()) return OkStatus();
  const auto way = MeasuredWay::Find(engine_->measured, curve.op, curve.ranks, curve.nodes);
  CHECK(way.ok() && way->has_value());
  anchor_ = std::make_shared<const Anchor>(Anchor{**way, std::move(*model)});
  return OkStatus();
}

void CollectiveModel::UseMeasured(Bytes bytes, Price* price) const {
  const MeasuredWay::Answer answer = measured_->At(bytes);
  price->cost = answer.cost;
  price->extrapolated = answer.extrapolated;
  SetBand(answer.half_width, price);
}

void CollectiveModel::UseAnchor(Bytes bytes, Price* price) const {
  const MeasuredWay::Answer there = anchor_->way.At(bytes);
  const Time model = anchor_->model.At(bytes).cost.Total();
  // A model that says nothing of this size (an empty message over free links) scales nothing.
  const double factor = model > Time() ? there.cost.Total() / model : 1;
  price->cost.Add(Term::kResidual, price->cost.Total() * (factor - 1));
  price->extrapolated = true;
  SetBand(there.half_width + kScaledWidth, price);
}

// The latency and the bandwidth term shrink in proportion, the ramp, a geometric mean of both, by
// the root; what the curve has beyond them stays the same share.
Sensitivity CollectiveModel::MeasuredSensitivity(Bytes bytes) const {
  const Cost cost = measured_->At(bytes).cost;
  const Time total = cost.Total();
  Sensitivity result;
  if (!(total > Time())) return result;
  const Time latency = cost.At(Term::kLatency) + cost.At(Term::kNetworkLatency);
  const Time transfer = cost.At(Term::kBandwidth) + cost.At(Term::kNetworkBandwidth);
  const Time fill = cost.At(Term::kFill);
  const double scale = total / (latency + transfer + fill);
  const Time of_fill = fill * (1 - std::sqrt(0.5));
  result.saved_by_half_latency = (latency * 0.5 + of_fill) * scale;
  result.saved_by_double_bandwidth = (transfer * 0.5 + of_fill) * scale;
  const bool network = measured_->between_nodes();
  const auto set = [&](Symbol symbol, double share) {
    result.elasticity[static_cast<std::size_t>(symbol)] = share;
  };
  set(network ? Symbol::kNetLatency : Symbol::kLatency, (latency + fill * 0.5) * scale / total);
  set(network ? Symbol::kNetBandwidth : Symbol::kBandwidth,
      -(transfer + fill * 0.5) * scale / total);
  return result;
}

}  // namespace commplan
