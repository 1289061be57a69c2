#include "calibrate/device/harness.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "model/base/check.h"
#include "model/base/units.h"

namespace commplan::device {
namespace {

constexpr std::int64_t kCoarseStep = 4;
// What a size costs at the least: a checked call, a warm-up and the fewest repeats.
constexpr int kLeastCalls = 5;
constexpr double kMostOfRest = 0.25;
constexpr int kMostTrials = 8;
constexpr double kMicrosPerSecond = 1e6;

std::vector<std::int64_t> CoarseSizes(const SizeRange& range) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t bytes = range.least; bytes < range.most; bytes *= kCoarseStep) {
    sizes.push_back(range.Round(static_cast<double>(bytes)));
  }
  sizes.push_back(range.Round(static_cast<double>(range.most)));
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

std::string SizeName(std::int64_t bytes) { return ForPeople(B(static_cast<double>(bytes))); }

struct State {
  Bench* bench = nullptr;
  std::size_t index = 0;
  samples::Sample head{};
  SizeRange range{};
  std::vector<std::int64_t> coarse{};
  std::vector<MeasuredPoint> points{};
  std::vector<samples::Sample> samples{};
  std::optional<NextSize> next{};
  bool failed = false;
};

class Session {
 public:
  Session(const Benches& benches, const HarnessOptions& options)
      : options_(options), start_s_(options.now_s()) {
    for (const auto& bench : benches) {
      State state;
      state.bench = bench.get();
      state.head = bench->Head();
      state.range = bench->Sizes();
      state.coarse = CoarseSizes(state.range);
      states_.push_back(std::move(state));
    }
  }

  Harvest Run() {
    Coarse();
    if (options_.choose) Refine();
    return Gather();
  }

 private:
  double SpentS() const { return options_.now_s() - start_s_; }
  double LeftS() const { return options_.budget_s - SpentS(); }

  void Coarse() {
    std::size_t to_come = 0, rounds = 0;
    for (const State& state : states_) {
      to_come += state.coarse.size();
      rounds = std::max(rounds, state.coarse.size());
    }
    for (std::size_t round = 0; round < rounds; ++round) {
      for (State& state : states_) {
        if (round >= state.coarse.size()) continue;
        const double left = options_.coarse_share * options_.budget_s - SpentS();
        share_s_ = std::max(0.0, left) / static_cast<double>(to_come);
        --to_come;
        if (!state.failed) Point(state, state.coarse[round], share_s_);
      }
    }
  }

  void Refine() {
    for (State& state : states_) Choose(state);
    std::size_t points = 0;
    for (const State& state : states_) points += state.coarse.size();
    const double share_s = options_.coarse_share * options_.budget_s /
                           static_cast<double>(std::max<std::size_t>(1, points));
    while (LeftS() > share_s) {
      State* most = nullptr;
      for (State& state : states_) {
        if (state.failed || !state.next || state.next->expected_error < options_.enough) continue;
        if (most == nullptr || state.next->expected_error > most->next->expected_error) {
          most = &state;
        }
      }
      if (most == nullptr) return;
      const std::int64_t bytes = most->range.Round(most->next->bytes);
      const bool known = std::any_of(most->points.begin(), most->points.end(),
                                     [&](const MeasuredPoint& p) { return p.bytes == bytes; });
      if (known || !Point(*most, bytes, share_s)) {
        most->next.reset();  // nothing more is to be had of this bench
      } else {
        Choose(*most);
      }
    }
  }

  void Choose(State& state) const {
    state.next = state.failed || state.points.empty() ? std::nullopt
                                                      : options_.choose(state.points, state.range);
  }

  // The least time that this size will take, by the slope between the two nearest smaller ones; 0
  // where they are not there.
  static double LeastSeconds(const State& state, std::int64_t bytes) {
    const MeasuredPoint* below = nullptr;
    const MeasuredPoint* before = nullptr;
    for (const MeasuredPoint& point : state.points) {
      if (point.bytes >= bytes) break;
      before = std::exchange(below, &point);
    }
    if (before == nullptr) return 0;
    const auto log_ratio = [](double a, double b) { return std::log(a / b); };
    const double reach = log_ratio(double(bytes), double(below->bytes));
    const double slope = log_ratio(below->spread.median_us, before->spread.median_us) /
                         log_ratio(double(below->bytes), double(before->bytes));
    const double us = below->spread.median_us * std::exp(reach * std::clamp(slope, 0.0, 1.0));
    return kLeastCalls * us / kMicrosPerSecond;
  }

  // False where the size was left out or the bench failed.
  bool Point(State& state, std::int64_t bytes, double share_s) {
    const std::string what = TextOf(state.head) + ", " + SizeName(bytes);
    const double least_s = LeastSeconds(state, bytes);
    if (least_s > std::max(share_s, kMostOfRest * LeftS()) || LeftS() <= 0) {
      notes_.push_back(what + ": left out, " +
                       (least_s > 0 ? "it would take " + ForPeople(Seconds(least_s))
                                    : std::string("the budget is used")));
      return false;
    }
    if (options_.progress) options_.progress({what, SpentS()});
    const Status status = MeasurePoint(state, bytes, share_s, what);
    state.bench->Release();
    if (status.ok()) return true;
    Error error = status.error();
    error.message = what + ": " + error.message;
    failures_.push_back(std::move(error));
    state.failed = true;
    return false;
  }

  Status MeasurePoint(State& state, std::int64_t bytes, double share_s, const std::string& what) {
    Bench& bench = *state.bench;
    const double begun_s = options_.now_s();
    RETURN_IF_ERROR(bench.Prepare(bytes));
    state.head = bench.Head();  // a library's version is known once it is loaded
    RETURN_IF_ERROR(bench.Verify());
    ASSIGN_OR_RETURN(const int calls, WarmUp(bench));
    StopOptions stop = options_.stop;
    double now_s = options_.now_s();
    stop.budget_us = std::max(0.0, share_s - (now_s - begun_s)) * kMicrosPerSecond;
    StoppingRule rule(stop);
    while (rule.Verdict() == Stop::kGoOn) {
      ASSIGN_OR_RETURN(const double total_us, RunChecked(bench, calls));
      const double before_s = std::exchange(now_s, options_.now_s());
      rule.Add(total_us / calls, (now_s - before_s) * kMicrosPerSecond);
    }
    const MeasuredPoint point{bytes, bench.CodedBytes(bytes), SpreadOf(rule.times_us()), calls,
                              rule.Verdict()};
    Doubt(point, what);
    samples::Sample sample = state.head;
    sample.bytes = bytes;
    sample.coded_bytes = point.coded_bytes;
    sample.calls = calls;
    sample.repeats_us = rule.times_us();
    state.samples.push_back(std::move(sample));
    const auto after = std::upper_bound(
        state.points.begin(), state.points.end(), bytes,
        [](std::int64_t value, const MeasuredPoint& other) { return value < other.bytes; });
    state.points.insert(after, point);
    return OkStatus();
  }

  static Result<double> RunChecked(Bench& bench, int calls) {
    ASSIGN_OR_RETURN(const double total_us, bench.Run(calls));
    if (std::isfinite(total_us) && total_us > 0) return total_us;
    return DeviceError("the clock did not move during a measurement",
                       "it is too coarse to measure with, or goes back");
  }

  // How many calls make a repeat. The first, slow calls are not kept.
  Result<int> WarmUp(Bench& bench) const {
    int calls = 1;
    for (int trial = 0; trial < kMostTrials; ++trial) {
      ASSIGN_OR_RETURN(const double total_us, RunChecked(bench, calls));
      const double wanted = std::ceil(options_.least_repeat_us / (total_us / calls));
      const double possible = std::min({wanted, 16.0 * calls, double(bench.MostCalls())});
      if (possible <= calls) break;
      calls = static_cast<int>(possible);
    }
    return calls;
  }

  void Doubt(const MeasuredPoint& point, const std::string& what) {
    const Spread& spread = point.spread;
    if (spread.drift != 0) {
      notes_.push_back(what + ": the time drifted by " + ShareForPeople(spread.drift) +
                       " from the first half of its repeats to the second");
    }
    constexpr double kManyOutliers = 0.2;
    constexpr int kTellingCount = 8;
    if (spread.count >= kTellingCount && spread.outliers > kManyOutliers * spread.count) {
      notes_.push_back(what + ": " + std::to_string(spread.outliers) + " of " +
                       std::to_string(spread.count) +
                       " repeats are outliers; something else runs on this machine");
    }
  }

  Harvest Gather() {
    Harvest harvest;
    for (State& state : states_) {
      if (state.failed || state.points.empty()) continue;
      std::sort(state.samples.begin(), state.samples.end(),
                [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
      auto& list = state.head.work.empty() ? harvest.samples.samples : harvest.samples.work;
      for (samples::Sample& sample : state.samples) list.push_back(std::move(sample));
      harvest.results.push_back({std::move(state.head), std::move(state.points)});
    }
    harvest.failures = std::move(failures_);
    harvest.notes = std::move(notes_);
    harvest.spent_s = SpentS();
    return harvest;
  }

  const HarnessOptions& options_;
  double start_s_ = 0;
  double share_s_ = 0;
  std::vector<State> states_{};
  std::vector<std::string> notes_{};
  std::vector<Error> failures_{};
};

}  // namespace

Harvest Measure(const Benches& benches, const HarnessOptions& options) {
  CHECK(options.now_s != nullptr);
  return Session(benches, options).Run();
}

Plan PlanOf(const Benches& benches, const HarnessOptions& options) {
  Plan plan;
  for (const auto& bench : benches) {
    plan.benches.push_back({bench->Head(), CoarseSizes(bench->Sizes())});
    plan.points += static_cast<int>(plan.benches.back().sizes.size());
  }
  plan.point_s = options.coarse_share * options.budget_s / std::max(1, plan.points);
  return plan;
}

}  // namespace commplan::device
