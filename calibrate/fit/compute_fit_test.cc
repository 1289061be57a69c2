// Fits of rows that a known model made: what went in must come out.
#include "calibrate/fit/compute_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "calibrate/fit/compute_fit_parts.h"
#include "calibrate/fit/compute_solver.h"
#include "calibrate/fit/compute_table.h"
#include "model/base/test_seed.h"

namespace commplan::fit {
namespace {

using ::testing::HasSubstr;

ComputeDevice Device() {
  ComputeDevice device;
  device.memory = TBps(3);
  device.cache = MB(50);
  device.half = TFlopps(1000);
  return device;
}

// y = ln(a + b x), with one row far off: the two come back as if it were not there.
TEST(ComputeSolverTest, FindsALineDespiteAnOutlier) {
  const std::vector<double> x = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  std::vector<double> y;
  for (const double one : x) y.push_back(std::log(3 + 0.25 * one));
  y[4] += 2;
  const auto form = [&]<class R>(const ParametersOf<R>& p, std::size_t i) -> R {
    return Ln(p[0] + p[1] * R(x[i]));
  };
  const Solution solution = Solve(ProblemOf({{"a", 1, 0.01, 100}, {"b", 1, 0.001, 100}}, y, form));
  EXPECT_NEAR(solution.parameters[0], 3, 0.2);
  EXPECT_NEAR(solution.parameters[1], 0.25, 0.02);
}

TEST(ComputeSolverTest, WhatNoRowSeesStaysAtItsStart) {
  const auto form = []<class R>(const ParametersOf<R>& p, std::size_t) -> R { return Ln(p[0]); };
  const Solution solution =
      Solve(ProblemOf({{"seen", 1, 0.01, 100}, {"unseen", 7, 1, 100}, {"bounded", 2, 2, 2}},
                      std::vector<double>(20, std::log(5.0)), form));
  EXPECT_NEAR(solution.parameters[0], 5, 0.01);
  EXPECT_NEAR(solution.parameters[1], 7, 1e-9);
  EXPECT_NEAR(solution.parameters[2], 2, 1e-9);
}

TableSpec SmallTable() {
  return {{{{0, 1, 2, 3}, {0, 1, 2, 3}, 2}, {{0, 2}, {0, 2}, 2}}, 0.2, 5.0};
}

// The errors left out, without a second fit, against second fits. The noise is so large that all
// rows keep their full weight; the table is rounded to a thousandth.
TEST(ComputeTableTest, LeftOutEqualsARefitWithoutTheGroup) {
  TableSpec spec = SmallTable();
  spec.amplitude = 20;
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i < 12; ++i) {
    const double x = 0.27 * static_cast<double>(i), y = static_cast<double>(i % 3);
    rows.push_back({{x, y}, 0.3 * std::sin(2 * x) + 0.1 * y, i / 2});
  }
  const TableFit fit = FitTable(spec, rows);
  for (std::size_t group = 0; group < 6; ++group) {
    std::vector<TableRow> others;
    for (const TableRow& row : rows) {
      if (row.group != group) others.push_back(row);
    }
    const TableFit without = FitTable(spec, others);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].group != group) continue;
      EXPECT_NEAR(fit.left_out[i], rows[i].residual - without.table.At(rows[i].point), 2e-3) << i;
    }
  }
}

TEST(ComputeTableTest, FollowsManyRowsAndIsZeroWithoutReason) {
  TableSpec spec = SmallTable();
  spec.noise = 0.02;
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i < 40; ++i) rows.push_back({{0, 0}, 0.15, i});
  rows.push_back({{0, 0}, 5, 40});  // A wild row does not move it.
  const TableFit fit = FitTable(spec, rows);
  EXPECT_NEAR(fit.table.At({0, 0}), 0.15, 0.01);
  const std::vector<TableRow> none;
  EXPECT_EQ(FitTable(spec, none).table.At({1, 1}), 0);
}

GemmEfficiency Truth() { return {Micros(2.5), 0.7, 0.85, 0.6, Micros(4), 0.5, 1.8}; }

std::vector<GemmRow> MadeRows(int count, double noise) {
  const GemmModel model =
      GemmModel::Create(Device(), {"made", ComputeType::kBf16, Truth(), {}}).value();
  std::mt19937_64 random(TestSeed());
  std::uniform_real_distribution<double> octaves(0, 1);
  std::normal_distribution<double> error(0, noise);
  std::vector<GemmRow> rows;
  for (int i = 0; i < count; ++i) {
    GemmRow row;
    row.engine = "made";
    row.shape = {std::round(std::exp2(15 * octaves(random))),
                 std::round(std::exp2(5 + 11 * octaves(random))),
                 std::round(std::exp2(5 + 11 * octaves(random))), 1};
    row.time_us = InMicros(model.TimeOf(row.shape)) * std::exp(error(random));
    rows.push_back(row);
  }
  return rows;
}

TEST(ComputeFitTest, GemmComesBack) {
  std::vector<GemmRow> rows = MadeRows(300, 0.02);
  const ComputeFits<GemmFit> result = FitGemm(Device(), rows);
  ASSERT_EQ(result.fits.size(), 1U);
  const GemmFit& fit = result.fits.front();
  EXPECT_NEAR(InMicros(fit.efficiency.launch), 2.5, 0.25);
  EXPECT_NEAR(fit.efficiency.compute, 0.7, 0.05);
  EXPECT_NEAR(fit.efficiency.memory, 0.85, 0.06);
  EXPECT_EQ(fit.evidence.rows, 300);
  // 90 % of a normal error of 2 % lie within 3.3 %.
  for (const BandFactors& band : fit.evidence.bands) {
    EXPECT_NEAR(std::log(band.high), 0.033, 0.03);
    EXPECT_NEAR(std::log(band.low), -0.033, 0.03);
  }
  const GemmModel model = GemmModel::Create(Device(), fit).value();
  const GemmModel truth =
      GemmModel::Create(Device(), {"made", ComputeType::kBf16, Truth(), {}}).value();
  for (const GemmShape& shape : {GemmShape{1, 4096, 4096, 1}, GemmShape{64, 8192, 28672, 1},
                                 GemmShape{4096, 4096, 1024, 1}}) {
    EXPECT_NEAR(model.TimeOf(shape) / truth.TimeOf(shape), 1, 0.05);
  }
}

// The same rows in another order, the same fit: nothing depends on the order but rounding.
TEST(ComputeFitTest, OrderDoesNotMatter) {
  std::vector<GemmRow> rows = MadeRows(120, 0.05);
  const GemmFit one = FitGemm(Device(), rows).fits.at(0);
  std::reverse(rows.begin(), rows.end());
  const GemmFit other = FitGemm(Device(), rows).fits.at(0);
  EXPECT_NEAR(one.efficiency.compute, other.efficiency.compute, 1e-4);
  EXPECT_NEAR(one.efficiency.launch / other.efficiency.launch, 1, 1e-4);
}

TEST(ComputeFitTest, RefusesWhatPhysicsForbidsAndSaysWhatIsTooLittle) {
  std::vector<GemmRow> rows = MadeRows(40, 0);
  GemmRow cached;
  cached.engine = "made";
  cached.shape = {1, 8192, 8192, 1};
  cached.time_us = 20;  // 134 MB at 3 TB/s take 44.7 us.
  rows.push_back(cached);
  GemmRow few;
  few.engine = "rare";
  few.shape = {1, 8192, 8192, 1};
  few.time_us = 60;
  rows.push_back(few);
  few.type = ComputeType::kFp8;
  rows.push_back(few);
  const ComputeFits<GemmFit> result = FitGemm(Device(), rows);
  ASSERT_EQ(result.fits.size(), 1U);
  ASSERT_EQ(result.refused.size(), 1U);
  EXPECT_EQ(result.refused[0].row, 40U);
  EXPECT_THAT(result.refused[0].reason, HasSubstr("no less than 44.74 us"));
  ASSERT_EQ(result.notes.size(), 2U);
  EXPECT_THAT(result.notes[0], HasSubstr("gemm rare bf16: 1 rows, fewer than 30"));
  EXPECT_THAT(result.notes[1], HasSubstr("no rate for fp8"));
}

AttentionEfficiency TrueAttention() {
  AttentionEfficiency e;
  e.launch = Micros(8);
  e.compute = 0.3;
  e.memory = 0.8;
  e.serial = Micros(4);
  e.serial_exponent = 0.5;
  e.sharpness = 1.5;
  e.kv_item = KB(50);
  e.q_item = B(500);
  e.unsplit = Micros(1);
  e.size_64 = e.size_192 = e.size_256 = e.window = 1;
  return e;
}

std::vector<AttentionRow> MadeAttention(double collapse_from) {
  AttentionFit truth;
  truth.efficiency = TrueAttention();
  const AttentionModel model = AttentionModel::Create(Device(), truth).value();
  std::mt19937_64 random(TestSeed());
  std::uniform_real_distribution<double> octaves(0, 1);
  std::uniform_int_distribution<int> group(0, 6);
  std::vector<AttentionRow> rows;
  for (int i = 0; i < 300; ++i) {
    AttentionRow row;
    row.engine = row.kernel = "made";
    row.shape.batch = std::round(std::exp2(8 * octaves(random)));
    row.shape.kv_heads = std::exp2(std::round(3 * octaves(random)));
    row.shape.q_heads = row.shape.kv_heads * std::exp2(group(random));
    row.shape.past_tokens = std::round(std::exp2(15 * octaves(random)));
    row.time_us = InMicros(model.TimeOf(row.shape));
    if (row.shape.q_heads >= collapse_from * row.shape.kv_heads) row.time_us *= 12;
    rows.push_back(row);
  }
  return rows;
}

TEST(ComputeFitTest, GenerationComesBack) {
  const ComputeFits<AttentionFit> result = FitAttention(Device(), MadeAttention(1e9));
  ASSERT_EQ(result.fits.size(), 1U);
  const AttentionFit& fit = result.fits.front();
  EXPECT_EQ(fit.largest_group, 0);
  EXPECT_NEAR(InMicros(fit.efficiency.launch), 8, 0.8);
  EXPECT_NEAR(fit.efficiency.memory, 0.8, 0.04);
}

TEST(ComputeFitTest, AKernelThatCollapsesIsCutWhereItDoes) {
  const ComputeFits<AttentionFit> result = FitAttention(Device(), MadeAttention(64));
  ASSERT_EQ(result.fits.size(), 1U);
  EXPECT_EQ(result.fits[0].largest_group, 32);
  EXPECT_NEAR(result.fits[0].efficiency.memory, 0.8, 0.04);
  ASSERT_EQ(result.notes.size(), 1U);
  EXPECT_THAT(result.notes[0], HasSubstr("collapses above 32"));
}

TEST(ComputeFitTest, MoeComesBackWithItsSkew) {
  MoeFit truth;
  truth.efficiency = {Micros(30), 0.5, 0.8, Micros(0.2), 2, 8, 1};
  const MoeModel model = MoeModel::Create(Device(), truth).value();
  std::mt19937_64 random(TestSeed());
  std::uniform_real_distribution<double> octaves(0, 1);
  std::vector<MoeRow> rows;
  for (int i = 0; i < 200; ++i) {
    MoeRow row;
    row.engine = row.kernel = "made";
    row.skewed = i % 2 == 1;
    row.shape = {std::round(std::exp2(14 * octaves(random))),
                 4096,
                 2048,
                 8,
                 128,
                 1,
                 std::exp2(i % 6),
                 true,
                 !row.skewed,
                 1};
    MoeShape loaded = row.shape;
    if (row.skewed) loaded.imbalance = SkewedImbalance(0.5, loaded.ep);
    row.time_us = InMicros(model.TimeOf(loaded));
    rows.push_back(row);
  }
  const ComputeFits<MoeFit> result = FitMoe(Device(), rows);
  ASSERT_EQ(result.fits.size(), 1U);
  EXPECT_EQ(result.fits[0].skew_per_octave, 0.5);
  EXPECT_NEAR(result.fits[0].efficiency.memory, 0.8, 0.05);
  EXPECT_NEAR(InMicros(result.fits[0].efficiency.launch), 30, 3);
  EXPECT_EQ(SkewedImbalance(0.5, 1), 1);
  EXPECT_EQ(SkewedImbalance(3, 2), 2);  // No more than all of the load.
}

}  // namespace
}  // namespace commplan::fit
