#include "calibrate/fit/pooled.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace commplan::fit {
namespace {

MeasuredCurve Curve(int ranks, double latency_us) {
  MeasuredCurve curve;
  curve.ranks = ranks;
  curve.latency = Micros(latency_us);
  curve.bandwidth = GBps(50);
  curve.measured_min = KiB(1);
  curve.measured_max = GiB(1);
  curve.knots = {{KiB(1), 0, 0}, {GiB(1), 0, 0}};
  return curve;
}

TEST(Pooled, LearnsAConstantFactor) {
  const MeasuredTable table{.curves = {Curve(2, 10), Curve(8, 20)}, .corrections = {}};
  const auto law = MeasuredWay::Find(table, Op::kAllReduce, 4, 1);
  ASSERT_TRUE(law.ok() && law->has_value());
  std::vector<PooledSample> samples;
  for (int repeat = 0; repeat < 1000; ++repeat) {
    const Bytes bytes = B(std::exp2(10 + repeat % 20));
    samples.push_back(SampleOf(**law, bytes, 1.1 * InMicros((*law)->At(bytes).cost.Total())));
  }
  const CountCoefficients learnt = FitPooled(samples);
  MeasuredTable corrected = table;
  corrected.corrections = {{Op::kAllReduce, learnt, {}}};
  const auto better = MeasuredWay::Find(corrected, Op::kAllReduce, 4, 1);
  EXPECT_NEAR((*better)->At(MiB(1)).cost.Total() / (*law)->At(MiB(1)).cost.Total(), 1.1, 0.01);
}

TEST(Pooled, NothingTeachesNothing) { EXPECT_EQ(FitPooled({}), CountCoefficients{}); }

}  // namespace
}  // namespace commplan::fit
