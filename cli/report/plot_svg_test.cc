#include "cli/report/plot_svg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace commplan::report {
namespace {

TEST(PlotSvgTest, EveryLineLooksDifferent) {
  std::set<std::string> looks;
  for (const Look& look : Looks(std::vector<PlotSeries>(30))) {
    looks.insert(std::string(look.colour) + " " + std::string(look.dash));
  }
  EXPECT_EQ(looks.size(), 30U);
}

TEST(PlotSvgTest, ABandTakesTheColourOfTheNextSeries) {
  const std::vector<Look> looks = Looks({{"band", SeriesStyle::kBand, {}, Hue::kNext},
                                         {"line", SeriesStyle::kLine, {}, Hue::kNext},
                                         {"points", SeriesStyle::kPoints, {}, Hue::kNext},
                                         {"chosen", SeriesStyle::kPoints, {}, Hue::kBlue}});
  EXPECT_EQ(looks[0].colour, looks[1].colour);
  EXPECT_NE(looks[1].colour, looks[2].colour);
  EXPECT_EQ(looks[3].colour, "#0069d2");
  EXPECT_NE(looks[2].shape, looks[3].shape);
}

TEST(PlotSvgTest, PixelsAreShortAndHaveNoNegativeZero) {
  EXPECT_EQ(Px(1.0 / 3), "0.33");
  EXPECT_EQ(Px(-0.001), "0");
  EXPECT_EQ(Px(20), "20");
}

using Colour = std::array<double, 3>;

// The red, green and blue of "#rrggbb" in linear light.
Colour LinearRgb(const std::string& text) {
  Colour colour{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double c = std::stoi(text.substr(1 + 2 * i, 2), nullptr, 16) / 255.0;
    colour[i] = c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  }
  return colour;
}

Colour Times(const std::array<Colour, 3>& matrix, const Colour& c) {
  Colour out{};
  for (std::size_t i = 0; i < 3; ++i) {
    out[i] = matrix[i][0] * c[0] + matrix[i][1] * c[1] + matrix[i][2] * c[2];
  }
  return out;
}

// CIE L*a*b*, from sRGB under D65.
Colour Lab(Colour rgb) {
  for (double& c : rgb) c = std::clamp(c, 0.0, 1.0);
  const Colour xyz =
      Times({{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}}, rgb);
  const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
  const double y = f(xyz[1]);
  return {116 * y - 16, 500 * (f(xyz[0] / 0.9505) - y), 200 * (y - f(xyz[2] / 1.089))};
}

// The contrast is that of WCAG 2.1, the kinds of vision are those of Machado, Oliveira and
// Fernandes 2009 at full severity. A distance of 2 is just visible side by side, 20 plain anywhere.
TEST(PlotSvgTest, ColoursAreVisibleToAll) {
  std::vector<std::string> colours;
  for (const Look& look : Looks(std::vector<PlotSeries>(6))) colours.emplace_back(look.colour);
  const std::vector<std::array<Colour, 3>> visions = {
      {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
      {{{0.152286, 1.052583, -0.204868},
        {0.114503, 0.786281, 0.099216},
        {-0.003882, -0.048116, 1.051998}}},
      {{{0.367322, 0.860646, -0.227968},
        {0.280085, 0.672501, 0.047413},
        {-0.011820, 0.042940, 0.968881}}},
      {{{1.255528, -0.076749, -0.178779},
        {-0.078411, 0.930809, 0.147602},
        {0.004733, 0.691367, 0.303900}}},
  };
  for (std::size_t i = 0; i < colours.size(); ++i) {
    const Colour a = LinearRgb(colours[i]);
    const double luminance = 0.2126 * a[0] + 0.7152 * a[1] + 0.0722 * a[2];
    EXPECT_GE(1.05 / (luminance + 0.05), 4.5) << colours[i];
    for (std::size_t k = 0; k < i; ++k) {
      for (const auto& vision : visions) {
        const Colour p = Lab(Times(vision, a));
        const Colour q = Lab(Times(vision, LinearRgb(colours[k])));
        EXPECT_GE(std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]), 20)
            << colours[i] << " and " << colours[k] << " in vision " << &vision - visions.data();
      }
    }
  }
}

}  // namespace
}  // namespace commplan::report
