#include "calibrate/samples/sample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "model/base/check.h"

namespace commplan::samples {
namespace {

constexpr std::array<std::string_view, 4> kLaunchNames = {"", "eager", "graph", "kernel"};

// Settings of these libraries may change a time; nothing else of an environment may.
constexpr std::array<std::string_view, 13> kKeptPrefixes = {
    "CUDA_DEVICE_", "FI_",       "GLOO_", "HSA_",  "I_MPI_", "MPICH_", "MV2_",
    "NCCL_",        "OMPI_MCA_", "OMP_",  "RCCL_", "SHARP_", "UCX_"};

// Parts of names whose values tell about a place, a host or a secret rather than about speed.
constexpr std::array<std::string_view, 14> kDroppedParts = {
    "ADDR",  "COMM_ID", "DIR",    "DUMP",  "FILE", "HOST", "JOBID",
    "PASSW", "PATH",    "SECRET", "TOKEN", "URI",  "USER", "UUID"};

bool IsKept(std::string_view name) {
  return std::any_of(kKeptPrefixes.begin(), kKeptPrefixes.end(), [name](std::string_view prefix) {
    return name.size() > prefix.size() && name.substr(0, prefix.size()) == prefix;
  });
}

bool TellsAPlace(std::string_view name, std::string_view value) {
  if (value.find('/') != std::string_view::npos || value.find('\\') != std::string_view::npos ||
      value.find('@') != std::string_view::npos) {
    return true;
  }
  return std::any_of(kDroppedParts.begin(), kDroppedParts.end(), [name](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  });
}

bool IsPositive(double value) { return std::isfinite(value) && value > 0; }

void CheckCounts(const Sample& sample, std::vector<std::string>& faults) {
  if (sample.bytes <= 0) faults.push_back("bytes: found no positive number of bytes");
  if (sample.coded_bytes < 0) faults.push_back("coded_bytes: found a negative number");
  if (sample.ranks < 0) faults.push_back("ranks: found a negative number");
  if (sample.nodes < 0) faults.push_back("nodes: found a negative number");
  if (sample.cores < 0) faults.push_back("cores: found a negative number");
  if (!sample.work.empty() && (sample.ranks != 0 || sample.nodes != 0)) {
    faults.push_back("ranks: found ranks for '" + sample.work + "', which one device does alone");
  }
  if (sample.calls < 0) faults.push_back("calls: found a negative number");
  if (sample.origin.line < 0) faults.push_back("origin.line: found a negative number");
  if (sample.ranks > 0 && sample.nodes > sample.ranks) {
    faults.push_back("nodes: found " + std::to_string(sample.nodes) + " nodes for " +
                     std::to_string(sample.ranks) + " ranks");
  }
  if (sample.ranks_per_node.empty()) return;
  const bool positive = std::all_of(sample.ranks_per_node.begin(), sample.ranks_per_node.end(),
                                    [](int count) { return count > 0; });
  const std::int64_t sum =
      std::accumulate(sample.ranks_per_node.begin(), sample.ranks_per_node.end(), std::int64_t{0});
  if (!positive || sum != sample.ranks ||
      sample.ranks_per_node.size() != static_cast<std::size_t>(std::max(sample.nodes, 0))) {
    faults.push_back("ranks_per_node: expected one positive count for each of " +
                     std::to_string(sample.nodes) + " nodes, " + std::to_string(sample.ranks) +
                     " together");
  }
}

void CheckTimes(const Sample& sample, std::vector<std::string>& faults) {
  for (std::size_t i = 0; i < sample.repeats_us.size(); ++i) {
    if (!IsPositive(sample.repeats_us[i])) {
      faults.push_back("repeats_us[" + std::to_string(i) + "]: found a time that is not positive");
    }
  }
  double before = -1;
  double time_before = 0;
  bool has_median = false;
  for (const Quantile& quantile : sample.quantiles) {
    if (!IsPositive(quantile.time_us)) {
      faults.push_back("quantiles_us: found a time that is not positive");
    }
    if (!(quantile.share > before && quantile.share >= 0 && quantile.share <= 1)) {
      faults.push_back("quantiles_us: expected shares from p0 to p100, in order, each once");
    } else if (quantile.time_us < time_before) {
      faults.push_back("quantiles_us: found a time that falls as the share grows");
    }
    has_median = has_median || quantile.share == 0.5;
    before = quantile.share;
    time_before = quantile.time_us;
  }
  if (sample.repeats_us.empty() && !has_median) {
    faults.push_back("repeats_us: found no time, expected repeats or quantiles with p50");
  }
}

void CheckEnvironment(const Sample& sample, std::vector<std::string>& faults) {
  std::string before;
  for (const auto& [name, value] : sample.environment) {
    if (!IsKept(name) || TellsAPlace(name, value)) {
      faults.push_back("environment." + name +
                       ": only settings of communication libraries may be kept, and none that "
                       "names a file, a host or a secret");
    }
    if (!before.empty() && name <= before) {
      faults.push_back("environment." + name + ": expected the names in order, each once");
    }
    before = name;
  }
}

}  // namespace

std::string_view Name(Launch launch) { return kLaunchNames[static_cast<std::size_t>(launch)]; }

std::optional<Launch> LaunchNamed(std::string_view word) {
  for (std::size_t i = 0; i < kLaunchNames.size(); ++i) {
    if (kLaunchNames[i] == word) return static_cast<Launch>(i);
  }
  return std::nullopt;
}

double CentralTimeUs(const Sample& sample) {
  if (sample.repeats_us.empty()) {
    for (const Quantile& quantile : sample.quantiles) {
      if (quantile.share == 0.5) return quantile.time_us;
    }
    CHECK(false);  // FaultsOf names this
  }
  std::vector<double> times = sample.repeats_us;
  std::sort(times.begin(), times.end());
  const std::size_t n = times.size();
  return n % 2 == 1 ? times[n / 2] : times[n / 2 - 1] + (times[n / 2] - times[n / 2 - 1]) / 2;
}

std::string KeyOf(const Sample& sample) {
  std::string key;
  // Each part with its length, so that no content can pass for a border.
  const auto add = [&key](std::string_view part) {
    key.append(std::to_string(part.size())).append(":").append(part);
  };
  add(sample.work.empty() ? Name(sample.op) : std::string_view());
  for (const std::string* part :
       {&sample.work, &sample.engine, &sample.version, &sample.kernel, &sample.dtype, &sample.codec,
        &sample.device, &sample.system, &sample.tool}) {
    add(*part);
  }
  add(Name(sample.launch));
  for (const std::int64_t number :
       {std::int64_t{sample.ranks}, std::int64_t{sample.nodes}, sample.bytes, sample.coded_bytes,
        std::int64_t{sample.in_place}, std::int64_t{sample.calls}, std::int64_t{sample.cores}}) {
    add(std::to_string(number));
  }
  for (const int count : sample.ranks_per_node) add(std::to_string(count));
  for (const auto& [name, value] : sample.environment) {
    add(name);
    add(value);
  }
  return key;
}

bool SameKey(const Sample& a, const Sample& b) { return KeyOf(a) == KeyOf(b); }

std::vector<std::string> FaultsOf(const Sample& sample) {
  std::vector<std::string> faults;
  CheckCounts(sample, faults);
  CheckTimes(sample, faults);
  CheckEnvironment(sample, faults);
  return faults;
}

Environment ScrubEnvironment(std::vector<std::pair<std::string, std::string>> all) {
  Environment environment;
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [name, value] : all) {
    if (!IsKept(name)) continue;
    if (TellsAPlace(name, value)) {
      ++environment.left_out;
    } else if (!environment.kept.empty() && environment.kept.back().first == name) {
      environment.kept.back().second = std::move(value);  // the last setting is the one in force
    } else {
      environment.kept.emplace_back(std::move(name), std::move(value));
    }
  }
  return environment;
}

}  // namespace commplan::samples
