// For tests: NCCL's tuning model on H100 nodes, with the constants of its source, and how to find
// one of its variants.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/test_matchers.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/collective/variant.h"
#include "model/fabric/fabric.h"

namespace commplan {

// Sums of a few decimal fractions: nothing but rounding separates them.
inline constexpr double kRounding = 1e-12;

inline PerProtocol Latencies(double ll, double ll128, double simple) {
  return {Micros(ll), Micros(ll128), Micros(simple)};
}
inline PerScale Ceilings(double one, double two, double more) {
  return {GBps(one), GBps(two), GBps(more)};
}

// Hopper with NVLink inside and hosts by Intel: 12 rings of 30 GB/s in a node.
inline NcclTuning Hopper() {
  NcclTuning t;
  t.base_tree = Latencies(6.8, 14, 8.4);
  t.base_ring = Latencies(6.6, 14, 8.4);
  t.base_pat = Micros(8);
  t.inner = {Latencies(0.6, 1.25, 4), Latencies(0.6, 1.9, 3.4), Micros(25), Micros(25), Micros(4)};
  t.network = {Latencies(5, 8.5, 14), Latencies(2.7, 4, 14), Micros(18), Micros(20.9), Micros(14)};
  t.inner.collnet_direct = Micros(3.7);
  t.inner.collnet_chain = Micros(2.8);
  t.network.collnet_direct = Micros(31);
  t.network.collnet_chain = Micros(30);
  t.collnet_direct_share = 0.85;
  t.collnet_per_peer = Micros(0.4);
  t.collnet_ranks_max = 8;
  t.network_post = Micros(1);
  t.network_wire = Micros(2);
  t.ll_max = Ceilings(141, 39, 20.4);
  t.channel_ring_ll128 = Ceilings(36.7, 36.7, 36.7);
  t.channel_tree_ll128 = Ceilings(36.7, 36.7, 29);
  t.channel_tree = Ceilings(38.7, 41.4, 36);
  t.channel_nvls_tree = Ceilings(0, 57.7, 45.5);
  t.ring_ll_share = 0.5;
  t.ring_ll128_share = 0.92;
  t.tree_share = 0.92;
  t.tree_ll_divisor = 3.8;
  t.tree_ll128_share_inner = 7.0 / 9;
  t.tree_ll128_share_network = 120.0 / 128;
  t.pat_share = 0.75;
  t.nvls_efficiency = 0.85;
  t.ring_simple_network_factor = 1.4;
  t.pat_latency_divisor = 3.5;
  t.pat_per_rank = Micros(2.8);
  t.tree_correction = {
      {{1, 1, 1, 1, .9, .8, .7, .7, .7, .7, .6, .5, .4, .4, .5, .6, .7, .8, .9, 1, 1, 1, 1},
       {1, 1, 1, 1, 1, .9, .8, .8, .8, .7, .6, .6, .6, .6, .6, .6, .8, .9, .9, .9, .9, 1, 1},
       {.9, .9, .9, .9, .9, .9, .9, .8, .7, .6, .6, .5,
        .5, .5, .5, .6, .7, .8, .7, .7, .8, .9, .9}}};
  t.ll128_inside = true;
  t.channels = 12;
  t.channel_bandwidth = GBps(30);
  t.link_total = GBps(370.8);
  t.network_speeds = {GBps(48), GBps(45), GBps(42), GBps(40), GBps(30), GBps(24)};
  t.nvls_speeds = {GBps(60), GBps(50), GBps(40), GBps(30), GBps(24)};
  t.channels_per_ring = 2;
  t.copy_per_channel = GBps(44);
  t.nvls_channels = 16;
  t.nvls_chunk = KiB(128);
  t.nvls_chunk_steps = {{64, KiB(64)}, {8, KiB(32)}, {2, KiB(16)}};
  t.nvls_tree_chunk_more = KiB(64);
  t.nvls_tree_chunk_steps = {{32, KiB(256)}, {16, KiB(128)}, {4, KiB(64)}, {1, KiB(32)}};
  t.nvls_pipeline_stages = 3;
  t.p2p_channels_per_peer = 32;
  t.p2p_ll_per_channel = KiB(16);
  return t;
}

inline Engine Nccl(const NcclTuning& tuning = Hopper()) {
  Engine engine;
  engine.name = "nccl";
  engine.rule = EngineRule::kNccl;
  engine.nccl = tuning;
  return engine;
}

// Nodes of 8 ranks with `cards` network cards of 50 GB/s each.
inline Fabric Nodes(int cards = 8, bool in_switch = true) {
  Tier inside{.name = "nvlink", .ranks = 8, .bandwidth = GBps(450), .latency = Micros(1)};
  inside.in_switch_reduction = in_switch;
  Tier network{.name = "network", .bandwidth = GBps(50), .latency = Micros(2)};
  network.ports = cards;
  return {{inside, network}};
}

inline GroupShape Shape(const Fabric& fabric, const Group& group) {
  const Result<Placement> placement = Place(fabric, group);
  EXPECT_THAT(placement, IsOk());
  return ShapeOf(fabric, *placement);
}

inline const Variant* Find(const std::vector<Variant>& variants, Algorithm algorithm,
                           Protocol protocol) {
  for (const Variant& variant : variants) {
    if (variant.card->algorithm == algorithm && variant.protocol == protocol) return &variant;
  }
  return nullptr;
}

inline std::string Called(const Variant& variant) {
  return std::string(Name(variant.card->algorithm)) + "/" + std::string(Name(variant.protocol));
}

inline std::vector<std::string> Names(const std::vector<Variant>& variants) {
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.push_back(Called(variant));
  return names;
}

inline std::vector<std::string> NamesFor(const NcclTuning& tuning, Op op, const Fabric& fabric,
                                         const Group& group) {
  const Engine engine = Nccl(tuning);
  return Names(NcclVariants(engine, op, Shape(fabric, group)));
}

}  // namespace commplan
