#include "cli/crossing.h"

#include <cmath>

#include "model/base/test_matchers.h"

namespace commplan::cli {
namespace {

using ::testing::HasSubstr;

// Counts how often it was asked.
struct Counted {
  double (*curve)(double);
  int* asked;
  Result<double> operator()(double x) const {
    ++*asked;
    return curve(x);
  }
};

TEST(FindCrossingTest, AStraightLineTakesOneGuess) {
  int asked = 0;
  const auto crossing = FindCrossing(Counted{[](double x) { return 3 * x - 1; }, &asked}, 0, 1);
  ASSERT_THAT(crossing, IsOk());
  ASSERT_TRUE(crossing->found.has_value());
  EXPECT_DOUBLE_EQ(crossing->found->x, 1.0 / 3);
  EXPECT_FALSE(crossing->jumps);
  EXPECT_LE(asked, 4);  // the ends, the guess, and one more for its rounding
}

TEST(FindCrossingTest, AKinkAndACurve) {
  int asked = 0;
  // What a step does as more of its communication hides: down, then level.
  const auto kink = FindCrossing(
      Counted{[](double x) { return std::fmax(2 - 4 * x, -1.0) + 0.9; }, &asked}, 0, 1);
  ASSERT_THAT(kink, IsOk());
  ASSERT_TRUE(kink->found.has_value());
  EXPECT_NEAR(kink->found->x, 0.725, 1e-12);
  const auto curve = FindCrossing(Counted{[](double x) { return x * x * x - 5; }, &asked}, 0, 100);
  ASSERT_THAT(curve, IsOk());
  ASSERT_TRUE(curve->found.has_value());
  EXPECT_NEAR(curve->found->x, std::cbrt(5.0), 1e-6);
  EXPECT_FALSE(curve->jumps);
  EXPECT_LE(asked, 100);
}

TEST(FindCrossingTest, NeverAndAtTheEnds) {
  int asked = 0;
  const auto never = FindCrossing(Counted{[](double x) { return x + 1; }, &asked}, 0, 1);
  ASSERT_THAT(never, IsOk());
  EXPECT_FALSE(never->found.has_value());
  EXPECT_EQ(never->high.y, 2);
  const auto at_low = FindCrossing(Counted{[](double x) { return x; }, &asked}, 0, 1);
  ASSERT_THAT(at_low, IsOk());
  EXPECT_EQ(at_low->found->x, 0);
  const auto at_high = FindCrossing(Counted{[](double x) { return x - 1; }, &asked}, 0, 1);
  ASSERT_THAT(at_high, IsOk());
  EXPECT_EQ(at_high->found->x, 1);
}

TEST(FindCrossingTest, DownAndUpAgain) {
  int asked = 0;
  // Below zero between 3 and 5 alone; the first place counts.
  const auto crossing =
      FindCrossing(Counted{[](double x) { return (x - 3) * (x - 5); }, &asked}, 0, 10);
  ASSERT_THAT(crossing, IsOk());
  ASSERT_TRUE(crossing->found.has_value());
  EXPECT_NEAR(crossing->found->x, 3, 1e-9);
}

TEST(FindCrossingTest, AJumpIsAPlace) {
  int asked = 0;
  const auto crossing =
      FindCrossing(Counted{[](double x) { return x < 0.7 ? -1.0 : 2.0; }, &asked}, 0, 1);
  ASSERT_THAT(crossing, IsOk());
  ASSERT_TRUE(crossing->found.has_value());
  EXPECT_NEAR(crossing->found->x, 0.7, 1e-9);
  EXPECT_TRUE(crossing->jumps);
  EXPECT_LE(asked, 100);
}

TEST(FindCrossingTest, AnErrorIsTheAnswer) {
  const auto crossing = FindCrossing(
      [](double x) -> Result<double> {
        if (x > 0) return UnsupportedError("no such batch");
        return x - 1;
      },
      0, 1);
  EXPECT_THAT(crossing, IsError(ErrorCode::kUnsupported, HasSubstr("no such batch")));
}

}  // namespace
}  // namespace commplan::cli
