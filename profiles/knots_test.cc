#include "profiles/knots.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::profiles {
namespace {

using ::testing::HasSubstr;

TEST(Knots, ReadsAndWrites) {
  const auto knots = ParseKnots("512B +1.2% 3%,\n 1KiB -0.35% 2.8% , 1.5MB 0% 0%");
  ASSERT_THAT(knots, IsOk());
  ASSERT_EQ(knots->size(), 3U);
  EXPECT_EQ((*knots)[0], (CurveKnot{B(512), 1.2 / 100, 3.0 / 100}));
  EXPECT_EQ((*knots)[1], (CurveKnot{KiB(1), -0.35 / 100, 2.8 / 100}));
  EXPECT_EQ((*knots)[2], (CurveKnot{MB(1.5), 0, 0}));
  const std::string text = FormatKnots(*knots);
  EXPECT_EQ(text, "512B +1.2% 3%, 1KiB -0.35% 2.8%, 1.5MB 0% 0%");
  EXPECT_EQ(*ParseKnots(text), *knots);
}

TEST(Knots, SayWhatIsWrong) {
  const auto expect = [](const char* text, const char* part) {
    EXPECT_THAT(ParseKnots(text), IsError(ErrorCode::kBadInput, HasSubstr(part))) << text;
  };
  expect("", "size of at least 1 B");
  expect("512B +1%", "band of 0% or more");
  expect("512B +1% 3% 4%", "three words");
  expect("512B 1 3%", "a deviation above -100%");
  expect("512B -100% 3%", "a deviation above -100%");
  expect("512B nan% 3%", "a deviation above -100%");
  expect("512B 1% -3%", "band of 0% or more");
  expect("512 1% 3%", "size of at least 1 B");
  expect("0B 1% 3%", "size of at least 1 B");
  expect("2KiB 1% 3%, 1KiB 1% 3%", "sizes that rise");
  expect("2KiB 1% 3%,", "'', expected a size");
}

}  // namespace
}  // namespace commplan::profiles
