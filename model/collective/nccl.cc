// NCCL's tuning model (src/graph/tuning.cc of 2.30.7) as variants: what NCCL itself compares in
// order to choose, and beside it the inputs by which the chosen kernel is priced. The two differ on
// purpose: the choice must be NCCL's own, while the price follows the physics (hops really crossed,
// cards really shared, copies really made).
//
// CollNet (reduction in the network's switches) and with it NVLS over nodes are there where the
// network's tiers say that their switches add: NCCL leaves both off until NCCL_COLLNET_ENABLE is
// set and a plugin is there. Of them only the all-reduce is here: whether a plugin gathers and
// scatters is not known.
#include <algorithm>
#include <array>
#include <cmath>

#include "model/base/check.h"
#include "model/collective/variant.h"

namespace commplan {
namespace {

constexpr std::array<Protocol, 3> kProtocols{Protocol::kLL, Protocol::kLL128, Protocol::kSimple};

// What the topology search finds for the group.
struct Graph {
  int channels = 1;
  Bandwidth bus{};        // of all channels together
  std::size_t scale = 0;  // column of the tables
  Bandwidth network{};    // what the cards really carry for the group; the search rounds it down to
                          // its steps
};

// The largest of the search's speeds that the limit allows; the limit itself where all are larger.
Bandwidth Speed(const std::vector<Bandwidth>& speeds, Bandwidth limit) {
  for (const Bandwidth speed : speeds) {
    if (speed <= limit) return speed;
  }
  return limit;
}

Graph Search(const NcclTuning& tuning, const GroupShape& shape) {
  Graph graph;
  const bool over_network = shape.nodes > 1 || shape.network_only;
  const int nodes = shape.network_only ? shape.ranks : shape.nodes;
  graph.scale = nodes <= 1 ? 0 : nodes == 2 ? 1 : 2;
  if (!over_network) {
    graph.channels = tuning.channels;
    graph.bus = tuning.channel_bandwidth * static_cast<double>(tuning.channels);
    return graph;
  }
  graph.channels = shape.network_only ? 1 : shape.net_ports;
  const double cards = graph.channels;
  Bandwidth limit = shape.net_port;
  if (!shape.network_only) limit = Min(limit, tuning.link_total / cards);
  graph.bus = Speed(tuning.network_speeds, limit) * cards;
  graph.network = shape.net_together;
  return graph;
}

class Builder {
 public:
  Builder(const Engine& engine, Op op, const GroupShape& shape)
      : engine_(engine),
        tuning_(engine.nccl),
        op_(op),
        shape_(shape),
        graph_(Search(engine.nccl, shape)),
        nodes_(shape.network_only ? shape.ranks : shape.nodes),
        local_(shape.network_only ? 1 : shape.local),
        ranks_(shape.ranks) {}

  std::vector<Variant> Build() {
    for (std::size_t i = 0; i < kProtocols.size(); ++i) {
      if (kProtocols[i] == Protocol::kLL128 && !HasLl128()) continue;
      AddRing(i);
      if (HasTree(i)) AddTree(i);
    }
    AddInSwitch();
    AddCollnet();
    AddPat();
    AddDirect();
    return variants_;
  }

 private:
  double Steps() const { return (op_ == Op::kAllReduce ? 2.0 : 1.0) * (ranks_ - 1.0); }

  // LL128 needs links that keep its order; where there is one rank per node, none inside is used.
  bool HasLl128() const {
    return (tuning_.ll128_inside || local_ == 1) && tuning_.ring_ll128_share > 0 &&
           tuning_.channel_ring_ll128[graph_.scale] > Bandwidth();
  }
  bool HasTree(std::size_t protocol) const {
    if (op_ != Op::kAllReduce) return false;
    if (protocol == 1 && tuning_.channel_tree_ll128[graph_.scale] <= Bandwidth()) return false;
    return protocol != 2 || nodes_ > 1 || !tuning_.tree_simple_off_inside;
  }

  // What posting one step of a protocol takes.
  Time Post(std::size_t protocol) const {
    return tuning_.network_post * (kProtocols[protocol] == Protocol::kSimple ? 3.0 : 1.0);
  }
  // A ring over nodes posts in every step of its own.
  Time InnerHop(std::size_t protocol, double scale) const {
    const Time hop = tuning_.inner.ring[protocol] * scale;
    return nodes_ > 1 ? Max(hop, Post(protocol)) : hop;
  }
  Time NetworkHop(std::size_t protocol) const {
    return local_ == 1 ? tuning_.network.tree[protocol] : tuning_.network.ring[protocol];
  }
  // What a hop takes on this network beyond what the table has.
  // Also of the way through switches that add.
  Time Beyond(Time wire) const { return Max(wire - tuning_.network_wire, Time()); }
  Time BeyondTree() const { return Beyond(TreeHop(shape_.Network(), local_, ranks_)); }
  Time BeyondRing() const {
    const bool ring = op_ == Op::kAllReduce || op_ == Op::kAllGather || op_ == Op::kReduceScatter;
    return Beyond(ring ? RingHop(shape_.Network(), 1, Steps()) : shape_.net_latency);
  }
  // Added to a hop in the choice: the message, and for Simple its flush.
  Time Reported(std::size_t protocol) const {
    return tuning_.network_reported * (kProtocols[protocol] == Protocol::kSimple ? 2.0 : 1.0);
  }

  Time Extra(Protocol protocol) const {
    if (protocol == Protocol::kSimple) {
      return op_ == Op::kAllReduce ? tuning_.extra_simple_reduce : tuning_.extra_simple;
    }
    return op_ == Op::kAllGather ? tuning_.extra_ll_gather : tuning_.extra_ll;
  }

  Bandwidth RingBus(std::size_t protocol, Bandwidth bus, int channels) const {
    const double n = channels;
    switch (kProtocols[protocol]) {
      case Protocol::kLL:
        return Min(tuning_.ll_max[graph_.scale], tuning_.ring_ll_share * bus);
      case Protocol::kLL128:
        return Min(tuning_.ring_ll128_share * bus, n * tuning_.channel_ring_ll128[graph_.scale]);
      default:
        return bus;
    }
  }

  TimePerByte Copying() const {
    const double channels = std::max(1, tuning_.channels * tuning_.channels_per_ring);
    return 1.0 / (tuning_.copy_per_channel * channels);
  }

  // The inputs that all of NCCL's kernels share.
  Variant Start(Algorithm algorithm, Protocol protocol) const {
    Variant variant;
    variant.card =
        FindCard(op_, algorithm, nodes_ > 1 && local_ > 1 ? Span::kOverNodes : Span::kOneTier);
    variant.protocol = protocol;
    variant.engine = &engine_;
    variant.inputs.ranks = ranks_;
    variant.inputs.nodes = nodes_;
    variant.inputs.local = local_;
    variant.inputs.chunks = 1;
    return variant;
  }

  // Links without peer access are staged through the host as soon as three ranks meet.
  double PeerShare() const { return ranks_ > 2 ? tuning_.host_staged_share : 1; }

  Bandwidth InnerBus() const {
    return tuning_.channel_bandwidth * static_cast<double>(tuning_.channels);
  }

  // What the links inside really carry: never more than the tier has, and only what other groups
  // leave. On a bus the rate of one rank depends on who talks, which the channels found there
  // already say.
  Bandwidth InsideNow(Bandwidth bus) const {
    const Bandwidth found = bus * shape_.inner_share;
    return shape_.inner_bus ? found : Min(found, shape_.all_peers);
  }

  void SetLinks(std::size_t protocol, Variant* variant) const {
    Inputs<double>& x = variant->inputs;
    const double scale = tuning_.latency_scale;
    if (nodes_ == 1) {
      x.latency = InnerHop(protocol, scale);
      x.bandwidth = InsideNow(RingBus(protocol, InnerBus(), tuning_.channels) * PeerShare());
      return;
    }
    // A hop takes no longer on a ring than on a tree: a larger entry of the table only steers the
    // choice.
    const Time hop = Min(NetworkHop(protocol), tuning_.network.tree[protocol]);
    x.net_latency = hop + BeyondRing();
    x.net_bandwidth = RingBus(protocol, graph_.network, graph_.channels);
    if (local_ == 1) {
      x.latency = x.net_latency;
      x.bandwidth = x.net_bandwidth;
    } else {
      x.latency = InnerHop(protocol, scale);
      x.bandwidth = InsideNow(RingBus(protocol, InnerBus(), tuning_.channels));
    }
  }

  void AddRing(std::size_t protocol) {
    const bool rooted = op_ == Op::kBroadcast || op_ == Op::kReduce;
    if (op_ == Op::kAllToAll || op_ == Op::kPointToPoint) return;
    Variant variant = Start(Algorithm::kRing, kProtocols[protocol]);
    if (variant.card == nullptr) {
      // Rooted operations have one formula, for one tier: the slower link then carries the chain.
      variant.card = FindCard(op_, Algorithm::kRing, Span::kOneTier);
    }
    CHECK(variant.card != nullptr);
    SetLinks(protocol, &variant);
    if (rooted) {
      AddRooted(protocol, variant);
      return;
    }
    Inputs<double>& x = variant.inputs;
    x.launch = tuning_.base_ring[protocol] * tuning_.latency_scale + Extra(variant.protocol);
    if (variant.protocol == Protocol::kSimple) x.copying = Copying();
    const double steps = Steps();
    const double crossings = nodes_ == 1 ? 0 : (op_ == Op::kAllReduce ? 2.0 : 1.0) * (nodes_ - 1.0);
    variant.choice_latency = tuning_.base_ring[protocol] +
                             (steps - crossings) * InnerHop(protocol, 1) +
                             crossings * (NetworkHop(protocol) + Reported(protocol));
    variant.choice_bandwidth = RingBus(protocol, graph_.bus, graph_.channels) * (ranks_ / steps);
    if (op_ == Op::kAllReduce && variant.protocol == Protocol::kSimple && nodes_ > 1) {
      variant.choice_plateau = variant.choice_latency * (tuning_.ring_simple_network_factor - 1.0);
      variant.plateau_from = B(64) * (1.0 * graph_.channels * ranks_);
      variant.size_rule = SizeRule::kRingPlateau;
    }
    variants_.push_back(variant);
  }

  // Broadcast and reduce: a chain so finely chunked that NCCL counts one hop only, the slowest one;
  // Simple has the tree's entry. On all links at once the slowest one sets the pace.
  void AddRooted(std::size_t protocol, Variant variant) {
    Inputs<double>& x = variant.inputs;
    const bool simple = variant.protocol == Protocol::kSimple;
    const Time inner = simple ? tuning_.inner.tree[protocol] : tuning_.inner.ring[protocol];
    const Time hop = nodes_ == 1 ? inner * tuning_.latency_scale : Max(x.net_latency, inner);
    if (nodes_ > 1 && local_ > 1) x.bandwidth = Min(x.bandwidth, x.net_bandwidth);
    x.launch = tuning_.base_ring[protocol] * tuning_.latency_scale + Extra(variant.protocol) + hop;
    x.latency = Time();
    x.chunks = kFine;
    variant.choice_latency =
        tuning_.base_ring[protocol] + (nodes_ == 1 ? inner : tuning_.network.ring[protocol]);
    variant.choice_bandwidth = RingBus(protocol, graph_.bus, graph_.channels);
    variants_.push_back(variant);
  }

  void AddTree(std::size_t protocol) {
    Variant variant = Start(Algorithm::kTree, kProtocols[protocol]);
    variant.card = FindCard(op_, Algorithm::kTree, Span::kOverNodes);
    variant.size_rule = SizeRule::kTreeCorrection;
    const Bandwidth bus = TreeBus(variant.protocol, graph_.bus, graph_.channels);
    Inputs<double>& x = variant.inputs;
    const Time network = tuning_.network.tree[protocol];
    x.launch = tuning_.base_tree[protocol] * tuning_.latency_scale + Extra(variant.protocol);
    x.latency = tuning_.inner.tree[protocol] * tuning_.latency_scale;
    x.net_latency = network + (nodes_ > 1 ? BeyondTree() : Time());
    x.bandwidth = InsideNow(TreeBus(variant.protocol, InnerBus(), tuning_.channels) * PeerShare());
    x.net_bandwidth =
        nodes_ == 1 ? x.bandwidth : TreeBus(variant.protocol, graph_.network, graph_.channels);
    if (variant.protocol == Protocol::kSimple && tuning_.tree_simple_steers) {
      variant.size_rule = SizeRule::kNone;
      x.bandwidth = InsideNow(InnerBus());
      x.net_bandwidth = nodes_ == 1 ? x.bandwidth : graph_.network;
    }
    if (local_ == 1) x.bandwidth = x.net_bandwidth;
    variant.choice_latency = tuning_.base_tree[protocol] +
                             2.0 * ((local_ - 1.0) * tuning_.inner.tree[protocol] +
                                    std::floor(std::log2(nodes_)) * (network + Reported(protocol)));
    variant.choice_bandwidth = bus * 0.5;
    variants_.push_back(variant);
  }

  Bandwidth TreeBus(Protocol protocol, Bandwidth graph_bus, int graph_channels) const {
    const double channels = graph_channels;
    const std::size_t scale = graph_.scale;
    const bool other =
        protocol == Protocol::kSimple && nodes_ > 2 && tuning_.tree_simple_share_more > 0;
    const double share = other ? tuning_.tree_simple_share_more : tuning_.tree_share;
    const Bandwidth bus = Min(share * graph_bus, channels * tuning_.channel_tree[scale]);
    if (protocol == Protocol::kLL) {
      return Min(bus / tuning_.tree_ll_divisor, tuning_.ll_max[scale]);
    }
    if (protocol == Protocol::kLL128) {
      const double useful =
          nodes_ == 1 ? tuning_.tree_ll128_share_inner : tuning_.tree_ll128_share_network;
      return Min(bus * useful, channels * tuning_.channel_tree_ll128[scale]);
    }
    return bus;
  }

  // In-switch reduction needs three ranks and a switch that adds; over nodes it becomes a tree.
  void AddInSwitch() {
    if (!shape_.in_switch || tuning_.nvls_efficiency <= 0 || local_ <= 2) return;
    const double heads = local_;
    const Bandwidth head = Speed(tuning_.nvls_speeds, tuning_.link_total / (heads + 1));
    if (nodes_ == 1) {
      AddNvls(head);
    } else if (op_ == Op::kAllReduce) {
      AddNvlsTree(head);
      if (HasCollnet()) AddNvlsOverNodes(head);
    }
  }

  bool HasCollnet() const {
    const bool too_many = tuning_.collnet_ranks_max > 0 && local_ > tuning_.collnet_ranks_max;
    return op_ == Op::kAllReduce && nodes_ > 1 && shape_.net_in_switch &&
           tuning_.collnet_direct_share > 0 && !too_many;
  }

  // One of the ways through a network that adds. All cards of a node carry the data once.
  Variant StartInNetwork(Algorithm algorithm, Time hop) const {
    Variant variant = Start(algorithm, Protocol::kSimple);
    variant.card = FindCard(op_, algorithm, Span::kOverNodes);
    Inputs<double>& x = variant.inputs;
    x.launch = Extra(Protocol::kSimple);
    x.net_latency = hop + Beyond(shape_.net_latency);
    x.net_bandwidth = graph_.network / (1.0 * local_);
    variant.choice_latency = hop + Reported(2);
    return variant;
  }

  void AddCollnet() {
    if (!HasCollnet()) return;
    const double others = local_ - 1.0;
    // Heads that have no card of their own share one: half of the shortage counts.
    const double per_card = 1.0 * local_ / graph_.channels;
    const double shortage = per_card - (per_card - 1) / 2;

    Variant direct = StartInNetwork(Algorithm::kCollnetDirect, tuning_.network.collnet_direct);
    const Time posts = 2.0 * others * tuning_.collnet_per_peer;
    const double hops = std::min(1.0, others);
    direct.inputs.launch += posts;
    direct.inputs.latency = tuning_.inner.collnet_direct * tuning_.latency_scale;
    direct.inputs.bandwidth = InsideNow(InnerBus());
    direct.choice_latency += posts + 2.0 * hops * tuning_.inner.collnet_direct;
    direct.choice_bandwidth = graph_.bus * (0.5 * tuning_.collnet_direct_share / shortage);
    variants_.push_back(direct);

    Variant chain = StartInNetwork(Algorithm::kCollnetChain, tuning_.network.collnet_chain);
    chain.inputs.latency = tuning_.inner.collnet_chain * tuning_.latency_scale;
    chain.inputs.bandwidth = InsideNow(InnerBus());
    chain.choice_latency += 2.0 * others * tuning_.inner.collnet_chain;
    chain.choice_bandwidth = graph_.bus * 0.5;
    variants_.push_back(chain);
  }

  void AddNvlsOverNodes(Bandwidth head) {
    Variant variant = StartInNetwork(Algorithm::kNvls, tuning_.network.nvls);
    const double heads = local_;
    const Bandwidth useful = head * tuning_.nvls_efficiency;
    const double channels = std::min<double>(heads, graph_.channels);
    const Bandwidth inside = 2.0 * useful * ((heads - 1) / heads);
    const Bandwidth card = graph_.bus / static_cast<double>(graph_.channels);
    Inputs<double>& x = variant.inputs;
    x.latency = tuning_.inner.nvls * tuning_.latency_scale;
    x.bandwidth = InsideNow((heads + 1) * useful);
    variant.choice_latency += tuning_.inner.nvls;
    variant.choice_bandwidth = channels * Min(inside, card) * (ranks_ / Steps());
    variants_.push_back(variant);
  }

  void AddNvls(Bandwidth head) {
    if (FindCard(op_, Algorithm::kNvls, Span::kOneTier) == nullptr) return;
    Variant variant = Start(Algorithm::kNvls, Protocol::kSimple);
    const double p = ranks_;
    const Bandwidth useful = head * tuning_.nvls_efficiency;
    Inputs<double>& x = variant.inputs;
    // One latency for the whole call, however many chunks.
    x.launch = tuning_.inner.nvls * tuning_.latency_scale + Extra(Protocol::kSimple);
    variant.choice_latency = tuning_.inner.nvls;
    if (op_ == Op::kAllReduce) {
      x.bandwidth = InsideNow((p + 1) * useful);
      // NCCL's roles are scatter, sum and copy, gather; filling between sum and copy is the
      // formula's own.
      x.stages = std::max(0, tuning_.nvls_pipeline_stages - 2);
      variant.size_rule = SizeRule::kNvlsChunks;
      variant.choice_bandwidth = p * useful;
    } else {
      variant.choice_bandwidth = useful * ((p - 1) * (p - 1) / p);
      x.bandwidth = InsideNow(variant.choice_bandwidth);
    }
    variants_.push_back(variant);
  }

  void AddNvlsTree(Bandwidth head) {
    Variant variant = Start(Algorithm::kNvlsTree, Protocol::kSimple);
    const double heads = local_;
    const Bandwidth inside = 2.0 * head * tuning_.nvls_efficiency * ((heads - 1) / heads);
    const Bandwidth card = graph_.bus / static_cast<double>(graph_.channels);
    const Bandwidth across = graph_.scale == 1 ? 2.0 * card : card;
    const double channels = std::min<double>(heads, graph_.channels);
    const Bandwidth bus =
        channels * Min(Min(inside, across), tuning_.channel_nvls_tree[graph_.scale]);
    Inputs<double>& x = variant.inputs;
    x.launch = Extra(Protocol::kSimple);
    x.latency = tuning_.inner.nvls_tree * tuning_.latency_scale;
    x.net_latency = tuning_.network.nvls_tree + BeyondTree();
    // A bus bandwidth: the switch's work lets a link carry only (1 + 1/q)S of the 2(q-1)/q S that
    // it counts.
    const double per_link = 2 * (heads - 1) / (heads + 1);
    const Bandwidth bus_inside = channels * Min(inside, tuning_.channel_nvls_tree[graph_.scale]);
    x.bandwidth = InsideNow(bus_inside / per_link) * per_link;
    x.net_bandwidth = Min((graph_.scale == 1 ? 2.0 : 1.0) * graph_.network,
                          channels * tuning_.channel_nvls_tree[graph_.scale]);
    // Data passes NCCL's roles (scatter; sum and copy; gather) one after the other, a round at a
    // time.
    x.stages = std::max(0, tuning_.nvls_pipeline_stages - 1);
    variant.size_rule = SizeRule::kNvlsTreeChunks;
    variant.choice_latency =
        tuning_.inner.nvls_tree +
        2.0 * std::floor(std::log2(nodes_)) * (tuning_.network.nvls_tree + Reported(2));
    variant.choice_bandwidth = bus * (ranks_ / Steps());
    variants_.push_back(variant);
  }

  // One GPU per node only, as NCCL allows it.
  void AddPat() {
    if (local_ != 1 || nodes_ == 1 || tuning_.pat_share <= 0) return;
    if (op_ != Op::kAllGather && op_ != Op::kReduceScatter) return;
    Variant variant = Start(Algorithm::kPat, Protocol::kSimple);
    const double rounds = std::floor(std::log2(nodes_));
    const Time hop = tuning_.network.pat / tuning_.pat_latency_divisor;
    Inputs<double>& x = variant.inputs;
    x.launch = tuning_.base_pat * tuning_.latency_scale + tuning_.pat_per_rank * (1.0 * ranks_);
    x.latency = hop + BeyondTree();
    x.bandwidth = graph_.network * tuning_.pat_share;
    variant.choice_latency = tuning_.base_pat +
                             rounds * (hop + Reported(2) / tuning_.pat_latency_divisor) +
                             tuning_.pat_per_rank * (1.0 * ranks_);
    variant.choice_bandwidth = graph_.bus * tuning_.pat_share;
    variants_.push_back(variant);
  }

  // Sends and receives: NCCL takes LL for small parts and Simple for the others.
  void AddDirect() {
    if (op_ != Op::kAllToAll && op_ != Op::kPointToPoint) return;
    for (const std::size_t protocol : {std::size_t{0}, std::size_t{2}}) {
      Variant variant = Start(Algorithm::kDirect, kProtocols[protocol]);
      if (variant.card == nullptr) variant.card = FindCard(op_, Algorithm::kDirect, Span::kOneTier);
      SetLinks(protocol, &variant);
      Inputs<double>& x = variant.inputs;
      x.launch = tuning_.base_ring[protocol] * tuning_.latency_scale + Extra(variant.protocol);
      if (protocol == 2 && op_ == Op::kAllToAll) x.copying = Copying();
      if (nodes_ > 1) {
        // One proxy posts a message to each peer beyond the node, one after the other; the first
        // post is part of the hop.
        const double posts = (op_ == Op::kAllToAll ? ranks_ - local_ : 1) - 1.0;
        x.net_latency += posts * Post(protocol);
        if (local_ == 1) x.latency = x.net_latency;
        if (local_ > 1) x.net_bandwidth = ExchangeRate(shape_.Network(), ranks_);
      }
      const double parts = op_ == Op::kAllToAll ? ranks_ : 1;
      variant.ll_limit = tuning_.p2p_ll_per_channel * (parts * tuning_.p2p_channels_per_peer);
      variants_.push_back(variant);
    }
  }

  const Engine& engine_;
  const NcclTuning& tuning_;
  const Op op_;
  const GroupShape& shape_;
  const Graph graph_;
  const int nodes_;
  const int local_;
  const int ranks_;
  std::vector<Variant> variants_;
};

}  // namespace

std::vector<Variant> NcclVariants(const Engine& engine, Op op, const GroupShape& shape) {
  return Builder(engine, op, shape).Build();
}

}  // namespace commplan
