// An engine is who runs a collective: NCCL, the kernels of a serving engine, or the textbook. It is
// pure data: every threshold, latency and efficiency by which the engine chooses and by which its
// kernels are priced comes from a profile.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/collective/algorithm.h"
#include "model/collective/measured.h"

namespace commplan {

// One number for each of NCCL's protocols LL, LL128, Simple.
using PerProtocol = std::array<Time, 3>;
// One number for 1 node, 2 nodes, and more (NCCL's scale columns).
using PerScale = std::array<Bandwidth, 3>;

// The latencies of NCCL's tuning model for one kind of link. What is no ring and no tree has only
// the Simple protocol.
struct NcclLinkLatency {
  PerProtocol tree{};
  PerProtocol ring{};
  Time nvls{};
  Time nvls_tree{};
  Time pat{};
  Time collnet_direct{};
  Time collnet_chain{};

  bool operator==(const NcclLinkLatency&) const = default;
};

// One step of the rule by which NVLS picks its chunk: below `factor` chunks per channel and rank,
// at most `chunk`.
struct NvlsChunkStep {
  double factor = 0;
  Bytes chunk{};
};

// NCCL's tuning model: what its own choice between algorithms and protocols computes, and what
// pricing adds to it.
struct NcclTuning {
  // Latencies. `base` is once per call; `inner` and `network` are per step on the tier they are
  // named for.
  PerProtocol base_tree{};
  PerProtocol base_ring{};
  Time base_pat{};
  NcclLinkLatency inner;
  NcclLinkLatency network;
  Time network_post{};  // posting a message to a network card; three times per Simple step
  // What the network's plugin says a message takes on its device. It steers the choice: once per
  // hop, twice for Simple.
  Time network_reported{};
  // What the wire takes of the table's network hop. A network whose messages take longer adds the
  // rest to the price.
  Time network_wire{};

  // Bandwidth ceilings.
  PerScale ll_max{};              // bus bandwidth of LL
  PerScale channel_ring_ll128{};  // per channel
  PerScale channel_tree_ll128{};
  PerScale channel_tree{};
  PerScale channel_nvls_tree{};
  double ring_ll_share = 0;  // of the bus bandwidth
  double ring_ll128_share = 0;
  double tree_share = 0;
  double tree_simple_share_more = 0;  // the same for Simple from three nodes on; 0: no other
  double tree_ll_divisor = 0;
  double tree_ll128_share_inner = 0;
  double tree_ll128_share_network = 0;
  double pat_share = 0;        // 0: no PAT
  double nvls_efficiency = 0;  // 0: no in-switch reduction
  double ring_simple_network_factor =
      1;  // on the latency of Ring/Simple over nodes, large messages
  double pat_latency_divisor = 1;
  Time pat_per_rank{};
  // Per protocol, by log2(bytes / 64).
  std::array<std::vector<double>, 3> tree_correction;
  std::array<std::vector<double>, 3> ring_correction;  // over nodes
  std::vector<double> nvls_tree_correction;
  bool tree_simple_off_inside = false;
  // Shares and correction of Tree/Simple only steer the choice: a price takes what the links carry.
  bool tree_simple_steers = false;
  // CollNet: the network's switches add, where a tier says that they do.
  double collnet_direct_share = 0;  // 0: no CollNet
  Time collnet_per_peer{};          // of CollNetDirect, for each other rank of the node and way
  int collnet_ranks_max = 0;        // most ranks of a node; 0: no limit
  bool ll128_inside = false;        // whether LL128 may be used on the inner tier's links

  // What the topology search finds.
  int channels = 0;               // rings inside a node
  Bandwidth channel_bandwidth{};  // of each of them
  Bandwidth link_total{};         // all links of a rank, as NCCL counts them
  std::vector<Bandwidth>
      network_speeds;  // per channel over the network, descending: the search's steps
  std::vector<Bandwidth> nvls_speeds;  // per head, descending

  // Pricing beyond the tuning model.
  int channels_per_ring = 0;     // kernels run on this many channels for each ring found
  Bandwidth copy_per_channel{};  // between user buffer and NCCL's own, one channel
  double latency_scale = 1;      // clock of the device against the one that the tables were made on
  double host_staged_share =
      1;  // of the bandwidth that is left where more than two ranks meet without NVLink
  Time extra_ll_gather{};  // fixed cost of newer devices beyond the tables
  Time extra_ll{};
  Time extra_simple_reduce{};
  Time extra_simple{};
  int nvls_channels = 0;
  Bytes nvls_chunk{};  // the largest one
  std::vector<NvlsChunkStep> nvls_chunk_steps;
  // The same for in-switch trees over nodes; their chunk is never larger than the one above, and
  // from four nodes on not larger than this.
  Bytes nvls_tree_chunk_more{};  // 0: no such limit
  std::vector<NvlsChunkStep> nvls_tree_chunk_steps;
  int nvls_pipeline_stages = 0;  // scatter, reduce and broadcast, gather
  int p2p_channels_per_peer = 0;
  Bytes p2p_ll_per_channel{};  // a part of at most this many bytes per channel goes by LL
};

// What an engine does otherwise with elements of one type, in operations that add them.
struct TypeRule {
  ElementType type = ElementType::kFp8;
  bool refused = false;    // it does not add them; its fallback may
  bool in_switch = false;  // whether its ways through a switch that adds take them
  // NCCL keeps types that lose precision with each addition off long rings: beyond so many ranks
  // its estimate for a ring is multiplied. 0: no limit.
  int ring_ranks_max = 0;
  double ring_factor = 1;
};

// A size range in which an engine runs one algorithm.
struct ChoiceRule {
  Op op = Op::kAllReduce;
  int ranks_min = 1;
  int ranks_max = 1;
  Bytes bytes_min{};
  Bytes bytes_max{};  // inclusive
  Algorithm algorithm = Algorithm::kRing;
};

// What a kernel costs beside the links: all of it once per call, the latency once per
// synchronisation.
struct KernelCost {
  Algorithm algorithm = Algorithm::kOneShot;
  Time launch{};
  Time latency{};              // one barrier among the ranks
  double bandwidth_share = 1;  // of the tier's bandwidth
  TimePerByte reduction{};
};

enum class EngineRule {
  kNccl,      // NCCL's tuning model
  kRules,     // the first matching ChoiceRule, else the fallback engine
  kCheapest,  // the textbook formula with the smallest time
  kFixed,     // one algorithm, always
  kMeasured,  // curves of measured times; the fallback engine says how, and prices the rest
};

struct Engine {
  std::string name;
  std::string version;
  EngineRule rule = EngineRule::kCheapest;
  NcclTuning nccl;                     // for kNccl
  std::vector<ChoiceRule> rules;       // for kRules
  std::vector<KernelCost> kernels;     // for kRules; one per algorithm that the rules name
  std::vector<TypeRule> types;         // for kNccl and kRules; types without a rule are as any
  std::string fallback;                // for kRules and kMeasured: who runs everything else
  MeasuredTable measured;              // for kMeasured
  Algorithm fixed = Algorithm::kRing;  // for kFixed
  TimePerByte reduction{};             // for kCheapest and kFixed
  // How far measured times lie from this model, as factors on its answer: 0.8 and 1.3, say.
  double band_low = 1;
  double band_high = 1;
  // What those measurements covered; beyond it an answer is extrapolated. 0: no limit.
  int band_ranks_max = 0;
  bool band_rooted = false;  // whether broadcast, reduce and p2p were among them
  int band_nodes_max = 0;
  Bytes band_bytes_min{};
  Bytes band_bytes_max{};
};

// The engine of that name; null where there is none.
inline const Engine* FindEngine(const std::vector<Engine>& engines, std::string_view name) {
  for (const Engine& engine : engines) {
    if (engine.name == name) return &engine;
  }
  return nullptr;
}

}  // namespace commplan
