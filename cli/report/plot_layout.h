// The measuring half of a picture: what stands in each panel, how much room it takes, and where the
// panels stand on the page. Sizes are pixels, y grows downwards, and the y of a text is that of its
// base line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/report/plot.h"
#include "cli/report/plot_axis.h"
#include "cli/report/plot_svg.h"

namespace commplan::report {

inline constexpr double kMargin = 20;  // Around the page.
inline constexpr double kGap = 32;     // Between panels.
inline constexpr double kSmall = 11;   // Sizes of text.
inline constexpr double kNormal = 12;
inline constexpr double kLine = 16;  // From one line of text to the next.

struct LegendEntry {
  std::size_t series = 0;
  double x = 0;  // From the left end of its row.
  double swatch = 0;
};
using Legend = std::vector<std::vector<LegendEntry>>;

struct MarkText {
  double x = 0;         // Where it starts, from the left end of the area.
  std::size_t row = 0;  // Upwards.
  std::string text;
};

struct Range {
  double low = 0, high = 0;
  bool any = false;
  void Add(double value);
};

// One plot, measured. The area is where data is drawn. Beside it stand `left` and `right`; above it
// the titles and, below them, `above` (legend, label of the upright axis, marks).
struct Panel {
  const Plot* plot = nullptr;
  std::vector<Look> looks;
  std::vector<PlotMark> marks;  // Those that can be drawn, by x.
  Range x_range, y_range;       // Of the data and the marks.
  Scale x, y;
  bool empty = true;    // No point can be drawn.
  bool direct = false;  // Lines are named at their right ends, not in the legend.
  std::vector<std::string> title, subtitle, notes;
  Legend legend;
  std::vector<MarkText> mark_texts;
  double left = 0, right = 0, above = 0;
  double label_up = 0;  // How far above the area the label of the upright axis stands.
  double top = 0;       // Of the whole panel.
  double area_x = 0, area_y = 0, width = 0, height = 0;

  double FromLeft(double value) const { return width * x.Place(value); }
  double AtX(double value) const { return area_x + FromLeft(value); }
  double AtY(double value) const { return area_y + height * (1 - y.Place(value)); }
};

// One panel is large, up to four stand two to a row, more three to a row.
struct Grid {
  std::size_t columns = 1;
  double cell_width = 0;  // Of a panel with all that belongs to it.
  double area_height = 0;
  double Width() const;  // Of all columns.
};
Grid GridFor(std::size_t plots);

bool IsCurve(const PlotSeries& series);  // A line or steps.
bool Shown(const Plot& plot, const PlotSeries& series, const PlotPoint& point);
std::size_t CountShown(const Plot& plot, const PlotSeries& series);

Legend MakeLegend(const std::vector<PlotSeries>& series, bool curves, double width);
double LegendHeight(const Legend& legend);

// Bold text is wider; its width is estimated as that of larger text.
inline constexpr double kBold = 1.1;

// The lines of all texts; none for an empty text.
std::vector<std::string> TextLines(const std::vector<std::string>& texts, double size,
                                   double width);

// Everything but the places on the page. The panels point into `plots`.
std::vector<Panel> MeasuredPanels(const std::vector<Plot>& plots, const Grid& grid,
                                  bool own_legends);

// Rows of panels from `y` on, the areas of a row at one height. Returns the y below the last one.
double PlaceOnPage(const Grid& grid, double y, std::vector<Panel>* panels);

}  // namespace commplan::report
