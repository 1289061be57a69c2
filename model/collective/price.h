// The price of one collective: prepared once for an operation, a group and an engine, then asked
// for any size. It chooses the way that the engine would choose and says what each of the others
// would cost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/base/cost.h"
#include "model/base/result.h"
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
  int variant = 0;            // index into CollectiveModel::variants()
};

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
  std::optional<Algorithm> algorithm;  // fixed by the user
};

class CollectiveModel {
 public:
  // `fabric` and `engines` must outlive the model. Unsupported where the engine has no way to run
  // it there.
  static Result<CollectiveModel> Create(const Fabric& fabric, const std::vector<Engine>& engines,
                                        const Engine& engine, const CollectiveRequest& request);

  Price At(Bytes bytes) const;
  // All other variants, best first; at most one per algorithm and protocol.
  std::vector<Alternative> AlternativesAt(Bytes bytes) const;
  Sensitivity SensitivityAt(Bytes bytes) const;

  const CollectiveRequest& request() const { return request_; }
  const GroupShape& shape() const { return shape_; }
  const Placement& placement() const { return placement_; }
  const std::vector<Variant>& variants() const { return variants_; }
  const Variant& VariantOf(const Price& price) const {
    return variants_[static_cast<std::size_t>(price.variant)];
  }

 private:
  CollectiveModel() = default;
  int Choose(Bytes bytes) const;
  int ChooseByRules(Bytes bytes) const;
  int Cheapest(Bytes bytes, const Engine* of) const;

  CollectiveRequest request_;
  Placement placement_;
  GroupShape shape_;
  const Engine* engine_ = nullptr;
  std::vector<Variant> variants_;
};

}  // namespace commplan
