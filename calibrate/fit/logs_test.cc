// How well the fit does on every public NCCL log: odd rows held out, few sizes, sizes chosen one by
// one. The logs lie outside the repository; where they are absent the tests say so and are skipped.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/fit/curve.h"
#include "calibrate/fit/groups.h"
#include "calibrate/fit/measured_data.h"
#include "calibrate/fit/score.h"
#include "calibrate/fit/suggest.h"
#include "calibrate/fit/tabulate.h"
#include "gtest/gtest.h"
#include "model/base/check.h"

namespace commplan::fit {
namespace {

struct Log {
  std::string name;
  Group group;
};

// Logs of one group with at least 8 rows.
std::vector<Log> ReadLogs() {
  std::vector<Log> logs;
  for (const std::string& name : MeasuredFiles("nccl_logs", ".txt")) {
    samples::ImportHints hints;
    hints.ranks = 2;  // for the transcribed ones without a head; the curve does not depend on it
    Groups groups = MeasuredGroups("nccl_logs", name, hints);
    if (groups.groups.size() != 1 || groups.groups[0].rows.size() < 8) continue;
    logs.push_back({name, std::move(groups.groups[0])});
  }
  return logs;
}

std::vector<Point> PointsOf(const std::vector<GroupRow>& rows) {
  std::vector<Point> points;
  for (const GroupRow& row : rows) points.push_back(row.point);
  return points;
}

// The curve as a profile would hold it.
MeasuredCurve CurveOf(const Log& log, const std::vector<Point>& train) {
  const Result<CurveFit> fit = FitCurve(train);
  CHECK(fit.ok());
  return Tabulate(*fit, log.group.op, log.group.ranks, log.group.nodes);
}

void Print(const char* what, const Score& score) {
  std::printf("%-34s median %5.2f %%  MAPE %5.2f %%  p95 %6.2f %%  coverage %4.1f %%  points %d\n",
              what, 100 * score.median_ape, 100 * score.mape, 100 * score.p95_ape,
              100 * score.coverage90, score.points);
}

TEST(Logs, OddRowsHeldOut) {
  const std::vector<Log> logs = ReadLogs();
  if (logs.empty()) GTEST_SKIP() << kMeasuredAbsent;
  std::vector<Score> scores;
  double slowest_ms = 0;
  std::size_t knots = 0;
  for (const Log& log : logs) {
    const auto begin = std::chrono::steady_clock::now();
    const MeasuredCurve curve = CurveOf(log, TrainingPoints(log.group, true));
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    slowest_ms = std::max(slowest_ms, taken.count());
    knots += curve.knots.size();
    scores.push_back(ScoreOf(PredictHeld(curve, PointsOf(HeldOutRows(log.group)))));
    if (std::getenv("FIT_VERBOSE") != nullptr) Print(log.name.c_str(), scores.back());
  }
  std::printf("knots per curve %.1f\n",
              static_cast<double>(knots) / static_cast<double>(logs.size()));
  const Score all = MedianOverLogs(scores);
  Print("odd rows held out, median of logs", all);
  std::printf("logs %zu, slowest fit %.2f ms\n", logs.size(), slowest_ms);
  EXPECT_LT(all.median_ape, 0.0150);
  EXPECT_LT(all.mape, 0.0320);
  EXPECT_LT(all.p95_ape, 0.1050);
  EXPECT_GE(all.coverage90, 0.85);
  EXPECT_LE(all.coverage90, 0.95);
  EXPECT_LT(slowest_ms, 1000);  // A few ms on a quiet machine; sanitizers and neighbours cost.
}

// |error| / sigma of each held-out row between the measured sizes, by log and regime.
using Ratios = std::vector<std::array<std::vector<double>, kBandQuantiles.size()>>;

std::size_t RegimeOf(double above_least) {
  std::size_t regime = 0;
  while (above_least >= kBandQuantiles[regime].up_to) ++regime;
  return regime;
}

Ratios RatiosOf(const std::vector<Log>& logs) {
  Ratios ratios;
  for (const Log& log : logs) {
    const CurveFit fit = FitCurve(TrainingPoints(log.group, true)).value();
    ratios.emplace_back();
    for (const GroupRow& row : HeldOutRows(log.group)) {
      const Prediction p = Predict(fit, row.point.bytes);
      if (p.extrapolated) continue;
      const double error = std::abs(std::log(row.point.time_us / p.time_us));
      ratios.back()[RegimeOf(std::log(p.time_us / fit.least_us))].push_back(
          error / BandSigma(fit, row.point.bytes));
    }
  }
  return ratios;
}

// The quantile of a regime over all logs but one.
double QuantileWithout(const Ratios& ratios, std::size_t regime, std::size_t left_out) {
  std::vector<double> all;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    if (i != left_out) all.insert(all.end(), ratios[i][regime].begin(), ratios[i][regime].end());
  }
  return QuantileOf(std::move(all), 0.9);
}

TEST(Logs, BandQuantilesAreThoseOfTheLogs) {
  const std::vector<Log> logs = ReadLogs();
  if (logs.empty()) GTEST_SKIP() << kMeasuredAbsent;
  const Ratios ratios = RatiosOf(logs);
  int rows = 0, covered = 0;
  for (std::size_t regime = 0; regime < kBandQuantiles.size(); ++regime) {
    const double found = QuantileWithout(ratios, regime, ratios.size());
    std::printf("regime %zu: quantile %.2f, in the code %.2f\n", regime, found,
                kBandQuantiles[regime].q);
    // A quantile of some fifty to a hundred rows is known to a fifth or so.
    EXPECT_NEAR(found / kBandQuantiles[regime].q, 1, 0.2) << regime;
    for (std::size_t i = 0; i < ratios.size(); ++i) {
      const double q = QuantileWithout(ratios, regime, i);
      for (const double ratio : ratios[i][regime]) {
        ++rows;
        covered += ratio <= q ? 1 : 0;
      }
    }
  }
  std::printf("each log in the bands of all others: %.1f %%\n", 100.0 * covered / rows);
  EXPECT_GE(covered, 0.85 * rows);
  EXPECT_LE(covered, 0.95 * rows);
}

// The band outside, whose growth with each octave is one number for all: the largest or smallest
// sizes of each log cut off, up to four octaves.
TEST(Logs, BandOutsideCovers) {
  const std::vector<Log> logs = ReadLogs();
  if (logs.empty()) GTEST_SKIP() << kMeasuredAbsent;
  constexpr std::size_t kLeastRows = 7;
  for (const bool larger : {true, false}) {
    std::vector<Held> held;
    for (const Log& log : logs) {
      const std::vector<Point> rows = PointsOf(log.group.rows);
      const auto order = [](const Point& a, const Point& b) { return a.bytes < b.bytes; };
      const double least = std::min_element(rows.begin(), rows.end(), order)->bytes;
      const double most = std::max_element(rows.begin(), rows.end(), order)->bytes;
      std::vector<Point> train, test;
      for (const Point& row : rows) {
        const bool kept = larger ? row.bytes <= most / 16 : row.bytes >= least * 16;
        (kept ? train : test).push_back(row);
      }
      if (train.size() < kLeastRows) continue;
      const std::vector<Held> more = PredictHeld(CurveOf(log, train), test);
      held.insert(held.end(), more.begin(), more.end());
    }
    const Score score = ScoreOf(held);
    Print(larger ? "up to four octaves above" : "up to four octaves below", score);
    EXPECT_GE(score.coverage90, 0.85);
  }
}

// All rows, by size.
std::vector<Point> Usable(const Log& log) {
  std::vector<Point> all = PointsOf(log.group.rows);
  std::sort(all.begin(), all.end(),
            [](const Point& a, const Point& b) { return a.bytes < b.bytes; });
  return all;
}

// `count` places spread evenly over `n` rows, the ends among them.
std::vector<bool> Spread(std::size_t n, std::size_t count) {
  std::vector<bool> taken(n, false);
  for (std::size_t k = 0; k < count; ++k) {
    taken[(k * (n - 1) + (count - 1) / 2) / (count - 1)] = true;
  }
  return taken;
}

Score ScoreTaken(const Log& log, const std::vector<Point>& rows, const std::vector<bool>& taken) {
  std::vector<Point> train, test;
  for (std::size_t i = 0; i < rows.size(); ++i) (taken[i] ? train : test).push_back(rows[i]);
  return ScoreOf(PredictHeld(CurveOf(log, train), test));
}

// Reveals one row at a time, the one that SuggestSizes asks for.
void RevealBySuggestion(const std::vector<Point>& rows, std::size_t count,
                        std::vector<bool>& taken) {
  auto revealed = static_cast<std::size_t>(std::count(taken.begin(), taken.end(), true));
  for (; revealed < count; ++revealed) {
    std::vector<Point> known;
    std::vector<double> candidates;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (taken[i]) {
        known.push_back(rows[i]);
      } else {
        candidates.push_back(rows[i].bytes);
      }
    }
    const auto next = SuggestSizes(known, candidates, 1);
    ASSERT_TRUE(next.ok());
    ASSERT_FALSE(next->empty());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!taken[i] && rows[i].bytes == (*next)[0].bytes) {
        taken[i] = true;
        break;
      }
    }
  }
}

TEST(Logs, FewSizesEvenAndChosen) {
  const std::vector<Log> logs = ReadLogs();
  if (logs.empty()) GTEST_SKIP() << kMeasuredAbsent;
  for (const std::size_t count : {5U, 7U, 9U, 12U}) {
    std::vector<Score> even, chosen;
    for (const Log& log : logs) {
      const std::vector<Point> rows = Usable(log);
      if (rows.size() < count + 3) continue;
      even.push_back(ScoreTaken(log, rows, Spread(rows.size(), count)));
      std::vector<bool> taken = Spread(rows.size(), std::min<std::size_t>(count, 5));
      RevealBySuggestion(rows, count, taken);
      chosen.push_back(ScoreTaken(log, rows, taken));
    }
    const std::string sizes = std::to_string(count) + " sizes, ";
    Print((sizes + "spread evenly").c_str(), MedianOverLogs(even));
    Print((sizes + "chosen by suggestion").c_str(), MedianOverLogs(chosen));
  }
}

TEST(Logs, ChosenRowsBeatTheEvenSplit) {
  const std::vector<Log> logs = ReadLogs();
  if (logs.empty()) GTEST_SKIP() << kMeasuredAbsent;
  std::vector<Score> scores;
  for (const Log& log : logs) {
    const std::vector<Point> rows = Usable(log);
    const std::size_t budget = TrainingPoints(log.group, true).size();
    std::vector<bool> taken = Spread(rows.size(), std::min<std::size_t>(5, budget));
    RevealBySuggestion(rows, budget, taken);
    scores.push_back(ScoreTaken(log, rows, taken));
  }
  const Score all = MedianOverLogs(scores);
  Print("as many rows as the even split", all);
  EXPECT_LT(all.p95_ape, 0.07);
  EXPECT_GE(all.coverage90, 0.85);
  EXPECT_LE(all.coverage90, 0.95);
}

}  // namespace
}  // namespace commplan::fit
