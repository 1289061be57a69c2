// Fits of compressed collectives against rows that they have not seen. The bounds are the goals, or
// what was reached where that is less.
#include "tests/accuracy/compressed.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include "tests/accuracy/measured.h"

namespace commplan::accuracy {
namespace {

using fit::CompressedSample;
using Samples = std::vector<CompressedSample>;

struct Split {
  Samples train, test;
};

Split SplitBy(const Samples& rows, const std::function<bool(const CompressedSample&)>& in_train) {
  Split split;
  for (const CompressedSample& row : rows)
    (in_train(row) ? split.train : split.test).push_back(row);
  return split;
}

void Print(const std::string& what, const CompressedScore& score) {
  std::fputs(fmt::format("{:<46} {:4d} rows  MAPE {:5.2f} %  median {:5.2f} %  worst {:5.1f} %  "
                         "in band {:3.0f} %\n",
                         what, score.rows, 100 * score.mape, 100 * score.median, 100 * score.worst,
                         100 * score.coverage)
                 .c_str(),
             stdout);
}

void Print(const std::string& what, const Signs& signs) {
  std::fputs(
      fmt::format("{:<46} {} of {} signs right, {} called beyond the band, {} called wrong\n", what,
                  signs.right, signs.clear, signs.called, signs.wrong_calls)
          .c_str(),
      stdout);
  for (const std::string& miss : signs.misses) std::fputs(("  " + miss + "\n").c_str(), stdout);
}

void Print(const Crossover& crossover) {
  std::fputs(
      fmt::format("  {:<12} overtakes at {:8.2f} MiB, predicted {:8.2f} MiB\n", crossover.codec,
                  crossover.measured / 1048576, crossover.predicted / 1048576)
          .c_str(),
      stdout);
}

// Two ranks with every codec and four ranks without one; four ranks with every codec held out.
TEST(CompressedAccuracyTest, QuickReduceFromTwoRanksToFour) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const CompressedTable table = ReadQuickReduce(*folder);
  ASSERT_EQ(table.rows.size(), 120U);
  const Split split = SplitBy(table.rows, [](const CompressedSample& row) {
    return row.ranks == 2 || row.codec == kNoCodec;
  });
  ASSERT_EQ(split.test.size(), 48U);
  const auto fit = fit::FitCompressed(split.train);
  ASSERT_TRUE(fit.ok());
  EXPECT_TRUE(fit->kernel.link_per_peer) << "seen in the plain rates";
  Print("MI300X two-shot, fitted rows", ScoreOf(*fit, split.train));
  const CompressedScore score = ScoreOf(*fit, split.test);
  Print("MI300X two-shot, 4 ranks with codecs", score);
  EXPECT_LT(score.mape, 0.08);
  EXPECT_GE(score.coverage, 0.85);
  const Signs signs = SignsOf(*fit, split.test, table.baseline, 0.10);
  Print("MI300X two-shot, win or loss", signs);
  EXPECT_EQ(signs.wrong_calls, 0);
  EXPECT_EQ(signs.right, signs.clear);
  for (const Crossover& crossover : CrossoversOf(*fit, 4, split.test, table.baseline)) {
    Print(crossover);
    ASSERT_GT(crossover.measured, 0) << crossover.codec;
    EXPECT_LT(crossover.predicted / crossover.measured, 2) << crossover.codec;
    EXPECT_GT(crossover.predicted / crossover.measured, 0.5) << crossover.codec;
  }
}

// Compressed times of four ranks alone; eight ranks held out. The baseline is another kernel on
// another host, so it is taken as measured.
TEST(CompressedAccuracyTest, H100FromFourRanksToEight) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const CompressedTable table = ReadTwoShotH100(*folder);
  ASSERT_EQ(table.rows.size(), 60U);
  const Split split =
      SplitBy(table.rows, [](const CompressedSample& row) { return row.ranks == 4; });
  const auto fit = fit::FitCompressed(split.train);
  ASSERT_TRUE(fit.ok());
  Print("H100 two-shot, fitted rows", ScoreOf(*fit, split.train));
  const CompressedScore score = ScoreOf(*fit, split.test);
  Print("H100 two-shot, 8 ranks", score);
  EXPECT_LT(score.mape, 0.07);
  EXPECT_GE(score.coverage, 0.80);
  const Signs signs = SignsOf(*fit, split.test, table.baseline, 0.10);
  Print("H100 two-shot, win or loss", signs);
  EXPECT_EQ(signs.right, signs.clear);
  for (const Crossover& crossover : CrossoversOf(*fit, 8, split.test, table.baseline)) {
    Print(crossover);
    EXPECT_LT(crossover.predicted / crossover.measured, 2) << crossover.codec;
    EXPECT_GT(crossover.predicted / crossover.measured, 0.5) << crossover.codec;
  }
}

// Other questions that the same rows can answer: nothing was chosen for them.
TEST(CompressedAccuracyTest, OtherSplitsOfTheSameRows) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const Samples quick = ReadQuickReduce(*folder).rows;
  const Samples h100 = ReadTwoShotH100(*folder).rows;
  const auto octave = [](const CompressedSample& row) {
    return std::lround(std::log2(row.bytes)) % 2 == 0;
  };
  struct Case {
    std::string what;
    Split split;
    double bound;
  };
  std::vector<Case> cases{{"MI300X, every second size held out", SplitBy(quick, octave), 0.05},
                          {"H100, every second size held out", SplitBy(h100, octave), 0.05}};
  cases.push_back(
      {"MI300X, 2 ranks with codecs held out",
       SplitBy(quick,
               [](const CompressedSample& row) { return row.ranks == 4 || row.codec == kNoCodec; }),
       0.12});
  cases.push_back({"H100, 4 ranks held out",
                   SplitBy(h100, [](const CompressedSample& row) { return row.ranks == 8; }),
                   0.10});
  for (const char* codec : {"fp8", "int8", "int6", "int4"}) {
    cases.push_back(
        {std::string("MI300X, ") + codec + " held out",
         SplitBy(quick, [&](const CompressedSample& row) { return row.codec != codec; }), 0.15});
  }
  for (const Case& one : cases) {
    const auto fit = fit::FitCompressed(one.split.train);
    ASSERT_TRUE(fit.ok());
    const CompressedScore score = ScoreOf(*fit, one.split.test);
    Print(one.what, score);
    EXPECT_LT(score.mape, one.bound) << one.what;
  }
}

}  // namespace
}  // namespace commplan::accuracy
