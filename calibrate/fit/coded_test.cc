#include "calibrate/fit/coded.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::fit {
namespace {

// A kernel on a link of 50 GB/s: 10 us, and with a codec of a quarter of the bytes 6 us more.
Group Kernel(int ranks, const std::string& codec) {
  Group group;
  group.engine = "quick";
  group.ranks = ranks;
  group.nodes = 1;
  group.codec = codec;
  group.share = codec.empty() ? 1 : 0.25;
  const double start = codec.empty() ? 10 : 16;
  for (int e = 15; e <= 27; ++e) {
    const double bytes = std::exp2(e);
    group.rows.push_back({{bytes, start + group.share * bytes / 50e3, 0, 1}, {"log", e, e - 15}});
  }
  return group;
}

TEST(Coded, PredictsACodecWhereOnlyThePlainKernelWasMeasured) {
  const auto predicted = PredictCoded({Kernel(2, ""), Kernel(2, "int4"), Kernel(4, "")}, false);
  ASSERT_THAT(predicted, IsOk());
  ASSERT_EQ(predicted->size(), 1U);
  const PredictedCurve& one = predicted->front();
  EXPECT_EQ(one.group.ranks, 4);
  EXPECT_EQ(one.group.codec, "int4");
  EXPECT_TRUE(one.curve.predicted);
  // Between a codec that is free of bytes and one that saves nothing.
  const double large = std::exp(PreparedCurve(one.curve).At(MiB(64)).ln_time) * 1e6;
  const double plain = 10 + 67108864 / 50e3;
  EXPECT_LT(large, 0.7 * plain);
  EXPECT_GT(large, 0.1 * plain);
  EXPECT_TRUE(PreparedCurve(one.curve).At(MiB(64)).extrapolated);
}

TEST(Coded, NothingIsPredictedTwiceOrFromNothing) {
  EXPECT_TRUE(PredictCoded({Kernel(2, ""), Kernel(4, "")}, false)->empty());
  EXPECT_TRUE(PredictCoded({Kernel(2, ""), Kernel(2, "int4")}, false)->empty());
  EXPECT_TRUE(PredictCoded({Kernel(2, "int4"), Kernel(4, "int4")}, false)->empty());
}

}  // namespace
}  // namespace commplan::fit
