#include "cli/report/plot_layout.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/report/plot_text.h"

namespace commplan::report {
namespace {

double Height(const std::vector<std::string>& lines) {
  return kLine * static_cast<double>(lines.size());
}

Scale ScaleOf(const PlotAxis& axis, const Range& range, double ticks) {
  const int most_ticks = std::clamp(static_cast<int>(ticks), 6, 10);
  if (range.any) return MakeScale(axis, range.low, range.high, most_ticks);
  return MakeScale(axis, axis.log ? 1 : 0, axis.log ? 1000 : 1, most_ticks);
}

void MakeScales(Panel* panel) {
  const Plot& plot = *panel->plot;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      if (!Shown(plot, series, point)) continue;
      panel->x_range.Add(point.x);
      panel->y_range.Add(point.y);
      if (series.style == SeriesStyle::kBand) panel->y_range.Add(point.top);
    }
  }
  panel->empty = !panel->x_range.any;
  for (const PlotMark& mark : panel->marks) panel->x_range.Add(mark.x);
  // So far apart ticks have room for their labels.
  panel->x = ScaleOf(plot.x, panel->x_range, panel->width / 70);
  panel->y = ScaleOf(plot.y, panel->y_range, panel->height / 40);
}

// The caller's notes, and what is not shown.
std::vector<std::string> Notes(const Panel& panel) {
  const Plot& plot = *panel.plot;
  std::vector<std::string> notes = plot.notes;
  const auto add = [&](std::size_t count, std::string_view what, std::string_view of) {
    if (count == 0) return;
    std::string note = "Not shown: " + std::to_string(count) + " ";
    note.append(what).append(count == 1 ? "" : "s").append(of);
    const bool log = plot.x.log || plot.y.log;
    notes.push_back(note.append(log ? " (not finite, or not above 0)." : " (not finite)."));
  };
  for (const PlotSeries& series : plot.series) {
    add(series.points.size() - CountShown(plot, series), "point", " of " + series.name);
  }
  add(plot.marks.size() - panel.marks.size(), "mark", "");
  return notes;
}

// Two to eight lines, each with a last point near the right edge and a name of moderate length.
bool NamesAtEnds(const Panel& panel, double cell_width) {
  int curves = 0;
  for (const PlotSeries& series : panel.plot->series) {
    if (!IsCurve(series)) continue;
    ++curves;
    if (series.points.empty() || !Shown(*panel.plot, series, series.points.back())) return false;
    if (panel.x.Place(series.points.back().x) < 0.9) return false;
    if (TextWidth(series.name, kNormal) > cell_width / 4) return false;
  }
  return curves >= 2 && curves <= 8;
}

// The text of a mark stands to the right of its line, like a flag, in the lowest of three rows
// where it meets neither a text nor a line on its way up. Only at the right edge it may stand to
// the left. False where there is no room.
bool PlaceFlags(Panel* panel, const std::vector<std::string>& texts) {
  constexpr double kAway = 4;
  const double edge = panel->width + panel->right;
  std::array<double, 3> limit = {edge, edge, edge};  // Of each row: free to the left of it.
  const auto at = [&](std::size_t i) { return panel->FromLeft(panel->marks[i].x); };
  panel->mark_texts.assign(texts.size(), {});
  for (std::size_t i = texts.size(); i-- > 0;) {
    const double width = TextWidth(texts[i], kSmall);
    double start = at(i) + kAway;
    if (start + width > edge) {
      start = at(i) - kAway - width;
      if (start < (i > 0 ? at(i - 1) + kAway : 0)) return false;
    }
    std::size_t row = 0;
    while (row < limit.size() && start + width > limit.at(row)) ++row;
    if (row == limit.size()) return false;
    for (std::size_t r = 0; r <= row; ++r) limit.at(r) = std::min(start, at(i)) - kAway;
    panel->mark_texts[i] = {start, row, texts[i]};
  }
  return true;
}

void PlaceMarks(Panel* panel) {
  std::vector<std::string> texts;
  std::vector<std::string> numbers;
  for (const PlotMark& mark : panel->marks) {
    texts.push_back(mark.text);
    numbers.push_back(std::to_string(texts.size()));
  }
  if (PlaceFlags(panel, texts)) return;
  const bool room = PlaceFlags(panel, numbers);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const double x = panel->marks[i].x;
    // In a crowd numbers may touch, but each stays at its line.
    if (!room) panel->mark_texts[i] = {panel->FromLeft(x) + 1, 0, numbers[i]};
    std::string note = numbers[i];
    note.append(" at ").append(AxisText(panel->plot->x, x)).append(": ").append(texts[i]);
    panel->notes.push_back(note);
  }
}

// The first half: scales, and with them the sides that the panel needs.
Panel WithSides(const Plot& plot, const Grid& grid, bool own_legend) {
  Panel panel;
  panel.plot = &plot;
  panel.looks = Looks(plot.series);
  for (const PlotMark& mark : plot.marks) {
    if (Drawable(plot.x, mark.x)) panel.marks.push_back(mark);
  }
  std::stable_sort(panel.marks.begin(), panel.marks.end(),
                   [](const PlotMark& a, const PlotMark& b) { return a.x < b.x; });
  panel.width = grid.cell_width - 40;  // About; for the number of ticks.
  panel.height = grid.area_height;
  MakeScales(&panel);
  for (const Tick& tick : panel.y.ticks) {
    panel.left = std::max(panel.left, TextWidth(tick.text, kSmall) + 8);
  }
  panel.left = std::max(panel.left, TextWidth(panel.x.ticks.front().text, kSmall) / 2);
  panel.right = TextWidth(panel.x.ticks.back().text, kSmall) / 2;
  panel.direct = own_legend && NamesAtEnds(panel, grid.cell_width);
  for (const PlotSeries& series : plot.series) {
    if (!panel.direct || !IsCurve(series)) continue;
    panel.right = std::max(panel.right, TextWidth(series.name, kNormal) + 18);
  }
  return panel;
}

// The second half, when its column has agreed on the sides.
void MeasureHead(Panel* panel, double cell_width, bool own_legend) {
  const Plot& plot = *panel->plot;
  panel->width = cell_width - panel->left - panel->right;
  panel->notes = Notes(*panel);
  PlaceMarks(panel);
  panel->notes = TextLines(panel->notes, kSmall, cell_width);
  panel->title = TextLines({plot.title}, kNormal * kBold, cell_width);
  panel->subtitle = TextLines({plot.subtitle}, kSmall, cell_width);
  if (own_legend) panel->legend = MakeLegend(plot.series, !panel->direct, cell_width);
  // The label of the upright axis stands to the left of all marks, or else above them.
  double strip = 0;
  double first = panel->width;
  for (const MarkText& text : panel->mark_texts) {
    strip = std::max(strip, kLine * static_cast<double>(text.row + 1));
    first = std::min(first, text.x);
  }
  const double label = TextWidth(plot.y.label, kSmall) - panel->left;
  panel->label_up = panel->marks.empty() || label + 12 < first ? 14 : strip + 14;
  panel->above = LegendHeight(panel->legend) + std::max(strip + 6, panel->label_up + 20);
}

}  // namespace

void Range::Add(double value) {
  low = any ? std::min(low, value) : value;
  high = any ? std::max(high, value) : value;
  any = true;
}

Grid GridFor(std::size_t plots) {
  if (plots == 1) return {1, 700, 320};
  return plots <= 4 ? Grid{2, 430, 230} : Grid{3, 340, 190};
}

double Grid::Width() const { return static_cast<double>(columns) * (cell_width + kGap) - kGap; }

bool IsCurve(const PlotSeries& series) {
  return series.style == SeriesStyle::kLine || series.style == SeriesStyle::kStep;
}

bool Shown(const Plot& plot, const PlotSeries& series, const PlotPoint& point) {
  return Drawable(plot.x, point.x) && Drawable(plot.y, point.y) &&
         (series.style != SeriesStyle::kBand || Drawable(plot.y, point.top));
}

std::size_t CountShown(const Plot& plot, const PlotSeries& series) {
  return static_cast<std::size_t>(
      std::count_if(series.points.begin(), series.points.end(),
                    [&](const PlotPoint& point) { return Shown(plot, series, point); }));
}

Legend MakeLegend(const std::vector<PlotSeries>& series, bool curves, double width) {
  Legend legend;
  double x = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!curves && IsCurve(series[i])) continue;
    const double swatch = series[i].style == SeriesStyle::kPoints ? 12 : 26;
    const double wide = swatch + 6 + TextWidth(series[i].name, kNormal);
    if (legend.empty() || x + wide > width) {
      legend.emplace_back();
      x = 0;
    }
    legend.back().push_back({i, x, swatch});
    x += wide + 20;
  }
  return legend;
}

double LegendHeight(const Legend& legend) {
  return legend.empty() ? 0 : kLine * static_cast<double>(legend.size()) + 4;
}

std::vector<std::string> TextLines(const std::vector<std::string>& texts, double size,
                                   double width) {
  std::vector<std::string> lines;
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    for (std::string& line : WrappedText(text, size, width)) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<Panel> MeasuredPanels(const std::vector<Plot>& plots, const Grid& grid,
                                  bool own_legends) {
  std::vector<Panel> panels;
  for (const Plot& plot : plots) panels.push_back(WithSides(plot, grid, own_legends));
  for (std::size_t column = 0; column < grid.columns; ++column) {
    double left = 0;
    double right = 0;
    for (std::size_t i = column; i < panels.size(); i += grid.columns) {
      left = std::max(left, panels[i].left);
      right = std::max(right, panels[i].right);
    }
    for (std::size_t i = column; i < panels.size(); i += grid.columns) {
      panels[i].left = left;
      panels[i].right = right;
      MeasureHead(&panels[i], grid.cell_width, own_legends);
    }
  }
  return panels;
}

double PlaceOnPage(const Grid& grid, double y, std::vector<Panel>* panels) {
  for (std::size_t first = 0; first < panels->size(); first += grid.columns) {
    const std::size_t end = std::min(panels->size(), first + grid.columns);
    double head = 0;
    double notes = 0;
    for (std::size_t i = first; i < end; ++i) {
      const Panel& panel = (*panels)[i];
      head = std::max(head, Height(panel.title) + Height(panel.subtitle) + panel.above);
      notes = std::max(notes, Height(panel.notes));
    }
    for (std::size_t i = first; i < end; ++i) {
      Panel& panel = (*panels)[i];
      panel.top = y;
      panel.area_x =
          kMargin + static_cast<double>(i - first) * (grid.cell_width + kGap) + panel.left;
      panel.area_y = y + head;
    }
    // Ticks, label of the axis, notes.
    y += head + grid.area_height + 44 + notes + kGap / 2;
  }
  return y;
}

}  // namespace commplan::report
