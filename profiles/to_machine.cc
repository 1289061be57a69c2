// ToMachine: the values of a document, typed and checked, and checked against each other.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/suggest.h"
#include "model/codec/codec.h"
#include "model/collective/algorithm.h"
#include "model/collective/compressed.h"
#include "model/collective/engine.h"
#include "model/fabric/fabric.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/fields.h"
#include "profiles/head.h"
#include "profiles/reader.h"
#include "profiles/tree_reader.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

std::string Indexed(std::string_view path, std::size_t index) {
  return std::string(path) + "." + std::to_string(index);
}

std::vector<std::string> EngineNames(const Machine& machine) {
  std::vector<std::string> names;
  for (const Engine& engine : machine.engines) names.push_back(engine.name);
  return names;
}

void ReadSources(TreeReader& reader, const Document& document, Machine* machine) {
  reader.Know("sources");
  const Node* const sources = document.root.Find("sources");
  if (sources == nullptr) return;
  if (!sources->IsMap()) {
    reader.FaultAt("sources", "expected a map such as {id: {title: ..., url: ...}}");
    return;
  }
  for (const Entry& entry : sources->entries) {
    const std::string path = "sources." + entry.key;
    Source source;
    if (!IsPathWord(entry.key)) {
      reader.FaultAt("sources", "found the name '" + Shortened(entry.key) +
                                    "', expected letters, digits, - and _");
      continue;
    }
    for (const Entry& field : entry.value.entries) {
      const bool known = entry.value.IsMap() && (field.key == "title" || field.key == "url");
      if (!known) {
        reader.FaultAt(path, "found the unknown key '" + Shortened(field.key) + "'",
                       SuggestionHint(field.key, std::vector<std::string>{"title", "url"}));
      } else if (!field.value.IsScalar()) {
        reader.FaultAt(path + "." + field.key, "expected a text");
      } else {
        (field.key == "title" ? source.title : source.url) = field.value.text;
      }
    }
    if (source.title.empty()) {
      reader.FaultAt(path, "found no 'title', expected what the source calls itself");
    }
    machine->sources.emplace(entry.key, std::move(source));
  }
}

// ---- tiers ----

void CheckTiers(TreeReader& reader, const Machine& machine) {
  const std::vector<Tier>& tiers = machine.fabric.tiers;
  std::set<std::string> names;
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const std::string path = Indexed("tiers", i);
    if (!names.insert(tiers[i].name).second) {
      reader.FaultAt(path + ".name", "found the name '" + Shortened(tiers[i].name) + "' twice");
    }
    if (i + 1 < tiers.size() && tiers[i].ranks == 0) {
      reader.FaultAt(path + ".ranks", "found none, which only the outermost tier may leave out");
    }
    if (i == 0 || tiers[i].ranks == 0 || tiers[i - 1].ranks == 0) continue;
    const int inner = tiers[i - 1].ranks;
    if (tiers[i].ranks <= inner || tiers[i].ranks % inner != 0) {
      reader.FaultAt(path + ".ranks", "found " + std::to_string(tiers[i].ranks) +
                                          ", expected a multiple of the " + std::to_string(inner) +
                                          " ranks of tier '" + tiers[i - 1].name + "' inside it");
    }
  }
}

// ---- engines ----

void CheckChoiceRules(TreeReader& reader, const Engine& engine, const std::string& path) {
  std::set<Algorithm> priced;
  for (std::size_t i = 0; i < engine.kernels.size(); ++i) {
    if (priced.insert(engine.kernels[i].algorithm).second) continue;
    reader.FaultAt(Indexed(path + ".kernels", i) + ".algorithm",
                   "found a second kernel for '" + std::string(Name(engine.kernels[i].algorithm)) +
                       "', expected one");
  }
  for (std::size_t i = 0; i < engine.rules.size(); ++i) {
    const ChoiceRule& rule = engine.rules[i];
    const std::string rule_path = Indexed(path + ".rules", i);
    if (rule.ranks_min > rule.ranks_max) {
      reader.FaultAt(rule_path + ".ranks_min", "found " + std::to_string(rule.ranks_min) +
                                                   ", expected at most ranks_max, " +
                                                   std::to_string(rule.ranks_max));
    }
    if (rule.bytes_min > rule.bytes_max) {
      reader.FaultAt(rule_path + ".bytes_min",
                     "found " + PeopleIn(Dimension::kBytes, rule.bytes_min.base()) +
                         ", expected at most bytes_max, " +
                         PeopleIn(Dimension::kBytes, rule.bytes_max.base()));
    }
    if (priced.count(rule.algorithm) == 0) {
      reader.FaultAt(rule_path + ".algorithm",
                     "found '" + std::string(Name(rule.algorithm)) +
                         "', expected an algorithm that 'kernels' has a cost for",
                     "add {algorithm: " + std::string(Name(rule.algorithm)) +
                         ", launch: ..., latency: ..., bandwidth_share: ...} to " + path +
                         ".kernels");
    }
  }
}

void CheckFallback(TreeReader& reader, const Machine& machine, const Engine& engine,
                   const std::string& path) {
  const Engine* next = FindEngine(machine.engines, engine.fallback);
  if (next == nullptr) {
    reader.FaultAt(path + ".fallback",
                   "found '" + Shortened(engine.fallback) + "', expected another engine",
                   SuggestionHint(engine.fallback, EngineNames(machine)));
    return;
  }
  // As many steps as there are engines end at one without a fallback, unless there is a cycle.
  for (std::size_t i = 0; i < machine.engines.size(); ++i) {
    const bool goes_on = next != nullptr &&
                         (next->rule == EngineRule::kRules || next->rule == EngineRule::kMeasured);
    if (!goes_on) return;
    next = FindEngine(machine.engines, next->fallback);
  }
  reader.FaultAt(path + ".fallback",
                 "found '" + Shortened(engine.fallback) + "', which falls back to itself again");
}

void CheckCurves(TreeReader& reader, const Engine& engine, const std::string& path) {
  std::set<std::tuple<Op, int, int>> groups;
  for (std::size_t i = 0; i < engine.measured.curves.size(); ++i) {
    const MeasuredCurve& curve = engine.measured.curves[i];
    const std::string curve_path = Indexed(path + ".curves", i);
    if (!groups.insert({curve.op, curve.ranks, curve.nodes}).second) {
      reader.FaultAt(curve_path, "found a second curve for " + std::string(Name(curve.op)) +
                                     " among " + std::to_string(curve.ranks) + " ranks on " +
                                     std::to_string(curve.nodes) + " nodes, expected one");
    }
    if (curve.ranks % curve.nodes != 0) {
      reader.FaultAt(curve_path + ".nodes", "found " + std::to_string(curve.nodes) +
                                                ", expected a divisor of the " +
                                                std::to_string(curve.ranks) + " ranks");
    }
    if (curve.measured_min > curve.measured_max) {
      reader.FaultAt(curve_path + ".measured_min",
                     "found " + PeopleIn(Dimension::kBytes, curve.measured_min.base()) +
                         ", expected at most measured_max, " +
                         PeopleIn(Dimension::kBytes, curve.measured_max.base()));
    }
  }
}

// What NCCL needs to leave a node.
void CheckNcclNetwork(TreeReader& reader, const Machine& machine, const Engine& engine,
                      const std::string& path) {
  if (machine.fabric.tiers.size() < 2) return;
  const std::string why = "a machine of several tiers needs it";
  if (engine.nccl.network.ring == PerProtocol{}) {
    reader.FaultAt(path + ".network", "found none; " + why);
  }
  if (engine.nccl.network_speeds.empty()) {
    reader.FaultAt(path + ".network_speeds", "found none; " + why);
  }
}

void CheckEngines(TreeReader& reader, const Machine& machine) {
  for (const Engine& engine : machine.engines) {
    const std::string path = "engines." + engine.name;
    if (reader.HasFaultIn(path)) continue;
    if (engine.rule == EngineRule::kRules) {
      CheckChoiceRules(reader, engine, path);
      CheckFallback(reader, machine, engine, path);
    } else if (engine.rule == EngineRule::kMeasured) {
      CheckCurves(reader, engine, path);
      CheckFallback(reader, machine, engine, path);
    } else if (engine.rule == EngineRule::kNccl && !reader.HasFaultIn("tiers")) {
      CheckNcclNetwork(reader, machine, engine, path);
    }
  }
}

// A kernel's table must be there.
void CheckTables(TreeReader& reader, const ComputeProfile& compute) {
  const auto check = [&](std::string_view list, const auto& entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string& name = entries[i].table;
      if (name.empty() || compute.tables.count(name) > 0) continue;
      std::vector<std::string> known;
      for (const auto& [table, values] : compute.tables) known.push_back(table);
      reader.FaultAt(Indexed(std::string("compute.").append(list), i) + ".table",
                     "found '" + Shortened(name) + "', expected one of compute.tables",
                     SuggestionHint(name, known));
    }
  };
  check("gemm", compute.gemm);
  check("attention", compute.attention);
  check("experts", compute.experts);
}

// Either all is known of a device or nothing but the rate of its memory. Half of one would let a
// step be priced on nothing.
void CheckDevice(TreeReader& reader, const Machine& machine) {
  const Device& device = machine.device;
  const bool memory = device.memory > Bytes(), units = device.multiprocessors > 0;
  const bool rates = !device.rates.empty();
  const bool bare = !memory && !units && !rates && machine.compute.empty();
  if (device.name.empty() || bare) return;
  const auto lacks = [&](std::string_view key, Dimension dimension) {
    std::string text = "found no '";
    text.append(key).append("', expected ").append(Article(dimension));
    reader.FaultAt("device", text);
  };
  if (!memory) lacks("memory", Dimension::kBytes);
  if (!units) lacks("multiprocessors", Dimension::kInteger);
  if (!rates) lacks("rates", Dimension::kFlopRate);
}

// Whose kernels stand for a framework's must be among those that the profile has, where it has any.
void CheckTraining(TreeReader& reader, const Machine& machine) {
  std::vector<std::string> known;
  for (const Tabled<GemmFit>& entry : machine.compute.gemm) known.push_back(entry.fit.engine);
  if (known.empty()) return;
  for (const TrainingProfile& one : machine.training) {
    const bool found = std::find(known.begin(), known.end(), one.kernels) != known.end();
    if (one.kernels.empty() || found) continue;
    reader.FaultAt("training." + one.framework + ".kernels",
                   "found '" + Shortened(one.kernels) + "', expected a provider of compute.gemm",
                   SuggestionHint(one.kernels, known));
  }
}

// A codec that the program does not know would cost something that nobody ever asks for.
void CheckCodecs(TreeReader& reader, const Machine& machine) {
  for (const CodecCost& codec : machine.codecs) {
    if (codec.name == kAnyCodec) continue;
    const Result<codec::Codec> known = codec::FindCodec(codec.name);
    if (known.ok()) continue;
    reader.FaultAt("codecs." + codec.name, known.error().message, known.error().hint);
  }
}

void PutDefaultEngineFirst(TreeReader& reader, const Document& document, Machine* machine) {
  reader.Know("default_engine");
  const Node* const node = document.root.Find("default_engine");
  if (node == nullptr || machine->engines.empty()) return;
  const auto found = std::find_if(machine->engines.begin(), machine->engines.end(),
                                  [node](const Engine& e) { return e.name == node->text; });
  if (found == machine->engines.end()) {
    reader.FaultAt("default_engine",
                   "found '" + Shortened(node->text) + "', expected one of the engines",
                   SuggestionHint(node->text, EngineNames(*machine)));
    return;
  }
  std::rotate(machine->engines.begin(), found, found + 1);
}

}  // namespace

Result<Machine> ToMachine(const Document& document) {
  Machine machine;
  TreeReader reader(document);
  reader.Text("name", Need::kOptional, &machine.name);
  reader.Text("title", Need::kOptional, &machine.title);
  ReadSources(reader, document, &machine);
  VisitMachine(reader, &machine);
  for (Engine& engine : machine.engines) {
    if (engine.rule == EngineRule::kMeasured) engine.measured.corrections = machine.count_laws;
  }
  PutDefaultEngineFirst(reader, document, &machine);
  if (!reader.HasFaultIn("device")) CheckDevice(reader, machine);
  if (!reader.HasFaultIn("tiers")) CheckTiers(reader, machine);
  CheckEngines(reader, machine);
  CheckCodecs(reader, machine);
  if (!reader.HasFaultIn("compute")) {
    CheckTables(reader, machine.compute);
    CheckTraining(reader, machine);
  }
  reader.Finish();
  std::vector<Error> faults = document.faults;
  std::move(reader.faults().begin(), reader.faults().end(), std::back_inserter(faults));
  if (!faults.empty()) return Combine(std::move(faults));
  machine.provenance = std::move(reader.provenance());
  return machine;
}

}  // namespace commplan::profiles
