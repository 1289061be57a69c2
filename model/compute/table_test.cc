#include "model/compute/table.h"

#include <gtest/gtest.h>

namespace commplan {
namespace {

// f = 1 + 2 x + 10 y + 7 x y is linear in each axis, so the table holds it exactly between knots.
ResidualTable Bilinear() {
  const auto f = [](double x, double y) { return 1 + 2 * x + 10 * y + 7 * x * y; };
  std::vector<double> values;
  for (const double x : {0.0, 1.0, 4.0}) {
    for (const double y : {-1.0, 1.0}) values.push_back(f(x, y));
  }
  return ResidualTable({{0, 1, 4}, {-1, 1}}, values);
}

TEST(ResidualTableTest, HoldsAMultilinearFunctionExactly) {
  const ResidualTable table = Bilinear();
  EXPECT_DOUBLE_EQ(table.At({2.5, 0.25}), 1 + 5 + 2.5 + 7 * 2.5 * 0.25);
  EXPECT_DOUBLE_EQ(table.At({0.5, -1}), 1 + 1 - 10 - 3.5);
  EXPECT_DOUBLE_EQ(table.At({1, 1}), 1 + 2 + 10 + 7);  // A knot.
}

TEST(ResidualTableTest, IsFlatBeyondItsEnds) {
  const ResidualTable table = Bilinear();
  EXPECT_DOUBLE_EQ(table.At({9, 5}), table.At({4, 1}));
  EXPECT_DOUBLE_EQ(table.At({-3, 0.5}), table.At({0, 0.5}));
}

TEST(ResidualTableTest, EmptyIsZero) { EXPECT_EQ(ResidualTable().At({1, 2, 3, 4}), 0); }

// Both ways to the same mixture, on four axes.
TEST(ResidualTableTest, CornersAgreeWithTheLookUp) {
  const std::vector<std::vector<double>> axes = {{0, 1, 3}, {0, 2}, {1, 4, 5}, {0, 1}};
  std::vector<double> values;
  for (int i = 0; i < 3 * 2 * 3 * 2; ++i) values.push_back(((i * 37) % 11) - 5.0);
  const ResidualTable table(axes, values);
  for (const TablePoint& point :
       {TablePoint{0.3, 1.9, 4.5, 0.2}, TablePoint{3, 0, 1, 1}, TablePoint{7, -1, 2, 0.5}}) {
    const TableCorners corners = table.CornersAt(point);
    double sum = 0, shares = 0;
    for (std::size_t i = 0; i < corners.count; ++i) {
      sum += corners.share[i] * values[corners.index[i]];
      shares += corners.share[i];
    }
    EXPECT_NEAR(table.At(point), sum, 1e-12);
    EXPECT_NEAR(shares, 1, 1e-12);
  }
}

TEST(ResidualTableDeathTest, RefusesKnotsThatDoNotRise) {
  EXPECT_DEATH(ResidualTable({{0, 1, 1}}, {1, 2, 3}), "CHECK.*knots");
  EXPECT_DEATH(ResidualTable({{0, 1}}, {1, 2, 3}), "CHECK_EQ");
}

}  // namespace
}  // namespace commplan
