#include "model/collective/curve.h"

#include <cmath>

#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan {
namespace {

// 10 us + S / (1 GB/s) + 4 us sqrt(S / 1 kB), measured from 1 kB to 1 MB.
MeasuredCurve Line() {
  MeasuredCurve curve;
  curve.latency = Micros(10);
  curve.bandwidth = GBps(1);
  curve.ramp = Micros(4);
  curve.ramp_at = KB(1);
  curve.measured_min = KB(1);
  curve.measured_max = MB(1);
  curve.knots = {{KB(1), 0, 0.1}, {KB(4), 0.5, 0.2}, {MB(1), 0, 0.1}};
  return curve;
}

TEST(Curve, HasTheTermsOfItsPhysicsAndOneForTheRest) {
  CurveInputs<double> x;
  x.bytes = KB(4);
  x.latency = Micros(10);
  x.per_byte = NanosPerByte(1);
  x.ramp = Micros(4);
  x.ramp_at = KB(1);
  x.deviation = 0.5;
  const Cost cost = CurveCost(x, false);
  EXPECT_DOUBLE_EQ(InMicros(cost.At(Term::kLatency)), 10);
  EXPECT_DOUBLE_EQ(InMicros(cost.At(Term::kBandwidth)), 4);
  EXPECT_DOUBLE_EQ(InMicros(cost.At(Term::kFill)), 8);
  EXPECT_DOUBLE_EQ(InMicros(cost.At(Term::kResidual)), 11);
  EXPECT_DOUBLE_EQ(InMicros(CurveCost(x, true).At(Term::kNetworkLatency)), 10);
}

TEST(Curve, MeetsItsKnots) {
  const MeasuredCurve curve = Line();
  const PreparedCurve prepared(curve);
  EXPECT_NEAR(std::exp(prepared.At(KB(1)).ln_time), 15e-6, 1e-12);        // 10 + 1 + 4
  EXPECT_NEAR(std::exp(prepared.At(KB(4)).ln_time), 1.5 * 22e-6, 1e-12);  // 1.5 (10 + 4 + 8)
  EXPECT_NEAR(prepared.At(KB(4)).deviation, 0.5, 1e-12);
  EXPECT_NEAR(prepared.At(KB(4)).half_width, std::log(1.2), 1e-12);
  EXPECT_FALSE(prepared.At(MB(1)).extrapolated);
}

TEST(Curve, IsMonotoneInTheRestBetweenKnots) {
  const MeasuredCurve curve = Line();
  const PreparedCurve prepared(curve);
  double last = 0;
  for (double bytes = 1e3; bytes <= 4e3; bytes += 100) {
    const double deviation = prepared.At(B(bytes)).deviation;
    EXPECT_GE(deviation, last - 1e-12);
    EXPECT_LE(deviation, 0.5 + 1e-12);
    last = deviation;
  }
}

TEST(Curve, OutsideNeitherFallsNorLosesBandwidth) {
  const MeasuredCurve curve = Line();
  const PreparedCurve prepared(curve);
  const double edge = prepared.At(MB(1)).ln_time;
  double last = edge;
  for (double bytes = 2e6; bytes < 1e10; bytes *= 2) {
    const PreparedCurve::Answer answer = prepared.At(B(bytes));
    EXPECT_TRUE(answer.extrapolated);
    EXPECT_GE(answer.ln_time, last);
    EXPECT_LE(answer.ln_time, edge + std::log(bytes / 1e6) + 1e-12);
    // One tenth for each octave.
    EXPECT_NEAR(answer.half_width, std::log(1.1) + 0.1 * std::log2(bytes / 1e6), 1e-9);
    last = answer.ln_time;
  }
  EXPECT_LE(prepared.At(B(10)).ln_time, prepared.At(KB(1)).ln_time);
  EXPECT_LE(prepared.At(Bytes()).ln_time, prepared.At(B(1)).ln_time);
}

TEST(Curve, OneKnotIsEnough) {
  MeasuredCurve curve;
  curve.latency = Micros(7);
  curve.measured_min = curve.measured_max = KB(1);
  curve.knots = {{KB(1), 0, 0.3}};
  const PreparedCurve prepared(curve);
  EXPECT_NEAR(std::exp(prepared.At(KB(1)).ln_time), 7e-6, 1e-15);
  EXPECT_NEAR(std::exp(prepared.At(MB(1)).ln_time), 7e-6, 1e-15);  // nothing says how it grows
  EXPECT_NEAR(prepared.At(KB(2)).half_width, std::log(1.3) + 0.1, 1e-12);
}

}  // namespace
}  // namespace commplan
