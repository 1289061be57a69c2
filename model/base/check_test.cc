#include "model/base/check.h"

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/quantity.h"

namespace commplan {
namespace {

constexpr int Half(int even) {
  CHECK(even % 2 == 0);
  CHECK_GE(even, 0);
  return even / 2;
}
static_assert(Half(4) == 2, "a CHECK that holds is no obstacle in a constant");

template <class A, class B>
constexpr bool kTwoTypes = true;

TEST(Check, PassesWhenTheConditionHolds) {
  CHECK(1 + 1 == 2);
  CHECK((kTwoTypes<int, long>));
  CHECK(kTwoTypes<int, long>);  // A comma outside parentheses is allowed.
  CHECK_EQ(2, 2);
  CHECK_NE(2, 3);
  CHECK_LT(2, 3);
  CHECK_LE(2, 2);
  CHECK_GT(3, 2);
  CHECK_GE(3, 3);
}

TEST(Check, EvaluatesEachOperandOnce) {
  int count = 0;
  CHECK(++count == 1);
  CHECK_EQ(++count, 2);
  EXPECT_EQ(count, 2);
}

TEST(Check, ComparesIntegersOfDifferentSign) {
  const std::vector<int> three(3);
  CHECK_EQ(three.size(), 3);
  CHECK_LT(-1, three.size());
  CHECK_NE(-1, std::numeric_limits<std::size_t>::max());
}

TEST(Check, ComparesAsABareStatementInABranch) {
  // Would not compile, or would take the wrong else, if the macro were an `if` statement.
  if (Half(2) == 1)
    CHECK_EQ(1, 1);
  else
    FAIL();
}

TEST(CheckDeathTest, SaysExpressionFileAndLine) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), R"(check_test\.cc:[0-9]+: failed: CHECK\(1 \+ 1 == 3\))");
  EXPECT_DEATH(Half(3), R"(CHECK\(even % 2 == 0\))");
}

TEST(CheckDeathTest, ComparisonsSayBothValues) {
  const int stages = 3;
  EXPECT_DEATH(CHECK_EQ(stages, 4), R"(failed: CHECK_EQ\(stages, 4\): 3 vs 4)");
  EXPECT_DEATH(CHECK_NE(stages, 3), "3 vs 3");
  EXPECT_DEATH(CHECK_LT(stages, 3), "3 vs 3");
  EXPECT_DEATH(CHECK_LE(stages, 2), "3 vs 2");
  EXPECT_DEATH(CHECK_GT(stages, 3), "3 vs 3");
  EXPECT_DEATH(CHECK_GE(stages, 4), "3 vs 4");
}

TEST(CheckDeathTest, PrintsEveryKindOfValue) {
  enum class Phase { kPrefill, kDecode };
  struct Opaque {
    bool operator==(const Opaque&) const { return false; }
  };
  EXPECT_DEATH(CHECK_EQ(0.1, 0.25), "0.1 vs 0.25");
  EXPECT_DEATH(CHECK_EQ(true, false), "true vs false");
  EXPECT_DEATH(CHECK_EQ(std::string("ring"), "tree"), "'ring' vs 'tree'");
  EXPECT_DEATH(CHECK_EQ(Phase::kPrefill, Phase::kDecode), "0 vs 1");
  EXPECT_DEATH(CHECK_EQ(B(64), B(65)), "64 vs 65");
  EXPECT_DEATH(CHECK_EQ(Opaque{}, Opaque{}), "a value without text");
}

TEST(CheckDeathTest, EveryOrderFailsForNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_DEATH(CHECK_LE(nan, 1.0), "nan vs 1");
  EXPECT_DEATH(CHECK_GE(nan, 1.0), "nan vs 1");
  EXPECT_DEATH(CHECK_LT(nan, 1.0), "nan vs 1");
  EXPECT_DEATH(CHECK_GT(nan, 1.0), "nan vs 1");
  EXPECT_DEATH(CHECK_EQ(nan, nan), "nan vs nan");
}

}  // namespace
}  // namespace commplan
