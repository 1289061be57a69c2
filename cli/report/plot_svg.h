// The drawing half of a picture: pixels in, SVG elements out. A series looks the same in a panel
// and in a legend because both call AddSeries.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/report/plot.h"

namespace commplan::report {

struct Pixel {
  double x = 0, y = 0;
  double top = 0;  // Of a band only.
};

// Points without a gap between them.
using Run = std::vector<Pixel>;

struct Look {
  std::string_view colour;
  std::string_view dash;
  std::size_t shape = 0;
};

std::vector<Look> Looks(const std::vector<PlotSeries>& series);

// Hundredths of a pixel, without idle zeros.
std::string Px(double value);

// `attributes` start with a blank; `text` may be anything.
void AddText(std::string* out, double x, double y, std::string_view attributes,
             std::string_view text);
void AddRule(std::string* out, Pixel from, Pixel to, std::string_view attributes);
void AddSeries(std::string* out, SeriesStyle style, const Look& look, const std::vector<Run>& runs);

}  // namespace commplan::report
