// A picture as a value, and its drawing as SVG: curves, points, bands and steps over two axes, one
// panel or a grid of small multiples. A command fills it; drawing computes no result.
//
// The bytes depend on nothing but the value: no clock, locale, font file or script. The file holds
// no ids and no style sheet, so several may stand in one HTML page; it brings its own background,
// so it reads on a light and on a dark one. Its <title> and <desc> tell a listener what is drawn.
//
// Colours are told apart by people with any common colour blindness and have a contrast of 4.5 to
// 1; lines differ in their dashes and points in their shapes as well. Two to eight lines that end
// at the right edge are named there, everything else in a legend above the panel; neither, nor the
// text of a mark, covers data.
//
// What cannot be drawn (NaN, infinity, zero on a logarithmic axis) is left out, breaks its line,
// and is counted in a note under the panel: measurements hold such values, and a picture must not
// hide them.
#pragma once

#include <string>
#include <vector>

namespace commplan::report {

// What the numbers of an axis are, and so how its ticks read: 1 KiB, 1 ms, 64, 10⁶, 25 %.
enum class AxisKind { kBytes, kTimeUs, kCount, kNumber, kFraction };

struct PlotAxis {
  std::string label;
  AxisKind kind = AxisKind::kNumber;
  bool log = false;
  bool from_zero = false;  // A linear axis shows 0 even where all values are far from it.
};

enum class SeriesStyle {
  kLine,
  kPoints,
  kBand,  // The area from y to `top`.
  kStep,  // y holds until the next x, as in a Pareto set.
};

// kNext gives each series the next colour; a band takes that of the series after it.
enum class Hue { kNext, kBlue, kVermillion, kGreen, kPurple, kBrown, kInk };

struct PlotPoint {
  double x = 0;
  double y = 0;
  double top = 0;  // Of a band only.
};

struct PlotSeries {
  std::string name;
  SeriesStyle style = SeriesStyle::kLine;
  std::vector<PlotPoint> points;  // Drawn in this order.
  Hue hue = Hue::kNext;
};

// A dashed vertical line. Texts that do not fit above the panel become letters, explained below.
struct PlotMark {
  double x = 0;
  std::string text;
};

struct Plot {
  std::string title;
  std::string subtitle;
  PlotAxis x;
  PlotAxis y;
  std::vector<PlotSeries> series;
  std::vector<PlotMark> marks;
  std::vector<std::string> notes;
};

// Small multiples stand in rows, at most three to a row. Where all have the same series the legend
// stands once, above them.
struct PlotPage {
  std::string title;
  std::string subtitle;
  std::vector<Plot> plots;  // At least one.
};

std::string RenderSvg(const PlotPage& page);
std::string RenderSvg(const Plot& plot);

}  // namespace commplan::report
