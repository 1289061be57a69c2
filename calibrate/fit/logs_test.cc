// How well the fit does on every public NCCL log: odd rows held out, few sizes, sizes chosen one by
// one. The logs lie outside the repository; where they are absent the tests say so and are skipped.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/fit/curve.h"
#include "calibrate/fit/score.h"
#include "calibrate/fit/suggest.h"
#include "gtest/gtest.h"

namespace commplan::fit {
namespace {

struct Log {
  std::string name;
  std::vector<Point> points;  // Every data row in its place, empty messages too.
};

bool IsNumber(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

// size count type [redop] [root] time algbw busbw error time algbw busbw error
std::vector<Point> ReadLog(const std::filesystem::path& path) {
  std::vector<Point> points;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.size() < 11 || !IsNumber(words[0]) || !IsNumber(words[1])) continue;
    const std::size_t time = words.size() - 8;  // Counted from the end: redop and root may lack.
    points.push_back({std::atof(words[0].c_str()), std::atof(words[time].c_str()),
                      std::atof(words[time + 4].c_str()), 1});
  }
  return points;
}

std::vector<Log> ReadLogs() {
  std::vector<Log> logs;
  const char* root = std::getenv("COMMPLAN_ROOT");
  if (root == nullptr) return logs;
  const auto folder = std::filesystem::path(root) / ".." / "shared" / "measured" / "nccl_logs";
  if (!std::filesystem::is_directory(folder)) return logs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    Log log{entry.path().filename().string(), ReadLog(entry.path())};
    if (log.points.size() >= 8) logs.push_back(std::move(log));
  }
  std::sort(logs.begin(), logs.end(), [](const Log& a, const Log& b) { return a.name < b.name; });
  return logs;
}

constexpr const char* kAbsent =
    "no ../shared/measured/nccl_logs beside COMMPLAN_ROOT: nothing to measure the fit against";

void Print(const char* what, const Score& score) {
  std::printf("%-34s median %5.2f %%  MAPE %5.2f %%  p95 %6.2f %%  coverage %4.1f %%  points %d\n",
              what, 100 * score.median_ape, 100 * score.mape, 100 * score.p95_ape,
              100 * score.coverage90, score.points);
}

TEST(Logs, OddRowsHeldOut) {
  const std::vector<Log> logs = ReadLogs();
  if (logs.empty()) GTEST_SKIP() << kAbsent;
  std::vector<Score> scores;
  double slowest_ms = 0;
  for (const Log& log : logs) {
    const HoldOut split = SplitOddRows(log.points);
    const auto begin = std::chrono::steady_clock::now();
    const Result<CurveFit> fit = FitCurve(split.train);
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    slowest_ms = std::max(slowest_ms, taken.count());
    ASSERT_TRUE(fit.ok()) << log.name;
    scores.push_back(ScoreOf(PredictHeld(*fit, split.test)));
    if (std::getenv("FIT_VERBOSE") != nullptr) Print(log.name.c_str(), scores.back());
  }
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

// Usable rows of a log.
std::vector<Point> Usable(const Log& log) {
  const HoldOut split = SplitOddRows(log.points);
  std::vector<Point> all = split.train;
  all.insert(all.end(), split.test.begin(), split.test.end());
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

Score ScoreTaken(const std::vector<Point>& rows, const std::vector<bool>& taken) {
  std::vector<Point> train, test;
  for (std::size_t i = 0; i < rows.size(); ++i) (taken[i] ? train : test).push_back(rows[i]);
  const Result<CurveFit> fit = FitCurve(train);
  EXPECT_TRUE(fit.ok());
  return ScoreOf(PredictHeld(*fit, test));
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
  if (logs.empty()) GTEST_SKIP() << kAbsent;
  for (const std::size_t count : {5U, 7U, 9U, 12U}) {
    std::vector<Score> even, chosen;
    for (const Log& log : logs) {
      const std::vector<Point> rows = Usable(log);
      if (rows.size() < count + 3) continue;
      even.push_back(ScoreTaken(rows, Spread(rows.size(), count)));
      std::vector<bool> taken = Spread(rows.size(), std::min<std::size_t>(count, 5));
      RevealBySuggestion(rows, count, taken);
      chosen.push_back(ScoreTaken(rows, taken));
    }
    const std::string sizes = std::to_string(count) + " sizes, ";
    Print((sizes + "spread evenly").c_str(), MedianOverLogs(even));
    Print((sizes + "chosen by suggestion").c_str(), MedianOverLogs(chosen));
  }
}

TEST(Logs, ChosenRowsBeatTheEvenSplit) {
  const std::vector<Log> logs = ReadLogs();
  if (logs.empty()) GTEST_SKIP() << kAbsent;
  std::vector<Score> scores;
  for (const Log& log : logs) {
    const std::vector<Point> rows = Usable(log);
    const std::size_t budget = SplitOddRows(log.points).train.size();
    std::vector<bool> taken = Spread(rows.size(), std::min<std::size_t>(5, budget));
    RevealBySuggestion(rows, budget, taken);
    scores.push_back(ScoreTaken(rows, taken));
  }
  const Score all = MedianOverLogs(scores);
  Print("as many rows as the even split", all);
  EXPECT_LT(all.p95_ape, 0.07);
  EXPECT_GE(all.coverage90, 0.85);
  EXPECT_LE(all.coverage90, 0.95);
}

}  // namespace
}  // namespace commplan::fit
