#include "profiles/random_machine.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/fabric/fabric.h"
#include "model/step/machine.h"
#include "profiles/fields.h"

namespace commplan::profiles {
namespace {

constexpr std::array<std::string_view, 9> kTexts = {
    "plain",       "two words",        "a: b # c", "\"quoted\"",
    "back\\slash", "line\nbreak\ttab", "null",     "\xc2\xb5s \xe2\x80\xa8",
    "- [x, {y}]"};

// A visitor that fills each field by the rules that the reader holds it to.
class Filler final : public FieldVisitor {
 public:
  Filler(std::mt19937_64& random, Machine* machine) : random_(random), machine_(*machine) {}

  void Number(std::string_view key, const NumberRule& rule, double* value) override {
    // Values that must fit each other are set by RandomMachine.
    const bool fixed = key == "ranks" || key == "ranks_min" || key == "ranks_max" ||
                       key == "bytes_min" || key == "bytes_max" || key == "nodes" ||
                       key == "measured_min" || key == "measured_max";
    // Of a device with rates all is known.
    const bool must = rule.need == Need::kRequired || key == "memory" || key == "multiprocessors";
    if (!fixed && (must || Coin())) *value = Draw(rule);
    if (rule.need == Need::kRequired || *value != rule.fallback ||
        (rule.Allows(*value) && Chance(0.1))) {
      AddProvenance(key);
    }
  }

  void Numbers(std::string_view key, const NumberRule& rule, const ListRule& list,
               std::vector<double>* values) override {
    if (rule.need == Need::kOptional && Coin()) return;
    values->assign(list.exactly != 0 ? list.exactly : 1 + random_() % 9, 0);
    for (double& value : *values) value = Draw(rule);
    if (list.descending) std::sort(values->begin(), values->end(), std::greater<>());
    AddProvenance(key);
  }

  void Flag(std::string_view key, bool* value) override {
    *value = Coin();
    if (Coin()) AddProvenance(key);
  }

  void Text(std::string_view key, Need need, std::string* text) override {
    if (key == "fallback" || key == "table" || key == "kernels") return;
    if (need == Need::kRequired || Coin()) {
      *text = std::string(kTexts[random_() % kTexts.size()]) + std::to_string(counter_++);
    }
  }

  void Word(std::string_view key, Need /*need*/, std::span<const std::string_view> words,
            std::size_t* index) override {
    if (key != "rule" && key != "algorithm") *index = random_() % words.size();
  }

  void Knots(std::string_view /*key*/, std::vector<CurveKnot>* knots) override {
    knots->resize(1 + random_() % 5);
    double bytes = 0;
    for (CurveKnot& knot : *knots) {
      bytes += static_cast<double>(1 + random_() % 100'000);
      knot.bytes = B(bytes);
      knot.deviation = (static_cast<double>(random_() % 20'000) - 9'999) / 100 / 100;
      knot.spread = static_cast<double>(random_() % 2'000) / 10 / 100;
    }
  }

  // What is coded is set by RandomMachine.
  void Coded(std::string_view /*key*/, Need /*need*/, CodedText* /*code*/) override {}

  bool Enter(std::string_view key, Need need, bool is_default) override {
    if (key == "compute" && is_default) return false;
    // A map that is there has all of its required values.
    if (need == Need::kOptional && key == "network" && Coin()) return false;
    Push(key);
    return true;
  }
  std::size_t EnterList(std::string_view key, Need need, std::size_t size) override {
    if (size == 0 && need == Need::kOptional) size = random_() % 4;
    if (size > 0) Push(key);
    return size;
  }
  void EnterItem(std::size_t index) override { Push(std::to_string(index)); }
  std::vector<std::string> EnterNames(std::string_view key, Need /*need*/,
                                      const std::vector<std::string>& names) override {
    if (!names.empty()) Push(key);
    return names;
  }
  void Leave() override {
    path_.resize(sizes_.back());
    sizes_.pop_back();
  }

 private:
  bool Coin() { return Chance(0.5); }
  bool Chance(double share) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < share;
  }

  // Any double of the range; sometimes a round one, an end, or none.
  double Draw(const NumberRule& rule) {
    if (rule.or_zero && Chance(0.1)) return 0;
    if (Chance(0.05)) return rule.least;
    if (Chance(0.05)) return rule.most;
    if (rule.dimension == Dimension::kSigned) {
      return std::uniform_real_distribution<double>(rule.least, rule.most)(random_);
    }
    const double low = std::log(std::max(rule.least, rule.most * 1e-12));
    const double high = std::log(rule.most);
    const double value = std::exp(std::uniform_real_distribution<double>(low, high)(random_));
    const double rounded = Chance(0.5) ? std::round(value) : value;
    const double whole = rule.dimension == Dimension::kInteger ? std::round(value) : rounded;
    return std::clamp(whole, rule.least, rule.most);
  }

  void Push(std::string_view key) {
    sizes_.push_back(path_.size());
    path_ += (path_.empty() ? "" : ".") + std::string(key);
  }

  void AddProvenance(std::string_view key) {
    const auto kind = static_cast<ProvenanceKind>(random_() % 5);
    const bool assumed = kind == ProvenanceKind::kAssumed;
    Provenance provenance{kind, assumed && Coin() ? "" : Coin() ? "one" : "two", ""};
    if (assumed || Coin()) provenance.note = kTexts[random_() % kTexts.size()];
    machine_.provenance.emplace((path_.empty() ? "" : path_ + ".") + std::string(key), provenance);
  }

  std::mt19937_64& random_;
  Machine& machine_;
  std::string path_;
  std::vector<std::size_t> sizes_;
  int counter_ = 0;
};

std::vector<ChoiceRule> RandomRules(std::mt19937_64& random,
                                    const std::vector<KernelCost>& kernels) {
  std::vector<ChoiceRule> rules(1 + random() % 4);
  for (ChoiceRule& rule : rules) {
    rule.algorithm = kernels[random() % kernels.size()].algorithm;
    rule.ranks_min = 1 + static_cast<int>(random() % 9);
    rule.ranks_max = rule.ranks_min + static_cast<int>(random() % 9);
    rule.bytes_min = B(static_cast<double>(random() % 100'000));
    rule.bytes_max = rule.bytes_min + B(static_cast<double>(random() % 1'000'000));
  }
  return rules;
}

// A few kernels, the first with all that is written in a form of its own.
ComputeProfile RandomCompute(std::mt19937_64& random) {
  ComputeProfile compute;
  compute.gemm.resize(1 + random() % 2);
  Tabled<GemmFit>& first = compute.gemm.front();
  first.fit.evidence.measured = {{0, 15.5}, {-5, 16}};
  first.fit.evidence.bands[0] = {0.75, 1 + static_cast<double>(random() % 100) / 64};
  first.table = "some";
  std::vector<double> values(6);
  for (double& value : values) value = (static_cast<double>(random() % 2000) - 1000) / 1000;
  compute.tables["some"] = ResidualTable({{0, 2.5, 4}, {-1, 4}}, values);
  return compute;
}

}  // namespace

Machine RandomMachine(std::mt19937_64& random) {
  Machine machine;
  machine.name = "random-" + std::to_string(random() % 1000);
  machine.title = std::string(kTexts[random() % kTexts.size()]);
  machine.sources["one"] = {"The first", "https://example.com/one"};
  machine.sources["two"] = {std::string(kTexts[random() % kTexts.size()]), ""};
  for (const char* type : {"bf16", "fp8", "1e3", "null"}) {
    if (random() % 2 == 0 || machine.device.rates.empty()) machine.device.rates[type] = {};
  }
  machine.fabric.tiers.resize(1 + random() % 3);
  int ranks = 1;
  for (Tier& tier : machine.fabric.tiers) {
    ranks *= 2 + static_cast<int>(random() % 7);
    tier.ranks = ranks;
  }
  if (random() % 2 == 0) machine.fabric.tiers.back().ranks = 0;
  machine.engines.resize(1 + random() % 4);
  for (std::size_t i = 0; i < machine.engines.size(); ++i) {
    Engine& engine = machine.engines[i];
    engine.name = "engine-" + std::to_string(i);
    // NCCL needs a network where there are several tiers; the filler leaves it out at times.
    const bool nccl = machine.fabric.tiers.size() == 1 && random() % 2 == 0;
    engine.rule = nccl ? EngineRule::kNccl : i == 0 ? EngineRule::kCheapest : EngineRule::kRules;
    if (engine.rule == EngineRule::kRules && random() % 3 == 0) {
      engine.rule = EngineRule::kMeasured;
      engine.fallback = "engine-0";
      engine.measured.curves.resize(1 + random() % 3);
      for (MeasuredCurve& curve : engine.measured.curves) {
        curve.nodes = 1 + static_cast<int>(random() % 3);
        curve.ranks = ++ranks * curve.nodes;
        curve.measured_min = B(static_cast<double>(1 + random() % 1000));
        curve.measured_max = curve.measured_min + B(static_cast<double>(random() % 100'000));
      }
      continue;
    }
    if (engine.rule != EngineRule::kRules) continue;
    engine.fallback = "engine-0";
    engine.kernels.resize(1 + random() % 3);
    for (std::size_t k = 0; k < engine.kernels.size(); ++k) {
      engine.kernels[k].algorithm = static_cast<Algorithm>(k * 4 + random() % 4);
    }
    engine.rules = RandomRules(random, engine.kernels);
  }
  for (const char* codec : {"tq3", "mxfp4", "int4-b32"}) {
    if (random() % 3 == 0) machine.codecs.push_back({.name = codec});
  }
  if (random() % 4 == 0) machine.compute = RandomCompute(random);
  for (const char* framework : {"megatron", "fsdp"}) {
    if (random() % 3 == 0) machine.training.push_back({.framework = framework});
  }
  Filler filler(random, &machine);
  VisitMachine(filler, &machine);
  return machine;
}

}  // namespace commplan::profiles
