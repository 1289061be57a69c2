#include "model/base/result.h"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

static_assert(!std::is_convertible_v<std::string, Result<int>>);
static_assert(std::is_convertible_v<const char*, Result<std::string>>);
static_assert(!std::is_constructible_v<Result<int>, Status>);

Result<int> Positive(int x) {
  if (x > 0) return x;
  return BadInputError("found " + std::to_string(x) + ", expected a positive number");
}

Status CheckPositive(int x) {
  RETURN_IF_ERROR(Positive(x));
  return OkStatus();
}

template <class A, class B>
Result<int> SumOf(A a, B b) {
  return Positive(static_cast<int>(a + b));
}

Result<int> Sum(int a, int b) {
  // clang-format off: both stand on one line to show that their temporaries do not collide.
  ASSIGN_OR_RETURN(const int x, Positive(a));
  ASSIGN_OR_RETURN(int y, Positive(b));
  // clang-format on
  RETURN_IF_ERROR(CheckPositive(x + y));
  ASSIGN_OR_RETURN(y, SumOf<int, int>(x, y));
  return y;
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = Positive(3);
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.value(), 3);
  EXPECT_EQ(*good, 3);
  const Result<int> bad = Positive(-3);
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::kBadInput);
  EXPECT_EQ(bad.error().message, "found -3, expected a positive number");
}

TEST(Result, ReachesMembersAndMovesOut) {
  Result<std::string> text = "ring";
  EXPECT_EQ(text->size(), 4u);
  text->push_back('s');
  EXPECT_EQ(*text, "rings");
  Result<std::unique_ptr<int>> pointer = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(pointer);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, IsReturnedFromBraces) {
  struct Link {
    int a = 0;
    int b = 0;
  };
  const auto make = []() -> Result<Link> { return {{.a = 1, .b = 2}}; };
  EXPECT_EQ(make()->b, 2);
}

TEST(Result, MacrosPassValuesAndErrors) {
  EXPECT_THAT(Sum(1, 2), IsOkAndHolds(3));
  EXPECT_THAT(Sum(-1, 2), IsError(ErrorCode::kBadInput, HasSubstr("found -1,")));
  EXPECT_THAT(Sum(1, -2), IsError(ErrorCode::kBadInput, HasSubstr("found -2,")));
  EXPECT_THAT(CheckPositive(0), IsError(ErrorCode::kBadInput, HasSubstr("found 0,")));
  EXPECT_THAT(CheckPositive(1), IsOk());
}

TEST(Result, ReturnIfErrorLeavesAVariableAsItWas) {
  const Result<int> kept = Positive(0);
  const auto returns = [&]() -> Status {
    RETURN_IF_ERROR(kept);
    return OkStatus();
  };
  EXPECT_FALSE(returns().ok());
  EXPECT_THAT(kept, IsError(ErrorCode::kBadInput, HasSubstr("found 0,")));
}

TEST(ResultDeathTest, TakingWhatIsNotThereAborts) {
  EXPECT_DEATH((void)Positive(-3).value(), "found -3, expected a positive number");
  EXPECT_DEATH((void)*Positive(-3), "Result holds a value");
  EXPECT_DEATH((void)Positive(3).error(), "Result holds an error");
  EXPECT_DEATH(CheckPositive(-3).value(), "found -3");
  EXPECT_DEATH((void)OkStatus().error(), "Result holds an error");
}

TEST(Error, ConstructorsSetTheirCode) {
  EXPECT_EQ(UsageError("m").code, ErrorCode::kUsage);
  EXPECT_EQ(BadInputError("m").code, ErrorCode::kBadInput);
  EXPECT_EQ(NotFoundError("m").code, ErrorCode::kNotFound);
  EXPECT_EQ(UnsupportedError("m").code, ErrorCode::kUnsupported);
  EXPECT_EQ(InfeasibleError("m").code, ErrorCode::kInfeasible);
  EXPECT_EQ(IoError("m").code, ErrorCode::kIo);
  EXPECT_EQ(DeviceError("m").code, ErrorCode::kDevice);
  EXPECT_EQ(InternalError("m").code, ErrorCode::kInternal);
  EXPECT_EQ(UsageError("m", "h").hint, "h");
  EXPECT_EQ(NotFoundError("m", {"f", 1, 2}, "h").where, (Where{"f", 1, 2}));
}

TEST(Error, CodesHaveDistinctNames) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kUsage), "usage");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kBadInput), "bad-input");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kNotFound), "not-found");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kUnsupported), "unsupported");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInfeasible), "infeasible");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kIo), "io");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kDevice), "device");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInternal), "internal");
}

TEST(Error, LocatedFillsInAPlaceOnce) {
  const Error placed = Located(BadInputError("m"), {"a.yaml", 3, 7});
  EXPECT_EQ(placed.where, (Where{"a.yaml", 3, 7}));
  EXPECT_EQ(Located(placed, {"b.yaml", 1, 1}).where, (Where{"a.yaml", 3, 7}));
}

TEST(Error, FormatsForPeople) {
  EXPECT_EQ(FormatError(BadInputError("found X, expected Y", {"file", 3, 7}, "write Y")),
            "file:3:7: found X, expected Y\n  hint: write Y");
  EXPECT_EQ(FormatError(BadInputError("m", {"file", 3, 0})), "file:3: m");
  EXPECT_EQ(FormatError(BadInputError("m", {"file", 0, 0})), "file: m");
  EXPECT_EQ(FormatError(BadInputError("m", {"", 3, 7})), "line 3:7: m");
  EXPECT_EQ(FormatError(BadInputError("m")), "m");
}

TEST(Combine, KeepsOneErrorAsItIs) {
  const Error one = Combine({BadInputError("m", {"f", 1, 2}, "h")});
  EXPECT_EQ(FormatError(one), "f:1:2: m\n  hint: h");
  EXPECT_TRUE(one.others.empty());
}

TEST(Combine, SortsByPlaceAndKeepsUnplacedLast) {
  const Error error = Combine({
      BadInputError("no place"),
      BadInputError("late", {"f", 10, 1}),
      BadInputError("right", {"f", 2, 9}),
      BadInputError("left", {"f", 2, 3}),
      BadInputError("other file", {"e", 99, 1}),
  });
  EXPECT_EQ(FormatError(error),
            "e:99:1: other file\nf:2:3: left\nf:2:9: right\nf:10:1: late\nno place");
}

TEST(Combine, FlattensWhatIsAlreadyCombined) {
  const Error inner = Combine({BadInputError("b", {"f", 3, 1}), BadInputError("a", {"f", 1, 1})});
  const Error outer = Combine({inner, BadInputError("c", {"f", 2, 1})});
  EXPECT_EQ(FormatError(outer), "f:1:1: a\nf:2:1: c\nf:3:1: b");
}

TEST(Combine, ShowsAtMostTwentyAndCountsTheRest) {
  std::vector<Error> errors;
  for (int line = 23; line >= 1; --line) {
    errors.push_back(BadInputError("line " + std::to_string(line), {"f", line, 1}));
  }
  const Error error = Combine(errors);
  EXPECT_EQ(error.message, "line 1");
  EXPECT_EQ(error.others.size(), 19u);
  EXPECT_EQ(error.others.back().message, "line 20");
  EXPECT_EQ(error.left_out, 3);
  EXPECT_THAT(FormatError(error), HasSubstr("f:20:1: line 20\nand 3 more"));
  EXPECT_EQ(Combine({error, BadInputError("m", {"g", 1, 1})}).left_out, 4);
}

TEST(CombineDeathTest, NeedsAnError) { EXPECT_DEATH((void)Combine({}), "errors.empty"); }

}  // namespace
}  // namespace commplan
