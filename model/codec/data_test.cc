#include "model/codec/data.h"

#include <cmath>
#include <cstring>
#include <set>

#include "gtest/gtest.h"

namespace commplan::codec {
namespace {

// The published outputs of splitmix64 from the state 1234567.
TEST(RandomTest, IsSplitMix64) {
  Random random(1234567);
  EXPECT_EQ(random.Bits(), 6457827717110365317ULL);
  EXPECT_EQ(random.Bits(), 3203168211198807973ULL);
  EXPECT_EQ(random.Bits(), 9817491932198370423ULL);
}

// The bits of the sum of a long draw: any change of arithmetic on any machine shows here.
std::uint64_t Hash(const std::vector<float>& values) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const float value : values) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, 4);
    hash = (hash ^ bits) * 1099511628211ULL;
  }
  return hash;
}

TEST(DrawTest, TheSameBitsOnEveryMachine) {
  EXPECT_EQ(Hash(Draw(Shape::kGaussian, 100000, 1)), 17704823445546282514ULL);
  EXPECT_EQ(Hash(Draw(Shape::kHeavyTailed, 100000, 1)), 7562028897576516018ULL);
  EXPECT_EQ(Hash(Draw(Shape::kOutlierChannels, 100000, 1)), 14438516605909293565ULL);
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double beyond_two = 0;  // share of |x| > 2
};
Moments MomentsOf(const std::vector<float>& values) {
  Moments moments;
  const auto count = static_cast<double>(values.size());
  for (const float value : values) {
    moments.mean += static_cast<double>(value) / count;
    moments.variance += static_cast<double>(value) * static_cast<double>(value) / count;
    moments.beyond_two += std::fabs(value) > 2 ? 1 / count : 0;
  }
  return moments;
}

TEST(DrawTest, GaussianMoments) {
  const Moments moments = MomentsOf(Draw(Shape::kGaussian, 400000, 2));
  EXPECT_NEAR(moments.mean, 0, 0.006);
  EXPECT_NEAR(moments.variance, 1, 0.01);
  EXPECT_NEAR(moments.beyond_two, 0.0455, 0.0015);
}

// Student's t with 4 degrees of freedom: variance 4/2, and |x| > 2 with probability 0.1161.
TEST(DrawTest, HeavyTailedMoments) {
  const Moments moments = MomentsOf(Draw(Shape::kHeavyTailed, 400000, 2));
  EXPECT_NEAR(moments.variance, 2, 0.1);
  EXPECT_NEAR(moments.beyond_two, 0.1161, 0.002);
}

TEST(DrawTest, OutlierChannelsAreTheSameInEveryRowAndStream) {
  std::set<std::size_t> channels[2];
  for (std::uint64_t stream = 0; stream < 2; ++stream) {
    const std::vector<float> values = Draw(Shape::kOutlierChannels, 64 * kChannels, 8, stream);
    for (std::size_t c = 0; c < kChannels; ++c) {
      double power = 0;
      for (std::size_t row = 0; row < 64; ++row) {
        const auto value = static_cast<double>(values[row * kChannels + c]);
        power += value * value / 64;
      }
      if (power > 100) channels[stream].insert(c);
    }
  }
  EXPECT_EQ(channels[0].size(), kOutliers);
  EXPECT_EQ(channels[0], channels[1]);
}

TEST(DrawTest, StreamsDiffer) {
  const std::vector<float> a = Draw(Shape::kGaussian, 20000, 4, 0);
  const std::vector<float> b = Draw(Shape::kGaussian, 20000, 4, 1);
  double product = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * static_cast<double>(b[i]) / 20000;
  }
  EXPECT_NEAR(product, 0, 0.03);
  EXPECT_EQ(Draw(Shape::kGaussian, 100, 4, 1)[7], b[7]);
}

}  // namespace
}  // namespace commplan::codec
