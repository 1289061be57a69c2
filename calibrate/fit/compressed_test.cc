// The fit of compressed collectives on times whose truth is known.
#include "calibrate/fit/compressed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "model/base/test_matchers.h"

namespace commplan::fit {
namespace {

using ::testing::HasSubstr;
using Samples = std::vector<CompressedSample>;

FusedKernel Truth(bool link_per_peer) {
  FusedKernel kernel;
  kernel.sharpness = 2.5;
  kernel.shown = 0.6;
  kernel.ramp = 0.8e-3;
  kernel.start_per_rank = Micros(0.8);
  kernel.link_per_peer = link_per_peer;
  kernel.codecs = {{"none", 1, Micros(8), {}},
                   {"half", 0.53, Micros(18), NanosPerByte(0.7e-3)},
                   {"quarter", 0.28, Micros(20), NanosPerByte(0.8e-3)}};
  kernel.plain = {{2, GBps(50)}, {4, link_per_peer ? GBps(125) : GBps(50)}};
  kernel.coded = {{2, GBps(50)}, {4, link_per_peer ? GBps(80) : GBps(50)}};
  return kernel;
}

Samples Measure(const FusedKernel& kernel, const std::vector<std::string>& codecs, int ranks,
                double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Samples samples;
  for (const std::string& name : codecs) {
    for (double bytes = 32768; bytes <= 67108864; bytes *= 2) {
      CompressedSample sample;
      const KernelCodec* codec = FindKernelCodec(kernel, name);
      sample.codec = name;
      sample.ranks = ranks;
      sample.share = codec->share;
      sample.bytes = bytes;
      sample.time_us = InMicros(PriceKernel(kernel, *codec, ranks, B(bytes)).Total()) *
                       std::exp(noise * normal(random));
      samples.push_back(sample);
    }
  }
  return samples;
}

Samples operator+(Samples some, const Samples& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

double WorstError(const CompressedFit& fit, const Samples& samples) {
  double worst = 0;
  for (const CompressedSample& sample : samples) {
    const double predicted = fit.Predict(sample.codec, sample.ranks, sample.bytes).time_us;
    worst = std::max(worst, std::abs(predicted / sample.time_us - 1));
  }
  return worst;
}

const std::vector<std::string> kAll{"none", "half", "quarter"};
const std::vector<std::string> kCoded{"half", "quarter"};

TEST(CompressedFitTest, FindsTheTruthOfItsOwnForm) {
  const FusedKernel truth = Truth(true);
  const Samples samples = Measure(truth, kAll, 2, 0, 1) + Measure(truth, kAll, 4, 0, 1);
  const auto fit = FitCompressed(samples);
  ASSERT_TRUE(fit.ok());
  EXPECT_LT(fit->scatter, 0.01);
  EXPECT_LT(WorstError(*fit, samples), 0.02);
  EXPECT_TRUE(fit->kernel.link_per_peer);
  EXPECT_NEAR(fit->kernel.plain[1].rate / GBps(125), 1, 0.05);
  EXPECT_NEAR(fit->kernel.coded[1].rate / GBps(80), 1, 0.08);
}

// Shared ports: nothing but the start changes with the ranks.
TEST(CompressedFitTest, SharedPortsTransferToOtherRanks) {
  const FusedKernel truth = Truth(false);
  const Samples train = Measure(truth, kAll, 2, 0.01, 3) + Measure(truth, {"none"}, 4, 0.01, 4);
  const auto fit = FitCompressed(train);
  ASSERT_TRUE(fit.ok());
  EXPECT_FALSE(fit->kernel.link_per_peer) << "the plain rate did not grow";
  EXPECT_LT(WorstError(*fit, Measure(truth, kCoded, 4, 0, 5)), 0.06);
}

// With a link for each peer the rate of compressed traffic is a guess; its band says so.
TEST(CompressedFitTest, AGuessedRateWidensTheBand) {
  const FusedKernel truth = Truth(true);
  const auto fit =
      FitCompressed(Measure(truth, kAll, 2, 0.01, 3) + Measure(truth, {"none"}, 4, 0.01, 4));
  ASSERT_TRUE(fit.ok());
  for (const CompressedSample& held : Measure(truth, kCoded, 4, 0, 5)) {
    const CompressedPrediction predicted = fit->Predict(held.codec, 4, held.bytes);
    EXPECT_TRUE(predicted.extrapolated);
    EXPECT_LT(predicted.low_us, held.time_us);
    EXPECT_GT(predicted.high_us, held.time_us);
  }
  const CompressedPrediction large = fit->Predict("half", 4, 67108864);
  const CompressedPrediction seen = fit->Predict("half", 2, 67108864);
  EXPECT_FALSE(seen.extrapolated);
  EXPECT_GT(large.high_us / large.low_us, 2 * seen.high_us / seen.low_us - 1);
}

TEST(CompressedFitTest, WhatTheCallerKnowsOfTheFabricIsTaken) {
  const Samples samples = Measure(Truth(true), kAll, 2, 0, 1);
  const auto shared = FitCompressed(samples, {.op = Op::kAllReduce, .link_per_peer = false});
  const auto mesh = FitCompressed(samples, {.op = Op::kAllReduce, .link_per_peer = true});
  EXPECT_FALSE(FitCompressed(samples)->kernel.link_per_peer) << "one number of ranks tells nothing";
  EXPECT_GT(shared->Predict("half", 8, 67108864).time_us,
            1.5 * mesh->Predict("half", 8, 67108864).time_us);
}

TEST(CompressedFitTest, DoubledTimesGiveDoubledPredictions) {
  Samples samples = Measure(Truth(true), kAll, 2, 0.02, 7);
  const auto fit = FitCompressed(samples);
  for (CompressedSample& sample : samples) sample.time_us *= 2;
  const auto doubled = FitCompressed(samples);
  for (const double bytes : {4096.0, 1e6, 1e9}) {
    EXPECT_NEAR(doubled->Predict("half", 4, bytes).time_us / fit->Predict("half", 4, bytes).time_us,
                2, 0.02);
  }
}

TEST(CompressedFitTest, TheOrderOfRowsDoesNotMatter) {
  Samples samples = Measure(Truth(true), kAll, 2, 0.02, 7);
  const double before = FitCompressed(samples)->Predict("half", 4, 1e6).time_us;
  std::reverse(samples.begin(), samples.end());
  EXPECT_NEAR(FitCompressed(samples)->Predict("half", 4, 1e6).time_us / before, 1, 1e-3);
}

TEST(CompressedFitTest, OneWildRowDoesNotMoveTheOthers) {
  Samples samples = Measure(Truth(true), kAll, 2, 0.01, 7);
  const double before = FitCompressed(samples)->Predict("half", 4, 1e7).time_us;
  samples[20].time_us *= 5;
  EXPECT_NEAR(FitCompressed(samples)->Predict("half", 4, 1e7).time_us / before, 1, 0.05);
}

// A few rows, one row: every parameter stays positive and near what is seen.
TEST(CompressedFitTest, FewRowsStillGiveAnAnswer) {
  const Samples all = Measure(Truth(true), kAll, 2, 0, 7);
  for (const int count : {1, 2, 5}) {
    const auto fit = FitCompressed({all.begin(), all.begin() + count});
    ASSERT_TRUE(fit.ok());
    EXPECT_NEAR(fit->Predict(all[0].codec, 2, all[0].bytes).time_us / all[0].time_us, 1, 0.1);
    EXPECT_GT(fit->Predict(all[0].codec, 8, 1e9).time_us, 0);
  }
  // Nothing plain at all.
  const auto coded = FitCompressed(Measure(Truth(true), kCoded, 4, 0, 7));
  ASSERT_TRUE(coded.ok());
  EXPECT_LT(WorstError(*coded, Measure(Truth(true), kCoded, 4, 0, 7)), 0.02);
}

TEST(CompressedFitTest, ACodecThatWasNotMeasuredIsAverage) {
  const FusedKernel truth = Truth(true);
  const auto fit = FitCompressed(Measure(truth, {"none", "half"}, 2, 0, 1));
  const KernelCodec* quarter = FindKernelCodec(truth, "quarter");
  const double bytes = 33554432;
  const double measured = InMicros(PriceKernel(truth, *quarter, 2, B(bytes)).Total());
  const CompressedPrediction predicted = fit->Predict("quarter", 2, bytes, quarter->share);
  EXPECT_NEAR(predicted.time_us / measured, 1, 0.15);
  EXPECT_TRUE(predicted.extrapolated);
  EXPECT_LT(predicted.low_us, measured);
  EXPECT_GT(predicted.high_us, measured);
}

TEST(CompressedFitTest, SenselessRowsAreErrors) {
  EXPECT_THAT(FitCompressed({}), IsError(ErrorCode::kBadInput, HasSubstr("no measurement")));
  CompressedSample good;
  good.bytes = 1;
  good.time_us = 1;
  EXPECT_TRUE(FitCompressed({good}).ok());
  const auto expect = [&](auto change, const char* text) {
    CompressedSample bad = good;
    change(&bad);
    EXPECT_THAT(FitCompressed({bad}), IsError(ErrorCode::kBadInput, HasSubstr(text)));
  };
  expect([](CompressedSample* s) { s->ranks = 1; }, "fewer than two ranks");
  expect([](CompressedSample* s) { s->bytes = 0; }, "no size");
  expect([](CompressedSample* s) { s->time_us = NAN; }, "no time");
  expect(
      [](CompressedSample* s) {
        s->codec = "half";
        s->share = -1;
      },
      "no share of wire bytes");
  expect([](CompressedSample* s) { s->share = 0.5; }, "no codec but a share");
  CompressedSample one = good, other = good;
  one.codec = other.codec = "half";
  one.share = 0.5;
  other.share = 0.6;
  EXPECT_THAT(FitCompressed({one, other}),
              IsError(ErrorCode::kBadInput, HasSubstr("another share")));
}

}  // namespace
}  // namespace commplan::fit
