// How well the laws over counts do on measured tables: ranks on one node, and nodes of public logs.
// The tables lie outside the repository; where they are absent the tests say so and are skipped.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/fit/curve.h"
#include "calibrate/fit/groups.h"
#include "calibrate/fit/measured_data.h"
#include "calibrate/fit/pooled.h"
#include "calibrate/fit/score.h"
#include "calibrate/fit/tabulate.h"
#include "gtest/gtest.h"
#include "model/base/check.h"
#include "model/collective/measured.h"

namespace commplan::fit {
namespace {

MeasuredCurve CurveOf(const Group& group) {
  const Result<CurveFit> fit = FitCurve(TrainingPoints(group, false));
  CHECK(fit.ok());
  return Tabulate(*fit, group.op, group.ranks, group.nodes);
}

// The same operation of the same library among 2, 4 and 8 ranks.
struct Family {
  std::string system, library;
  std::map<int, Group> by_ranks;
};

std::vector<Family> ReadFamilies() {
  std::map<std::string, Family> families;
  for (const std::string& file : MeasuredFiles("collectives", ".csv")) {
    for (Group& group : MeasuredGroups("collectives", file).groups) {
      Group any = group;
      any.ranks = 2;
      Family& family = families[group.system + any.Text() + group.kernel];
      family.system = group.system;
      family.library = group.engine;
      family.by_ranks.emplace(group.ranks, std::move(group));
    }
  }
  std::vector<Family> all;
  for (auto& [key, family] : families) {
    if (family.by_ranks.count(2) + family.by_ranks.count(4) + family.by_ranks.count(8) == 3) {
      all.push_back(std::move(family));
    }
  }
  return all;
}

// A law from two counts of a family, and the measured third one.
struct Case {
  const Family* family;
  const Group* truth;
  MeasuredTable table;
  bool refused = false;

  std::optional<MeasuredWay> Way() const {
    auto way = MeasuredWay::Find(table, truth->op, truth->ranks, truth->nodes);
    return way.ok() ? std::move(*way) : std::nullopt;
  }
};

std::vector<Case> Cases(const std::vector<Family>& families, int first, int second, int target) {
  std::vector<Case> cases;
  for (const Family& family : families) {
    Case one{&family, &family.by_ranks.at(target), {}, false};
    for (const int ranks : {first, second}) {
      one.table.curves.push_back(CurveOf(family.by_ranks.at(ranks)));
    }
    one.refused = !one.Way();
    cases.push_back(std::move(one));
  }
  return cases;
}

// The correction for `held`, learnt from the same operation on all other systems.
CountCoefficients Learn(const std::vector<Case>& cases, const Case& held) {
  std::vector<PooledSample> samples;
  for (const Case& one : cases) {
    if (one.family->system == held.family->system || one.truth->op != held.truth->op) continue;
    if (one.refused) continue;
    const std::optional<MeasuredWay> way = one.Way();
    for (const GroupRow& row : one.truth->rows) {
      const PooledSample sample = SampleOf(*way, B(row.point.bytes), row.point.time_us);
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
    if (!library.empty() && one.family->library != library) continue;
    if (one.refused) {
      ++refused;
      continue;
    }
    if (pooled) {
      const CountCoefficients learnt = Learn(all, one);
      one.table.corrections = {{one.truth->op, learnt, learnt}};
    }
    scores.push_back(ScoreOf(PredictHeld(*one.Way(), TrainingPoints(*one.truth, false))));
    if (std::getenv("FIT_VERBOSE") != nullptr) {
      std::printf("  %-20s %-8s %-16s MAPE %6.1f %%\n", one.family->system.c_str(),
                  one.family->library.c_str(), std::string(Name(one.truth->op)).c_str(),
                  100 * scores.back().mape);
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

TEST(CountsData, FourFromTwoAndEight) {
  const std::vector<Family> groups = ReadFamilies();
  if (groups.empty()) GTEST_SKIP() << kMeasuredAbsent;
  const std::vector<Case> cases = Cases(groups, 2, 8, 4);
  ScoreCases(cases, false, "nccl");
  ScoreCases(cases, true, "nccl");
  EXPECT_LT(ScoreCases(cases, false, "").mape, 0.08);
  EXPECT_LT(ScoreCases(cases, true, "").mape, 0.07);
}

TEST(CountsData, EightFromTwoAndFour) {
  const std::vector<Family> groups = ReadFamilies();
  if (groups.empty()) GTEST_SKIP() << kMeasuredAbsent;
  const std::vector<Case> cases = Cases(groups, 2, 4, 8);
  ScoreCases(cases, false, "nccl");
  ScoreCases(cases, true, "nccl");
  EXPECT_LT(ScoreCases(cases, false, "").mape, 0.145);
  EXPECT_LT(ScoreCases(cases, true, "").mape, 0.11);
}

// The group of a log; nothing where the log is absent.
std::optional<Group> ReadLog(const std::string& name) {
  const std::vector<std::string> names = MeasuredFiles("nccl_logs", ".txt");
  for (const std::string& one : names) {
    if (one == name) return MeasuredGroups("nccl_logs", name).groups.at(0);
  }
  return std::nullopt;
}

TEST(CountsData, FourNodesFromOneAndTwo) {
  struct Cluster {
    const char* one;
    const char* two;
    const char* four;
  };
  const Cluster clusters[] = {{"abci_a100_1n8g_allreduce.txt", "abci_a100_2n8g_hdr_allreduce.txt",
                               "abci_a100_4n8g_hdr_allreduce.txt"},
                              {"abci_v100_1n4g_allreduce.txt", "abci_v100_2n4g_edr_allreduce.txt",
                               "abci_v100_4n4g_edr_allreduce.txt"}};
  for (const Cluster& cluster : clusters) {
    const auto one = ReadLog(cluster.one), two = ReadLog(cluster.two), four = ReadLog(cluster.four);
    if (!one || !two || !four) GTEST_SKIP() << kMeasuredAbsent;
    const MeasuredTable table{.curves = {CurveOf(*one), CurveOf(*two)}, .corrections = {}};
    const auto way = MeasuredWay::Find(table, four->op, four->ranks, four->nodes);
    ASSERT_TRUE(way.ok() && way->has_value());
    const Score score = ScoreOf(PredictHeld(**way, TrainingPoints(*four, false)));
    std::printf("%s: median %.1f %%  MAPE %.1f %%  p95 %.1f %%  coverage %.0f %%\n", cluster.four,
                100 * score.median_ape, 100 * score.mape, 100 * score.p95_ape,
                100 * score.coverage90);
    EXPECT_LT(score.mape, 0.105);
  }
}

}  // namespace
}  // namespace commplan::fit
