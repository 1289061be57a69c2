#include "cli/report/plot_svg.h"

#include <array>
#include <charconv>
#include <cmath>

#include "cli/report/plot_text.h"

namespace commplan::report {
namespace {

// In the order of Hue from kBlue on. Chosen for contrast with white and for distance from each
// other in all kinds of vision, for which their lightness has to differ; plot_test.cc checks both.
constexpr std::array<std::string_view, 6> kColours = {"#0069d2", "#c84c00", "#005a40",
                                                      "#a8428f", "#5a3c0a", "#1f2328"};
constexpr std::array<std::string_view, 6> kDashes = {"", "7 3", "2 2.5", "9 3 2 3", "4 2", "14 4"};

// Corners around the middle, after the circle: diamond, square, triangle, cross, and a triangle on
// its tip. Every second one is hollow.
constexpr std::size_t kShapes = 6;
constexpr std::size_t kCross = 4;
constexpr std::size_t kCrowd = 64;  // More points than this are drawn smaller.
constexpr std::array<std::array<double, 8>, kShapes> kCorners = {{
    {},
    {0, -4.4, 4.4, 0, 0, 4.4, -4.4, 0},
    {-3.1, -3.1, 3.1, -3.1, 3.1, 3.1, -3.1, 3.1},
    {0, -4.2, 4.2, 3.3, -4.2, 3.3, 0, -4.2},
    {-3.3, -3.3, 3.3, 3.3, -3.3, 3.3, 3.3, -3.3},
    {0, 4.2, 4.2, -3.3, -4.2, -3.3, 0, 4.2},
}};

std::string Attribute(std::string_view name, std::string_view value) {
  std::string out = " ";
  return out.append(name).append("=\"").append(value).append("\"");
}

std::string To(char command, double x, double y) {
  std::string out(1, command);
  return out.append(Px(x)).append(" ").append(Px(y));
}

void AddPath(std::string* out, std::string_view d, std::string_view attributes) {
  out->append("<path").append(Attribute("d", d)).append(attributes).append("/>\n");
}

std::string RunPath(const Run& run, SeriesStyle style) {
  std::string d = To('M', run[0].x, run[0].y);
  for (std::size_t i = 1; i < run.size(); ++i) {
    if (style == SeriesStyle::kStep) d += To('L', run[i].x, run[i - 1].y);
    d += To('L', run[i].x, run[i].y);
  }
  if (style != SeriesStyle::kBand) return d;
  for (std::size_t i = run.size(); i-- > 0;) d += To('L', run[i].x, run[i].top);
  return d + "Z";
}

std::string ShapePath(std::size_t shape, const Pixel& at, double scale) {
  std::string d;
  for (std::size_t i = 0; i < 8; i += 2) {
    const bool move = i == 0 || (shape == kCross && i == 4);
    const auto& corners = kCorners.at(shape);
    d += To(move ? 'M' : 'L', at.x + scale * corners.at(i), at.y + scale * corners.at(i + 1));
  }
  return shape == kCross ? d : d + "Z";
}

void AddShapes(std::string* out, const Look& look, const std::vector<Run>& runs) {
  std::size_t count = 0;
  for (const Run& run : runs) count += run.size();
  const double scale = count > kCrowd ? 0.6 : 1;
  // A filled one gets a white rim, so that neighbours stay apart.
  const bool filled = look.shape % 2 == 0 && look.shape != kCross;
  out->append("<g").append(Attribute("fill", filled ? look.colour : "#fff"));
  out->append(Attribute("stroke", filled ? "#fff" : look.colour));
  out->append(Attribute("stroke-width", filled ? "0.8" : "1.5")).append(">\n");
  for (const Run& run : runs) {
    for (const Pixel& p : run) {
      if (look.shape > 0) {
        AddPath(out, ShapePath(look.shape, p, scale), "");
      } else {
        out->append("<circle").append(Attribute("cx", Px(p.x))).append(Attribute("cy", Px(p.y)));
        out->append(Attribute("r", Px(3.6 * scale))).append("/>\n");
      }
    }
  }
  out->append("</g>\n");
}

}  // namespace

std::vector<Look> Looks(const std::vector<PlotSeries>& series) {
  std::vector<Look> looks;
  std::size_t hues = 0;
  std::size_t lines = 0;
  std::size_t shapes = 0;
  for (const PlotSeries& one : series) {
    std::size_t hue = hues % kColours.size();
    if (one.hue != Hue::kNext) {
      hue = static_cast<std::size_t>(one.hue) - 1;
    } else if (one.style != SeriesStyle::kBand) {
      ++hues;
    }
    Look look{kColours.at(hue), "", 0};
    if (one.style == SeriesStyle::kPoints) {
      look.shape = shapes++ % kShapes;
    } else if (one.style != SeriesStyle::kBand) {
      // From the seventh line on a colour returns with another dash.
      look.dash = kDashes.at((lines + lines / kDashes.size()) % kDashes.size());
      ++lines;
    }
    looks.push_back(look);
  }
  return looks;
}

std::string Px(double value) {
  std::array<char, 32> buffer;
  const double rounded = std::round(value * 100) / 100 + 0.0;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), rounded);
  return {buffer.data(), end.ptr};
}

void AddText(std::string* out, double x, double y, std::string_view attributes,
             std::string_view text) {
  out->append("<text").append(Attribute("x", Px(x))).append(Attribute("y", Px(y)));
  out->append(attributes).append(">").append(XmlText(text)).append("</text>\n");
}

void AddRule(std::string* out, Pixel from, Pixel to, std::string_view attributes) {
  AddPath(out, To('M', from.x, from.y) + To('L', to.x, to.y), attributes);
}

void AddSeries(std::string* out, SeriesStyle style, const Look& look,
               const std::vector<Run>& runs) {
  if (style == SeriesStyle::kPoints) return AddShapes(out, look, runs);
  for (const Run& run : runs) {
    const std::string colour = Attribute("stroke", look.colour);
    if (run.size() == 1) {
      AddShapes(out, {look.colour, "", 0}, {run});  // Else it would be invisible.
    } else if (style == SeriesStyle::kBand) {
      AddPath(out, RunPath(run, style),
              Attribute("fill", look.colour) + " fill-opacity=\"0.14\"" + colour +
                  " stroke-opacity=\"0.2\"");
    } else {
      std::string attributes = " fill=\"none\"" + colour;
      attributes += " stroke-width=\"1.8\" stroke-linejoin=\"round\"";
      if (!look.dash.empty()) attributes += Attribute("stroke-dasharray", look.dash);
      AddPath(out, RunPath(run, style), attributes);
    }
  }
}

}  // namespace commplan::report
