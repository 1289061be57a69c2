#include "model/compute/table.h"

#include <algorithm>
#include <functional>

#include "model/base/check.h"

namespace commplan {
namespace {

struct Bracket {
  std::size_t below = 0;
  double share = 0;  // Of the knot above.
};

Bracket BracketOf(const std::vector<double>& knots, double x) {
  // Axes are short: a walk is faster than a bisection.
  std::size_t below = 0;
  while (below + 2 < knots.size() && knots[below + 1] <= x) ++below;
  const double share = (x - knots[below]) / (knots[below + 1] - knots[below]);
  return {below, std::clamp(share, 0.0, 1.0)};
}

}  // namespace

ResidualTable::ResidualTable(std::vector<std::vector<double>> axes, std::vector<double> values)
    : axes_(std::move(axes)), values_(std::move(values)) {
  CHECK(!axes_.empty());
  CHECK_LE(axes_.size(), kTableAxes);
  std::size_t size = 1;
  for (const std::vector<double>& knots : axes_) {
    CHECK_GE(knots.size(), 2);
    CHECK(std::adjacent_find(knots.begin(), knots.end(), std::greater_equal<>()) == knots.end());
    size *= knots.size();
  }
  CHECK_EQ(values_.size(), size);
}

TableCorners ResidualTable::CornersAt(const TablePoint& point) const {
  TableCorners corners;
  corners.count = 1;
  corners.share[0] = 1;
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
    const std::vector<double>& knots = axes_[axis];
    const Bracket bracket = BracketOf(knots, point[axis]);
    for (std::size_t i = 0; i < corners.count; ++i) {
      const std::size_t lower = corners.index[i] * knots.size() + bracket.below;
      const double share = corners.share[i];
      corners.index[i] = lower;
      corners.share[i] = share * (1 - bracket.share);
      corners.index[i + corners.count] = lower + 1;
      corners.share[i + corners.count] = share * bracket.share;
    }
    corners.count *= 2;
  }
  return corners;
}

// The same mixture as CornersAt, taken axis by axis from the last: half the arithmetic, which
// planning notices.
double ResidualTable::At(const TablePoint& point) const {
  if (values_.empty()) return 0;
  std::array<double, kTableAxes> shares;
  std::array<std::size_t, kTableCorners> at;
  std::size_t corners = 1;
  at[0] = 0;
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
    const Bracket bracket = BracketOf(axes_[axis], point[axis]);
    shares[axis] = bracket.share;
    const std::size_t size = axes_[axis].size();
    for (std::size_t i = corners; i-- > 0;) {
      const std::size_t lower = at[i] * size + bracket.below;
      at[2 * i] = lower;
      at[2 * i + 1] = lower + 1;
    }
    corners *= 2;
  }
  std::array<double, kTableCorners> mixed;
  for (std::size_t i = 0; i < corners; ++i) mixed[i] = values_[at[i]];
  for (std::size_t axis = axes_.size(); axis-- > 0;) {
    corners /= 2;
    for (std::size_t i = 0; i < corners; ++i) {
      mixed[i] = mixed[2 * i] + shares[axis] * (mixed[2 * i + 1] - mixed[2 * i]);
    }
  }
  return mixed[0];
}

}  // namespace commplan
