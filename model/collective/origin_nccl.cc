// The keys that NCCL's numbers are made of, beside the code that makes them (nccl.cc). A test
// changes every number of the shipped machines and finds what is missing here.
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "model/collective/origin_parts.h"

namespace commplan {
namespace {

constexpr std::string_view kInSwitch[] = {"in_switch_reduction"};
constexpr std::string_view kRates[] = {"bandwidth", "ports", "oversubscription"};

// Keys below engines.NAME, and paths of tiers.
class Names {
 public:
  Names(const CollectiveModel& model, const Variant& variant)
      : model_(model),
        shape_(model.shape()),
        op_(variant.card->op),
        algorithm_(variant.card->algorithm),
        protocol_(variant.protocol),
        size_rule_(variant.size_rule),
        prefix_("engines." + variant.engine->name + ".") {}

  void AddPrice(Symbol symbol) {
    switch (symbol) {
      case Symbol::kLaunch:
        return AddLaunch();
      case Symbol::kLatency:
        return AddLatency();
      case Symbol::kNetLatency:
        if (over_nodes()) AddHop();
        return;
      case Symbol::kBandwidth:
        return AddBandwidth();
      case Symbol::kNetBandwidth:
        if (!over_nodes()) return;
        AddShares();
        AddRounds();
        return AddTiers(1, kRates);
      case Symbol::kCopying:
        return Add({"copy_per_channel", "channels", "channels_per_ring"});
      case Symbol::kStages:
        return Add({"nvls_pipeline_stages"});
      case Symbol::kChunks:
        return AddRounds();
      default:
        return;
    }
  }

  void AddChoice() {
    if (algorithm_ == Algorithm::kDirect) {
      return Add({"p2p_channels_per_peer", "p2p_ll_per_channel"});
    }
    AddChoiceLatency();
    AddShares();
    // What the search finds.
    if (over_nodes()) {
      Add({"link_total", "network_speeds"});
      AddTiers(shape_.network_only ? 0 : 1, kRates);
    } else {
      Add({"channels", "channel_bandwidth"});
    }
    if (in_switch()) Add({"link_total", "nvls_speeds", "nvls_efficiency"});
    if (in_network()) AddTiers(shape_.network_only ? 0 : 1, kInSwitch);
    if (collnet()) Add({"collnet_direct_share", "collnet_ranks_max"});
  }

  std::vector<std::string> Take() && { return std::move(paths_); }

 private:
  bool over_nodes() const { return shape_.nodes > 1 || shape_.network_only; }
  bool simple() const { return protocol_ == Protocol::kSimple; }
  bool rooted() const { return op_ == Op::kBroadcast || op_ == Op::kReduce; }
  bool in_switch() const {
    return algorithm_ == Algorithm::kNvls || algorithm_ == Algorithm::kNvlsTree;
  }

  bool collnet() const {
    return algorithm_ == Algorithm::kCollnetDirect || algorithm_ == Algorithm::kCollnetChain;
  }
  bool in_network() const { return collnet() || (algorithm_ == Algorithm::kNvls && over_nodes()); }

  void Add(std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) paths_.push_back(prefix_ + std::string(key));
  }
  void AddTiers(std::size_t first, std::span<const std::string_view> keys) {
    for (std::string& path : TierPaths(model_.placement(), first, kAllLevels, keys)) {
      paths_.push_back(std::move(path));
    }
  }
  void AddTierLatencies() {
    constexpr std::string_view kLatency[] = {"latency"};
    AddTiers(shape_.network_only ? 0 : 1, kLatency);
  }

  std::string_view ExtraKey() const {
    if (simple()) return op_ == Op::kAllReduce ? "extra_simple_reduce" : "extra_simple";
    return op_ == Op::kAllGather ? "extra_ll_gather" : "extra_ll";
  }

  void AddLaunch() {
    switch (algorithm_) {
      case Algorithm::kNvls:
        if (!over_nodes()) Add({"inner.nvls", "latency_scale"});
        return Add({ExtraKey()});
      case Algorithm::kCollnetDirect:
        return Add({"collnet_per_peer", ExtraKey()});
      case Algorithm::kCollnetChain:
      case Algorithm::kNvlsTree:
        return Add({ExtraKey()});
      case Algorithm::kPat:
        return Add({"base_pat", "pat_per_rank", "latency_scale"});
      case Algorithm::kTree:
        return Add({"base_tree", "latency_scale", ExtraKey()});
      default:
        Add({"base_ring", "latency_scale", ExtraKey()});
    }
    if (!rooted()) return;
    Add({simple() ? "inner.tree" : "inner.ring"});
    if (over_nodes()) AddHop();
  }

  // One message between nodes.
  void AddHop() {
    switch (algorithm_) {
      case Algorithm::kTree:
        Add({"network.tree"});
        break;
      case Algorithm::kNvlsTree:
        Add({"network.nvls_tree"});
        break;
      case Algorithm::kPat:
        Add({"network.pat", "pat_latency_divisor"});
        break;
      case Algorithm::kNvls:
        Add({"network.nvls"});
        break;
      case Algorithm::kCollnetDirect:
        Add({"network.collnet_direct"});
        break;
      case Algorithm::kCollnetChain:
        Add({"network.collnet_chain"});
        break;
      default:
        Add({"network.ring", "network.tree"});
    }
    if (op_ == Op::kAllToAll || op_ == Op::kPointToPoint) Add({"network_post"});
    AddPlateau();
    Add({"network_wire"});
    AddTierLatencies();
  }

  void AddPlateau() {
    if (size_rule_ != SizeRule::kRingPlateau) return;
    constexpr std::string_view kPorts[] = {"ports"};
    Add({"ring_simple_network_factor"});
    AddTiers(1, kPorts);
  }

  void AddLatency() {
    if ((algorithm_ == Algorithm::kNvls && !over_nodes()) || rooted()) return;
    // For one rank per node the only hop is that between nodes, but trees have their own name for
    // it.
    if (shape_.network_only && algorithm_ != Algorithm::kTree && !collnet()) return AddHop();
    Add({"latency_scale"});
    if (algorithm_ == Algorithm::kNvls) return Add({"inner.nvls"});
    if (algorithm_ == Algorithm::kCollnetDirect) return Add({"inner.collnet_direct"});
    if (algorithm_ == Algorithm::kCollnetChain) return Add({"inner.collnet_chain"});
    if (algorithm_ == Algorithm::kNvlsTree) return Add({"inner.nvls_tree"});
    if (algorithm_ == Algorithm::kTree) return Add({"inner.tree"});
    Add({"inner.ring"});
    if (over_nodes()) Add({"network_post"});
    AddPlateau();
  }

  void AddBandwidth() {
    AddShares();
    AddRounds();
    if (algorithm_ == Algorithm::kNvlsTree || algorithm_ == Algorithm::kNvls) {
      Add({"link_total", "nvls_speeds", "nvls_efficiency"});
    } else if (!shape_.network_only) {
      Add({"channels", "channel_bandwidth", "host_staged_share"});
    }
    AddTiers(0, kRates);
  }

  // Shares and ceilings of the bandwidth.
  void AddShares() {
    const bool ll = protocol_ == Protocol::kLL;
    const bool ll128 = protocol_ == Protocol::kLL128;
    switch (algorithm_) {
      case Algorithm::kNvls:
      case Algorithm::kCollnetDirect:
      case Algorithm::kCollnetChain:
        return;
      case Algorithm::kNvlsTree:
        return Add({"channel_nvls_tree"});
      case Algorithm::kPat:
        return Add({"pat_share"});
      case Algorithm::kTree:
        Add({"tree_share", "channel_tree", "tree_correction"});
        if (ll) Add({"tree_ll_divisor", "ll_max"});
        if (ll128) {
          Add({"tree_ll128_share_inner", "tree_ll128_share_network", "channel_tree_ll128"});
        }
        if (simple()) Add({"tree_simple_share_more"});
        return;
      default:
        if (ll) Add({"ring_ll_share", "ll_max"});
        if (ll128) Add({"ring_ll128_share", "channel_ring_ll128"});
    }
  }

  // Of chunks through the switch.
  void AddRounds() {
    if (size_rule_ == SizeRule::kNvlsChunks) {
      Add({"nvls_chunk", "nvls_chunk_steps", "nvls_channels"});
    }
    if (size_rule_ == SizeRule::kNvlsTreeChunks) {
      Add({"nvls_chunk", "nvls_tree_chunk_steps", "nvls_tree_chunk_more", "nvls_channels",
           "nvls_pipeline_stages"});
    }
  }

  void AddChoiceLatency() {
    if (over_nodes()) Add({"network_reported"});
    switch (algorithm_) {
      case Algorithm::kNvls:
        if (over_nodes()) Add({"network.nvls"});
        return Add({"inner.nvls"});
      case Algorithm::kCollnetDirect:
        return Add({"network.collnet_direct", "inner.collnet_direct", "collnet_per_peer"});
      case Algorithm::kCollnetChain:
        return Add({"network.collnet_chain", "inner.collnet_chain"});
      case Algorithm::kNvlsTree:
        return Add({"inner.nvls_tree", "network.nvls_tree", "nvls_tree_correction"});
      case Algorithm::kPat:
        return Add({"base_pat", "network.pat", "pat_latency_divisor", "pat_per_rank"});
      case Algorithm::kTree:
        Add({"base_tree", "inner.tree"});
        if (over_nodes()) Add({"network.tree"});
        return;
      default:
        Add({"base_ring", rooted() && simple() ? "inner.tree" : "inner.ring"});
        if (!over_nodes()) return;
        Add({"network.ring", "network.tree", "network_post", "ring_simple_network_factor",
             "ring_correction"});
    }
  }

  const CollectiveModel& model_;
  const GroupShape& shape_;
  const Op op_;
  const Algorithm algorithm_;
  const Protocol protocol_;
  const SizeRule size_rule_;
  const std::string prefix_;
  std::vector<std::string> paths_;
};

}  // namespace

std::vector<std::string> TierPaths(const Placement& placement, std::size_t first, std::size_t end,
                                   std::span<const std::string_view> keys) {
  std::vector<std::string> paths;
  for (std::size_t level = first; level < placement.levels.size() && level < end; ++level) {
    for (const std::string_view key : keys) {
      paths.push_back("tiers." + std::to_string(placement.levels[level].tier) + "." +
                      std::string(key));
    }
  }
  return paths;
}

std::vector<std::string> NcclPaths(const CollectiveModel& model, const Variant& variant,
                                   Symbol symbol) {
  Names names(model, variant);
  names.AddPrice(symbol);
  return std::move(names).Take();
}

std::vector<std::string> NcclChoicePaths(const CollectiveModel& model, const Variant& variant) {
  Names names(model, variant);
  names.AddChoice();
  return std::move(names).Take();
}

}  // namespace commplan
