#include "model/step/training_sharded.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "model/schedule/timeline.h"

namespace commplan::training_internal {
namespace {

using schedule::ShardedModel;
using schedule::ShardedWeight;

class ChunkChain {
 public:
  // `units`, where given, gets what stands behind each weight.
  explicit ChunkChain(const ChunkInput& input, std::vector<ChunkUnit>* units = nullptr)
      : in_(input), units_(units) {}

  Result<ChunkWaits> Run() {
    RETURN_IF_ERROR(Fill());
    ChunkWaits waits;
    waits.alone = alone_;
    for (const bool backward : {false, true}) {
      const auto direction =
          backward ? schedule::Direction::kBackward : schedule::Direction::kForward;
      const schedule::Outcome outcome =
          schedule::Evaluate(schedule::BuildChain(model_, Rules(), direction));
      const Time extra =
          Max(outcome.makespan - (backward ? compute_backward_ : compute_forward_), Time());
      (backward ? waits.backward : waits.forward) = extra;
    }
    return waits;
  }

  Result<ChunkPlan> Plan() {
    RETURN_IF_ERROR(Fill());
    ChunkPlan plan;
    plan.model = std::move(model_);
    plan.rules = Rules();
    plan.compute_forward = compute_forward_;
    plan.compute_backward = compute_backward_;
    return plan;
  }

 private:
  schedule::ChainRules Rules() const {
    schedule::ChainRules rules = in_.plan.chain;
    rules.gather_buffers =
        std::max({rules.gather_buffers, rules.forward_depth, rules.backward_depth});
    return rules;
  }

  bool whole_layers() const { return in_.plan.sharding.scheme == Scheme::kWeights; }

  std::int64_t LayersOf(std::size_t kind) const {
    return in_.shapes.layers[in_.chunk * in_.cost.kinds.size() + kind];
  }

  Status Fill() {
    const std::size_t kinds = in_.cost.kinds.size();
    std::size_t most = 0;
    for (std::size_t kind = 1; kind < kinds; ++kind) {
      if (LayersOf(kind) > LayersOf(most)) most = kind;
    }
    if (in_.first)
      RETURN_IF_ERROR(AddEnd(in_.cost.embedding, in_.waits[kinds],
                             EndWeights(in_.shapes, in_.stage(), false), &model_.before));
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      if (kind == most || LayersOf(kind) == 0) continue;
      std::vector<ShardedWeight> layer;
      RETURN_IF_ERROR(AddLayer(kind, static_cast<double>(LayersOf(kind)), &layer));
      for (std::int64_t i = 0; i < LayersOf(kind); ++i) {
        model_.before.insert(model_.before.end(), layer.begin(), layer.end());
      }
      RepeatUnits(layer.size(), static_cast<int>(LayersOf(kind)));
    }
    model_.layers = static_cast<int>(LayersOf(most));
    RETURN_IF_ERROR(AddLayer(most, static_cast<double>(LayersOf(most)), &model_.layer));
    if (in_.last)
      RETURN_IF_ERROR(AddEnd(in_.cost.head, in_.waits[kinds + 1],
                             EndWeights(in_.shapes, in_.stage(), true), &model_.after));
    return OkStatus();
  }

  // ---- what stands behind the weights, where asked for ----

  void AddUnit(std::string_view name, int kind) {
    if (units_ != nullptr) units_->push_back({.name = name, .kind = kind});
  }

  void AddToUnit(Collective ChunkUnit::*field, const Collective& collective) {
    if (units_ == nullptr) return;
    Collective& known = units_->back().*field;
    const Bytes bytes = known.ranks > 1 ? known.bytes : Bytes();
    if (known.ranks < 2) known = collective;
    known.bytes = bytes + collective.bytes;
  }

  // The last `size` units are those of a layer that is there so many times.
  void RepeatUnits(std::size_t size, int layers) {
    if (units_ == nullptr) return;
    const std::size_t first = units_->size() - size;
    for (int layer = 0; layer < layers; ++layer) {
      for (std::size_t i = 0; i < size; ++i) {
        ChunkUnit unit = (*units_)[first + i];
        unit.layer = layer;
        if (layer > 0) {
          units_->push_back(unit);
        } else {
          (*units_)[first + i].layer = 0;
        }
      }
    }
  }

  void Count(const ShardedWeight& weight, double times) {
    compute_forward_ += (weight.forward + weight.after_forward) * times;
    compute_backward_ +=
        (weight.input_gradient + weight.weight_gradient + weight.after_backward) * times;
    if (weight.region != schedule::kNoRegion) {
      compute_backward_ += (weight.forward + weight.after_forward) * times;
      alone_ += weight.gather_again * times;
    }
    alone_ += (weight.gather + weight.gather_backward + weight.scatter) * times;
  }

  // ---- whole layers ----

  // Gathers and reduction of weights that `ranks` ranks hold alike.
  Status AddExchanges(double weights, int ranks, GroupKind group, ShardedWeight* unit) {
    if (weights <= 0 || ranks < 2) return OkStatus();
    Sharding sharding = in_.plan.sharding;
    if (sharding.inner > 0 && ranks % sharding.inner != 0) sharding.inner = 0;
    for (const StepExchange& exchange : DataParallelExchanges(weights, ranks, sharding, 1, group)) {
      Collective collective = exchange.collective;
      if (collective.exchange == Exchange::kAllReduce) continue;  // once in a step
      if (exchange.in_node) {
        collective.ranks = NodeRanks(collective);
        if (collective.ranks < 2) continue;
      }
      ASSIGN_OR_RETURN(const Time time,
                       in_.impl.TimeOf(in_.plan, in_.cost.cut, collective, in_.what_if));
      if (exchange.when == When::kForward) {
        unit->gather += time;
        AddToUnit(&ChunkUnit::gather, collective);
      } else if (collective.exchange == Exchange::kAllGather) {
        unit->gather_backward += time;
        AddToUnit(&ChunkUnit::gather_backward, collective);
      } else {
        unit->scatter += time;
        AddToUnit(&ChunkUnit::scatter, collective);
      }
    }
    return OkStatus();
  }

  // Of the ranks of a shard group those in one node, which hold a second copy between them.
  int NodeRanks(const Collective& collective) const {
    const Group group =
        GroupOf(in_.plan.layout, in_.cost.cut, Phase::kTrain, collective.group, collective.ranks);
    return RanksInNode(in_.impl.machine.fabric, group);
  }

  Status AddWhole(const PartCost& part, const Waits& waits, const RankWeights& weights,
                  double times, std::vector<ShardedWeight>* list) {
    ShardedWeight unit;
    AddUnit(NameOf(part), part.kind);
    RETURN_IF_ERROR(
        AddExchanges(weights.Dense(), DenseReplicas(in_.plan.layout), GroupKind::kData, &unit));
    RETURN_IF_ERROR(AddExchanges(weights.experts,
                                 ExpertReplicas(in_.plan.layout, in_.cost.cut, in_.plan.sharding),
                                 GroupKind::kExpertData, &unit));
    unit.forward = part.kernels.forward + waits.forward;
    unit.input_gradient =
        part.kernels.input + part.kernels.recompute + waits.recompute + waits.backward;
    unit.weight_gradient = part.kernels.weight;
    unit.key = 0;
    list->push_back(unit);
    Count(unit, times);
    return OkStatus();
  }

  // ---- one matrix at a time ----

  Status AddRemat(const Matrix& matrix, ShardedWeight* unit) {
    if (RematRanks(matrix, in_.plan.sharding) < 2) return OkStatus();
    const RematExchanges exchanges = RematExchangesOf(matrix, in_.plan.sharding);
    const auto price = [&](const Collective& collective) {
      return in_.impl.TimeOf(in_.plan, in_.cost.cut, collective, in_.what_if);
    };
    ASSIGN_OR_RETURN(unit->gather, price(exchanges.forward));
    ASSIGN_OR_RETURN(unit->gather_backward, price(exchanges.backward));
    unit->gather_again = unit->gather;
    ASSIGN_OR_RETURN(unit->scatter, price(exchanges.gradient));
    AddToUnit(&ChunkUnit::gather, exchanges.forward);
    AddToUnit(&ChunkUnit::gather_backward, exchanges.backward);
    AddToUnit(&ChunkUnit::scatter, exchanges.gradient);
    return OkStatus();
  }

  // Captured layers and what is outside of the graph do not link; the two products of the experts
  // have lists of their own, unless they are captured.
  int ListOf(const Matrix& matrix, bool layer) const {
    if (matrix.expert && !in_.plan.graph) return matrix.site == Site::kExpertUp ? 2 : 3;
    return layer && in_.plan.graph ? 1 : 0;
  }

  Status AddLayer(std::size_t kind, double times, std::vector<ShardedWeight>* list) {
    const PartCost& part = in_.cost.kinds[kind];
    if (whole_layers()) {
      return AddWhole(part, in_.waits[kind], in_.shapes.kinds[kind], times, list);
    }
    const Transformer& model = *in_.impl.job.model;
    const Matrices matrices =
        MatricesOf(model, model.kinds[kind], in_.plan.layout, in_.cost.cut, Phase::kTrain);
    const bool again = in_.plan.recompute == Recompute::kFull;
    std::vector<ShardedWeight> units;
    for (std::size_t i = 0; i < matrices.size; ++i) {
      const Unit& of = part.units[i];
      ShardedWeight unit;
      AddUnit(Name(of.site), part.kind);
      RETURN_IF_ERROR(AddRemat(matrices.items.at(i), &unit));
      unit.forward = of.own.forward;
      unit.after_forward = of.after.forward;
      unit.input_gradient = of.own.input;
      unit.weight_gradient = of.own.weight;
      unit.after_backward = of.after.input + of.after.weight;
      if (!again) unit.after_backward += of.own.recompute + of.after.recompute;
      unit.list = ListOf(matrices.items.at(i), true);
      unit.key = static_cast<int>(i);
      unit.region = again ? 0 : schedule::kNoRegion;
      units.push_back(unit);
    }
    RETURN_IF_ERROR(AddUses(part, again, &units));
    for (const ShardedWeight& unit : units) Count(unit, times);
    list->insert(list->end(), units.begin(), units.end());
    return OkStatus();
  }

  // Collectives between the matrices are waited for, as without shards.
  Status AddUses(const PartCost& part, bool again, std::vector<ShardedWeight>* units) {
    for (const Use& use : part.uses) {
      ASSIGN_OR_RETURN(const Time each,
                       in_.impl.TimeOf(in_.plan, in_.cost.cut, use.what, in_.what_if));
      const Time exposed = ExposedOf(use, each * use.count, in_.plan.overlap);
      ShardedWeight& unit = (*units)[static_cast<std::size_t>(use.unit)];
      if (use.direction == Direction::kForward) {
        unit.after_forward += exposed;
      } else if (use.direction == Direction::kBackward || !again) {
        unit.after_backward += exposed;
      }
    }
    return OkStatus();
  }

  Status AddEnd(const PartCost& part, const Waits& waits, const RankWeights& weights,
                std::vector<ShardedWeight>* list) {
    const double hidden = static_cast<double>(in_.impl.job.model->hidden);
    if (whole_layers()) return AddWhole(part, waits, weights, 1, list);
    ShardedWeight unit;
    AddUnit(NameOf(part), -1);
    RETURN_IF_ERROR(AddRemat({.outputs = in_.cost.cut.vocabulary, .inputs = hidden}, &unit));
    unit.forward = part.kernels.forward + waits.forward;
    unit.input_gradient = part.kernels.input + waits.backward;
    unit.weight_gradient = part.kernels.weight;
    list->push_back(unit);
    Count(unit, 1);
    return OkStatus();
  }

  static std::string_view NameOf(const PartCost& part) {
    return part.part == Part::kEmbedding ? "embedding"
           : part.part == Part::kHead    ? "head"
                                         : "layer";
  }

  const ChunkInput& in_;
  std::vector<ChunkUnit>* units_;
  ShardedModel model_;
  Time compute_forward_{}, compute_backward_{}, alone_{};
};

}  // namespace

RankWeights EndWeights(const StageShapes& shapes, std::size_t stage, bool head) {
  const RankWeights& held = shapes.stages[stage];
  RankWeights weights;
  if (!head) {
    weights.embedding = held.embedding;
    return weights;
  }
  weights.head = held.head;
  weights.small = held.small;
  const std::size_t kinds = shapes.kinds.size();
  for (std::size_t i = 0; i < shapes.layers.size(); ++i) {
    const std::size_t chunk = i / kinds;
    if (chunk % shapes.stages.size() != stage) continue;
    weights.small -= static_cast<double>(shapes.layers[i]) * shapes.kinds[i % kinds].small;
  }
  return weights;
}

Result<ChunkWaits> WaitsForWeights(const ChunkInput& input) { return ChunkChain(input).Run(); }

Result<ChunkPlan> PlanOfChunk(const ChunkInput& input) {
  std::vector<ChunkUnit> units;
  ASSIGN_OR_RETURN(ChunkPlan plan, ChunkChain(input, &units).Plan());
  plan.units = std::move(units);
  return plan;
}

}  // namespace commplan::training_internal

namespace commplan {

int RanksInNode(const Fabric& fabric, const Group& group) {
  const int node = fabric.tiers.empty() ? 0 : fabric.tiers.front().ranks;
  if (node == 0) return group.ranks;
  const int room = node / group.stride;
  return room < 1 ? 1 : room < group.ranks ? room : group.ranks;
}

}  // namespace commplan
