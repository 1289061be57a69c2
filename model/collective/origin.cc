#include "model/collective/origin.h"

#include <string_view>

namespace commplan {
namespace {

using Paths = std::vector<std::string>;

// The keys below engines.NAME that limit what NCCL's protocols draw from the network.
std::vector<std::string_view> NetworkKeys(const Variant& variant) {
  const bool ll = variant.protocol == Protocol::kLL;
  const bool ll128 = variant.protocol == Protocol::kLL128;
  if (variant.card->algorithm == Algorithm::kNvlsTree) return {"channel_nvls_tree"};
  if (variant.card->algorithm == Algorithm::kTree) {
    if (ll) return {"tree_share", "channel_tree", "tree_ll_divisor", "ll_max", "tree_correction"};
    if (ll128)
      return {"tree_share", "tree_ll128_share_network", "channel_tree_ll128", "tree_correction"};
    return {"tree_share", "channel_tree", "tree_correction"};
  }
  if (ll) return {"ring_ll_share", "ll_max"};
  if (ll128) return {"ring_ll128_share", "channel_ring_ll128"};
  return {};
}

// The keys below engines.NAME that NCCL's inputs are made of.
std::vector<std::string_view> NcclKeys(const Variant& variant, const GroupShape& shape,
                                       Symbol symbol) {
  const Algorithm algorithm = variant.card->algorithm;
  const bool tree = algorithm == Algorithm::kTree;
  const bool nvls = algorithm == Algorithm::kNvls || algorithm == Algorithm::kNvlsTree;
  const bool simple = variant.protocol == Protocol::kSimple;
  const bool network_only = shape.network_only;
  switch (symbol) {
    case Symbol::kLaunch:
      if (algorithm == Algorithm::kNvls) {
        const bool reduces = variant.card->op == Op::kAllReduce;
        return {"inner.nvls", "latency_scale", reduces ? "extra_simple_reduce" : "extra_simple"};
      }
      if (variant.card->op == Op::kBroadcast || variant.card->op == Op::kReduce) {
        if (shape.nodes == 1 && !network_only) {
          return {"base_ring", simple ? "inner.tree" : "inner.ring", "latency_scale"};
        }
        return {"base_ring", "latency_scale", "network.ring", "network.tree", "inner.ring"};
      }
      if (nvls) return {"extra_simple_reduce"};
      if (algorithm == Algorithm::kPat) return {"base_pat", "pat_per_rank", "latency_scale"};
      return {tree ? "base_tree" : "base_ring", "latency_scale",
              simple ? "extra_simple" : "extra_ll"};
    case Symbol::kLatency:
      if (algorithm == Algorithm::kPat) return {"network.pat", "pat_latency_divisor"};
      if (network_only) return {"network.tree"};
      if (algorithm == Algorithm::kNvlsTree) return {"inner.nvls_tree", "latency_scale"};
      if (nvls) return {};
      return {tree ? "inner.tree" : "inner.ring", "latency_scale"};
    case Symbol::kNetLatency:
      if (shape.nodes == 1 && !network_only) return {};
      if (algorithm == Algorithm::kNvlsTree) return {"network.nvls_tree"};
      return {tree || network_only ? "network.tree" : "network.ring"};
    case Symbol::kBandwidth: {
      if (algorithm == Algorithm::kNvlsTree) {
        return {"link_total", "nvls_speeds", "nvls_efficiency", "channel_nvls_tree"};
      }
      if (nvls) return {"link_total", "nvls_speeds", "nvls_efficiency"};
      if (algorithm == Algorithm::kPat) return {"pat_share"};
      if (network_only) return NetworkKeys(variant);
      std::vector<std::string_view> keys = NetworkKeys(variant);
      keys.insert(keys.begin(), {"channels", "channel_bandwidth", "host_staged_share"});
      if (tree && variant.protocol == Protocol::kLL128) keys.push_back("tree_ll128_share_inner");
      return keys;
    }
    case Symbol::kNetBandwidth:
      if (shape.nodes == 1) return {};
      return NetworkKeys(variant);
    case Symbol::kCopying:
      return {"copy_per_channel", "channels", "channels_per_ring"};
    case Symbol::kStages:
      return {"nvls_pipeline_stages"};
    case Symbol::kChunks:
      if (variant.size_rule != SizeRule::kNvlsChunks) return {};
      return {"nvls_chunk", "nvls_chunk_steps", "nvls_channels"};
    case Symbol::kRanks:
    case Symbol::kNodes:
    case Symbol::kLocal:
    case Symbol::kBytes:
    case Symbol::kReduction:
      return {};
  }
  return {};
}

Paths TierPaths(const Placement& placement, std::size_t level, std::string_view key) {
  if (level >= placement.levels.size()) return {};
  return {"tiers." + std::to_string(placement.levels[level].tier) + "." + std::string(key)};
}

Paths OuterTierPaths(const Placement& placement, std::initializer_list<std::string_view> keys) {
  Paths paths;
  for (std::size_t level = 1; level < placement.levels.size(); ++level) {
    for (const std::string_view key : keys)
      paths.push_back(TierPaths(placement, level, key).front());
  }
  return paths;
}

Paths TextbookPaths(const CollectiveModel& model, const Variant& variant, Symbol symbol) {
  const Placement& placement = model.placement();
  const std::string engine = "engines." + variant.engine->name + ".";
  switch (symbol) {
    case Symbol::kLatency:
      return TierPaths(placement, 0, "latency");
    case Symbol::kBandwidth:
      return TierPaths(placement, 0, "bandwidth");
    case Symbol::kNetLatency:
      return OuterTierPaths(placement, {"latency"});
    case Symbol::kNetBandwidth:
      return OuterTierPaths(placement, {"bandwidth", "ports", "oversubscription"});
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
      Paths paths = TierPaths(model.placement(), 0, "bandwidth");
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
  if (variant.engine->rule == EngineRule::kRules) return KernelPaths(model, variant, symbol);
  if (variant.engine->rule != EngineRule::kNccl) return TextbookPaths(model, variant, symbol);
  Paths paths;
  for (const std::string_view key : NcclKeys(variant, model.shape(), symbol)) {
    paths.push_back("engines." + variant.engine->name + "." + std::string(key));
  }
  // The tiers bound what NCCL's numbers say, so they belong to the answer too.
  const auto add_tier = [&](std::size_t level, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) {
      for (std::string& path : TierPaths(model.placement(), level, key)) paths.push_back(path);
    }
  };
  const bool network_only = model.shape().network_only;
  const bool rooted = variant.card->op == Op::kBroadcast || variant.card->op == Op::kReduce;
  if (symbol == Symbol::kBandwidth) add_tier(0, {"bandwidth"});
  if (symbol == Symbol::kLatency && network_only) add_tier(0, {"latency"});
  for (std::size_t level = 1; level < model.placement().levels.size(); ++level) {
    if (symbol == Symbol::kNetLatency || (symbol == Symbol::kLaunch && rooted)) {
      add_tier(level, {"latency"});
    }
    if (symbol == Symbol::kNetBandwidth || (symbol == Symbol::kBandwidth && rooted)) {
      add_tier(level, {"bandwidth", "ports", "oversubscription"});
    }
  }
  return paths;
}

}  // namespace commplan
