#include "model/step/training_parts.h"

#include <algorithm>
#include <array>
#include <variant>

#include "model/base/check.h"
#include "model/schedule/overlap.h"
#include "model/step/priced.h"
#include "model/workload/weights.h"

namespace commplan::training_internal {
namespace {

Demand DemandOf(const TrainJob& job, const TrainPlan& plan) {
  Demand demand = TrainMicrobatch(plan.micro_batch, job.sequence);
  demand.recompute = plan.recompute;
  demand.fused_attention = job.fused_attention;
  demand.dropout = job.dropout;
  return demand;
}

// Attention whose scores go through memory: two products for each head, and backward both
// gradients of each.
struct Products {
  std::array<Operation, 2> each;
  double times = 1;
};

Products UnfusedProducts(const Operation& operation, const AttentionCall& call) {
  const auto product = [&](double n, double k) {
    GroupedGemm gemm;
    gemm.groups = call.sequences * call.heads;
    gemm.touched = gemm.groups;
    gemm.rows = gemm.groups * call.query;
    gemm.n = n;
    gemm.k = k;
    gemm.tokens = gemm.rows;
    gemm.weights = call.activations;
    gemm.activations = call.activations;
    return Operation{Site::kQueryUp, operation.pass, 1, gemm};
  };
  const bool backward = operation.pass == Pass::kInputGradient;
  return {{product(call.keys, call.key_dim), product(call.value_dim, call.keys)},
          backward ? 2.0 : 1.0};
}

class PartBuilder {
 public:
  PartBuilder(const TrainJob& job, const ExpertContext& experts, bool full, Kernels& kernels,
              PartCost* part)
      : job_(job), experts_(experts), full_(full), kernels_(kernels), part_(*part) {
    if (full) part_.classes.resize(kKernelClasses);
  }

  Status Add(const Program& program, const Block& block) {
    direction_ = block.direction;
    // What comes before the first matrix follows the last one of the layer before.
    const int units = static_cast<int>(part_.units.size());
    unit_ = direction_ == Direction::kBackward ? 0 : std::max(0, units - 1);
    for (const Operation& operation : program.Of(block)) {
      if (const auto* collective = std::get_if<Collective>(&operation.what)) {
        AddUse(operation, *collective);
      } else {
        RETURN_IF_ERROR(AddKernel(operation));
      }
    }
    return OkStatus();
  }

 private:
  void AddUse(const Operation& operation, const Collective& collective) {
    part_.uses.push_back({.site = operation.site,
                          .direction = direction_,
                          .count = operation.count,
                          .what = collective,
                          .behind = {},
                          .product = {},
                          .unit = unit_});
    // The rank with the most tokens receives, and sends back, so many times more than the mean.
    const bool experts = operation.site == Site::kDispatch || operation.site == Site::kCombine;
    if (experts && collective.exchange == Exchange::kAllToAll) {
      part_.uses.back().what.bytes = collective.bytes * job_.expert_imbalance;
    }
    if (collective.exchange == Exchange::kReduceScatter) part_.uses.back().product = product_;
    gathering_ =
        collective.exchange == Exchange::kAllGather ? &part_.uses.back() - part_.uses.data() : -1;
    // Inputs are gathered again for the weight gradient while the input gradient is computed; keys
    // and values go around the ring while attention works on those that are there.
    const bool again = operation.pass == Pass::kWeightGradient;
    const bool ring =
        operation.site == Site::kContextExchange && collective.exchange == Exchange::kPointToPoint;
    waiting_ = again || ring ? &part_.uses.back() - part_.uses.data() : -1;
    waiting_ring_ = ring;
    // Backward it is written behind the attention that it runs beside.
    if (ring && direction_ == Direction::kBackward) HideRing(attention_);
  }

  // While the last of its blocks is worked on, nothing travels.
  void HideRing(Time attention) {
    Use& ring = part_.uses[static_cast<std::size_t>(waiting_)];
    const double n = ring.what.ranks;
    ring.behind = attention * ((n - 1) / n);
    waiting_ = -1;
  }

  Status AddKernel(const Operation& operation) {
    Time time;
    double launches = operation.count;
    const auto* const call = std::get_if<AttentionCall>(&operation.what);
    if (call != nullptr && !call->fused) {
      const Products products = UnfusedProducts(operation, *call);
      for (const Operation& product : products.each) {
        RETURN_IF_ERROR(Price(product, operation.site, products.times * operation.count, &time));
      }
      launches *= 2 * products.times;
    } else {
      const double factor = call != nullptr ? job_.attention_factor.value_or(1) : 1;
      RETURN_IF_ERROR(Price(operation, operation.site, operation.count * factor, &time));
    }
    Enter(operation);
    Launches() += launches;
    const bool own = unit_ < static_cast<int>(part_.units.size()) &&
                     part_.units[static_cast<std::size_t>(unit_)].site == operation.site;
    Book(operation.pass, time, own);
    const bool attention = operation.site == Site::kAttention;
    if (attention) attention_ = time;
    if (std::holds_alternative<Gemm>(operation.what)) {
      product_ = time;
      if (gathering_ >= 0) part_.uses[static_cast<std::size_t>(gathering_)].product = time;
      gathering_ = -1;
    }
    if (waiting_ >= 0 && (!waiting_ring_ || attention)) {
      if (waiting_ring_) {
        HideRing(time);
      } else {
        part_.uses[static_cast<std::size_t>(waiting_)].behind = time;
        waiting_ = -1;
      }
    }
    return OkStatus();
  }

  Status Price(const Operation& operation, Site site, double count, Time* time) {
    if (!full_) {
      ASSIGN_OR_RETURN(const Time each, kernels_.TimeOf(operation, experts_));
      *time += each * count;
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const KernelTime each, kernels_.Price(operation, experts_));
    *time += each.Total() * count;
    ClassTimes& of = part_.classes[static_cast<std::size_t>(ClassOf(operation))];
    of.time += each.Total() * count;
    of.low += each.low * count;
    of.high += each.high * count;
    part_.extrapolated |= each.extrapolated;
    const auto same = [site](const SiteTime& known) { return known.site == site; };
    auto found = std::find_if(part_.sites.begin(), part_.sites.end(), same);
    if (found == part_.sites.end()) found = part_.sites.insert(found, {site, 0, Time()});
    found->count += count;
    found->time += each.Total() * count;
    return OkStatus();
  }

  // Whether the next matrix is consumed here.
  void Enter(const Operation& operation) {
    const bool product = std::holds_alternative<Gemm>(operation.what) ||
                         std::holds_alternative<GroupedGemm>(operation.what);
    if (!product) return;
    for (std::size_t i = 0; i < part_.units.size(); ++i) {
      if (part_.units[i].site == operation.site) unit_ = static_cast<int>(i);
    }
  }

  double& Launches() {
    switch (direction_) {
      case Direction::kForward:
        return part_.forward_launches;
      case Direction::kRecompute:
        return part_.recompute_launches;
      case Direction::kBackward:
        break;
    }
    return part_.backward_launches;
  }

  static Time& In(KernelTimes& times, Direction direction, Pass pass) {
    if (direction == Direction::kForward) return times.forward;
    if (direction == Direction::kRecompute) return times.recompute;
    return pass == Pass::kWeightGradient ? times.weight : times.input;
  }

  void Book(Pass pass, Time time, bool own) {
    In(part_.kernels, direction_, pass) += time;
    if (part_.units.empty()) return;
    Unit& unit = part_.units[static_cast<std::size_t>(unit_)];
    In(own ? unit.own : unit.after, direction_, pass) += time;
  }

  const TrainJob& job_;
  const ExpertContext& experts_;
  bool full_;
  Kernels& kernels_;
  PartCost& part_;
  Direction direction_ = Direction::kForward;
  int unit_ = 0;
  std::ptrdiff_t waiting_ = -1;  // the use that runs beside the next kernel
  bool waiting_ring_ = false;
  std::ptrdiff_t gathering_ = -1;  // the gather that the next product reads
  Time product_{};                 // the last one
  Time attention_{};               // the last one
};

}  // namespace

Time ExposedOf(const Use& use, Time time, const TrainOverlap& overlap) {
  const bool halves =
      use.what.exchange == Exchange::kAllGather || use.what.exchange == Exchange::kReduceScatter;
  if (overlap.tensor && halves && use.what.group == GroupKind::kTensor &&
      use.product > use.behind && use.count == 1) {
    const double tiles = use.what.ranks;
    const schedule::Module tile{use.product / tiles, time / tiles};
    return schedule::Tiled(tile, use.what.ranks) - use.product;
  }
  return Max(time - use.behind, Time());
}

Status CostMicrobatch(const TrainJob& job, const TrainPlan& plan, bool full, Kernels& kernels,
                      Program& scratch, MicrobatchCost* cost) {
  const Transformer& model = *job.model;
  RETURN_IF_ERROR(Expand(model, plan.layout, job.precision, DemandOf(job, plan), &scratch));
  cost->cut = scratch.cut;
  cost->kinds.assign(model.kinds.size(), {});
  PricingContext context;
  context.model = &model;
  context.layout = &plan.layout;
  context.expert_imbalance = job.expert_imbalance;
  for (const Block& block : scratch.blocks) {
    if (block.part == Part::kBoundary) {
      if (block.direction != Direction::kForward) continue;
      for (const Operation& operation : scratch.Of(block)) {
        cost->boundary.push_back({.site = operation.site,
                                  .direction = block.direction,
                                  .count = operation.count,
                                  .what = std::get<Collective>(operation.what),
                                  .behind = {},
                                  .product = {}});
      }
      continue;
    }
    PartCost* part = block.part == Part::kEmbedding ? &cost->embedding
                     : block.part == Part::kHead    ? &cost->head
                                                    : nullptr;
    if (part == nullptr) part = &cost->kinds[static_cast<std::size_t>(block.kind)];
    part->part = block.part;
    part->kind = block.kind;
    if (block.part == Part::kLayer && part->units.empty()) {
      const LayerKind& kind = model.kinds[static_cast<std::size_t>(block.kind)];
      for (const Matrix& matrix :
           MatricesOf(model, kind, plan.layout, scratch.cut, Phase::kTrain)) {
        part->units.push_back({.site = matrix.site});
      }
    }
    const ExpertContext experts = ExpertsOf(context, scratch.cut, block);
    PartBuilder builder(job, experts, full, kernels, part);
    RETURN_IF_ERROR(builder.Add(scratch, block));
  }
  return OkStatus();
}

}  // namespace commplan::training_internal
