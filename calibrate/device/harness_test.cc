#include "calibrate/device/harness.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "calibrate/device/fake.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::device {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HarnessOptions OptionsOn(const FakeDevice& device, double budget_s = 20) {
  HarnessOptions options;
  options.budget_s = budget_s;
  options.now_s = [&device] { return device.NowS(); };
  return options;
}

// Takes `us` for each byte, and can be told to fail.
class Scripted : public Bench {
 public:
  Scripted(double* clock_us, double us_per_byte, std::string failure = {})
      : clock_us_(clock_us), us_per_byte_(us_per_byte), failure_(std::move(failure)) {}
  samples::Sample Head() const override {
    samples::Sample head;
    head.work = "copy";
    return head;
  }
  SizeRange Sizes() const override { return {10, 1000, 10}; }
  Status Prepare(std::int64_t bytes) override {
    bytes_ = bytes;
    holds = true;
    return OkStatus();
  }
  void Release() override { holds = false; }
  Status Verify() override {
    if (failure_.empty() || bytes_ < 100) return OkStatus();
    return DeviceError(failure_);
  }
  Result<double> Run(int calls) override {
    most_calls = std::max(most_calls, calls);
    const double us = us_per_byte_ * static_cast<double>(bytes_) * calls;
    *clock_us_ += us;
    return us;
  }
  int MostCalls() const override { return 7; }

  int most_calls = 0;
  bool holds = false;  // memory

 private:
  double* clock_us_;
  double us_per_byte_;
  std::string failure_;
  std::int64_t bytes_ = 0;
};

HarnessOptions OptionsOn(const double& clock_us, double budget_s) {
  HarnessOptions options;
  options.budget_s = budget_s;
  options.now_s = [&clock_us] { return clock_us / 1e6; };
  return options;
}

TEST(Harness, EveryBenchIsMeasuredFromLeastToMost) {
  FakeDevice device({.noise = 0, .stalls = 0});
  const Benches benches = device.MakeBenches();
  const Harvest harvest = Measure(benches, OptionsOn(device));
  EXPECT_THAT(harvest.failures, IsEmpty());
  ASSERT_THAT(harvest.results, SizeIs(5));
  for (const BenchResult& result : harvest.results) {
    EXPECT_EQ(result.points.front().bytes, 1024);
    EXPECT_EQ(result.points.back().bytes, 64 << 20);
    EXPECT_THAT(result.points, SizeIs(9));
  }
  EXPECT_THAT(harvest.samples.samples, SizeIs(18));
  EXPECT_THAT(harvest.samples.work, SizeIs(27));
  EXPECT_THAT(samples::WriteSamples(harvest.samples), IsOk());
  // Small calls are many to a repeat: 5.1 us of p2p fit 59 times into 300 us.
  EXPECT_EQ(harvest.samples.samples.front().calls, 59);
  EXPECT_NEAR(CentralTimeUs(harvest.samples.samples.front()), 5 + 1024 / 10e3, 1e-9);
}

TEST(Harness, KeepsToItsBudget) {
  SCOPED_TRACE(SeedNote());
  for (const double budget_s : {2.0, 10.0, 40.0}) {
    FakeDevice device({.seed = TestSeed()});
    const Benches benches = device.MakeBenches();
    HarnessOptions options = OptionsOn(device, budget_s);
    options.stop.precision = 1e-6;  // never reached
    const Harvest harvest = Measure(benches, options);
    // A repeat that was begun is ended, and no size has fewer than three.
    EXPECT_LT(harvest.spent_s, 1.1 * budget_s);
  }
}

TEST(Harness, TheRestOfTheBudgetGoesWhereTheChooserPoints) {
  FakeDevice device({.noise = 0, .stalls = 0});
  const Benches benches = device.MakeBenches();
  HarnessOptions options = OptionsOn(device);
  options.choose = [](const std::vector<MeasuredPoint>& points, const SizeRange&) {
    // The first bench asks for 3000 once, which becomes a multiple of 64.
    const bool asked = std::any_of(points.begin(), points.end(),
                                   [](const MeasuredPoint& p) { return p.bytes == 3008; });
    return asked ? std::nullopt : std::optional<NextSize>({3000, 0.5});
  };
  const Harvest harvest = Measure(benches, options);
  for (const BenchResult& result : harvest.results) {
    EXPECT_THAT(result.points, SizeIs(10));
    EXPECT_EQ(result.points[1].bytes, 3008) << "by size";
  }
  options.enough = 0.6;
  const Harvest content = Measure(benches, options);
  EXPECT_THAT(content.results.front().points, SizeIs(9));
}

TEST(Harness, ASizeThatWouldTakeTooLongIsLeftOut) {
  double clock_us = 0;
  Benches benches;
  benches.push_back(std::make_unique<Scripted>(&clock_us, 1000));
  // 1000 bytes take a second a call.
  const Harvest harvest = Measure(benches, OptionsOn(clock_us, 5));
  EXPECT_THAT(harvest.failures, IsEmpty());
  EXPECT_THAT(harvest.notes, Contains(HasSubstr("left out, it would take 3.2 s")));
  EXPECT_THAT(harvest.notes, Contains(HasSubstr("left out, it would take 5 s")));
  EXPECT_LT(harvest.spent_s, 5);
}

TEST(Harness, WrongResultsLoseTheirBenchAndNoOther) {
  double clock_us = 0;
  Benches benches;
  benches.push_back(std::make_unique<Scripted>(&clock_us, 0.1, "word 3 is 7, expected 8"));
  benches.push_back(std::make_unique<Scripted>(&clock_us, 0.1));
  const Harvest harvest = Measure(benches, OptionsOn(clock_us, 5));
  ASSERT_THAT(harvest.failures, SizeIs(1));
  EXPECT_THAT(harvest.failures.front().message, HasSubstr("copy, 160 B: word 3 is 7"));
  ASSERT_THAT(harvest.results, SizeIs(1));
  EXPECT_THAT(harvest.results.front().points, SizeIs(5));
  EXPECT_THAT(harvest.samples.work, SizeIs(5));
  for (const auto& bench : benches) {
    EXPECT_FALSE(dynamic_cast<const Scripted&>(*bench).holds) << "memory that others need";
  }
}

TEST(Harness, NeverMoreCallsThanABenchAllows) {
  double clock_us = 0;
  Benches benches;
  benches.push_back(std::make_unique<Scripted>(&clock_us, 0.001));
  const auto* scripted = dynamic_cast<const Scripted*>(benches.front().get());
  Measure(benches, OptionsOn(clock_us, 5));
  EXPECT_EQ(scripted->most_calls, 7);
}

TEST(Harness, APlanIsWhatIsMeasuredFirst) {
  FakeDevice device({.noise = 0, .stalls = 0});
  const Benches benches = device.MakeBenches();
  const Plan plan = PlanOf(benches, OptionsOn(device));
  ASSERT_THAT(plan.benches, SizeIs(5));
  EXPECT_EQ(plan.points, 45);
  EXPECT_NEAR(plan.point_s * 45, 12, 1e-9);
  EXPECT_EQ(TextOf(plan.benches[1].head), "all-reduce, 4 ranks, fake");
  EXPECT_EQ(TextOf(plan.benches[2].head), "encode, mxfp8, 1 core");
  EXPECT_EQ(device.NowS(), 0) << "nothing runs";
}

TEST(SizeRange, RoundsIntoTheRange) {
  const SizeRange range{10, 1000, 16};
  EXPECT_EQ(range.Round(1), 16);
  EXPECT_EQ(range.Round(40), 48);
  EXPECT_EQ(range.Round(5000), 992);
}

}  // namespace
}  // namespace commplan::device
