// Metrics are what plans are compared by; an objective is an order of metrics, the first one
// counts, the next ones decide among equals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace commplan::planner {

enum class Metric : std::uint8_t {
  kStep,        // seconds of a training step; of serving the same as kTpot
  kTtft,        // seconds until a request's first token
  kTpot,        // seconds between its tokens
  kEndToEnd,    // seconds of a request
  kThroughput,  // tokens in a second and device of all: made when serving, learnt from when
                // training
  kRequests,    // requests in a second, of all engines
  kDevices,     // in use
  kMemory,      // bytes that the fullest device needs
  kCost,        // money for a million tokens
};
inline constexpr std::size_t kMetricCount = 9;

// "step", "ttft", "tpot", "end-to-end", "throughput", "requests", "devices", "memory", "cost".
std::string_view Name(Metric metric);
std::optional<Metric> MetricNamed(std::string_view word);
std::vector<std::string_view> MetricNames();

// Of these more is better, of all others less.
constexpr bool MoreIsBetter(Metric metric) {
  return metric == Metric::kThroughput || metric == Metric::kRequests;
}

class Metrics {
 public:
  double& operator[](Metric metric) { return values_[static_cast<std::size_t>(metric)]; }
  double operator[](Metric metric) const { return values_[static_cast<std::size_t>(metric)]; }
  // With its sign turned where more is better, so that less always is.
  double Loss(Metric metric) const {
    return MoreIsBetter(metric) ? -(*this)[metric] : (*this)[metric];
  }

 private:
  std::array<double, kMetricCount> values_{};
};

using Objective = std::vector<Metric>;

// Negative: `a` is better by the objective. Zero: equal in every metric of it.
int Compare(const Metrics& a, const Metrics& b, const Objective& objective);

// No worse in each of `metrics`, and better in one.
bool Dominates(const Metrics& a, const Metrics& b, const Objective& metrics);

}  // namespace commplan::planner
