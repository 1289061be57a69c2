#include "model/collective/origin.h"

#include <algorithm>

#include "model/collective/origin_parts.h"

namespace commplan {
namespace {

using Paths = std::vector<std::string>;

constexpr std::string_view kRateKeys[] = {"bandwidth", "ports", "oversubscription"};

// What says how many ranks a node has.
Paths DomainPaths(const Placement& placement) {
  Paths paths;
  for (std::size_t tier = 0;
       !placement.levels.empty() && static_cast<int>(tier) < placement.levels.back().tier; ++tier) {
    paths.push_back("tiers." + std::to_string(tier) + ".ranks");
  }
  return paths;
}

Paths TextbookPaths(const CollectiveModel& model, const Variant& variant, Symbol symbol) {
  const Placement& placement = model.placement();
  const std::string engine = "engines." + variant.engine->name + ".";
  // Of a hierarchy each tier has its own symbols; of other ways one symbol stands for all beyond.
  const std::size_t beyond = variant.inputs.tiers > 2 ? 2 : kAllLevels;
  switch (symbol) {
    case Symbol::kLatency:
      return TierPaths(placement, 0, 1, {"latency"});
    case Symbol::kBandwidth:
      return TierPaths(placement, 0, 1, kRateKeys);
    case Symbol::kNetLatency:
      return TierPaths(placement, 1, beyond, {"latency"});
    case Symbol::kNetBandwidth:
      return TierPaths(placement, 1, beyond, kRateKeys);
    case Symbol::kLatency3:
      return TierPaths(placement, 2, 3, {"latency"});
    case Symbol::kBandwidth3:
      return TierPaths(placement, 2, 3, kRateKeys);
    case Symbol::kLatency4:
      return TierPaths(placement, 3, kAllLevels, {"latency"});
    case Symbol::kBandwidth4:
      return TierPaths(placement, 3, kAllLevels, kRateKeys);
    case Symbol::kReduction:
      return {engine + "reduction"};
    default:
      return {};
  }
}

Paths KernelPaths(const CollectiveModel& model, const Variant& variant, Symbol symbol) {
  const auto& kernels = variant.engine->kernels;
  std::size_t index = 0;
  while (index + 1 < kernels.size() && kernels[index].algorithm != variant.card->algorithm) ++index;
  const std::string kernel =
      "engines." + variant.engine->name + ".kernels." + std::to_string(index) + ".";
  switch (symbol) {
    case Symbol::kLaunch:
      return {kernel + "launch"};
    case Symbol::kLatency:
      return {kernel + "latency"};
    case Symbol::kReduction:
      return {kernel + "reduction"};
    case Symbol::kBandwidth: {
      Paths paths = TierPaths(model.placement(), 0, 1, kRateKeys);
      paths.push_back(kernel + "bandwidth_share");
      return paths;
    }
    default:
      return {};
  }
}

}  // namespace

std::vector<std::string> OriginPaths(const CollectiveModel& model, const Variant& variant,
                                     Symbol symbol) {
  if (symbol == Symbol::kNodes || symbol == Symbol::kLocal || symbol == Symbol::kDomains3 ||
      symbol == Symbol::kDomains4) {
    return DomainPaths(model.placement());
  }
  switch (variant.engine->rule) {
    case EngineRule::kNccl:
      return NcclPaths(model, variant, symbol);
    case EngineRule::kRules:
      return KernelPaths(model, variant, symbol);
    default:
      return TextbookPaths(model, variant, symbol);
  }
}

std::vector<std::string> ChoicePaths(const CollectiveModel& model) {
  Paths paths = DomainPaths(model.placement());
  const auto add = [&](const Paths& more) { paths.insert(paths.end(), more.begin(), more.end()); };
  for (const Variant& variant : model.variants()) {
    const std::string engine = "engines." + variant.engine->name + ".";
    if (RuleFor(*variant.engine, model.request().op, model.request().type) != nullptr) {
      add({engine + "types"});
    }
    switch (variant.engine->rule) {
      case EngineRule::kNccl:
        add(NcclChoicePaths(model, variant));
        break;
      case EngineRule::kRules:
        add({engine + "rules"});
        break;
      default:
        for (std::size_t s = 0; s < kSymbolCount; ++s) {
          add(TextbookPaths(model, variant, static_cast<Symbol>(s)));
        }
    }
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace commplan
