// The harness turns benches into samples within a budget of time.
//
// One point (a bench at a size): prepare, verify the result, warm up while finding how many calls
// make a repeat that the clock can tell (`least_repeat_us`), then repeat until the stopping rule is
// content. Every repeat is kept.
//
// Which points: first each bench at sizes four times apart, small to large, the benches in turn, so
// that a disturbance does not fall on one of them alone. This may use `coarse_share` of the budget,
// divided equally among the points still to come; a size that would take more than its share and a
// quarter of what is left is left out, which a note says. The rest of the budget goes where the
// caller's chooser expects the largest error, one size at a time.
//
// A bench that fails or computes wrongly loses all its samples, and the others go on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "calibrate/device/bench.h"
#include "calibrate/device/statistics.h"
#include "calibrate/device/stopping.h"
#include "calibrate/samples/sample.h"
#include "model/base/result.h"

namespace commplan::device {

struct MeasuredPoint {
  std::int64_t bytes = 0;
  std::int64_t coded_bytes = 0;  // under the bench's codec; 0 without one
  Spread spread{};
  int calls = 0;  // of each repeat
  Stop stopped = Stop::kGoOn;
};

struct NextSize {
  double bytes = 0;
  double expected_error = 0;  // as a share of the time
};
// Where to measure next: none where nothing is to be gained.
using Chooser = std::function<std::optional<NextSize>(const std::vector<MeasuredPoint>& points,
                                                      const SizeRange& sizes)>;

struct Progress {
  std::string what;  // the point about to be measured
  double spent_s = 0;
};

struct HarnessOptions {
  double budget_s = 60;
  double coarse_share = 0.6;
  double least_repeat_us = 300;   // a thousand times what a clock cannot tell
  double enough = 0.02;           // expected errors below this are not worth a measurement
  StopOptions stop{};             // its budget is set for each point
  Chooser choose{};               // empty: coarse sizes only
  std::function<double()> now_s;  // a clock that never goes back
  std::function<void(const Progress&)> progress{};
};

struct BenchResult {
  samples::Sample head;
  std::vector<MeasuredPoint> points;  // by size
};

struct Harvest {
  samples::SampleSet samples;
  std::vector<BenchResult> results;  // one for each bench that did not fail
  std::vector<Error> failures;
  std::vector<std::string> notes;  // sizes left out, drifts, doubtful points
  double spent_s = 0;
};

Harvest Measure(const Benches& benches, const HarnessOptions& options);

// What would be measured first: the coarse sizes, and the most time that each may take.
struct PlannedBench {
  samples::Sample head;
  std::vector<std::int64_t> sizes;
};
struct Plan {
  std::vector<PlannedBench> benches;
  int points = 0;
  double point_s = 0;  // the share of each
};
Plan PlanOf(const Benches& benches, const HarnessOptions& options);

}  // namespace commplan::device
