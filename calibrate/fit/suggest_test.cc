#include "calibrate/fit/suggest.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::fit {
namespace {

using ::testing::HasSubstr;

// Two lines with a switch between 512 KiB and 1 MiB, every second power of two measured.
std::vector<Point> Switched() {
  std::vector<Point> points;
  for (int e = 10; e <= 28; e += 2) {
    const double bytes = std::exp2(e);
    points.push_back({bytes, e < 20 ? 40 + bytes / 2621 : 60 + bytes / 52e3, 0, 1});
  }
  return points;
}

std::vector<double> Inside() {
  std::vector<double> sizes;
  for (int e = 10; e <= 28; ++e) sizes.push_back(std::exp2(e));
  return sizes;
}

TEST(Suggest, BesideTheSwitchFirst) {
  const auto sizes = SuggestSizes(Switched(), Inside(), 3);
  ASSERT_THAT(sizes, IsOk());
  ASSERT_EQ(sizes->size(), 3U);
  EXPECT_EQ((*sizes)[0].bytes, std::exp2(19));
  EXPECT_TRUE((*sizes)[0].beside_switch);
  EXPECT_THAT((*sizes)[0].reason, HasSubstr("between 256 KiB and 1 MiB"));
  EXPECT_GE((*sizes)[0].expected_error, (*sizes)[1].expected_error);
}

TEST(Suggest, NamesOnlySizesThatAreNotMeasured) {
  const auto sizes = SuggestSizes(Switched(), Inside(), 100);
  ASSERT_THAT(sizes, IsOk());
  EXPECT_EQ(sizes->size(), 9U);  // Of 19 candidates 10 are measured.
  for (const Suggestion& one : *sizes) {
    EXPECT_EQ(static_cast<int>(std::log2(one.bytes)) % 2, 1) << one.bytes;
    EXPECT_FALSE(one.reason.empty());
  }
}

TEST(Suggest, WithoutCandidatesMeansPowersOfTwo) {
  const auto sizes = SuggestSizes({{1024, 10, 0, 1}}, {}, 10);
  ASSERT_THAT(sizes, IsOk());
  ASSERT_EQ(sizes->size(), 2U);  // 512 B and 2 KiB: one beyond either end.
  EXPECT_THAT((*sizes)[0].reason, HasSubstr("outside the measured sizes"));
}

TEST(Suggest, RefusesABadCandidate) {
  EXPECT_THAT(SuggestSizes(Switched(), {-1}, 1),
              IsError(ErrorCode::kBadInput, HasSubstr("candidate")));
}

}  // namespace
}  // namespace commplan::fit
