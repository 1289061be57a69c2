#include "calibrate/fit/machine.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "calibrate/fit/coded.h"
#include "calibrate/fit/tabulate.h"
#include "model/base/check.h"

namespace commplan::fit {
namespace {

constexpr std::string_view kSourceId = "measurements";
constexpr std::string_view kNoLibrary = "measured";

// What a name of an engine may hold: letters, digits, - and _.
std::string PathWord(std::string_view text) {
  std::string word;
  for (const char c : text) {
    word += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ? c : '-';
  }
  return word;
}

bool HasEngine(const Machine* machine, const std::string& name) {
  return machine != nullptr && FindEngine(machine->engines, name) != nullptr;
}

// Who stands behind the measurements of a library: the engine of that name, else the first one.
std::string FallbackFor(const Group& group, const Machine& like) {
  CHECK(!like.engines.empty());
  return HasEngine(&like, group.engine) ? group.engine : like.engines.front().name;
}

Engine Textbook() {
  Engine engine;
  engine.name = "ideal";
  engine.rule = EngineRule::kCheapest;
  return engine;
}

class Builder {
 public:
  Builder(const MachineOptions& options, FittedMachine* out) : options_(options), out_(*out) {
    out_.machine.name = options.name;
    out_.machine.title = options.title;
    out_.machine.sources[std::string(kSourceId)] = options.source;
  }

  Status Add(const Group& group) {
    const std::vector<Point> points = TrainingPoints(group, options_.odd_held_out);
    if (points.empty()) return OkStatus();
    ASSIGN_OR_RETURN(CurveFit fit, FitCurve(points));
    MeasuredCurve curve = Tabulate(fit, group.op, group.ranks, group.nodes);
    Engine& engine = EngineFor(group);
    for (const MeasuredCurve& other : engine.measured.curves) {
      if (other.op != curve.op || other.ranks != curve.ranks || other.nodes != curve.nodes)
        continue;
      return BadInputError("found two sets of measurements of " + group.Text() +
                               ", expected one for an engine of a profile",
                           {}, "fit the files apart, or choose with --system, --device or --dtype");
    }
    engine.measured.curves.push_back(curve);
    out_.curves.push_back({group, std::move(fit), engine.name, std::move(curve)});
    return OkStatus();
  }

  // A curve that was not measured. Nothing is scored by it.
  void Add(const PredictedCurve& predicted) {
    EngineFor(predicted.group).measured.curves.push_back(predicted.curve);
    out_.notes.push_back(predicted.group.Text() + ": " + predicted.note);
    predicted_notes_[{EngineFor(predicted.group).name, predicted.group.ranks}] = predicted.note;
  }

  void Finish() {
    SortEngines();
    if (options_.like == nullptr) {
      AddTiers();
      out_.machine.engines.push_back(Textbook());
    }
    for (const Engine& engine : out_.machine.engines) SayWhereCurvesCameFrom(engine);
    PutWork(options_.work, std::string(kSourceId), options_.like, &out_.machine);
    out_.notes.insert(out_.notes.end(), options_.work.notes.begin(), options_.work.notes.end());
    if (options_.like == nullptr) {
      for (const std::string_view band : {"band_low", "band_high"}) {
        out_.machine.provenance["engines.ideal." + std::string(band)] = {
            ProvenanceKind::kAssumed, "", "a bound, not a forecast"};
      }
    }
  }

 private:
  Engine& EngineFor(const Group& group) {
    std::string name = EngineLabel(group);
    if (HasEngine(options_.like, name) || name == Textbook().name) name += "-measured";
    for (Engine& engine : out_.machine.engines) {
      if (engine.name == name) return engine;
    }
    Engine engine;
    engine.name = name;
    engine.version = group.version;
    engine.rule = EngineRule::kMeasured;
    engine.fallback =
        options_.like == nullptr ? Textbook().name : FallbackFor(group, *options_.like);
    out_.machine.engines.push_back(std::move(engine));
    return out_.machine.engines.back();
  }

  // The one that knows most comes first; of equals the later version.
  void SortEngines() {
    const auto rank = [](const Engine& engine) {
      std::string version;
      for (std::size_t i = 0; i < engine.version.size();) {
        std::size_t end = i;
        while (end < engine.version.size() && std::isdigit(engine.version[end]) != 0) ++end;
        // Numbers of one length compare as texts.
        if (end > i) version += std::string(8 - std::min<std::size_t>(8, end - i), '0');
        end = std::max(end, i + 1);
        version += engine.version.substr(i, end - i);
        i = end;
      }
      return std::pair(engine.measured.curves.size(), version);
    };
    std::stable_sort(out_.machine.engines.begin(), out_.machine.engines.end(),
                     [&](const Engine& a, const Engine& b) { return rank(a) > rank(b); });
    for (Engine& engine : out_.machine.engines) {
      std::sort(engine.measured.curves.begin(), engine.measured.curves.end(),
                [](const MeasuredCurve& a, const MeasuredCurve& b) {
                  return std::tuple(a.op, a.nodes, a.ranks) < std::tuple(b.op, b.nodes, b.ranks);
                });
    }
  }

  // One rank's rate through its link, as the largest messages show it.
  static Bandwidth RateOf(const MeasuredCurve& curve) {
    const Bytes bytes = curve.measured_max;
    const PreparedCurve prepared(curve);
    const Bandwidth rate = bytes * BusBandwidthFactor(curve.op, curve.ranks) /
                           Seconds(std::exp(prepared.At(bytes).ln_time));
    return GBps(FiveDigits(InGBps(rate)));
  }

  // The time of the smallest message where the sizes do not fix the latency.
  static Time LatencyOf(const MeasuredCurve& curve) {
    if (curve.latency_plus_minus < 1) return curve.latency;
    const PreparedCurve prepared(curve);
    return Micros(FiveDigits(std::exp(prepared.At(curve.measured_min).ln_time) * 1e6));
  }

  void AddTiers() {
    Tier inner{.name = "node"}, outer{.name = "network"};
    inner.ranks = 1;
    inner.latency = outer.latency = Seconds(1);
    int nodes = 1;
    for (const FittedCurve& one : out_.curves) {
      const MeasuredCurve& curve = one.curve;
      inner.ranks = std::max(inner.ranks, curve.ranks / curve.nodes);
      nodes = std::max(nodes, curve.nodes);
      Tier& tier = curve.nodes > 1 ? outer : inner;
      tier.bandwidth = Max(tier.bandwidth, RateOf(curve));
      // No message of one hop takes longer than the quickest operation.
      tier.latency = Min(tier.latency, LatencyOf(curve));
    }
    // Ranks of one node that were never measured alone are at least as fast as through the network.
    const bool inner_known = inner.bandwidth > Bandwidth();
    if (!inner_known) {
      inner.bandwidth = outer.bandwidth;
      inner.latency = outer.latency;
    }
    outer.ports = inner.ranks;
    std::vector<Tier>& tiers = out_.machine.fabric.tiers;
    tiers.push_back(inner);
    SayTier(0, inner_known ? "the largest bus bandwidth and the smallest latency of its curves"
                           : "not measured; as the network");
    if (nodes == 1) {
      // How many ranks a node holds is then not known; more than were measured may be asked for.
      tiers[0].ranks = 0;
      out_.machine.provenance.erase("tiers.0.ranks");
      return;
    }
    tiers.push_back(outer);
    SayTier(1, "the largest bus bandwidth and the smallest latency of its curves");
  }

  void Say(const std::string& path, ProvenanceKind kind, const std::string& note) {
    out_.machine.provenance[path] = {kind, std::string(kSourceId), note};
  }

  void SayTier(int index, const std::string& note) {
    const std::string path = "tiers." + std::to_string(index) + ".";
    for (const char* key : {"ranks", "bandwidth", "latency", "ports"}) {
      Say(path + key, ProvenanceKind::kFitted, note);
    }
  }

  void SayWhereCurvesCameFrom(const Engine& engine) {
    for (std::size_t i = 0; i < engine.measured.curves.size(); ++i) {
      const std::string path = "engines." + engine.name + ".curves." + std::to_string(i) + ".";
      const MeasuredCurve& curve = engine.measured.curves[i];
      const std::string note =
          curve.predicted ? predicted_notes_.at({engine.name, curve.ranks}) : options_.note;
      for (const char* key : {"ranks", "nodes", "latency", "bandwidth", "ramp", "ramp_at",
                              "measured_min", "measured_max"}) {
        Say(path + key, ProvenanceKind::kFitted, note);
      }
      for (const auto& [key, known] :
           {std::pair{"latency_plus_minus", curve.latency_plus_minus > 0},
            {"bandwidth_plus_minus", curve.bandwidth_plus_minus > 0},
            {"ramp_plus_minus", curve.ramp_plus_minus > 0}}) {
        if (known) Say(path + key, ProvenanceKind::kFitted, note);
      }
    }
  }

  const MachineOptions& options_;
  FittedMachine& out_;
  std::map<std::pair<std::string, int>, std::string> predicted_notes_;  // by engine and ranks
};

std::string SystemOf(const Group& group) {
  if (!group.system.empty()) return group.system;
  return group.device.empty() ? "a machine without a name" : group.device;
}

}  // namespace

std::string EngineLabel(const Group& group) {
  std::string label = group.engine.empty() ? std::string(kNoLibrary) : PathWord(group.engine);
  if (!group.version.empty()) label += "-" + PathWord(group.version);
  if (group.launch != samples::Launch::kNotStated) {
    label.append("-").append(samples::Name(group.launch));
  }
  if (!group.codec.empty()) label.append("-").append(PathWord(group.codec));
  return label;
}

Status CheckOneSystem(const std::vector<Group>& groups) {
  std::set<std::string> systems;
  for (const Group& group : groups) systems.insert(SystemOf(group));
  if (systems.size() <= 1) return OkStatus();
  std::string found;
  for (const std::string& system : systems) found += (found.empty() ? "" : ", ") + system;
  return BadInputError("found measurements of " + std::to_string(systems.size()) + " machines (" +
                           found + "), expected one for a profile",
                       {}, "choose one with --system or --device, or fit the files apart");
}

Result<FittedMachine> FitMachine(const std::vector<Group>& groups, const MachineOptions& options) {
  if (groups.empty() && options.work.empty()) {
    return BadInputError("found no measurement that can be fitted", {},
                         "the notes say why each was left out");
  }
  if (groups.empty() && options.like == nullptr) {
    return BadInputError(
        "found only what one device does alone, which says nothing of links", {},
        "name the machine that it belongs to with --like, or give collectives too");
  }
  FittedMachine fitted;
  Builder builder(options, &fitted);
  for (const Group& group : groups) {
    if (options.progress) options.progress(group);
    RETURN_IF_ERROR(builder.Add(group));
  }
  ASSIGN_OR_RETURN(const std::vector<PredictedCurve> predicted,
                   PredictCoded(groups, options.odd_held_out));
  for (const PredictedCurve& one : predicted) builder.Add(one);
  builder.Finish();
  return fitted;
}

}  // namespace commplan::fit
