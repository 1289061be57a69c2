// The price of one collective: prepared once for an operation, a group and an engine, then asked
// for any size. It chooses the way that the engine would choose and says what each of the others
// would cost.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/base/cost.h"
#include "model/base/result.h"
#include "model/collective/measured.h"
#include "model/collective/variant.h"

namespace commplan {

// Which kind of term a cost is mostly made of, and so what would lower it.
enum class Regime { kLatency, kBandwidth, kReduction, kCodec };
std::string_view Name(Regime regime);
Regime RegimeOf(const Cost& cost);

// The answer for one size. The band says where measured times of this engine are expected to lie.
struct Price {
  Cost cost;
  Time low{};
  Time high{};
  bool extrapolated = false;  // beyond what the band's measurements covered; the band is wider then
  // Index into CollectiveModel::variants(): the way that was priced, or for a measured price the
  // way that the engine behind it is believed to have run.
  int variant = 0;
};

// What a price rests on.
enum class Basis {
  kModel,      // the formula of its variant
  kMeasured,   // the curve of this very group
  kPredicted,  // a curve made of other groups of the same kernel
  kBetween,    // curves of fewer and of more ranks or nodes
  kBeyond,     // curves of fewer
  kScaled,     // the formula, times what the nearest measured group takes beyond its own formula
};
std::string_view Name(Basis basis);

// Another way to run the same collective.
struct Alternative {
  int variant = 0;
  Time time{};
  Time slower_by{};  // than the chosen way; negative where the engine's own choice is not the
                     // fastest one
};

// What would help: times saved with the chosen way kept as it is.
struct Sensitivity {
  Time saved_by_half_latency{};  // of messages and of the call itself
  Time saved_by_double_bandwidth{};
  // Share of the time that one percent more of an input costs, by symbol (elasticity), exact.
  std::array<double, kSymbolCount> elasticity{};
};

struct CollectiveRequest {
  Op op = Op::kAllReduce;
  Group group;
  std::optional<Algorithm> algorithm;    // fixed by the user
  ElementType type = ElementType::kAny;  // of the elements
};

class CollectiveModel {
 public:
  // `fabric` and `engines` must outlive the model. Unsupported where the engine has no way to run
  // it there.
  static Result<CollectiveModel> Create(const Fabric& fabric, const std::vector<Engine>& engines,
                                        const Engine& engine, const CollectiveRequest& request);

  Price At(Bytes bytes) const;
  // All other variants, best first. An engine's kernel and its fallback can both run an algorithm:
  // Variant::engine tells them apart.
  std::vector<Alternative> AlternativesAt(Bytes bytes) const;
  Sensitivity SensitivityAt(Bytes bytes) const;

  Basis basis() const;
  // The curves behind the price: the group's own or a law's; of a scaled price the nearest group's;
  // null for a model.
  const MeasuredWay* measured() const;
  // The dotted paths of those curves in the profile; empty for a model.
  std::vector<std::string> MeasuredPaths() const;
  // The nearest measured group, which a scaled price stands on; null for others.
  const CollectiveRequest* scaled_from() const;

  const CollectiveRequest& request() const { return request_; }
  const Engine& engine() const { return *engine_; }  // that was asked for
  const GroupShape& shape() const { return shape_; }
  const Placement& placement() const { return placement_; }
  const std::vector<Variant>& variants() const { return variants_; }
  const Variant& VariantOf(const Price& price) const {
    return variants_[static_cast<std::size_t>(price.variant)];
  }

 private:
  CollectiveModel() = default;
  // Where choosing finds out what the chosen way costs it leaves that in `cost`.
  int Choose(Bytes bytes, std::optional<Cost>* cost) const;
  int ChooseByRules(Bytes bytes, std::optional<Cost>* cost) const;
  int Cheapest(Bytes bytes, const Engine* of, std::optional<Cost>* cost) const;

  // The nearest measured group, with the model of the engine behind it.
  struct Anchor;

  Status FindMeasured(const Fabric& fabric, const std::vector<Engine>& engines);
  Status FindAnchor(const Fabric& fabric, const std::vector<Engine>& engines);
  void UseMeasured(Bytes bytes, Price* price) const;
  void UseAnchor(Bytes bytes, Price* price) const;
  Sensitivity MeasuredSensitivity(Bytes bytes) const;

  CollectiveRequest request_;
  Placement placement_;
  GroupShape shape_;
  const Engine* engine_ = nullptr;
  std::vector<Variant> variants_;
  std::optional<MeasuredWay> measured_;
  std::shared_ptr<const Anchor> anchor_;
};

}  // namespace commplan
