#include "model/collective/variant.h"

#include <algorithm>
#include <cmath>

#include "model/base/check.h"

namespace commplan {
namespace {

// Longer than any answer, and finite.
constexpr Time kNever = Seconds(1e30);

Inputs<double> BaseInputs(const GroupShape& shape) {
  Inputs<double> x;
  x.ranks = shape.ranks;
  x.nodes = shape.nodes;
  x.local = shape.local;
  x.chunks = 1;
  x.latency = shape.latency;
  x.bandwidth = shape.neighbour;
  x.net_latency = shape.net_latency;
  x.net_bandwidth = shape.net_rank;
  return x;
}

bool TalksToAllPeers(Op op, Algorithm algorithm) {
  if (op == Op::kPointToPoint) return false;
  // Its exchange inside the node is the direct one.
  if (op == Op::kAllToAll && algorithm == Algorithm::kHierarchical) return true;
  return algorithm == Algorithm::kOneShot || algorithm == Algorithm::kTwoShot ||
         algorithm == Algorithm::kDirect || algorithm == Algorithm::kNvls;
}

bool Serves(const FormulaCard& card, Op op, const GroupShape& shape) {
  if (card.op != op) return false;
  if ((card.span == Span::kOverNodes) != (shape.nodes > 1)) return false;
  if (card.algorithm == Algorithm::kNvls && !shape.in_switch) return false;
  // NCCL's own trees are priced by NCCL's tuning model only: their bandwidth is no number of the
  // fabric.
  if (card.span == Span::kOverNodes &&
      (card.algorithm == Algorithm::kTree || card.algorithm == Algorithm::kNvlsTree)) {
    return false;
  }
  const bool power_of_two = (shape.ranks & (shape.ranks - 1)) == 0;
  return !card.powers_of_two_only || power_of_two;
}

double NvlsChunks(const NcclTuning& tuning, double ranks, Bytes bytes) {
  Bytes chunk = tuning.nvls_chunk;
  const double parts = tuning.nvls_channels * ranks;
  for (const NvlsChunkStep& step : tuning.nvls_chunk_steps) {
    if (bytes < step.factor * parts * chunk && chunk > step.chunk) chunk = step.chunk;
  }
  return std::max(1.0, std::ceil(bytes / (parts * chunk)));
}

double TreeCorrection(const NcclTuning& tuning, Protocol protocol, Bytes bytes) {
  const auto& table = tuning.tree_correction[static_cast<std::size_t>(protocol) - 1];
  if (bytes < B(64)) return 1;
  const double octave = std::floor(std::log2(InBytes(bytes) / 64));
  return octave < static_cast<double>(table.size()) ? table[static_cast<std::size_t>(octave)] : 1;
}

// A time falls and then rises again with the number of chunks: doublings find the valley, and one
// step to either side of the best of them comes closer to its bottom than any measurement tells.
double BestChunks(const Variant& variant, Inputs<double> x) {
  double best = 1;
  Time least = variant.card->value(x).Total();
  const auto is_better = [&](double chunks) {
    x.chunks = chunks;
    const Time time = variant.card->value(x).Total();
    if (time >= least) return false;
    least = time;
    best = chunks;
    return true;
  };
  double chunks = 2;
  while (chunks <= InBytes(x.bytes) && is_better(chunks)) chunks *= 2;
  if (best > 2 && !is_better(best * 3 / 2)) is_better(best * 3 / 4);
  if (best == 2) is_better(3);
  return best;
}

// How much of its rate inside a node a group keeps beside others of its kind.
double InnerShare(const Fabric& fabric, const Placement& placement) {
  if (placement.group.concurrent == 1) return 1;
  Group alone = placement.group;
  alone.concurrent = 1;
  const Result<Placement> free = Place(fabric, alone);
  CHECK(free.ok());
  return placement.levels.front().neighbour / free->levels.front().neighbour;
}

}  // namespace

GroupShape ShapeOf(const Fabric& fabric, const Placement& placement) {
  GroupShape shape;
  shape.ranks = shape.local = placement.group.ranks;
  if (placement.levels.empty()) return shape;
  const Level& inner = placement.levels.front();
  const Tier& tier = fabric.tiers[static_cast<std::size_t>(inner.tier)];
  shape.local = inner.domains;
  shape.nodes = placement.group.ranks / inner.domains;
  shape.network_only = inner.tier > 0;
  shape.inner_bus = tier.kind == TierKind::kBus;
  shape.in_switch = tier.in_switch_reduction;
  shape.latency = inner.latency;
  shape.neighbour = inner.neighbour;
  shape.all_peers = inner.all_peers;
  shape.inner_share = InnerShare(fabric, placement);
  if (shape.network_only) {
    shape.net_port = tier.bandwidth;
    shape.net_rank = inner.neighbour;
    shape.net_together = inner.together;
    shape.net_latency = inner.latency;
  }
  // Several outer tiers count as one: the longest way and the narrowest one.
  for (std::size_t i = 1; i < placement.levels.size(); ++i) {
    const Level& level = placement.levels[i];
    const Tier& outer = fabric.tiers[static_cast<std::size_t>(level.tier)];
    shape.net_latency = Max(shape.net_latency, level.latency);
    const bool first = i == 1 && !shape.network_only;
    shape.net_rank = first ? level.neighbour : Min(shape.net_rank, level.neighbour);
    shape.net_together = first ? level.together : Min(shape.net_together, level.together);
    if (first) {
      shape.net_port = outer.bandwidth;
      shape.net_ports = std::min(outer.ports, shape.local);
    }
  }
  return shape;
}

std::vector<Variant> TextbookVariants(const Engine& engine, Op op, const GroupShape& shape) {
  std::vector<Variant> variants;
  for (const FormulaCard& card : FormulaCards()) {
    if (!Serves(card, op, shape)) continue;
    // One message between two ranks is no algorithm to choose: every engine has it.
    const bool all = engine.rule != EngineRule::kFixed || op == Op::kPointToPoint;
    if (!all && card.algorithm != engine.fixed) continue;
    Variant variant{.card = &card, .inputs = BaseInputs(shape), .engine = &engine};
    variant.inputs.reduction = engine.reduction;
    if (TalksToAllPeers(op, card.algorithm)) variant.inputs.bandwidth = shape.all_peers;
    // A flat ring over nodes is fed by all cards of a node; the direct exchange and the hierarchies
    // count per rank.
    if (card.span == Span::kOverNodes && card.algorithm == Algorithm::kRing) {
      variant.inputs.net_bandwidth = shape.net_together;
    }
    const bool pipelined =
        (op == Op::kAllReduce &&
         (card.algorithm == Algorithm::kNvls || card.algorithm == Algorithm::kTree ||
          card.algorithm == Algorithm::kHierarchical)) ||
        (card.algorithm == Algorithm::kRing && (op == Op::kBroadcast || op == Op::kReduce));
    if (pipelined) variant.size_rule = SizeRule::kBestChunks;
    variants.push_back(variant);
  }
  return variants;
}

std::vector<Variant> KernelVariants(const Engine& engine, Op op, const GroupShape& shape) {
  std::vector<Variant> variants;
  if (shape.nodes > 1 || shape.network_only) return variants;
  for (const KernelCost& kernel : engine.kernels) {
    const FormulaCard* card = FindCard(op, kernel.algorithm, Span::kOneTier);
    if (card == nullptr || !Serves(*card, op, shape)) continue;
    Variant variant{.card = card, .inputs = BaseInputs(shape), .engine = &engine};
    variant.inputs.launch = kernel.launch;
    variant.inputs.latency = kernel.latency;
    variant.inputs.bandwidth = kernel.bandwidth_share * shape.all_peers;
    variant.inputs.reduction = kernel.reduction;
    if (kernel.algorithm == Algorithm::kNvls) {
      // One kernel that sums and copies word by word between two barriers: no chunks to wait for.
      variant.inputs.launch += kernel.latency * 2.0;
      variant.inputs.latency = Time();
      variant.inputs.chunks = kFine;
    }
    variants.push_back(variant);
  }
  return variants;
}

Inputs<double> InputsFor(const Variant& variant, Bytes bytes) {
  Inputs<double> x = variant.inputs;
  x.bytes = bytes;
  switch (variant.size_rule) {
    case SizeRule::kNone:
      break;
    case SizeRule::kBestChunks:
      x.chunks = BestChunks(variant, x);
      break;
    case SizeRule::kNvlsChunks:
      x.chunks = NvlsChunks(variant.engine->nccl, x.ranks, bytes);
      break;
    case SizeRule::kTreeCorrection: {
      const double share = TreeCorrection(variant.engine->nccl, variant.protocol, bytes);
      x.bandwidth = x.bandwidth * share;
      x.net_bandwidth = x.net_bandwidth * share;
      break;
    }
  }
  return x;
}

Time ChoiceTime(const Variant& variant, Bytes bytes) {
  if (variant.engine->rule != EngineRule::kNccl) {
    return variant.card->value(InputsFor(variant, bytes)).Total();
  }
  // A rule, not a comparison: what it rules out loses to everything.
  if (variant.ll_limit > B(0)) {
    return (bytes <= variant.ll_limit) == (variant.protocol == Protocol::kLL) ? Seconds(0) : kNever;
  }
  const double share = variant.size_rule == SizeRule::kTreeCorrection
                           ? TreeCorrection(variant.engine->nccl, variant.protocol, bytes)
                           : 1;
  const Time latency = bytes < variant.plateau_from
                           ? variant.choice_latency
                           : variant.choice_latency + variant.choice_plateau;
  return latency + bytes / (variant.choice_bandwidth * share);
}

}  // namespace commplan
