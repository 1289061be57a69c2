#include "cli/report/plot.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/report/plot_axis.h"
#include "cli/report/plot_layout.h"
#include "cli/report/plot_svg.h"
#include "cli/report/plot_text.h"
#include "model/base/check.h"

namespace commplan::report {
namespace {

constexpr std::string_view kInk = " fill=\"#1f2328\"";
constexpr std::string_view kLabel = " font-size=\"11\" fill=\"#1f2328\"";
constexpr std::string_view kMiddleLabel =
    " font-size=\"11\" fill=\"#1f2328\" text-anchor=\"middle\"";
constexpr std::string_view kGrid = " stroke=\"#e7e9ec\"";

// ---- drawing ----

void AddLines(std::string* out, double x, double* y, std::string_view attributes,
              const std::vector<std::string>& lines) {
  for (const std::string& line : lines) AddText(out, x, *y += kLine, attributes, line);
}

void AddLegend(std::string* out, const Plot& plot, const Legend& legend, Pixel at, double width) {
  const std::vector<Look> looks = Looks(plot.series);
  at.y += 4;
  for (const auto& row : legend) {
    at.y += kLine;
    for (const LegendEntry& entry : row) {
      const PlotSeries& series = plot.series[entry.series];
      const double x = at.x + entry.x;
      const double y = at.y - 4;  // The middle of small letters.
      Run sample = {{x, y, 0}, {x + entry.swatch, y, 0}};
      if (series.style == SeriesStyle::kBand) {
        sample = {{x, y + 5, y - 5}, {x + entry.swatch, y + 5, y - 5}};
      } else if (series.style == SeriesStyle::kPoints) {
        sample = {{x + entry.swatch / 2, y, 0}};
      }
      AddSeries(out, series.style, looks[entry.series], {sample});
      AddText(out, x + entry.swatch + 6, at.y, kInk,
              ShortenedText(series.name, kNormal, width - entry.swatch - 6));
    }
  }
}

void AddAxes(std::string* out, const Panel& panel) {
  const double right = panel.area_x + panel.width;
  const double bottom = panel.area_y + panel.height;
  *out += "<g class=\"y-axis\" font-size=\"11\" text-anchor=\"end\">\n";
  for (const Tick& tick : panel.y.ticks) {
    const double y = panel.AtY(tick.value);
    AddRule(out, {panel.area_x, y}, {right, y}, kGrid);
    AddText(out, panel.area_x - 8, y + 4, "", tick.text);
  }
  *out += "</g>\n<g class=\"x-axis\" font-size=\"11\" text-anchor=\"middle\">\n";
  double taken = 0;  // Labels that would touch are left out; their ticks stay.
  for (const Tick& tick : panel.x.ticks) {
    const double x = panel.AtX(tick.value);
    AddRule(out, {x, panel.area_y}, {x, bottom}, kGrid);
    AddRule(out, {x, bottom}, {x, bottom + 5}, " stroke=\"#8b949e\"");
    const double half = TextWidth(tick.text, kSmall) / 2;
    if (x - half < taken) continue;
    AddText(out, x, bottom + 18, "", tick.text);
    taken = x + half + 2;
  }
  *out += "</g>\n";
  for (const double value : panel.x.minor) {
    const double x = panel.AtX(value);
    AddRule(out, {x, bottom}, {x, bottom + 3}, " stroke=\"#b6bcc3\"");
  }
  AddRule(out, {panel.area_x, bottom}, {right, bottom}, " stroke=\"#8b949e\"");
}

void AddMarks(std::string* out, const Panel& panel) {
  for (std::size_t i = 0; i < panel.marks.size(); ++i) {
    const MarkText& text = panel.mark_texts[i];
    const double y = panel.area_y - 8 - kLine * static_cast<double>(text.row);
    const double x = panel.AtX(panel.marks[i].x);
    AddText(out, panel.area_x + text.x, y, " font-size=\"11\"", text.text);
    AddRule(out, {x, y - 9}, {x, panel.area_y + panel.height},
            " stroke=\"#8b949e\" stroke-dasharray=\"3 3\"");
  }
}

void AddData(std::string* out, const Panel& panel) {
  *out += "<g class=\"data\">\n";
  const auto draw = [&](auto&& wanted) {
    for (std::size_t i = 0; i < panel.looks.size(); ++i) {
      const PlotSeries& series = panel.plot->series[i];
      if (!wanted(series)) continue;
      std::vector<Run> runs(1);
      for (const PlotPoint& p : series.points) {
        if (Shown(*panel.plot, series, p)) {
          const double top = series.style == SeriesStyle::kBand ? panel.AtY(p.top) : 0;
          runs.back().push_back({panel.AtX(p.x), panel.AtY(p.y), top});
        } else if (!runs.back().empty()) {
          runs.emplace_back();
        }
      }
      if (runs.back().empty()) runs.pop_back();
      AddSeries(out, series.style, panel.looks[i], runs);
    }
  };
  draw([](const PlotSeries& s) { return s.style == SeriesStyle::kBand; });
  draw(IsCurve);
  draw([](const PlotSeries& s) { return s.style == SeriesStyle::kPoints; });
  *out += "</g>\n";
}

// The names at the right ends: each as near to its end as the others allow.
void AddNames(std::string* out, const Panel& panel) {
  struct Name {
    std::size_t series;
    Pixel end;
    double y;
  };
  std::vector<Name> names;
  for (std::size_t i = 0; i < panel.looks.size(); ++i) {
    const PlotSeries& series = panel.plot->series[i];
    if (!IsCurve(series)) continue;
    const Pixel end = {panel.AtX(series.points.back().x), panel.AtY(series.points.back().y)};
    names.push_back({i, end, end.y});
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const Name& a, const Name& b) { return a.end.y < b.end.y; });
  double least = panel.area_y;
  for (Name& name : names) least = (name.y = std::max(name.y, least)) + kLine;
  double most = panel.area_y + panel.height;
  for (std::size_t i = names.size(); i-- > 0;) {
    most = (names[i].y = std::min(names[i].y, most)) - kLine;
  }
  const double x = panel.area_x + panel.width + 14;
  for (const Name& name : names) {
    const std::string colour(panel.looks[name.series].colour);
    AddRule(out, {name.end.x, name.end.y}, {x - 3, name.y},
            " stroke-width=\"0.8\" stroke=\"#b6bcc3\"");
    AddText(out, x, name.y + 4, " fill=\"" + colour + "\"", panel.plot->series[name.series].name);
  }
}

void AddPanel(std::string* out, const Panel& panel, double cell_width) {
  const double cell_x = panel.area_x - panel.left;
  double y = panel.top;
  *out += "<g class=\"panel\">\n";
  AddLines(out, cell_x, &y, " font-weight=\"bold\" fill=\"#1f2328\"", panel.title);
  AddLines(out, cell_x, &y, " font-size=\"11\"", panel.subtitle);
  // What a panel has less of than its neighbours stays blank above its legend.
  y = panel.area_y - panel.above;
  AddLegend(out, *panel.plot, panel.legend, {cell_x, y}, cell_width);
  AddText(out, cell_x, panel.area_y - panel.label_up, kLabel,
          ShortenedText(panel.plot->y.label, kSmall, cell_width));
  AddAxes(out, panel);
  AddMarks(out, panel);
  AddData(out, panel);
  if (panel.direct) AddNames(out, panel);
  const double middle = panel.area_x + panel.width / 2;
  if (panel.empty) {
    AddText(out, middle, panel.area_y + panel.height / 2, " text-anchor=\"middle\"", "no data");
  }
  y = panel.area_y + panel.height + kLine + 18;
  AddText(out, middle, y, kMiddleLabel, ShortenedText(panel.plot->x.label, kSmall, panel.width));
  y += 6;
  AddLines(out, cell_x, &y, " font-size=\"11\"", panel.notes);
  *out += "</g>\n";
}

// ---- the page ----

std::string AxisDescription(std::string_view name, const PlotAxis& axis, const Range& range) {
  std::string text(name);
  text.append(axis.label).append(axis.log ? ", logarithmic" : "");
  if (!range.any) return text + ". ";
  text.append(", ").append(AxisText(axis, range.low)).append(" to ");
  return text.append(AxisText(axis, range.high)).append(". ");
}

// For those who do not see the picture.
std::string Description(const Panel& panel) {
  const Plot& plot = *panel.plot;
  std::string text = plot.title.empty() ? "" : plot.title + ". ";
  text += AxisDescription("Across: ", plot.x, panel.x_range);
  text += AxisDescription("Up: ", plot.y, panel.y_range);
  for (const PlotSeries& series : plot.series) {
    constexpr std::array<std::string_view, 4> kWords = {"line", "dots", "band", "steps"};
    text.append(series.name).append(", ").append(kWords.at(static_cast<std::size_t>(series.style)));
    text += ", points: " + std::to_string(CountShown(plot, series)) + ". ";
  }
  for (const PlotMark& mark : panel.marks) {
    text += "Mark at " + AxisText(plot.x, mark.x) + ": " + mark.text + ". ";
  }
  return text;
}

bool SameSeries(const Plot& a, const Plot& b) {
  return std::equal(a.series.begin(), a.series.end(), b.series.begin(), b.series.end(),
                    [](const PlotSeries& s, const PlotSeries& t) {
                      return s.name == t.name && s.style == t.style && s.hue == t.hue;
                    });
}

}  // namespace

std::string RenderSvg(const PlotPage& page) {
  CHECK(!page.plots.empty());
  const Plot& front = page.plots.front();
  const bool shared =
      page.plots.size() > 1 && std::all_of(page.plots.begin(), page.plots.end(),
                                           [&](const Plot& p) { return SameSeries(p, front); });
  const Grid grid = GridFor(page.plots.size());
  const double inner = grid.Width();
  std::vector<Panel> panels = MeasuredPanels(page.plots, grid, !shared);

  std::string top;
  double y = kMargin - 8;
  AddLines(&top, kMargin, &(y += 4), " font-size=\"15\" font-weight=\"bold\" fill=\"#1f2328\"",
           TextLines({page.title}, 15 * kBold, inner));
  AddLines(&top, kMargin, &y, "", TextLines({page.subtitle}, kNormal, inner));
  if (shared) {
    const Legend legend = MakeLegend(front.series, true, inner);
    AddLegend(&top, front, legend, {kMargin, y}, inner);
    y += LegendHeight(legend);
  }
  if (!top.empty()) y += 14;
  const std::string height = Px(PlaceOnPage(grid, y, &panels) + kMargin - kGap / 2);
  const std::string width = Px(inner + 2 * kMargin);

  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"";
  out.append(width).append("\" height=\"").append(height).append("\" viewBox=\"0 0 ");
  out.append(width).append(" ").append(height).append("\">\n<title>");
  out.append(XmlText(page.title.empty() ? front.title : page.title)).append("</title>\n<desc>");
  for (const Panel& panel : panels) out.append(XmlText(Description(panel)));
  out.append("</desc>\n<rect width=\"").append(width).append("\" height=\"").append(height);
  out.append("\" fill=\"#fff\"/>\n<g font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\"");
  out.append(" font-size=\"12\" fill=\"#59636e\">\n").append(top);
  for (const Panel& panel : panels) {
    AddPanel(&out, panel, grid.cell_width);
  }
  return out.append("</g>\n</svg>\n");
}

std::string RenderSvg(const Plot& plot) {
  PlotPage page{plot.title, plot.subtitle, {plot}};
  page.plots[0].title.clear();
  page.plots[0].subtitle.clear();
  return RenderSvg(page);
}

}  // namespace commplan::report
