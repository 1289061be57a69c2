#include "model/codec/error.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/codec/codec.h"

namespace commplan::codec {
namespace {

using ::testing::HasSubstr;

Codec Named(const char* name) { return FindCodec(name).value(); }

double Db(const char* codec, const Reduction& reduction, int ranks, std::size_t values = 16384) {
  const RankData data = DrawRanks(Shape::kGaussian, ranks, values, 17);
  return MeasureError(Named(codec), reduction, data).value().sqnr_db;
}

// With eps of one coding the noise of each scheme is a multiple of it, from the powers of what is
// coded: a partial sum of k of n shares has k/n of the result's power.
struct Law {
  Reduction reduction;
  double (*factor)(double ranks);
};
const std::vector<Law>& Laws() {
  static const std::vector<Law> kLaws = {
      {{.scheme = Scheme::kGather}, [](double) { return 1.0; }},
      {{.scheme = Scheme::kGather, .keep_own = true}, [](double n) { return (n - 1) / n; }},
      {{.scheme = Scheme::kTwoShot}, [](double n) { return 2 - 1 / n; }},
      {{.scheme = Scheme::kTwoShot, .coded_gather = false}, [](double n) { return 1 - 1 / n; }},
      {{.scheme = Scheme::kRing}, [](double n) { return (n + 1) / 2; }},
      {{.scheme = Scheme::kRing, .coded_gather = false}, [](double n) { return (n - 1) / 2; }},
      {{.scheme = Scheme::kRecursiveDoubling}, [](double n) { return std::log2(n) / 2; }},
      // Pairs of ranks, then two-shot across: 1/2, 1 - 2/n, and the gather.
      {{.scheme = Scheme::kHierarchical, .inner = 2},
       [](double n) { return 0.5 + (1 - 2 / n) + 1; }},
      {{.scheme = Scheme::kHierarchical, .inner = 2, .inner_coded = false},
       [](double n) { return (1 - 2 / n) + 1; }},
  };
  return kLaws;
}

// Codecs with a power of two for a scale also clip the top of a block, and how much depends on
// where the data stand between two powers; sums of 2 shares are larger by the root of 2.
TEST(MeasureErrorTest, FollowsTheLaws) {
  for (const auto& [codec, tolerance] :
       {std::pair("int4-b32", 0.3), {"int8-b32", 0.3}, {"e4m3-b32-fp16", 0.3}, {"mxfp8", 0.8}}) {
    const double one = Db(codec, {}, 1);
    for (const Law& law : Laws()) {
      for (const int ranks : {2, 4, 8}) {
        const double expected = one - 10 * std::log10(law.factor(ranks));
        EXPECT_NEAR(Db(codec, law.reduction, ranks), expected, tolerance)
            << codec << ' ' << SchemeName(law.reduction.scheme) << ' ' << ranks;
      }
    }
  }
}

// A tree of 7 ranks: subtrees of 1 and 3 are coded below the root (6 * ... : four leaves of 1, two
// of 3), then the result: (4 * 1 + 2 * 3) / 7 + 1.
TEST(MeasureErrorTest, ATreeCodesEachSubtree) {
  const double expected = Db("int4-b32", {}, 1) - 10 * std::log10(10.0 / 7 + 1);
  EXPECT_NEAR(Db("int4-b32", {.scheme = Scheme::kTree}, 7), expected, 0.2);
}

// INT4, blocks of 32, 8 ranks, from simulations of others: 20.8, 17.5, 13.6, 18.5 dB.
TEST(MeasureErrorTest, AgreesWithPublishedSimulations) {
  EXPECT_NEAR(Db("int4-b32", {.scheme = Scheme::kGather, .keep_own = true}, 8), 20.8, 0.2);
  EXPECT_NEAR(Db("int4-b32", {.scheme = Scheme::kTwoShot}, 8), 17.5, 0.2);
  EXPECT_NEAR(Db("int4-b32", {.scheme = Scheme::kRing}, 8), 13.6, 0.2);
  EXPECT_NEAR(Db("int4-b32", {.scheme = Scheme::kRecursiveDoubling}, 8), 18.5, 0.2);
}

// One coding of normal values, as simulated independently; "floor" is the rule of OCP.
TEST(MeasureErrorTest, OneCodingOfEachFormat) {
  struct Row {
    const char* codec;
    double db;
  };
  for (const Row& row : std::vector<Row>{
           {"tq3", 3.65},           {"dual2", 9.84},         {"e1m1-b32-e8m0", 11.5},
           {"mxfp3", 12.6},         {"mxfp4", 18.8},         {"e2m1-b8-e8m0", 18.4},
           {"e1m2-b16-e8m0", 18.6}, {"mxfp5", 24.9},         {"mxfp5-e3m1", 19.3},
           {"mxfp6", 30.9},         {"mxfp6-e3m2", 25.4},    {"mxfp8", 30.6},
           {"mxfp8-e5m2", 25.4},    {"e2m1-b32-fp16", 19.9}, {"e2m2-b8-fp16", 27.9},
           {"e4m3-b32-fp16", 32.4}, {"int2-b32", 3.6},       {"int2-b32-asym", 8.1},
           {"int3-b32", 12.9},      {"int4-b32", 20.3},      {"int4-b32-asym", 22.1},
           {"int4-b8-asym", 26.1},  {"int5-b32", 26.9},      {"int6-b32", 33.2},
           {"int8-b8", 48.0},       {"int8-b32", 45.4},      {"int8-b16-asym", 48.3}}) {
    EXPECT_NEAR(Db(row.codec, {}, 1, 131072), row.db, 0.15) << row.codec;
  }
}

TEST(MeasureErrorTest, NoCodecLosesNothingOnOneRank) {
  EXPECT_EQ(Db("none", {}, 1), std::numeric_limits<double>::infinity());
  EXPECT_GT(Db("none", {.scheme = Scheme::kRing}, 8), 130);  // fp32 sums against exact ones
}

TEST(MeasureErrorTest, OnlyTheRatioOfPowersCounts) {
  RankData data = DrawRanks(Shape::kGaussian, 4, 4096, 3);
  const double db = MeasureError(Named("mxfp4"), {}, data)->sqnr_db;
  for (float& value : data.values) value *= 1024;
  EXPECT_NEAR(MeasureError(Named("mxfp4"), {}, data)->sqnr_db, db, 1e-6);
}

// The same on outlier channels: one scale for the whole row is what they break.
TEST(MeasureErrorTest, OutliersBreakRowsAndNotBlocks) {
  const RankData normal = DrawRanks(Shape::kGaussian, 1, 65536, 5);
  const RankData outliers = DrawRanks(Shape::kOutlierChannels, 1, 65536, 5);
  const auto loss = [&](const char* codec) {
    return MeasureError(Named(codec), {}, normal)->sqnr_db -
           MeasureError(Named(codec), {}, outliers)->sqnr_db;
  };
  EXPECT_GT(loss("int4-channel"), 8);
  EXPECT_LT(loss("int4-b32"), 4);
  EXPECT_LT(loss("dual2"), 0);  // an outlier takes one of the two levels
}

TEST(MeasureErrorTest, MaxErrorMeanAndGain) {
  // Three values 1 and one 0.4 under TQ3: 0.4 becomes 0.
  const RankData data{.ranks = 1, .values = {1, -1, 1, 0.4F}};
  const ErrorFigures figures = MeasureError(Named("tq3"), {}, data).value();
  const double rms = std::sqrt((3 + 0.16) / 4);
  EXPECT_NEAR(figures.max_error, 0.4 / rms, 1e-6);
  EXPECT_NEAR(figures.mean_error, -0.1 / rms, 1e-6);
  EXPECT_NEAR(figures.gain, 3 / 3.16, 1e-6);
  EXPECT_NEAR(figures.sqnr_db, 10 * std::log10(3.16 / 0.16), 1e-5);
}

// The sum of T steps has T times the power of one. Without feedback so has its noise. With it the
// noise is what the last message lost: about T times less.
TEST(MeasureErrorTest, ErrorFeedbackMendsTheSumOverSteps) {
  std::vector<RankData> steps;
  for (std::uint64_t step = 0; step < 16; ++step) {
    steps.push_back(DrawRanks(Shape::kGaussian, 4, 4096, 100 + step));
  }
  for (const Scheme scheme : {Scheme::kGather, Scheme::kTwoShot, Scheme::kRing}) {
    Reduction reduction{.scheme = scheme};
    const double without = MeasureError(Named("int4-b32"), reduction, steps)->sqnr_db;
    EXPECT_NEAR(without, MeasureError(Named("int4-b32"), reduction, steps.front())->sqnr_db, 0.3);
    reduction.error_feedback = true;
    const double with = MeasureError(Named("int4-b32"), reduction, steps)->sqnr_db;
    EXPECT_NEAR(with - without, 10 * std::log10(16), 1) << SchemeName(scheme);
  }
}

TEST(MeasureErrorTest, FewerValuesThanRanks) {
  for (const Law& law : Laws()) {
    const RankData data = DrawRanks(Shape::kGaussian, 8, 3, 1);
    EXPECT_THAT(MeasureError(Named("int8-b32"), law.reduction, data), IsOk());
  }
}

TEST(MeasureErrorTest, RefusesWhatItCannotMeasure) {
  RankData data = DrawRanks(Shape::kGaussian, 6, 10, 1);
  EXPECT_THAT(MeasureError(Named("mxfp4"), {.scheme = Scheme::kRecursiveDoubling}, data),
              IsError(ErrorCode::kUnsupported, HasSubstr("6 ranks")));
  EXPECT_THAT(MeasureError(Named("mxfp4"), {.scheme = Scheme::kHierarchical, .inner = 4}, data),
              IsError(ErrorCode::kUnsupported, HasSubstr("6 ranks in groups of 4")));
  data.values[23] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(MeasureError(Named("mxfp4"), {}, data),
              IsError(ErrorCode::kBadInput, HasSubstr("NaN at value 3 of rank 2")));
  EXPECT_THAT(MeasureError(Named("mxfp4"), {}, RankData{.ranks = 2, .values = {}}),
              IsError(ErrorCode::kBadInput, HasSubstr("no data")));
}

TEST(CutForRanksTest, EqualPartsInOrder) {
  const std::vector<float> tensor = {0, 1, 2, 3, 4, 5, 6};
  const auto data = CutForRanks(tensor, 3);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->PerRank(), 2U);
  EXPECT_EQ(data->Of(2)[1], 5);
  EXPECT_THAT(CutForRanks(tensor, 8),
              IsError(ErrorCode::kBadInput, HasSubstr("at least one for each of 8 ranks")));
}

TEST(RanksAgreeTest, OnlyWhereAllUseTheSameBytes) {
  EXPECT_TRUE(RanksAgree({.scheme = Scheme::kTwoShot}));
  EXPECT_TRUE(RanksAgree({.scheme = Scheme::kGather}));
  EXPECT_FALSE(RanksAgree({.scheme = Scheme::kGather, .keep_own = true}));
  EXPECT_FALSE(RanksAgree({.scheme = Scheme::kRecursiveDoubling}));
}

}  // namespace
}  // namespace commplan::codec
