// How well the laws over counts do on measured tables: ranks on one node, and nodes of public logs.
// The tables lie outside the repository; where they are absent the tests say so and are skipped.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "calibrate/fit/curve.h"
#include "calibrate/fit/ranks.h"
#include "calibrate/fit/score.h"
#include "gtest/gtest.h"

namespace commplan::fit {
namespace {

std::filesystem::path Folder() {
  const char* root = std::getenv("COMMPLAN_ROOT");
  return std::filesystem::path(root == nullptr ? "." : root) / ".." / "shared" / "measured" /
         "collectives";
}

struct Group {
  std::string system, library, op;
  std::map<int, std::map<double, std::vector<double>>> times;  // By ranks, by bytes.
};

std::vector<Group> ReadGroups() {
  std::map<std::string, Group> groups;
  if (!std::filesystem::is_directory(Folder())) return {};
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().extension() != ".csv") continue;
    std::ifstream in(entry.path());
    std::string line;
    std::getline(in, line);  // system,device,library,version,op,kernel,dtype,ranks,bytes,us
    while (std::getline(in, line)) {
      std::vector<std::string> cells;
      std::istringstream stream(line);
      for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
      if (cells.size() != 10) continue;
      std::string key = cells[0];
      for (std::size_t i = 2; i < 7; ++i) key += "," + cells[i];
      Group& group = groups[key];
      group.system = cells[0];
      group.library = cells[2];
      group.op = cells[4];
      group.times[std::atoi(cells[7].c_str())][std::atof(cells[8].c_str())].push_back(
          std::atof(cells[9].c_str()));
    }
  }
  std::vector<Group> all;
  for (const auto& [key, group] : groups) {
    if (group.times.count(2) + group.times.count(4) + group.times.count(8) == 3) {
      all.push_back(group);
    }
  }
  return all;
}

double Volume(const std::string& op, int ranks) {
  const double n = ranks;
  return (op == "all_reduce" ? 2 : 1) * (n - 1) / n;
}

CountCurve CurveOf(const Group& group, int ranks) {
  CountCurve curve{static_cast<double>(ranks), Volume(group.op, ranks), {}};
  for (const auto& [bytes, times] : group.times.at(ranks)) {
    curve.points.push_back({bytes, QuantileOf(times, 0.5), 0, 1});
  }
  return curve;
}

struct Case {
  const Group* group;
  CountLaw law;
  CountCurve truth;
};

std::vector<Case> Cases(const std::vector<Group>& groups, int first, int second, int target) {
  std::vector<Case> cases;
  for (const Group& group : groups) {
    auto law = FitCounts({CurveOf(group, first), CurveOf(group, second)}, target,
                         Volume(group.op, target));
    EXPECT_TRUE(law.ok());
    if (law.ok()) cases.push_back({&group, *law, CurveOf(group, target)});
  }
  return cases;
}

// Pooled coefficients for `held`: learnt from the same operation on all other systems.
PooledCoefficients Learn(const std::vector<Case>& cases, const Case& held) {
  std::vector<PooledSample> samples;
  for (const Case& one : cases) {
    if (one.group->system == held.group->system || one.group->op != held.group->op) continue;
    if (!one.law.refusal.empty()) continue;
    for (const Point& point : one.truth.points) {
      const PooledSample sample = SampleOf(one.law, point.bytes, point.time_us);
      if (std::abs(sample.excess) < 0.7) samples.push_back(sample);
    }
  }
  return FitPooled(samples);
}

Score ScoreCases(std::vector<Case> cases, bool pooled, const std::string& library) {
  std::vector<Score> scores;
  const std::vector<Case> all = cases;
  int refused = 0;
  for (Case& one : cases) {
    if (!library.empty() && one.group->library != library) continue;
    if (!one.law.refusal.empty()) {
      ++refused;
      continue;
    }
    if (pooled) one.law.pooled = Learn(all, one);
    std::vector<Held> held;
    for (const Point& point : one.truth.points) {
      held.push_back({point.bytes, point.time_us, Predict(one.law, point.bytes)});
    }
    scores.push_back(ScoreOf(held));
    if (std::getenv("FIT_VERBOSE") != nullptr) {
      std::printf("  %-20s %-8s %-16s MAPE %6.1f %%\n", one.group->system.c_str(),
                  one.group->library.c_str(), one.group->op.c_str(), 100 * scores.back().mape);
    }
  }
  const Score score = MedianOverLogs(scores);
  std::vector<double> means;
  double sum = 0;
  for (const Score& one : scores) sum += one.mape;
  std::printf(
      "%-6s %-6s groups %zu refused %2d  median %5.2f %%  MAPE %5.2f %% (mean of groups "
      "%5.2f %%)  p95 %5.1f %%  coverage %4.1f %%\n",
      pooled ? "pooled" : "alone", library.c_str(), scores.size(), refused, 100 * score.median_ape,
      100 * score.mape, 100 * sum / static_cast<double>(scores.size()), 100 * score.p95_ape,
      100 * score.coverage90);
  return score;
}

constexpr const char* kAbsent =
    "no ../shared/measured/collectives beside COMMPLAN_ROOT: nothing to measure the laws against";

TEST(CountsData, FourFromTwoAndEight) {
  const std::vector<Group> groups = ReadGroups();
  if (groups.empty()) GTEST_SKIP() << kAbsent;
  const std::vector<Case> cases = Cases(groups, 2, 8, 4);
  ScoreCases(cases, false, "nccl");
  ScoreCases(cases, true, "nccl");
  EXPECT_LT(ScoreCases(cases, false, "").mape, 0.08);
  EXPECT_LT(ScoreCases(cases, true, "").mape, 0.07);
}

TEST(CountsData, EightFromTwoAndFour) {
  const std::vector<Group> groups = ReadGroups();
  if (groups.empty()) GTEST_SKIP() << kAbsent;
  const std::vector<Case> cases = Cases(groups, 2, 4, 8);
  ScoreCases(cases, false, "nccl");
  ScoreCases(cases, true, "nccl");
  EXPECT_LT(ScoreCases(cases, false, "").mape, 0.145);
  EXPECT_LT(ScoreCases(cases, true, "").mape, 0.11);
}

// size count type [redop] [root] and twice time, algbw, busbw, error.
std::vector<Point> ReadLog(const std::string& name) {
  std::vector<Point> points;
  std::ifstream in(Folder() / ".." / "nccl_logs" / name);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.size() < 11 || std::atof(words[0].c_str()) <= 0) continue;
    const std::size_t time = words.size() - 8;
    points.push_back({std::atof(words[0].c_str()), std::atof(words[time].c_str()),
                      std::atof(words[time + 4].c_str()), 1});
  }
  return points;
}

TEST(CountsData, FourNodesFromOneAndTwo) {
  struct Cluster {
    const char* one;
    const char* two;
    const char* four;
    double ranks_per_node;
  };
  const Cluster clusters[] = {{"abci_a100_1n8g_allreduce.txt", "abci_a100_2n8g_hdr_allreduce.txt",
                               "abci_a100_4n8g_hdr_allreduce.txt", 8},
                              {"abci_v100_1n4g_allreduce.txt", "abci_v100_2n4g_edr_allreduce.txt",
                               "abci_v100_4n4g_edr_allreduce.txt", 4}};
  for (const Cluster& cluster : clusters) {
    const auto volume = [&](double nodes) {
      const double n = nodes * cluster.ranks_per_node;
      return 2 * (n - 1) / n;
    };
    const std::vector<Point> one = ReadLog(cluster.one), two = ReadLog(cluster.two),
                             four = ReadLog(cluster.four);
    if (one.empty() || two.empty() || four.empty()) GTEST_SKIP() << kAbsent;
    CountOptions options;
    options.refuse_when_peer_access_is_lost = false;
    const auto law = FitCounts({{1, volume(1), one}, {2, volume(2), two}}, 4, volume(4), options);
    ASSERT_TRUE(law.ok());
    std::vector<Held> held;
    for (const Point& point : four) {
      held.push_back({point.bytes, point.time_us, Predict(*law, point.bytes)});
    }
    const Score score = ScoreOf(held);
    std::printf("%s: median %.1f %%  MAPE %.1f %%  p95 %.1f %%  coverage %.0f %%\n", cluster.four,
                100 * score.median_ape, 100 * score.mape, 100 * score.p95_ape,
                100 * score.coverage90);
    EXPECT_LT(score.mape, 0.105);
  }
}

}  // namespace
}  // namespace commplan::fit
