#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "calibrate/samples/json.h"
#include "calibrate/samples/sample.h"
#include "model/base/suggest.h"

namespace commplan::samples {
namespace {

constexpr std::array<std::string_view, 24> kSampleKeys = {
    "op",       "engine",         "version",     "kernel",       "launch", "ranks",
    "nodes",    "ranks_per_node", "bytes",       "dtype",        "codec",  "coded_bytes",
    "in_place", "repeats_us",     "calls",       "quantiles_us", "device", "system",
    "tool",     "date",           "environment", "origin",       "work",   "cores"};
constexpr std::array<std::string_view, 2> kOriginKeys = {"file", "line"};
constexpr std::array<std::string_view, 3> kDocumentKeys = {"schema", "samples", "work"};

std::string TypeName(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a text";
  if (value.is_boolean()) return "true or false";
  return "a number";
}

// "p99.9" for 0.999.
std::string QuantileName(double share) {
  std::array<char, 32> digits{};
  // Rounded to what a double surely holds: 0.999 * 100 is not quite 99.9.
  const double percent = std::round(share * 1e14) / 1e12;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), percent).ptr;
  return "p" + std::string(digits.data(), end);
}

std::optional<double> QuantileNamed(std::string_view word) {
  if (word.size() < 2 || word.front() != 'p') return std::nullopt;
  // Not percent / 100, which is rounded twice: 0.999 shall come back as 0.999.
  const std::string decimal = std::string(word.substr(1)) + "e-2";
  double share = 0;
  const char* const end = decimal.data() + decimal.size();
  const auto [stop, error] = std::from_chars(decimal.data(), end, share);
  if (error != std::errc() || stop != end || !(share >= 0 && share <= 1)) return std::nullopt;
  if (QuantileName(share) != word) return std::nullopt;  // "p050", "p5e1"
  return share;
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  SampleSet Document(const Json& json) {
    SampleSet set;
    if (!IsObject(json, "the document")) return set;
    RefuseUnknown(json, "", kDocumentKeys);
    Text(json, "schema", "", set.schema);
    if (!json.contains("schema") || set.schema != kSampleSchema) {
      Fault("schema: expected \"" + std::string(kSampleSchema) + "\"");
    }
    const auto samples = json.find("samples");
    if (samples == json.end() || !samples->is_array()) {
      Fault("samples: expected a list of samples");
      return set;
    }
    set.samples = List(*samples, "samples");
    if (const auto work = json.find("work"); work != json.end()) {
      if (work->is_array()) {
        set.work = List(*work, "work");
      } else {
        Fault("work: found " + TypeName(*work) + ", expected a list of samples");
      }
    }
    return set;
  }

  std::vector<Error>& faults() { return faults_; }

 private:
  void Fault(std::string message, std::string hint = {}) {
    faults_.push_back(BadInputError(std::move(message), {file_}, std::move(hint)));
  }

  bool IsObject(const Json& json, const std::string& path) {
    if (json.is_object()) return true;
    Fault(path + ": found " + TypeName(json) + ", expected an object");
    return false;
  }

  template <class Keys>
  void RefuseUnknown(const Json& json, const std::string& path, const Keys& keys) {
    for (const auto& [key, value] : json.items()) {
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      Fault(path + key + ": unknown key", SuggestionHint(key, keys));
    }
  }

  void Text(const Json& json, const char* key, const std::string& path, std::string& out) {
    const auto found = json.find(key);
    if (found == json.end()) return;
    if (!found->is_string()) {
      Fault(path + key + ": found " + TypeName(*found) + ", expected a text");
      return;
    }
    out = found->get<std::string>();
  }

  // A whole number from `least` on that the target holds.
  template <class Integer>
  bool Whole(const Json& value, const std::string& path, Integer least, Integer& out) {
    const bool fits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>() <=
                                static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())
                          : value.is_number_integer() && value.get<std::int64_t>() >= 0;
    if (fits && value.get<std::uint64_t>() >= static_cast<std::uint64_t>(least)) {
      out = value.get<Integer>();
      return true;
    }
    Fault(path + ": found " + (value.is_number() ? value.dump() : TypeName(value)) +
          ", expected a whole number from " + std::to_string(least));
    return false;
  }

  template <class Integer>
  void Count(const Json& json, const char* key, const std::string& path, Integer& out) {
    const auto found = json.find(key);
    if (found != json.end()) Whole(*found, path + key, Integer{1}, out);
  }

  bool Time(const Json& value, const std::string& path, double& out) {
    if (value.is_number()) {
      out = value.get<double>();
      if (std::isfinite(out) && out > 0) return true;
    }
    Fault(path + ": found " + (value.is_number() ? value.dump() : TypeName(value)) +
          ", expected a finite number of microseconds above 0");
    return false;
  }

  std::vector<Sample> List(const Json& list, const std::string& name) {
    std::vector<Sample> samples;
    samples.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      samples.push_back(OneSample(list[i], name + "[" + std::to_string(i) + "]", name == "work"));
    }
    return samples;
  }

  // The operation of a collective, or the name of what one device did.
  void What(const Json& json, const std::string& path, bool is_work, Sample& sample) {
    const char* const key = is_work ? "work" : "op";
    if (!json.contains(key)) Fault(path + key + ": missing");
    if (const char* const other = is_work ? "op" : "work"; json.contains(other)) {
      Fault(path + other + ": found in the list of " + (is_work ? "work" : "collectives"),
            std::string("samples with \"op\" stand in the list \"samples\", those with \"work\" ") +
                "in the list \"work\"");
    }
    if (is_work) {
      Text(json, "work", path, sample.work);
      if (json.contains("work") && json["work"].is_string() && sample.work.empty()) {
        Fault(path + "work: found an empty text, expected a name such as copy or encode");
      }
      return;
    }
    std::string word;
    Text(json, "op", path, word);
    if (const auto op = OpNamed(word)) {
      sample.op = *op;
    } else if (json.contains("op") && json["op"].is_string()) {
      Fault(path + "op: found '" + word + "'", SuggestionHint(word, OpNames()));
    }
  }

  void Words(const Json& json, const std::string& path, Sample& sample) {
    std::string word;
    Text(json, "launch", path, word);
    const auto launch = LaunchNamed(word);
    if (launch && !(json.contains("launch") && word.empty() && json["launch"].is_string())) {
      sample.launch = *launch;
    } else {
      constexpr std::array<std::string_view, 3> kKnown = {"eager", "graph", "kernel"};
      Fault(path + "launch: found '" + word + "'", SuggestionHint(word, kKnown));
    }
    Text(json, "engine", path, sample.engine);
    Text(json, "version", path, sample.version);
    Text(json, "kernel", path, sample.kernel);
    Text(json, "dtype", path, sample.dtype);
    Text(json, "codec", path, sample.codec);
    Text(json, "device", path, sample.device);
    Text(json, "system", path, sample.system);
    Text(json, "tool", path, sample.tool);
    Text(json, "date", path, sample.date);
  }

  void Counts(const Json& json, const std::string& path, Sample& sample) {
    Count(json, "ranks", path, sample.ranks);
    Count(json, "nodes", path, sample.nodes);
    Count(json, "calls", path, sample.calls);
    Count(json, "cores", path, sample.cores);
    Count(json, "coded_bytes", path, sample.coded_bytes);
    if (!json.contains("bytes")) Fault(path + "bytes: missing");
    Count(json, "bytes", path, sample.bytes);
    if (const auto found = json.find("in_place"); found != json.end()) {
      if (found->is_boolean()) {
        sample.in_place = found->get<bool>();
      } else {
        Fault(path + "in_place: found " + TypeName(*found) + ", expected true or false");
      }
    }
    const auto placement = json.find("ranks_per_node");
    if (placement == json.end()) return;
    if (!placement->is_array()) {
      Fault(path + "ranks_per_node: found " + TypeName(*placement) + ", expected a list");
      return;
    }
    for (std::size_t i = 0; i < placement->size(); ++i) {
      int count = 0;
      if (Whole((*placement)[i], path + "ranks_per_node[" + std::to_string(i) + "]", 1, count)) {
        sample.ranks_per_node.push_back(count);
      }
    }
  }

  void Times(const Json& json, const std::string& path, Sample& sample) {
    if (const auto repeats = json.find("repeats_us"); repeats != json.end()) {
      if (!repeats->is_array()) {
        Fault(path + "repeats_us: found " + TypeName(*repeats) + ", expected a list of times");
      } else {
        for (std::size_t i = 0; i < repeats->size(); ++i) {
          double time = 0;
          const std::string at = path + "repeats_us[" + std::to_string(i) + "]";
          if (Time((*repeats)[i], at, time)) sample.repeats_us.push_back(time);
        }
      }
    }
    const auto quantiles = json.find("quantiles_us");
    if (quantiles == json.end()) return;
    if (!IsObject(*quantiles, path + "quantiles_us")) return;
    for (const auto& [key, value] : quantiles->items()) {
      const auto share = QuantileNamed(key);
      double time = 0;
      if (!share) {
        Fault(path + "quantiles_us." + key + ": expected a key such as p50 or p99.9");
      } else if (Time(value, path + "quantiles_us." + key, time)) {
        sample.quantiles.push_back({*share, time});
      }
    }
  }

  void Surroundings(const Json& json, const std::string& path, Sample& sample) {
    const auto environment = json.find("environment");
    if (environment != json.end() && IsObject(*environment, path + "environment")) {
      for (const auto& [key, value] : environment->items()) {
        if (value.is_string()) {
          sample.environment.emplace_back(key, value.get<std::string>());
        } else {
          Fault(path + "environment." + key + ": found " + TypeName(value) + ", expected a text");
        }
      }
    }
    const auto origin = json.find("origin");
    if (origin == json.end() || !IsObject(*origin, path + "origin")) return;
    RefuseUnknown(*origin, path + "origin.", kOriginKeys);
    Text(*origin, "file", path + "origin.", sample.origin.file);
    Count(*origin, "line", path + "origin.", sample.origin.line);
  }

  Sample OneSample(const Json& json, const std::string& name, bool is_work) {
    Sample sample;
    if (!IsObject(json, name)) return sample;
    const std::string path = name + ".";
    const std::size_t before = faults_.size();
    RefuseUnknown(json, path, kSampleKeys);
    What(json, path, is_work, sample);
    Words(json, path, sample);
    Counts(json, path, sample);
    Times(json, path, sample);
    Surroundings(json, path, sample);
    // What is wrong between keys is judged only where each key for itself is right.
    if (faults_.size() == before) {
      for (const std::string& fault : FaultsOf(sample)) Fault(path + fault);
    }
    return sample;
  }

  std::string file_;
  std::vector<Error> faults_{};
};

Json ToJson(const Sample& sample) {
  Json json = Json::object();
  const auto text = [&json](const char* key, std::string_view value) {
    if (!value.empty()) json[key] = std::string(value);
  };
  const auto count = [&json](const char* key, std::int64_t value) {
    if (value != 0) json[key] = value;
  };
  text("op", sample.work.empty() ? Name(sample.op) : std::string_view());
  text("work", sample.work);
  count("cores", sample.cores);
  text("engine", sample.engine);
  text("version", sample.version);
  text("kernel", sample.kernel);
  text("launch", Name(sample.launch));
  count("ranks", sample.ranks);
  count("nodes", sample.nodes);
  if (!sample.ranks_per_node.empty()) json["ranks_per_node"] = sample.ranks_per_node;
  count("bytes", sample.bytes);
  text("dtype", sample.dtype);
  text("codec", sample.codec);
  count("coded_bytes", sample.coded_bytes);
  if (sample.in_place) json["in_place"] = true;
  if (!sample.repeats_us.empty()) json["repeats_us"] = sample.repeats_us;
  count("calls", sample.calls);
  for (const Quantile& quantile : sample.quantiles) {
    json["quantiles_us"][QuantileName(quantile.share)] = quantile.time_us;
  }
  text("device", sample.device);
  text("system", sample.system);
  text("tool", sample.tool);
  text("date", sample.date);
  for (const auto& [name, value] : sample.environment) json["environment"][name] = value;
  if (!sample.origin.file.empty()) json["origin"]["file"] = sample.origin.file;
  if (sample.origin.line != 0) json["origin"]["line"] = sample.origin.line;
  return json;
}

}  // namespace

Result<SampleSet> ReadSamples(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(const Json json, ParseJson(text, file));
  Reader reader(file);
  SampleSet set = reader.Document(json);
  if (!reader.faults().empty()) return Combine(std::move(reader.faults()));
  return set;
}

Result<std::string> WriteSamples(const SampleSet& set) {
  std::vector<Error> faults;
  if (set.schema != kSampleSchema) {
    faults.push_back(BadInputError("schema: expected \"" + std::string(kSampleSchema) + "\""));
  }
  std::string out = "{\"schema\": \"" + std::string(kSampleSchema) + "\", \"samples\": [";
  const auto write = [&](const std::vector<Sample>& list, const std::string& name, bool is_work) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string path = name + "[" + std::to_string(i) + "].";
      for (const std::string& fault : FaultsOf(list[i])) {
        faults.push_back(BadInputError(path + fault));
      }
      if (list[i].work.empty() == is_work) {
        faults.push_back(BadInputError(path + "work: found in the wrong list"));
      }
      // Bytes that are no UTF-8 are replaced: a label is no reason to lose a measurement.
      out.append(i == 0 ? "\n" : ",\n")
          .append(ToJson(list[i]).dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    out.append(list.empty() ? "]" : "\n]");
  };
  write(set.samples, "samples", false);
  if (!set.work.empty()) {
    out.append(", \"work\": [");
    write(set.work, "work", true);
  }
  if (!faults.empty()) return Combine(std::move(faults));
  return out.append("}\n");
}

}  // namespace commplan::samples
