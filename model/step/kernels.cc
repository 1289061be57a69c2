#include "model/step/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <utility>
#include <variant>

#include "model/base/check.h"
#include "model/base/suggest.h"

namespace commplan {
namespace {

// Kernels of two providers for the same shape lie up to a fifth apart (95 % of shapes).
constexpr double kOtherProvider = 1.2;
// A format's efficiency taken from another format's: the scatter of fp8 against bf16 efficiencies.
constexpr double kOtherType = 1.5;

bool IsFour(DataType type) { return type == DataType::kMxfp4 || type == DataType::kNvfp4; }
bool IsWide(DataType type) {
  return type == DataType::kBf16 || type == DataType::kFp16 || type == DataType::kFp32;
}

FlopRate RateOf(const Device& device, std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    const auto found = device.rates.find(name);
    if (found != device.rates.end()) return found->second;
  }
  return FlopRate();
}

// What to take where a type has no entry, the nearest first.
std::vector<ComputeType> InsteadOf(ComputeType type) {
  switch (type) {
    case ComputeType::kFp8Block:
      return {ComputeType::kFp8, ComputeType::kBf16};
    case ComputeType::kFp8:
      return {ComputeType::kFp8Block, ComputeType::kBf16};
    case ComputeType::kNvfp4:
      return {ComputeType::kFp8, ComputeType::kBf16};
    case ComputeType::kInt4WeightOnly:
      return {ComputeType::kInt8WeightOnly, ComputeType::kBf16};
    case ComputeType::kInt8WeightOnly:
      return {ComputeType::kInt4WeightOnly, ComputeType::kBf16};
    case ComputeType::kInt8:
      return {ComputeType::kFp8, ComputeType::kBf16};
    case ComputeType::kBf16:
      break;
  }
  return {};
}

// Queries and results are computed in 8 bits only by kernels made for it, which engines use with an
// 8-bit cache where the activations are 8 bits wide too; the usual pair is 16-bit queries.
ComputeType CacheType(DataType cache) {
  return IsWide(cache)   ? ComputeType::kBf16
         : IsFour(cache) ? ComputeType::kNvfp4
                         : ComputeType::kFp8;
}

AttentionShape ShapeOf(const AttentionCall& call) {
  AttentionShape shape;
  shape.phase = call.decode ? AttentionPhase::kGeneration : AttentionPhase::kContext;
  shape.batch = call.sequences;
  shape.q_heads = call.heads;
  shape.kv_heads = call.kv_heads;
  shape.qk_size = call.key_dim;
  shape.v_size = call.value_dim;
  shape.latent = call.value_in_key;
  shape.new_tokens = call.query;
  shape.past_tokens = std::max(0.0, call.keys - call.query);
  shape.window = static_cast<double>(call.window);
  return shape;
}

// Backward has no measured kernel: it does so much more arithmetic.
double BackwardFactor(const Operation& operation) {
  if (operation.pass != Pass::kInputGradient && operation.pass != Pass::kWeightGradient) return 1;
  Operation forward = operation;
  forward.pass = Pass::kForward;
  const Flops work = WorkOf(forward);
  return work > Flops() ? WorkOf(operation) / work : 1;
}

// Of calls that a router deals to ranks at random, those of the fullest rank over the mean. The
// largest of n normal values lies about sqrt(2 ln n) - 0.61 deviations above the mean (3 % for n up
// to 64).
double RandomImbalance(double calls, double ranks) {
  if (ranks <= 1 || calls <= 0) return 1;
  const double deviation = std::sqrt((ranks - 1) / calls);
  return std::min(ranks, 1 + deviation * (std::sqrt(2 * std::log(ranks)) - 0.61));
}

MoeShape ExpertShape(const GroupedGemm& gemm, const ExpertContext& experts) {
  MoeShape shape;
  shape.tokens = gemm.tokens;
  shape.hidden = gemm.k;
  shape.width = static_cast<double>(experts.mlp->width);
  shape.top_k = static_cast<double>(experts.mlp->active);
  shape.experts = static_cast<double>(experts.mlp->experts);
  shape.tp = experts.expert_tp;
  shape.ep = experts.ep;
  shape.gated = experts.mlp->gated;
  shape.imbalance =
      std::max(experts.imbalance, RandomImbalance(shape.tokens * shape.top_k, shape.ep));
  return shape;
}

GemmShape ShapeOf(const Gemm& gemm) {
  return {.m = std::max(1.0, gemm.m), .n = gemm.n, .k = gemm.k};
}

// Heads of latent attention, each with a product of its own.
GemmShape ShapeOf(const GroupedGemm& gemm) {
  return {.m = std::max(1.0, gemm.rows / gemm.groups),
          .n = gemm.n,
          .k = gemm.k,
          .batch = std::max(1.0, gemm.touched)};
}

template <bool kBand, class Model, class Shape>
auto Ask(const Model& model, const Shape& shape) {
  if constexpr (kBand) {
    return model.Price(shape);
  } else {
    return model.TimeOf(shape);
  }
}

void Scale(Time& time, double factor) { time = time * factor; }
void Scale(KernelTime& time, double factor) {
  time.parts = time.parts * factor;
  time.low = time.low * factor;
  time.high = time.high * factor;
}

}  // namespace

ComputeType ComputeTypeOf(DataType weights, DataType activations) {
  if (IsWide(weights)) return ComputeType::kBf16;
  const bool wide = IsWide(activations);
  if (weights == DataType::kInt4) return ComputeType::kInt4WeightOnly;
  if (weights == DataType::kInt8) return wide ? ComputeType::kInt8WeightOnly : ComputeType::kInt8;
  if (IsFour(weights)) return wide ? ComputeType::kInt4WeightOnly : ComputeType::kNvfp4;
  if (wide) return ComputeType::kInt8WeightOnly;
  return weights == DataType::kFp8 ? ComputeType::kFp8 : ComputeType::kFp8Block;
}

KernelClass ClassOf(const Operation& operation) {
  if (std::holds_alternative<Gemm>(operation.what)) return KernelClass::kGemm;
  if (std::holds_alternative<AttentionCall>(operation.what)) return KernelClass::kAttention;
  if (std::holds_alternative<GroupedGemm>(operation.what)) {
    const bool experts = operation.site == Site::kExpertUp || operation.site == Site::kExpertDown;
    return experts ? KernelClass::kExperts : KernelClass::kGemm;
  }
  return KernelClass::kSweep;
}

bool IsPartOfExperts(const Operation& operation, const ExpertContext& experts) {
  if (experts.mlp == nullptr || !experts.mlp->IsExperts()) return false;
  switch (operation.site) {
    case Site::kExpertDown:
    case Site::kExpertActivation:
      return true;
    case Site::kCombine:
      return std::holds_alternative<Sweep>(operation.what) && !experts.dispatched;
    default:
      return false;
  }
}

// ---- which entry ----

Result<Kernels> Kernels::Create(const Machine& machine, std::string_view provider) {
  const ComputeProfile& compute = machine.compute;
  if (compute.gemm.empty() || compute.attention.empty() || !compute.sweep) {
    std::string message = "profile ";
    message += machine.name;
    message += " does not say how fast its kernels are";
    return UnsupportedError(std::move(message),
                            "let it extend a part that does, such as compute-datasheet, under "
                            "extends_compute: (docs/profile_format.md)");
  }
  std::vector<std::string> known;
  for (const Tabled<GemmFit>& entry : compute.gemm) {
    const std::string& name = entry.fit.engine;
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  Kernels kernels;
  kernels.machine_ = &machine;
  kernels.provider_ = provider.empty() ? known.front() : std::string(provider);
  if (std::find(known.begin(), known.end(), kernels.provider_) == known.end()) {
    std::string message = "profile ";
    message += machine.name;
    message += " has no kernels of '";
    message += kernels.provider_;
    message += "'";
    return NotFoundError(std::move(message), {}, SuggestionHint(kernels.provider_, known));
  }
  const Device& device = machine.device;
  kernels.device_ = {.memory = device.memory_bandwidth,
                     .cache = device.cache,
                     .half = RateOf(device, {"bf16", "fp16"}),
                     .eight = RateOf(device, {"fp8"}),
                     .four = RateOf(device, {"fp4"}),
                     .int8 = RateOf(device, {"int8"})};
  kernels.sweep_ = *compute.sweep;
  return kernels;
}

void Kernels::Note(std::string note) {
  if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
    notes_.push_back(std::move(note));
  }
}

namespace {

ComputeType TypeOf(const GemmFit& fit) { return fit.type; }
ComputeType TypeOf(const MoeFit& fit) { return fit.type; }
// What is loaded decides: of the cache.
ComputeType TypeOf(const AttentionFit& fit) { return fit.cache; }
void SetType(GemmFit& fit, ComputeType type) { fit.type = type; }
void SetType(MoeFit& fit, ComputeType type) { fit.type = type; }
void SetType(AttentionFit& fit, ComputeType type) { fit.cache = type; }

std::string Words(std::string_view provider, ComputeType type, std::string_view what) {
  std::string words(provider);
  words += "'s ";
  words += TraitsOf(type).name;
  words += ' ';
  words += what;
  return words;
}

}  // namespace

// The entries that fit, best first: the provider's own, other providers', other types'.
template <class Entry, class Fits>
Result<std::vector<const Entry*>> Kernels::Find(const std::vector<Entry>& entries,
                                                std::string_view what, ComputeType type,
                                                const Fits& fits) {
  std::vector<const Entry*> found;
  const auto add = [&](ComputeType wanted, bool own) {
    for (const Entry& entry : entries) {
      const bool mine = entry.fit.engine == provider_;
      if (mine == own && TypeOf(entry.fit) == wanted && fits(entry)) found.push_back(&entry);
    }
  };
  add(type, true);
  const bool own = !found.empty();
  add(type, false);
  for (const ComputeType instead : InsteadOf(type)) {
    add(instead, true);
    add(instead, false);
  }
  if (found.empty()) {
    std::string message = "profile ";
    message += machine_->name;
    message += " has no kernel for ";
    message += what;
    message += " in ";
    message += TraitsOf(type).name;
    return UnsupportedError(std::move(message), "compute in bf16, or add an entry to its compute:");
  }
  if (!own) {
    std::string note = "the profile has no ";
    note += Words(provider_, type, what);
    note += "; taken as ";
    note += Words(found.front()->fit.engine, TypeOf(found.front()->fit), what);
    Note(std::move(note));
  }
  return found;
}

// The fit with its table, and with a wider band where it is a stand-in.
template <class Entry>
auto Kernels::Prepared(const Entry& entry, ComputeType type) const {
  auto fit = entry.fit;
  const ComputeProfile& compute = machine_->compute;
  fit.evidence.widening *= compute.widening;
  if (fit.engine != provider_) fit.evidence.widening *= kOtherProvider;
  if (TypeOf(fit) != type) {
    fit.evidence.widening *= kOtherType;
    SetType(fit, type);
  } else if (!entry.table.empty()) {
    const auto table = compute.tables.find(entry.table);
    CHECK(table != compute.tables.end());  // the reader has looked
    fit.evidence.table = table->second;
  }
  return fit;
}

Result<const GemmModel*> Kernels::GemmFor(DataType weights, DataType activations) {
  for (const GemmSlot& slot : gemm_) {
    if (slot.weights == weights && slot.activations == activations) return &slot.model;
  }
  const ComputeType type = ComputeTypeOf(weights, activations);
  ASSIGN_OR_RETURN(const auto found, Find(machine_->compute.gemm, "products", type,
                                          [](const auto&) { return true; }));
  ASSIGN_OR_RETURN(GemmModel model, GemmModel::Create(device_, Prepared(*found.front(), type)));
  gemm_.push_back({weights, activations, std::move(model)});
  return &gemm_.back().model;
}

Result<const MoeModel*> Kernels::ExpertsFor(DataType weights, DataType activations, bool gated) {
  for (const ExpertSlot& slot : experts_) {
    if (slot.weights == weights && slot.activations == activations && slot.gated == gated) {
      return &slot.model;
    }
  }
  const ComputeType type = ComputeTypeOf(weights, activations);
  ASSIGN_OR_RETURN(const auto found,
                   Find(machine_->compute.experts, "experts", type,
                        [gated](const MoeEntry& entry) { return entry.gated == gated; }));
  ASSIGN_OR_RETURN(MoeModel model, MoeModel::Create(device_, Prepared(*found.front(), type)));
  experts_.push_back({weights, activations, gated, std::move(model)});
  return &experts_.back().model;
}

Result<const AttentionModel*> Kernels::AttentionFor(const AttentionCall& call,
                                                    const AttentionShape& shape) {
  AttentionSlot* slot = nullptr;
  for (AttentionSlot& known : attention_) {
    const bool same =
        known.phase == shape.phase && known.values == call.activations && known.cache == call.cache;
    if (same) slot = &known;
  }
  if (slot == nullptr) {
    const ComputeType type = CacheType(call.cache);
    // 8-bit queries where the provider has such kernels; where not, 16-bit ones, as engines do.
    const bool narrow = !IsWide(call.activations) && type != ComputeType::kBf16;
    const auto match = [&](bool eight) {
      return [&shape, eight](const Tabled<AttentionFit>& entry) {
        return entry.fit.phase == shape.phase && (entry.fit.values != ComputeType::kBf16) == eight;
      };
    };
    const auto& entries = machine_->compute.attention;
    const bool has_narrow =
        narrow && std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
          return match(true)(entry) && entry.fit.engine == provider_ && entry.fit.cache == type;
        });
    ASSIGN_OR_RETURN(const auto found, Find(entries, "attention", type, match(has_narrow)));
    AttentionSlot made{shape.phase, call.activations, call.cache, {}};
    for (const Tabled<AttentionFit>* const entry : found) {
      ASSIGN_OR_RETURN(AttentionModel model,
                       AttentionModel::Create(device_, Prepared(*entry, type)));
      made.models.push_back(std::move(model));
    }
    attention_.push_back(std::move(made));
    slot = &attention_.back();
  }
  for (const AttentionModel& model : slot->models) {
    if (!model.Supports(shape)) continue;
    if (&model != &slot->models.front()) {
      std::string note(provider_);
      note +=
          "'s attention collapses for so many query heads on one KV head; another kernel is "
          "priced";
      Note(std::move(note));
    }
    return &model;
  }
  return UnsupportedError(provider_ + "'s attention kernel collapses for " +
                              std::to_string(std::lround(shape.q_heads / shape.kv_heads)) +
                              " query heads on one KV head, and the profile has no other",
                          "use the kernels of another provider");
}

// ---- what it takes ----

KernelTime Kernels::SweepTime(Bytes bytes, double kernels) const {
  KernelTime time;
  time.parts = MemoryTimes(bytes, device_.memory, sweep_);
  time.parts.launch = time.parts.launch * kernels;
  const BandFactors& band = machine_->compute.sweep_band;
  const double wider = machine_->compute.widening;
  time.low = time.Total() * (band.low / wider);
  time.high = time.Total() * (band.high * wider);
  return time;
}

template <bool kBand>
auto Kernels::PriceAny(const Operation& operation, const ExpertContext& experts) {
  using Answer = std::conditional_t<kBand, KernelTime, Time>;
  const auto finish = [](const KernelTime& time) -> Answer {
    if constexpr (kBand) {
      return time;
    } else {
      return time.Total();
    }
  };
  const auto price = [&](const auto& what) -> Result<Answer> {
    using What = std::remove_cvref_t<decltype(what)>;
    if constexpr (std::is_same_v<What, Gemm>) {
      ASSIGN_OR_RETURN(const GemmModel* const model, GemmFor(what.weights, what.activations));
      return Ask<kBand>(*model, ShapeOf(what));
    } else if constexpr (std::is_same_v<What, GroupedGemm>) {
      if (operation.site != Site::kExpertUp) {
        ASSIGN_OR_RETURN(const GemmModel* const model, GemmFor(what.weights, what.activations));
        return Ask<kBand>(*model, ShapeOf(what));
      }
      CHECK(experts.mlp != nullptr);
      if (!(what.tokens > 0)) return Answer{};
      ASSIGN_OR_RETURN(const MoeModel* const model,
                       ExpertsFor(what.weights, what.activations, experts.mlp->gated));
      return Ask<kBand>(*model, ExpertShape(what, experts));
    } else if constexpr (std::is_same_v<What, AttentionCall>) {
      const AttentionShape shape = ShapeOf(what);
      ASSIGN_OR_RETURN(const AttentionModel* const model, AttentionFor(what, shape));
      Answer answer = Ask<kBand>(*model, shape);
      const double factor = BackwardFactor(operation);
      if (factor != 1) Scale(answer, factor);
      return answer;
    } else if constexpr (std::is_same_v<What, Recurrence>) {
      KernelTime time = SweepTime(TrafficOf(operation), 1);
      time.parts.compute = WorkOf(operation) / device_.half;
      time.high = time.high + time.parts.compute;
      time.extrapolated = true;
      return finish(time);
    } else if constexpr (std::is_same_v<What, Sweep>) {
      return finish(SweepTime(what.bytes, what.kernels));
    } else {
      CHECK(false);
    }
  };
  if (IsPartOfExperts(operation, experts)) return Result<Answer>(Answer{});
  return std::visit(price, operation.what);
}

Result<Time> Kernels::TimeOf(const Operation& operation, const ExpertContext& experts) {
  return PriceAny<false>(operation, experts);
}

Result<KernelTime> Kernels::Price(const Operation& operation, const ExpertContext& experts) {
  return PriceAny<true>(operation, experts);
}

}  // namespace commplan
