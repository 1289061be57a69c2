// How well the laws over counts do on measured tables: ranks on one node, and nodes of public logs.
// The tables lie outside the repository; where they are absent the tests say so and are skipped.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/fit/count_laws.h"
#include "calibrate/fit/curve.h"
#include "calibrate/fit/groups.h"
#include "calibrate/fit/measured_data.h"
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

// By system, what all the others taught.
using Lessons = std::map<std::string, std::vector<CountCorrection>>;

Lessons Learn(const std::vector<Family>& families) {
  Lessons lessons;
  for (const Family& family : families) lessons[family.system];
  for (auto& [system, laws] : lessons) {
    std::vector<Group> others;
    for (const Family& family : families) {
      if (family.system == system) continue;
      for (const auto& [ranks, group] : family.by_ranks) others.push_back(group);
    }
    laws = LearnCountLaws(others).value();
  }
  return lessons;
}

// Without `lessons` the laws stand alone.
Score ScoreCases(std::vector<Case> cases, const Lessons& lessons, const std::string& library) {
  std::vector<Score> scores;
  const bool pooled = !lessons.empty();
  int refused = 0;
  for (Case& one : cases) {
    if (!library.empty() && one.family->library != library) continue;
    if (one.refused) {
      ++refused;
      continue;
    }
    if (pooled) one.table.corrections = lessons.at(one.family->system);
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

TEST(CountsData, RanksThatWereNotMeasured) {
  const std::vector<Family> families = ReadFamilies();
  if (families.empty()) GTEST_SKIP() << kMeasuredAbsent;
  const Lessons lessons = Learn(families);
  struct Wanted {
    int first, second, target;
    double alone, pooled;  // MAPE
  };
  for (const Wanted& wanted : {Wanted{2, 8, 4, 0.08, 0.07}, Wanted{2, 4, 8, 0.145, 0.11}}) {
    const std::vector<Case> cases = Cases(families, wanted.first, wanted.second, wanted.target);
    std::printf("%d ranks from %d and %d\n", wanted.target, wanted.first, wanted.second);
    ScoreCases(cases, {}, "nccl");
    ScoreCases(cases, lessons, "nccl");
    EXPECT_LT(ScoreCases(cases, {}, "").mape, wanted.alone);
    const Score pooled = ScoreCases(cases, lessons, "");
    EXPECT_LT(pooled.mape, wanted.pooled);
    EXPECT_GE(pooled.coverage90, 0.85);
    EXPECT_LE(pooled.coverage90, 0.95);
  }
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
