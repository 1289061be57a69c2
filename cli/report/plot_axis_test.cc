#include "cli/report/plot_axis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "model/base/test_seed.h"

namespace commplan::report {
namespace {

std::vector<std::string> TickTexts(const PlotAxis& axis, double low, double high, int most = 8) {
  std::vector<std::string> texts;
  for (const Tick& tick : MakeScale(axis, low, high, most).ticks) texts.push_back(tick.text);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(PlotAxisTest, TicksReadAsTheirKind) {
  EXPECT_EQ(TickTexts({"", AxisKind::kBytes, true}, 1024, 1 << 30),
            (Texts{"4 KiB", "64 KiB", "1 MiB", "16 MiB", "256 MiB"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kTimeUs, true}, 1, 1e6),
            (Texts{"1 us", "10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kTimeUs, true}, 10, 500),
            (Texts{"10 us", "20 us", "50 us", "100 us", "200 us", "500 us"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kCount, true}, 1, 128),
            (Texts{"1", "2", "4", "8", "16", "32", "64", "128"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kNumber, true}, 1e3, 1e8, 12),
            (Texts{"1000", "3000", "10000", "30000", "10⁵", "3×10⁵", "10⁶", "3×10⁶", "10⁷", "3×10⁷",
                   "10⁸"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kBytes}, 0, 1 << 30),
            (Texts{"0", "0.25 GiB", "0.50 GiB", "0.75 GiB", "1.00 GiB"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kFraction}, 0, 0.9),
            (Texts{"0", "20 %", "40 %", "60 %", "80 %", "100 %"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kNumber}, -2e6, 4e6),
            (Texts{"-2×10⁶", "-1×10⁶", "0", "1×10⁶", "2×10⁶", "3×10⁶", "4×10⁶"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kCount}, 3, 3), (Texts{"2", "3", "4"}));
  EXPECT_EQ(TickTexts({"", AxisKind::kTimeUs, false, true}, 900, 1000, 6),
            (Texts{"0", "0.2 ms", "0.4 ms", "0.6 ms", "0.8 ms", "1.0 ms"}));
}

// Where a range is far from zero, neighbouring ticks must still read differently.
TEST(PlotAxisTest, NarrowRangesKeepTheirDigits) {
  EXPECT_EQ(TickTexts({"", AxisKind::kTimeUs}, 1e6, 1e6 + 1, 6),
            (Texts{"1.0000000 s", "1.0000002 s", "1.0000004 s", "1.0000006 s", "1.0000008 s",
                   "1.0000010 s"}));
}

TEST(PlotAxisTest, SingleValuesAreRounded) {
  EXPECT_EQ(AxisText({"", AxisKind::kBytes}, 1048576), "1 MiB");
  EXPECT_EQ(AxisText({"", AxisKind::kTimeUs}, 1234.567), "1.235 ms");
  EXPECT_EQ(AxisText({"", AxisKind::kFraction}, 0.12345), "12.35 %");
  EXPECT_EQ(AxisText({"", AxisKind::kNumber}, -1.5e7), "-1.5×10⁷");
  EXPECT_EQ(AxisText({"", AxisKind::kNumber}, 0), "0");
}

// Every kind of scale over ranges of 1e-100 to 1e100: ticks rise, lie within, read differently.
TEST(PlotAxisTest, AnyRangeHasTicks) {
  std::mt19937_64 random(TestSeed());
  const auto uniform = [&](double a, double b) {
    return a + (b - a) * static_cast<double>(random() >> 11U) / 9007199254740992.0;
  };
  for (int i = 0; i < 20000; ++i) {
    PlotAxis axis{"", static_cast<AxisKind>(random() % 5), random() % 2 == 0, random() % 2 == 0};
    const double reach = i % 2 == 0 ? 99 : 8;
    double low = std::pow(10, uniform(-reach, reach));
    double high = low * std::pow(10, std::min(uniform(0, i % 3 == 0 ? 0.5 : 9), 99.9 - reach));
    if (i % 7 == 0) high = std::max(low, std::min(1e100, low * std::pow(10, uniform(0, 150))));
    if (!axis.log && i % 5 == 0) low = -low;
    if (i % 11 == 0) high = low;
    high = std::max(low, high);
    const int most = 6 + static_cast<int>(random() % 7);
    const Scale scale = MakeScale(axis, low, high, most);
    SCOPED_TRACE(testing::Message() << "kind " << static_cast<int>(axis.kind) << " log " << axis.log
                                    << " zero " << axis.from_zero << " " << low << " " << high
                                    << " most " << most << ", " << SeedNote());
    ASSERT_TRUE(scale.low <= low && high <= scale.high && scale.low < scale.high);
    ASSERT_TRUE(scale.ticks.size() >= 3 && scale.ticks.size() <= 12) << scale.ticks.size();
    for (std::size_t t = 0; t < scale.ticks.size(); ++t) {
      const double place = scale.Place(scale.ticks[t].value);
      ASSERT_TRUE(place >= 0 && place <= 1) << place;
      if (t == 0) continue;
      ASSERT_LT(scale.ticks[t - 1].value, scale.ticks[t].value);
      ASSERT_NE(scale.ticks[t - 1].text, scale.ticks[t].text);
    }
  }
}

}  // namespace
}  // namespace commplan::report
