#include "planner/metrics.h"

namespace commplan::planner {
namespace {

constexpr std::array<std::string_view, kMetricCount> kNames = {
    "step", "ttft", "tpot", "end-to-end", "throughput", "requests", "devices", "memory", "cost"};

}  // namespace

std::string_view Name(Metric metric) { return kNames[static_cast<std::size_t>(metric)]; }

std::optional<Metric> MetricNamed(std::string_view word) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == word) return static_cast<Metric>(i);
  }
  return std::nullopt;
}

std::vector<std::string_view> MetricNames() { return {kNames.begin(), kNames.end()}; }

int Compare(const Metrics& a, const Metrics& b, const Objective& objective) {
  for (const Metric metric : objective) {
    const double left = a.Loss(metric), right = b.Loss(metric);
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

bool Dominates(const Metrics& a, const Metrics& b, const Objective& metrics) {
  bool better = false;
  for (const Metric metric : metrics) {
    const double left = a.Loss(metric), right = b.Loss(metric);
    if (left > right) return false;
    better |= left < right;
  }
  return better;
}

}  // namespace commplan::planner
