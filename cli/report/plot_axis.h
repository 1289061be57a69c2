// The scale of one axis: which values it spans, where its ticks stand and what they are called.
//
// A linear scale is widened to whole steps of 1, 2 or 5 times a power of ten (bytes: a power of
// two). A logarithmic one keeps a margin of 1/40 and has ticks at powers of two (bytes, and counts
// up to 2^17), or at 1-2-5, 1-3 or powers of ten; where fewer than three of them lie within, it has
// those of a linear scale. An axis of equal values is widened around them. Each scale has 3 to 12
// ticks.
#pragma once

#include <string>
#include <vector>

#include "cli/report/plot.h"

namespace commplan::report {

struct Tick {
  double value = 0;
  std::string text;
};

struct Scale {
  bool log = false;
  double low = 0;
  double high = 1;
  std::vector<Tick> ticks;    // Rising, within [low, high].
  std::vector<double> minor;  // Between the ticks of a logarithmic scale, without text.

  // Where a value stands: 0 at low, 1 at high.
  double Place(double value) const;
};

// Finite, at most 1e100 in size, and at least 1e-100 on a logarithmic axis.
bool Drawable(const PlotAxis& axis, double value);

// Spans the drawable values from `low` to `high`, with at most `most_ticks` (6 to 12) where the
// ticks are round for the kind of scale.
Scale MakeScale(const PlotAxis& axis, double low, double high, int most_ticks);

// A single value with its unit, to four significant digits.
std::string AxisText(const PlotAxis& axis, double value);

}  // namespace commplan::report
