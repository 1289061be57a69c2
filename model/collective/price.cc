#include "model/collective/price.h"

#include <algorithm>

#include "model/base/check.h"

namespace commplan {
namespace {

std::vector<Variant> WaysOf(const Engine& engine, Op op, const GroupShape& shape) {
  switch (engine.rule) {
    case EngineRule::kNccl:
      return NcclVariants(engine, op, shape);
    case EngineRule::kRules:
      return KernelVariants(engine, op, shape);
    case EngineRule::kCheapest:
    case EngineRule::kFixed:
      return TextbookVariants(engine, op, shape);
    case EngineRule::kMeasured:
      return {};  // its fallback's
  }
  CHECK(false);
}

// What an engine can run for elements of this type.
std::vector<Variant> VariantsOf(const Engine& engine, const CollectiveRequest& request,
                                const GroupShape& shape) {
  std::vector<Variant> variants = WaysOf(engine, request.op, shape);
  if (const TypeRule* rule = RuleFor(engine, request.op, request.type)) {
    ApplyRule(*rule, &variants);
  }
  return variants;
}

// Ways that differ by rounding only are equal, and of equals the first one is taken.
constexpr double kTie = 1 - 1e-12;

// What the fallback engines of `engine` can run, each behind what falls back to it.
void AddFallbacks(const std::vector<Engine>& engines, const Engine& engine,
                  const CollectiveRequest& request, const GroupShape& shape,
                  std::vector<Variant>* variants) {
  const Engine* fallback = FindEngine(engines, engine.fallback);
  for (std::size_t i = 0; i < engines.size() && fallback != nullptr; ++i) {
    const std::vector<Variant> more = VariantsOf(*fallback, request, shape);
    variants->insert(variants->end(), more.begin(), more.end());
    fallback = FindEngine(engines, fallback->fallback);
  }
}

// Whether one of the engine and its fallbacks has a rule for the type; who then refuses it, if one
// does.
struct TypeRules {
  bool any = false;
  const Engine* refusing = nullptr;
};
TypeRules RulesFor(const std::vector<Engine>& engines, const Engine& engine,
                   const CollectiveRequest& request) {
  TypeRules rules;
  const Engine* asked = &engine;
  for (std::size_t i = 0; i <= engines.size() && asked != nullptr; ++i) {
    if (const TypeRule* rule = RuleFor(*asked, request.op, request.type)) {
      rules.any = true;
      if (rule->refused) rules.refusing = asked;
    }
    asked = FindEngine(engines, asked->fallback);
  }
  return rules;
}

bool Extrapolates(const Engine& engine, Op op, const GroupShape& shape, Bytes bytes) {
  const auto beyond = [](double value, double limit) { return limit > 0 && value > limit; };
  const int nodes = shape.network_only ? shape.ranks : shape.nodes;
  const bool rooted = op == Op::kBroadcast || op == Op::kReduce || op == Op::kPointToPoint;
  if (rooted && engine.band_ranks_max > 0 && !engine.band_rooted) return true;
  return beyond(shape.ranks, engine.band_ranks_max) || beyond(nodes, engine.band_nodes_max) ||
         beyond(InBytes(bytes), InBytes(engine.band_bytes_max)) || bytes < engine.band_bytes_min;
}

// Which of a variant's inputs are latencies, and which are rates.
bool IsLatency(Symbol symbol) {
  return symbol == Symbol::kLatency || symbol == Symbol::kNetLatency ||
         symbol == Symbol::kLatency3 || symbol == Symbol::kLatency4 || symbol == Symbol::kLaunch;
}
bool IsRate(Symbol symbol) {
  return symbol == Symbol::kBandwidth || symbol == Symbol::kNetBandwidth ||
         symbol == Symbol::kBandwidth3 || symbol == Symbol::kBandwidth4;
}

}  // namespace

std::string_view Name(Regime regime) {
  switch (regime) {
    case Regime::kLatency:
      return "latency";
    case Regime::kBandwidth:
      return "bandwidth";
    case Regime::kReduction:
      return "reduction";
    case Regime::kCodec:
      return "codec";
  }
  CHECK(false);
}

Regime RegimeOf(const Cost& cost) {
  const auto sum = [&](std::initializer_list<Term> terms) {
    Time total{};
    for (const Term term : terms) total += cost.At(term);
    return total;
  };
  const std::array<Time, 4> shares{
      sum({Term::kLaunch, Term::kLatency, Term::kNetworkLatency}),
      sum({Term::kBandwidth, Term::kFill, Term::kNetworkBandwidth, Term::kCopy, Term::kContention}),
      sum({Term::kReduce}), sum({Term::kEncode, Term::kDecode})};
  return static_cast<Regime>(std::max_element(shares.begin(), shares.end()) - shares.begin());
}

Result<CollectiveModel> CollectiveModel::Create(const Fabric& fabric,
                                                const std::vector<Engine>& engines,
                                                const Engine& engine,
                                                const CollectiveRequest& request) {
  CollectiveModel model;
  model.request_ = request;
  model.engine_ = &engine;
  ASSIGN_OR_RETURN(model.placement_, Place(fabric, request.group));
  model.shape_ = ShapeOf(fabric, model.placement_);
  if (request.group.ranks == 1) return model;
  const TypeRules types = RulesFor(engines, engine, request);
  model.variants_ = VariantsOf(engine, request, model.shape_);
  AddFallbacks(engines, engine, request, model.shape_, &model.variants_);
  const std::string what =
      std::string(Name(request.op)) + " among " + std::to_string(request.group.ranks) + " ranks";
  if (model.variants_.empty() && types.refusing != nullptr) {
    const std::string type(Name(request.type));
    const std::string& refusing = types.refusing->name;
    return UnsupportedError("engine " + refusing + " does not add elements of type " + type +
                                " on this machine (engines." + refusing + ".types): " + what +
                                " cannot run",
                            "add in another type, such as bf16; operations that only move data "
                            "take " +
                                type);
  }
  if (model.variants_.empty()) {
    return UnsupportedError("engine " + engine.name + " has no way to run " + what + " there",
                            "choose another engine of the profile with --engine");
  }
  if (request.algorithm) {
    const auto other = [&](const Variant& v) { return v.card->algorithm != *request.algorithm; };
    std::string available;
    for (const Variant& v : model.variants_) {
      const std::string name(Name(v.card->algorithm));
      if (available.find(name) == std::string::npos) {
        available += (available.empty() ? "" : ", ") + name;
      }
    }
    std::erase_if(model.variants_, other);
    if (model.variants_.empty()) {
      return UnsupportedError("engine " + engine.name + " does not run " + what + " by " +
                                  std::string(Name(*request.algorithm)),
                              "it can use " + available);
    }
  }
  // Times were measured with a type that no rule is for.
  if (!types.any) RETURN_IF_ERROR(model.FindMeasured(fabric, engines));
  return model;
}

int CollectiveModel::Cheapest(Bytes bytes, const Engine* of, std::optional<Cost>* cost) const {
  int best = -1;
  Time less = 2.0 * kNever;  // to be better a time must be below it
  std::optional<Cost> value;
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    if (variants_[i].engine != of) continue;
    value.reset();
    const Time time = ChoiceTime(variants_[i], bytes, less, &value);
    if (best < 0 || time < less) {
      best = static_cast<int>(i);
      less = time * kTie;
      *cost = value;
    }
  }
  return best;
}

int CollectiveModel::ChooseByRules(Bytes bytes, std::optional<Cost>* cost) const {
  const Engine* const chooser = variants_.front().engine;
  for (const ChoiceRule& rule : chooser->rules) {
    if (rule.op != request_.op || shape_.ranks < rule.ranks_min || shape_.ranks > rule.ranks_max ||
        bytes < rule.bytes_min || bytes > rule.bytes_max) {
      continue;
    }
    for (std::size_t i = 0; i < variants_.size(); ++i) {
      if (variants_[i].engine == chooser && variants_[i].card->algorithm == rule.algorithm) {
        return static_cast<int>(i);
      }
    }
  }
  // No rule speaks of this size: the fallback engine runs it, as far as there is one.
  for (const Variant& variant : variants_) {
    if (variant.engine != chooser) return Cheapest(bytes, variant.engine, cost);
  }
  return Cheapest(bytes, chooser, cost);
}

int CollectiveModel::Choose(Bytes bytes, std::optional<Cost>* cost) const {
  const bool rules = variants_.front().engine->rule == EngineRule::kRules;
  if (rules && !request_.algorithm) return ChooseByRules(bytes, cost);
  return Cheapest(bytes, variants_.front().engine, cost);
}

Price CollectiveModel::At(Bytes bytes) const {
  Price price;
  if (variants_.empty()) return price;  // a single rank has nobody to talk to
  std::optional<Cost> found;
  price.variant = Choose(bytes, &found);
  const Variant& variant = VariantOf(price);
  price.cost = found ? *found : variant.card->value(InputsFor(variant, bytes));
  const Time total = price.cost.Total();
  const Engine& engine = *variant.engine;
  price.extrapolated = Extrapolates(engine, request_.op, shape_, bytes);
  // Twice as far in ratio: how errors grow outside the measured range is not known, only that they
  // do.
  const double low = price.extrapolated ? engine.band_low * engine.band_low : engine.band_low;
  const double high = price.extrapolated ? engine.band_high * engine.band_high : engine.band_high;
  price.low = total * low;
  price.high = total * high;
  if (measured_) {
    UseMeasured(bytes, &price);
  } else if (anchor_ != nullptr) {
    UseAnchor(bytes, &price);
  }
  return price;
}

std::vector<Alternative> CollectiveModel::AlternativesAt(Bytes bytes) const {
  std::vector<Alternative> alternatives;
  if (variants_.empty()) return alternatives;
  const Price chosen = At(bytes);
  const Time least = chosen.cost.Total();
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    if (static_cast<int>(i) == chosen.variant) continue;
    const Time time = variants_[i].card->value(InputsFor(variants_[i], bytes)).Total();
    alternatives.push_back({static_cast<int>(i), time, time - least});
  }
  std::stable_sort(alternatives.begin(), alternatives.end(),
                   [](const Alternative& a, const Alternative& b) { return a.time < b.time; });
  return alternatives;
}

Sensitivity CollectiveModel::SensitivityAt(Bytes bytes) const {
  Sensitivity result;
  if (variants_.empty()) return result;
  const Price price = At(bytes);
  if (measured_) return MeasuredSensitivity(bytes);
  const Variant& variant = VariantOf(price);
  const Inputs<double> x = InputsFor(variant, bytes);
  const Slopes total = variant.card->slopes(Differentiable(x)).Total().base();
  Inputs<double> half = x, faster = x;
  VisitInputs(half, [](Symbol symbol, auto& member) {
    if (IsLatency(symbol)) member = member / 2.0;
  });
  VisitInputs(faster, [](Symbol symbol, auto& member) {
    if (IsRate(symbol)) member = member * 2.0;
  });
  // A scaled price keeps its factor.
  const Time now = variant.card->value(x).Total();
  const double scale = now > Time() ? price.cost.Total() / now : 1;
  result.saved_by_half_latency = (now - variant.card->value(half).Total()) * scale;
  result.saved_by_double_bandwidth = (now - variant.card->value(faster).Total()) * scale;
  VisitInputs(x, [&](Symbol symbol, const auto& member) {
    const auto i = static_cast<std::size_t>(symbol);
    if (!IsLatency(symbol) && !IsRate(symbol)) return;
    if (total.value() > 0)
      result.elasticity[i] = total.slope(i) * BaseNumber(member) / total.value();
  });
  return result;
}

}  // namespace commplan
