#include "model/collective/variant.h"

#include <algorithm>
#include <cmath>

#include "model/base/check.h"
#include "model/collective/chunks.h"

namespace commplan {
namespace {

bool IsCollnet(Algorithm algorithm) {
  return algorithm == Algorithm::kCollnetDirect || algorithm == Algorithm::kCollnetChain;
}

bool TalksToAllPeers(Op op, Algorithm algorithm) {
  if (op == Op::kPointToPoint) return false;
  // Its exchange inside the node is the direct one.
  if (op == Op::kAllToAll && algorithm == Algorithm::kHierarchical) return true;
  return algorithm == Algorithm::kOneShot || algorithm == Algorithm::kTwoShot ||
         algorithm == Algorithm::kDirect || algorithm == Algorithm::kNvls ||
         algorithm == Algorithm::kCollnetDirect;
}

bool IsInSwitch(Algorithm algorithm) {
  return algorithm == Algorithm::kNvls || algorithm == Algorithm::kNvlsTree || IsCollnet(algorithm);
}

bool Serves(const FormulaCard& card, Op op, const GroupShape& shape) {
  if (card.op != op) return false;
  const bool over_nodes = card.span == Span::kOverNodes;
  if (over_nodes != (shape.nodes > 1)) return false;
  if (card.algorithm == Algorithm::kNvls && !shape.in_switch) return false;
  if (over_nodes && (card.algorithm == Algorithm::kNvls || IsCollnet(card.algorithm)) &&
      !shape.net_in_switch) {
    return false;
  }
  // NCCL's own trees are priced by NCCL's tuning model only: their bandwidth is no number of the
  // fabric.
  if (card.span == Span::kOverNodes &&
      (card.algorithm == Algorithm::kTree || card.algorithm == Algorithm::kNvlsTree)) {
    return false;
  }
  const bool power_of_two = (shape.ranks & (shape.ranks - 1)) == 0;
  return !card.powers_of_two_only || power_of_two;
}

// Rounds of one chunk per channel and rank that a message takes, by NCCL's rule for the chunk.
double NvlsRounds(const std::vector<NvlsChunkStep>& steps, Bytes chunk, double parts, Bytes bytes) {
  for (const NvlsChunkStep& step : steps) {
    if (bytes < step.factor * parts * chunk && chunk > step.chunk) chunk = step.chunk;
  }
  return chunk > Bytes() ? std::max(1.0, std::ceil(bytes / (parts * chunk))) : 1;
}

double NvlsChunks(const NcclTuning& tuning, double ranks, Bytes bytes) {
  return NvlsRounds(tuning.nvls_chunk_steps, tuning.nvls_chunk, tuning.nvls_channels * ranks,
                    bytes);
}

double NvlsTreeChunks(const NcclTuning& tuning, const Inputs<double>& x) {
  Bytes chunk = tuning.nvls_chunk;
  const bool limited = x.nodes >= 4 && tuning.nvls_tree_chunk_more > Bytes();
  if (limited) chunk = Min(chunk, tuning.nvls_tree_chunk_more);
  return NvlsRounds(tuning.nvls_tree_chunk_steps, chunk, tuning.nvls_channels * x.local, x.bytes);
}

// An entry by log2(bytes / 64); 1 beyond the table.
double Correction(const std::vector<double>& table, Bytes bytes) {
  if (table.empty() || bytes < B(64)) return 1;
  const auto octave = static_cast<std::size_t>(std::ilogb(InBytes(bytes) / 64));
  return octave < table.size() ? table[octave] : 1;
}

double TreeCorrection(const Variant& variant, Bytes bytes) {
  const auto protocol = static_cast<std::size_t>(variant.protocol) - 1;
  return Correction(variant.engine->nccl.tree_correction[protocol], bytes);
}

// By what share of its bandwidth NCCL compares a variant for this size.
double ChoiceShare(const Variant& variant, Bytes bytes) {
  const NcclTuning& tuning = variant.engine->nccl;
  switch (variant.card->algorithm) {
    case Algorithm::kTree:
      return TreeCorrection(variant, bytes);
    case Algorithm::kNvlsTree:
      return Correction(tuning.nvls_tree_correction, bytes);
    case Algorithm::kRing: {
      const auto protocol = static_cast<std::size_t>(variant.protocol) - 1;
      return variant.inputs.nodes > 1 ? Correction(tuning.ring_correction[protocol], bytes) : 1;
    }
    default:
      return 1;
  }
}

// The one formula without chunks that is no line over the size: the slower of two ways counts.
bool IsLarger(const FormulaCard& card) {
  return card.op == Op::kAllToAll && card.algorithm == Algorithm::kDirect &&
         card.span == Span::kOverNodes;
}

// All other formulas are lines over the size, or with chunks to choose not below the line of one
// chunk's latencies and the rates of chunks without end.
void SetLine(Variant* variant) {
  constexpr Bytes kFar = TB(1);
  Inputs<double> x = variant->inputs;
  variant->choice_latency = variant->card->value(x).Total();
  x.bytes = kFar;
  if (variant->size_rule == SizeRule::kBestChunks) {
    x.chunks = kFine * kFine;
    x.latency = x.net_latency = Time();
    for (auto& tier : x.further) tier.latency = Time();
    variant->choice_bandwidth = kFar / variant->card->value(x).Total();
  } else {
    variant->choice_bandwidth = kFar / (variant->card->value(x).Total() - variant->choice_latency);
  }
}

void Slow(double share, Inputs<double>* x) {
  x->bandwidth = x->bandwidth * share;
  x->net_bandwidth = x->net_bandwidth * share;
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

// The algorithm by which an engine with a fixed one runs an operation. One message between two
// ranks is none to choose. An exchange of all pairs needs one that has it: a ring then goes from
// partner to partner over the same link, and over nodes to all at once.
Algorithm FixedFor(const Engine& engine, Op op, const GroupShape& shape) {
  if (op == Op::kPointToPoint) return Algorithm::kDirect;
  const bool exchanges = FindCard(op, engine.fixed, Span::kOneTier) != nullptr ||
                         FindCard(op, engine.fixed, Span::kOverNodes) != nullptr;
  if (op != Op::kAllToAll || exchanges) return engine.fixed;
  return shape.nodes > 1 ? Algorithm::kDirect : Algorithm::kPairwise;
}

// The tiers of a hierarchy, one by one. The outermost one of the formula is a ring or a tree over
// all that are left; `unit` is how many ranks one of its hops passes.
void SetTiers(const GroupShape& shape, bool tree, double rounds, Variant* variant) {
  Inputs<double>& x = variant->inputs;
  const auto set = [&](std::size_t t, Time latency, Bandwidth bandwidth) {
    if (t == 1) {
      x.net_latency = latency;
      x.net_bandwidth = bandwidth;
    } else {
      const double domains = 1.0 * shape.ranks / shape.tiers[t].below;
      x.further[t - 2] = {domains, latency, bandwidth};
    }
  };
  x.tiers = std::min(shape.tiers.size(), 2 + kFurtherTiers);
  for (std::size_t t = 1; t + 1 < x.tiers; ++t) {
    set(t, shape.tiers[t].latency, shape.tiers[t].neighbour);
  }
  const std::size_t last = x.tiers - 1;
  const std::span<const OuterTier> left = std::span(shape.tiers).subspan(last);
  const int unit = left.front().below;
  if (tree) {
    set(last, TreeHop(left, unit, shape.ranks), TreeRate(left, unit, shape.ranks));
    return;
  }
  Bandwidth narrowest = left.front().neighbour;
  for (const OuterTier& tier : left) narrowest = Min(narrowest, tier.neighbour);
  set(last, RingHop(left, unit, rounds * (1.0 * shape.ranks / unit - 1)), narrowest);
}

// The network of a formula over nodes: of a ring all hops share the narrowest rate, and their
// latencies follow each other. A flat ring is fed by all cards of a node; the others count per
// rank.
void SetNetwork(const GroupShape& shape, Variant* variant) {
  const FormulaCard& card = *variant->card;
  Inputs<double>& x = variant->inputs;
  const double rounds = card.op == Op::kAllReduce ? 2 : 1;
  if (card.algorithm == Algorithm::kRing) {
    x.net_bandwidth = shape.net_together;
    x.net_latency = RingHop(shape.Outer(), 1, rounds * (shape.ranks - 1));
  } else if (card.op == Op::kAllToAll) {
    x.net_bandwidth = ExchangeRate(shape.Outer(), shape.ranks);
  } else if (card.algorithm == Algorithm::kHierarchical) {
    SetTiers(shape, card.op == Op::kBroadcast || card.op == Op::kReduce, rounds, variant);
  }
}

}  // namespace

Inputs<double> ShapeInputs(const GroupShape& shape) {
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
    shape.net_in_switch = tier.in_switch_reduction;
    shape.net_port = tier.bandwidth;
    shape.net_rank = inner.neighbour;
    shape.net_together = inner.together;
    shape.net_latency = inner.latency;
  }
  int below = 1;
  for (const Level& level : placement.levels) {
    shape.tiers.push_back({below, level.latency, level.neighbour, level.all_peers});
    below = level.members;
  }
  // Of several outer tiers the longest way and the narrowest one.
  for (std::size_t i = 1; i < placement.levels.size(); ++i) {
    const Level& level = placement.levels[i];
    const Tier& outer = fabric.tiers[static_cast<std::size_t>(level.tier)];
    shape.net_latency = Max(shape.net_latency, level.latency);
    shape.net_in_switch =
        ((i == 1 && !shape.network_only) || shape.net_in_switch) && outer.in_switch_reduction;
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
    if (engine.rule == EngineRule::kFixed && card.algorithm != FixedFor(engine, op, shape))
      continue;
    Variant variant{.card = &card, .inputs = ShapeInputs(shape), .engine = &engine};
    variant.inputs.reduction = engine.reduction;
    if (TalksToAllPeers(op, card.algorithm)) variant.inputs.bandwidth = shape.all_peers;
    if (card.span == Span::kOverNodes) SetNetwork(shape, &variant);
    const bool pipelined =
        (op == Op::kAllReduce &&
         (card.algorithm == Algorithm::kNvls || card.algorithm == Algorithm::kTree ||
          card.algorithm == Algorithm::kHierarchical)) ||
        (card.algorithm == Algorithm::kRing && (op == Op::kBroadcast || op == Op::kReduce));
    if (pipelined) variant.size_rule = SizeRule::kBestChunks;
    if (!IsLarger(card)) SetLine(&variant);
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
    Variant variant{.card = card, .inputs = ShapeInputs(shape), .engine = &engine};
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

const TypeRule* RuleFor(const Engine& engine, Op op, ElementType type) {
  if (!Adds(op) || type == ElementType::kAny) return nullptr;
  const auto found = std::find_if(engine.types.begin(), engine.types.end(),
                                  [&](const TypeRule& rule) { return rule.type == type; });
  return found == engine.types.end() ? nullptr : &*found;
}

void ApplyRule(const TypeRule& rule, std::vector<Variant>* variants) {
  std::erase_if(*variants, [&](const Variant& variant) {
    return rule.refused || (!rule.in_switch && IsInSwitch(variant.card->algorithm));
  });
  for (Variant& variant : *variants) {
    const bool longer = rule.ring_ranks_max > 0 && variant.inputs.ranks > rule.ring_ranks_max;
    if (!longer || variant.card->algorithm != Algorithm::kRing) continue;
    variant.choice_latency = variant.choice_latency * rule.ring_factor;
    variant.choice_plateau = variant.choice_plateau * rule.ring_factor;
    variant.choice_bandwidth = variant.choice_bandwidth / rule.ring_factor;
  }
}

Inputs<double> InputsFor(const Variant& variant, Bytes bytes) {
  Inputs<double> x = variant.inputs;
  x.bytes = bytes;
  switch (variant.size_rule) {
    case SizeRule::kNone:
      break;
    case SizeRule::kBestChunks:
      x.chunks = BestChunks(*variant.card, x);
      break;
    case SizeRule::kNvlsChunks:
      x.chunks = NvlsChunks(variant.engine->nccl, x.ranks, bytes);
      break;
    case SizeRule::kNvlsTreeChunks:
      // A message of k rounds fills its further stages as well: k + s rounds in all.
      x.chunks = NvlsTreeChunks(variant.engine->nccl, x);
      Slow(x.chunks / (x.chunks + x.stages), &x);
      break;
    case SizeRule::kTreeCorrection:
      Slow(TreeCorrection(variant, bytes), &x);
      break;
    case SizeRule::kRingPlateau:
      if (bytes >= variant.plateau_from) {
        const double longer = 1 + variant.choice_plateau / variant.choice_latency;
        x.latency = x.latency * longer;
        x.net_latency = x.net_latency * longer;
      }
      break;
  }
  return x;
}

Time ChoiceTime(const Variant& variant, Bytes bytes, Time limit, std::optional<Cost>* value) {
  if (variant.engine->rule != EngineRule::kNccl) {
    if (variant.choice_bandwidth > Bandwidth()) {
      const Time line = variant.choice_latency + bytes / variant.choice_bandwidth;
      if (variant.size_rule == SizeRule::kNone || line >= limit) return line;
    }
    const Cost cost = variant.card->value(InputsFor(variant, bytes));
    if (value != nullptr) *value = cost;
    return cost.Total();
  }
  // A rule, not a comparison: what it rules out loses to everything.
  if (variant.ll_limit > B(0)) {
    return (bytes <= variant.ll_limit) == (variant.protocol == Protocol::kLL) ? Seconds(0) : kNever;
  }
  const Time latency = bytes < variant.plateau_from
                           ? variant.choice_latency
                           : variant.choice_latency + variant.choice_plateau;
  return latency + bytes / (variant.choice_bandwidth * ChoiceShare(variant, bytes));
}

}  // namespace commplan
