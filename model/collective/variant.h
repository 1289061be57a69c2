// A variant is one way in which an engine can run a collective on a given group: a formula with
// everything put in but the size of the message, and by what the engine itself would compare it
// with its other ways.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/base/quantity.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/collective/formula/cards.h"
#include "model/collective/tiers.h"
#include "model/fabric/fabric.h"

namespace commplan {

// The group as formulas see it: one inner level, and all further levels as one network. Where there
// are several, model/collective/tiers.h says what they come to.
struct GroupShape {
  int ranks = 1;
  int nodes = 1;               // domains of the inner level; 1 where the group stays in one
  int local = 1;               // ranks in one of them
  bool network_only = false;   // one rank per node: the only level is a network
  bool inner_bus = false;      // the inner level is one shared medium
  bool in_switch = false;      // the inner level's switch adds and copies
  bool net_in_switch = false;  // so do the switches of all further levels
  Time latency{};
  Bandwidth neighbour{};
  Bandwidth all_peers{};
  double inner_share =
      1;  // of the inner level's rate that groups at the same time leave to this one
  Time net_latency{};
  Bandwidth net_rank{};  // one rank's part of the network
  Bandwidth
      net_together{};    // of all ranks of one node, through all cards, at the narrowest outer tier
  Bandwidth net_port{};  // one network card
  int net_ports = 1;     // cards of a node that the group can use
  std::vector<OuterTier> tiers;  // all levels, the inner one first
  // Those that are the network of formulas over nodes, and those that NCCL counts to the network.
  std::span<const OuterTier> Outer() const { return std::span(tiers).subspan(1); }
  std::span<const OuterTier> Network() const {
    return std::span(tiers).subspan(network_only ? 0 : 1);
  }
};

GroupShape ShapeOf(const Fabric& fabric, const Placement& placement);

// What the shape alone puts into a formula, whose partner is a neighbour.
Inputs<double> ShapeInputs(const GroupShape& shape);

// How inputs depend on the size of the message, beyond the formula itself.
enum class SizeRule {
  kNone,
  kBestChunks,      // as many chunks as give the smallest time
  kNvlsChunks,      // NCCL's rule for in-switch reduction
  kNvlsTreeChunks,  // the same over nodes, as a share of the bandwidth
  kTreeCorrection,  // NCCL's table of what its trees sustain by size
  kRingPlateau,     // longer hops for long messages on rings over nodes
};

// So many chunks that what one of them takes is nothing.
inline constexpr double kFine = 1e9;

struct Variant {
  const FormulaCard* card = nullptr;
  Protocol protocol = Protocol::kPlain;
  Inputs<double> inputs{};  // all but bytes, and what the size rule sets
  SizeRule size_rule = SizeRule::kNone;
  // What the engine compares: latency + bytes / bandwidth. It is NCCL's own estimate, or the line
  // that a textbook formula is, or with chunks to choose a line below it. 0: only the value can be
  // compared.
  Time choice_latency{};
  Bandwidth choice_bandwidth{};
  Time choice_plateau{};  // added to that latency from `plateau_from` bytes on
  Bytes plateau_from{};
  Bytes ll_limit{};  // sends and receives: LL up to this size, Simple beyond; 0: no such rule
  const Engine* engine = nullptr;  // whose it is; for a fallback not the one that was asked for
};

// The textbook formulas that serve the shape, with the fabric's own numbers and nothing added.
std::vector<Variant> TextbookVariants(const Engine& engine, Op op, const GroupShape& shape);

// NCCL's algorithms and protocols, by its tuning model.
std::vector<Variant> NcclVariants(const Engine& engine, Op op, const GroupShape& shape);

// The kernels of an engine that chooses by size ranges.
std::vector<Variant> KernelVariants(const Engine& engine, Op op, const GroupShape& shape);

// The rule of an engine for elements of this type, in an operation that adds them; null where there
// is none.
const TypeRule* RuleFor(const Engine& engine, Op op, ElementType type);

// Leaves the variants that the rule allows, and keeps off what it keeps off.
void ApplyRule(const TypeRule& rule, std::vector<Variant>* variants);

// The inputs of a variant for one size.
Inputs<double> InputsFor(const Variant& variant, Bytes bytes);

// Longer than any answer, and finite.
inline constexpr Time kNever = Seconds(1e30);

// What the engine would compare for one size. An answer of `limit` or more may be less than the
// truth: who looks for the least need not know how much is lost. Where the answer is the formula's
// own value, its terms are left in `value`.
Time ChoiceTime(const Variant& variant, Bytes bytes, Time limit = kNever,
                std::optional<Cost>* value = nullptr);

}  // namespace commplan
