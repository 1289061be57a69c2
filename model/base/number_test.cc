#include "model/base/number.h"

#include <gtest/gtest.h>

namespace commplan {
namespace {

// One formula, read three ways: x*(y - 1)/z + sqrt(x).
template <class R>
R Sample(const R& x, const R& y, const R& z) {
  return x * (y - R(1)) / z + Sqrt(x);
}

TEST(NumberTest, OneFormulaThreeReadings) {
  // 4*(3 - 1)/2 + sqrt(4) = 4 + 2.
  EXPECT_EQ(Sample(4.0, 3.0, 2.0), 6.0);
  EXPECT_EQ(Sample(Text::Leaf("x"), Text::Leaf("y"), Text::Leaf("z")).str(),
            "x*(y - 1)/z + sqrt(x)");
  using D = Dual<3>;
  const D d = Sample(D::Input(4, 0), D::Input(3, 1), D::Input(2, 2));
  EXPECT_EQ(d.value(), 6.0);
  EXPECT_EQ(d.slope(0), 1.25);  // (y-1)/z + 1/(2 sqrt x) = 1 + 1/4
  EXPECT_EQ(d.slope(1), 2.0);   // x/z
  EXPECT_EQ(d.slope(2), -2.0);  // -x(y-1)/z^2 = -8/4
}

TEST(TextTest, KeepsOnlyTheParenthesesThatAreNeeded) {
  const Text a = Text::Leaf("a"), b = Text::Leaf("b"), c = Text::Leaf("c");
  EXPECT_EQ((a * b + c).str(), "a*b + c");
  EXPECT_EQ((a * (b + c)).str(), "a*(b + c)");
  EXPECT_EQ((a / (b * c)).str(), "a/(b*c)");
  EXPECT_EQ((a / b * c).str(), "a/b*c");
  EXPECT_EQ((a - (b - c)).str(), "a - (b - c)");
  EXPECT_EQ((-a * b).str(), "(-a)*b");
  EXPECT_EQ(Max(a + b, Ceil(Log2(c))).str(), "max(a + b, ceil(log2(c)))");
  EXPECT_EQ((Text::Leaf("3 us") * a).str(), "(3 us)*a");
}

TEST(TextTest, DropsFactorsOfOneAndTermsOfZero) {
  const Text a = Text::Leaf("a"), one(1.0), zero(0.0);
  EXPECT_EQ((one * a * one / one).str(), "a");
  EXPECT_EQ((zero * a + a - zero).str(), "a");
}

TEST(DualTest, BindingSideGivesTheSlope) {
  using D = Dual<2>;
  const D small = D::Input(1, 0), large = D::Input(2, 1);
  EXPECT_EQ(Max(small, large).slope(1), 1.0);
  EXPECT_EQ(Max(small, large).slope(0), 0.0);
  EXPECT_EQ(Min(small, large).slope(0), 1.0);
  EXPECT_EQ(Ceil(D::Input(1.5, 0)).slope(0), 0.0);
  EXPECT_EQ(Sqrt(D::Input(0, 0)).slope(0), 0.0);
}

// Central differences agree with the exact slopes; h^2 is the size of their own error.
TEST(DualTest, AgreesWithDifferences) {
  using D = Dual<3>;
  const double h = 1e-6, tolerance = 1e-8;
  for (const double x : {0.5, 4.0, 30.0}) {
    const D d = Log2(Sample(D::Input(x, 0), D(3), D(2)));
    const double difference =
        (Log2(Sample(x + h, 3.0, 2.0)) - Log2(Sample(x - h, 3.0, 2.0))) / (2 * h);
    EXPECT_NEAR(d.slope(0), difference, tolerance) << "x = " << x;
  }
}

}  // namespace
}  // namespace commplan
