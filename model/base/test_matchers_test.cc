#include "model/base/test_matchers.h"

#include <limits>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace commplan {
namespace {

using ::testing::DescribeMatcher;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::PrintToString;

// What a failing EXPECT_THAT says after "Actual:".
template <class Value, class Matcher>
std::string Explain(const Value& value, const Matcher& matcher) {
  ::testing::StringMatchResultListener listener;
  EXPECT_FALSE(::testing::ExplainMatchResult(matcher, value, &listener));
  return listener.str();
}

Error Placed() { return BadInputError("found 3 GB, expected a rate", {"a.yaml", 12, 7}, "use /s"); }

TEST(PrintTo, ShowsQuantitiesWithTheirUnit) {
  EXPECT_EQ(PrintToString(MiB(64)), "64 MiB");
  EXPECT_EQ(PrintToString(Micros(302.979)), "302.979 us");
  EXPECT_EQ(PrintToString(Gbitps(400)), "50 GB/s");
  EXPECT_EQ(PrintToString(TFlopps(989)), "989 TFLOP/s");
  EXPECT_EQ(PrintToString(Seconds(std::numeric_limits<double>::infinity())), "inf");
  EXPECT_EQ(PrintToString(Seconds(2) * Seconds(3)), "6 second^2");
  EXPECT_EQ(PrintToString(Flop(3) / B(2)), "1.5 byte^-1 flop^1");
}

TEST(PrintTo, ShowsCountsErrorsAndResults) {
  EXPECT_EQ(PrintToString(RankCount::Of(8)), "8 ranks");
  EXPECT_EQ(PrintToString(ErrorCode::kNotFound), "not-found");
  EXPECT_EQ(PrintToString(Where{"f", 1, 2}), "f:1:2");
  EXPECT_EQ(PrintToString(Placed()),
            "error bad-input: a.yaml:12:7: found 3 GB, expected a rate\n  hint: use /s");
  EXPECT_EQ(PrintToString(Result<Time>(Micros(3))), "ok: 3 us");
  EXPECT_EQ(PrintToString(Result<Time>(IoError("m"))), "error io: m");
  EXPECT_EQ(PrintToString(OkStatus()), "ok");
}

TEST(IsOk, TellsValueFromError) {
  EXPECT_THAT(OkStatus(), IsOk());
  EXPECT_THAT(Result<int>(3), IsOk());
  EXPECT_THAT(Result<int>(Placed()), Not(IsOk()));
  EXPECT_THAT(Result<std::unique_ptr<int>>(std::make_unique<int>(3)), IsOk());
}

TEST(IsOkAndHolds, LooksAtTheValue) {
  EXPECT_THAT(Result<int>(3), IsOkAndHolds(3));
  EXPECT_THAT(Result<int>(3), Not(IsOkAndHolds(4)));
  EXPECT_THAT(Result<std::string>("ring"), IsOkAndHolds(HasSubstr("in")));
  EXPECT_EQ(Explain(Result<int>(Placed()), IsOkAndHolds(3)), "which is an error");
}

TEST(IsError, LooksAtCodeMessageAndPlace) {
  const Result<int> failed = Placed();
  EXPECT_THAT(failed, IsError(ErrorCode::kBadInput, "found 3 GB, expected a rate"));
  EXPECT_THAT(failed, IsError(ErrorCode::kBadInput, HasSubstr("3 GB"), At(12, 7)));
  EXPECT_THAT(failed, IsError(ErrorCode::kBadInput, HasSubstr("3 GB"), At("a.yaml", 12, 7)));
  EXPECT_THAT(Placed(), IsError(ErrorCode::kBadInput, HasSubstr("3 GB"), At(12, 7)));
  EXPECT_THAT(failed, Not(IsError(ErrorCode::kIo, HasSubstr("3 GB"))));
  EXPECT_THAT(failed, Not(IsError(ErrorCode::kBadInput, HasSubstr("4 GB"))));
  EXPECT_THAT(failed, Not(IsError(ErrorCode::kBadInput, HasSubstr("3 GB"), At(12, 8))));
  EXPECT_THAT(failed, Not(IsError(ErrorCode::kBadInput, HasSubstr("3 GB"), At("b", 12, 7))));
  EXPECT_EQ(Explain(Result<int>(3), IsError(ErrorCode::kIo, "m")), "which is no error");
  EXPECT_EQ(Explain(OkStatus(), IsError(ErrorCode::kIo, "m")), "which is no error");
}

TEST(IsError, DescribesItself) {
  EXPECT_EQ(DescribeMatcher<Status>(IsError(ErrorCode::kIo, HasSubstr("disk"))),
            "is an error io whose message has substring \"disk\" and whose place is anything");
}

TEST(HasHint, LooksAtTheHint) {
  EXPECT_THAT(Placed(), HasHint(HasSubstr("/s")));
  EXPECT_THAT(Placed(), Not(HasHint(HasSubstr("bit"))));
  EXPECT_EQ(Explain(OkStatus(), HasHint("m")), "which is no error");
}

TEST(IsNear, ComparesWithinATolerance) {
  EXPECT_THAT(Micros(10), IsNear(Micros(11), Micros(1.5)));
  EXPECT_THAT(Micros(12), IsNear(Micros(11), Micros(1.5)));
  EXPECT_THAT(Micros(13), Not(IsNear(Micros(11), Micros(1.5))));
  EXPECT_THAT(Micros(9), Not(IsNear(Micros(11), Micros(1.5))));
  EXPECT_THAT(2.0, IsNear(2.5, 0.5));
  EXPECT_THAT(Seconds(std::numeric_limits<double>::quiet_NaN()),
              Not(IsNear(Seconds(0), Seconds(1))));
}

TEST(IsNear, SpeaksInUnits) {
  EXPECT_EQ(DescribeMatcher<Time>(IsNear(Micros(11), Nanos(1))), "is within 1 ns of 11 us");
  EXPECT_EQ(Explain(MiB(3), IsNear(MiB(1), KiB(1))), "which is off by 2 MiB");
}

TEST(IsNearRelative, ScalesTheTolerance) {
  EXPECT_THAT(Seconds(102), IsNearRelative(Seconds(100), 0.02));
  EXPECT_THAT(Seconds(103), Not(IsNearRelative(Seconds(100), 0.02)));
  EXPECT_THAT(Seconds(-102), IsNearRelative(Seconds(-100), 0.02));
  EXPECT_THAT(Seconds(-103), Not(IsNearRelative(Seconds(-100), 0.02)));
  EXPECT_THAT(102.0, IsNearRelative(100.0, 0.02));
  EXPECT_THAT(Seconds(0), IsNearRelative(Seconds(0), 0.02));
}

}  // namespace
}  // namespace commplan
