// A table of what a closed form leaves over: ln(measured / formula), smooth over up to four axes.
//
// Axes are logarithms to base 2 of a shape's sizes. Between its knots the table is multilinear,
// beyond its ends flat. A look-up costs a handful of multiplications, so that planning can afford
// it; an empty table is zero everywhere.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace commplan {

inline constexpr std::size_t kTableAxes = 4;
inline constexpr std::size_t kTableCorners = std::size_t{1} << kTableAxes;
using TablePoint = std::array<double, kTableAxes>;

// The knots around a point and their shares, which add up to one.
struct TableCorners {
  std::array<std::size_t, kTableCorners> index{};
  std::array<double, kTableCorners> share{};
  std::size_t count = 0;
};

class ResidualTable {
 public:
  ResidualTable() = default;
  // At most four axes of at least two rising knots each; the last axis varies fastest in `values`.
  ResidualTable(std::vector<std::vector<double>> axes, std::vector<double> values);

  bool empty() const { return values_.empty(); }
  const std::vector<std::vector<double>>& axes() const { return axes_; }
  const std::vector<double>& values() const { return values_; }

  TableCorners CornersAt(const TablePoint& point) const;
  double At(const TablePoint& point) const;

  friend bool operator==(const ResidualTable&, const ResidualTable&) = default;

 private:
  std::vector<std::vector<double>> axes_;
  std::vector<double> values_;
};

}  // namespace commplan
