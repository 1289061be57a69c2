// From a machine whose figures are chosen to the profile: what comes out must be what was put in.
#include "cli/calibrate.h"

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "calibrate/device/fake.h"
#include "calibrate/fit/machine.h"
#include "calibrate/samples/import.h"
#include "cli/app.h"
#include "cli/exit_status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr double kTolerance = 0.01;
// A third of it for each time: half of a 95 % interval, so that three standard errors are within.
constexpr double kPrecision = 0.0033;

device::Harvest HarvestOf(device::FakeDevice& device, double budget_s) {
  device::HarnessOptions options;
  options.budget_s = budget_s;
  options.stop.precision = kPrecision;
  options.stop.most = 4000;
  options.now_s = [&device] { return device.NowS(); };
  options.choose = ChooseByFit();
  const device::Benches benches = device.MakeBenches();
  return device::Measure(benches, options);
}

fit::Groups GroupsOf(const device::Harvest& harvest) {
  const auto text = samples::WriteSamples(harvest.samples);
  const auto imported = samples::ImportAny(text.value(), "samples.json");
  return fit::GroupSamples(imported.value().samples.samples);
}

// The curve of what one device does, by the fit of curves: the start, and the time for each byte.
struct Pass {
  double start_us = 0;
  double rate_gbps = 0;
};
Pass PassOf(const device::Harvest& harvest, const std::string& work) {
  std::vector<fit::Point> points;
  for (const samples::Sample& sample : harvest.samples.work) {
    if (sample.work != work) continue;
    points.push_back({static_cast<double>(sample.bytes), CentralTimeUs(sample), 0,
                      static_cast<double>(sample.repeats_us.size())});
  }
  const auto curve = fit::FitCurve(points);
  const double least = points.front().bytes, most = std::exp2(26);
  // What the line says at its ends, so that every form of the fit is judged alike.
  const double high_us = Predict(*curve, most).time_us, low_us = Predict(*curve, least).time_us;
  const double us_per_byte = (high_us - low_us) / (most - least);
  return {low_us - least * us_per_byte, 1e-3 / us_per_byte};
}

TEST(WholePath, RecoversLatencyBandwidthAndCodecSpeedsWithinOnePercent) {
  SCOPED_TRACE(SeedNote());
  const device::FakeParameters given{.ranks = 4,
                                     .latency = Micros(7),
                                     .bandwidth = GBps(12.5),
                                     .start = Micros(3),
                                     .encode = GBps(3),
                                     .decode = GBps(8),
                                     .decode_add = GBps(5),
                                     .noise = 0.05,
                                     .seed = TestSeed()};
  device::FakeDevice device(given);
  const device::Harvest harvest = HarvestOf(device, 600);
  EXPECT_THAT(harvest.failures, SizeIs(0));
  EXPECT_LE(harvest.spent_s, 620);

  fit::MachineOptions machine;
  machine.name = "fake";
  const auto fitted = fit::FitMachine(GroupsOf(harvest).groups, machine);
  ASSERT_THAT(fitted, IsOk());
  const Tier& tier = fitted->machine.fabric.tiers.at(0);
  EXPECT_NEAR(InMicros(tier.latency) / 7, 1, kTolerance);
  EXPECT_NEAR(InGBps(tier.bandwidth) / 12.5, 1, kTolerance);
  // The all-reduce as well: 6 messages of a quarter.
  for (const fit::FittedCurve& one : fitted->curves) {
    if (one.group.op != Op::kAllReduce) continue;
    const double at_least = 6 * (7 + 256 / 12.5e3), at_most = 6 * (7 + 16777216 / 12.5e3);
    EXPECT_NEAR(Predict(one.fit, 1024).time_us / at_least, 1, kTolerance);
    EXPECT_NEAR(Predict(one.fit, 67108864).time_us / at_most, 1, kTolerance);
  }
  EXPECT_NEAR(PassOf(harvest, "encode").rate_gbps / 3, 1, kTolerance);
  EXPECT_NEAR(PassOf(harvest, "decode").rate_gbps / 8, 1, kTolerance);
  EXPECT_NEAR(PassOf(harvest, "decode-add").rate_gbps / 5, 1, kTolerance);
  EXPECT_NEAR(PassOf(harvest, "decode-add").start_us / 3, 1, kTolerance);
}

// --- the command ---

struct Outcome {
  int status;
  std::string out, err;
};

Outcome RunWith(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "calibrate");
  std::ostringstream out, err;
  Io io{out, err};
  const int status = RunApp(arguments, io);
  return {status, out.str(), err.str()};
}

TEST(Calibrate, ADryRunSaysWhatAndHowLong) {
  const Outcome run = RunWith({"--backend", "fake", "--dry-run", "--budget", "30s"});
  EXPECT_EQ(run.status, kExitOk) << run.err;
  EXPECT_THAT(run.out, HasSubstr("all-reduce, 4 ranks, fake"));
  EXPECT_THAT(run.out, HasSubstr("45 points of about 400 ms at most"));
  EXPECT_THAT(run.out, HasSubstr("In all 30 s at most; nothing was run"));
}

TEST(Calibrate, WritesWhatFitReads) {
  const std::string file = ::testing::TempDir() + "/calibrate_test.json";
  const Outcome run =
      RunWith({"--backend", "fake", "-o", file, "--budget", "5s", "--format", "json"});
  EXPECT_EQ(run.status, kExitOk) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"schema\": \"commplan/calibrate/1\""));
  std::ostringstream out, err;
  Io io{out, err};
  EXPECT_EQ(RunApp({"fit", file}, io), kExitOk) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("all-reduce, 4 ranks, fake"));
}

TEST(Calibrate, ABackendThatCannotRunLetsTheOthersGoOn) {
  const std::string file = ::testing::TempDir() + "/calibrate_test_2.json";
  const Outcome run = RunWith({"--backend", "cuda,fake", "-o", file, "--budget", "2s"});
  EXPECT_EQ(run.status, kExitDevice);
  EXPECT_THAT(run.err, HasSubstr("commplan: cuda: "));
  EXPECT_THAT(run.out, HasSubstr("cuda: not run: "));
  EXPECT_THAT(run.out, HasSubstr("calibrate_test_2.json"));
  const Outcome alone = RunWith({"--backend", "nccl", "-o", file, "--budget", "2s"});
  EXPECT_EQ(alone.status, kExitDevice);
  EXPECT_THAT(alone.out, ::testing::Not(HasSubstr("Written")));
}

TEST(Calibrate, OptionsAreChecked) {
  EXPECT_EQ(RunWith({}).status, kExitUsage);
  const Outcome typo = RunWith({"--backend", "hots", "-o", "s.json"});
  EXPECT_EQ(typo.status, kExitUsage);
  EXPECT_THAT(typo.err, HasSubstr("host"));
  EXPECT_EQ(RunWith({"--backend", "fake"}).status, kExitUsage) << "no file named";
  EXPECT_NE(RunWith({"--backend", "fake", "-o", "s", "--budget", "0s"}).status, kExitOk);
  EXPECT_NE(RunWith({"--backend", "fake", "-o", "s", "--codec", "tq4"}).status, kExitOk);
}

}  // namespace
}  // namespace commplan::cli
