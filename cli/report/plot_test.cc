// Properties of every picture: well-formed, inside its page, no text on data or on another text,
// 3 to 12 ticks, the same bytes again. No picture is compared with a stored one.
#include "cli/report/plot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cli/report/plot_svg.h"
#include "cli/report/plot_text.h"
#include "model/base/test_seed.h"

namespace commplan::report {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// ---- a small reader of XML, which refuses what is not well-formed ----

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;  // With those inherited from above.
  std::string text;
  int panel = 0;  // 0 outside all panels.
  bool data = false;
  std::string axis;  // "x-axis", "y-axis"
};

// What escaped text stands for; nothing where it is not escaped.
std::optional<std::string> Unescaped(const std::string& text) {
  static const std::map<std::string, char> kEntities = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' || text[i] == '>') return std::nullopt;
    out += text[i];
    if (text[i] != '&') continue;
    const auto entity = kEntities.find(text.substr(i, text.find(';', i) - i + 1));
    if (entity == kEntities.end()) return std::nullopt;
    out.back() = entity->second;
    i += entity->first.size() - 1;
  }
  return out;
}

// Reads name="value" pairs; false where they are not well-formed or one comes twice.
bool ReadAttributes(const std::string& tag, std::size_t at, Element* element) {
  std::map<std::string, std::string> own;
  while (at < tag.size()) {
    if (tag[at] != ' ') return false;
    const std::size_t equal = tag.find("=\"", at);
    if (equal == std::string::npos) return false;
    const std::size_t end = tag.find('"', equal + 2);
    if (end == std::string::npos) return false;
    const std::string name = tag.substr(at + 1, equal - at - 1);
    const std::string value = tag.substr(equal + 2, end - equal - 2);
    if (name.find_first_of(" <&") != std::string::npos || !Unescaped(value)) return false;
    if (!own.emplace(name, value).second) return false;
    at = end + 1;
  }
  for (const char* here : {"x", "y", "d", "cx", "cy", "r", "width", "height", "class"}) {
    element->attributes.erase(here);
  }
  for (const auto& [name, value] : own) element->attributes[name] = value;
  return true;
}

// All elements in the order in which they end; empty and a failure where it is not XML.
std::vector<Element> Parse(const std::string& xml) {
  std::vector<Element> done;
  std::vector<Element> open;
  int panels = 0;
  const auto fail = [&](const std::string& why) {
    ADD_FAILURE() << why << " after element " << done.size();
    return std::vector<Element>();
  };
  for (std::size_t at = 0; at < xml.size();) {
    if (xml[at] != '<') {
      const std::size_t end = std::min(xml.find('<', at), xml.size());
      const std::optional<std::string> text = Unescaped(xml.substr(at, end - at));
      if (!text) return fail("unescaped text");
      if (!open.empty()) open.back().text += *text;
      if (open.empty() && text->find_first_not_of('\n') != std::string::npos) return fail("stray");
      at = end;
      continue;
    }
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return fail("unfinished tag");
    std::string tag = xml.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag[0] == '/') {
      if (open.empty() || open.back().name != tag.substr(1)) return fail("wrong end " + tag);
      done.push_back(open.back());
      open.pop_back();
      continue;
    }
    const bool closed = tag.back() == '/';
    if (closed) tag.pop_back();
    Element element = open.empty() ? Element{} : open.back();
    if (open.empty() && !done.empty()) return fail("a second root");
    element.text.clear();
    element.name = tag.substr(0, tag.find(' '));
    if (!ReadAttributes(tag, element.name.size(), &element)) return fail("attributes of " + tag);
    const std::string kind = element.attributes["class"];
    if (kind == "panel") element.panel = ++panels;
    if (kind == "data") element.data = true;
    if (kind.find("-axis") != std::string::npos) element.axis = kind;
    (closed ? done : open).push_back(element);
  }
  if (!open.empty()) return fail("no end of " + open.back().name);
  return done;
}

struct Box {
  double left = kInf, top = kInf, right = -kInf, bottom = -kInf;
  void Add(double x, double y) {
    left = std::min(left, x);
    right = std::max(right, x);
    top = std::min(top, y);
    bottom = std::max(bottom, y);
  }
  bool Meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

double Number(const Element& element, const std::string& name) {
  return std::stod(element.attributes.at(name));
}

// What an element covers; of a text, by the estimate of TextWidth.
Box BoxOf(const Element& element) {
  Box box;
  if (element.name == "text") {
    const double size = Number(element, "font-size");
    const double wide = TextWidth(element.text, size);
    const auto anchor = element.attributes.find("text-anchor");
    double left = Number(element, "x");
    if (anchor != element.attributes.end()) left -= anchor->second == "end" ? wide : wide / 2;
    box.Add(left, Number(element, "y") - 0.75 * size);
    box.Add(left + wide, Number(element, "y") + 0.2 * size);
  } else if (element.name == "circle") {
    const double r = Number(element, "r");
    box.Add(Number(element, "cx") - r, Number(element, "cy") - r);
    box.Add(Number(element, "cx") + r, Number(element, "cy") + r);
  } else if (element.name == "path") {
    // Absolute moves and lines only, so numbers come in pairs.
    std::string d = element.attributes.at("d");
    EXPECT_EQ(d.find_first_not_of("MLZ0123456789.- "), std::string::npos) << d;
    std::replace_if(
        d.begin(), d.end(), [](char c) { return c >= 'A'; }, ' ');
    const char* at = d.c_str();
    char* after = nullptr;
    for (double x = std::strtod(at, &after); after != at; x = std::strtod(at, &after)) {
      at = after;
      box.Add(x, std::strtod(at, &after));
      at = after;
    }
  }
  return box;
}

void ExpectGoodPicture(const std::string& svg) {
  const std::vector<Element> elements = Parse(svg);
  ASSERT_FALSE(elements.empty());
  const Element& root = elements.back();
  ASSERT_EQ(root.name, "svg");
  EXPECT_EQ(root.attributes.at("role"), "img");
  EXPECT_EQ(elements[0].name, "title");  // Must come first to be the name of the picture.
  EXPECT_EQ(elements[1].name, "desc");
  const double width = Number(root, "width");
  const double height = Number(root, "height");
  EXPECT_LT(height, 4000);
  std::map<int, std::pair<int, int>> ticks;  // Of each panel, across and up.
  std::map<int, Box> data;
  std::vector<const Element*> texts;
  std::vector<const Element*> mark_lines;
  for (const Element& e : elements) {
    if (e.name != "text" && e.name != "path" && e.name != "circle") continue;
    const Box box = BoxOf(e);
    EXPECT_TRUE(box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height)
        << e.name << " '" << e.text << "' " << box.left << " " << box.top << " " << box.right << " "
        << box.bottom << " on " << width << " x " << height;
    if (e.name == "text") texts.push_back(&e);
    const auto dash = e.attributes.find("stroke-dasharray");
    if (!e.data && dash != e.attributes.end() && dash->second == "3 3") mark_lines.push_back(&e);
    if (e.data) {
      data[e.panel].Add(box.left, box.top);
      data[e.panel].Add(box.right, box.bottom);
    }
    if (e.name == "path" && e.axis == "y-axis") ++ticks[e.panel].second;
    // Across, a tick is a grid line and a stub.
    if (e.name == "path" && e.axis == "x-axis") ++ticks[e.panel].first;
  }
  for (const auto& [panel, count] : ticks) {
    EXPECT_TRUE(count.first >= 6 && count.first <= 24 && count.first % 2 == 0) << count.first;
    EXPECT_TRUE(count.second >= 3 && count.second <= 12) << count.second;
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Box box = BoxOf(*texts[i]);
    for (const Element* line : mark_lines) {
      if (texts[i]->text == "no data") continue;
      EXPECT_FALSE(box.Meets(BoxOf(*line))) << texts[i]->text << " on the line of a mark";
    }
    if (data.count(texts[i]->panel) > 0) {
      EXPECT_FALSE(box.Meets(data[texts[i]->panel])) << texts[i]->text << " on data";
    }
    for (std::size_t k = 0; k < i; ++k) {
      EXPECT_FALSE(box.Meets(BoxOf(*texts[k]))) << texts[i]->text << " on " << texts[k]->text;
    }
  }
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

bool Holds(const std::string& text, const std::string& part) { return Count(text, part) > 0; }

Plot FitPicture() {
  Plot plot{"a log",
            "a subtitle",
            {"message size", AxisKind::kBytes, true},
            {"time", AxisKind::kTimeUs, true},
            {},
            {{65536, "switch"}},
            {"a note"}};
  PlotSeries fitted{"fitted rows", SeriesStyle::kPoints, {}, Hue::kBlue};
  PlotSeries held_out{"held-out rows", SeriesStyle::kPoints, {}, Hue::kVermillion};
  PlotSeries curve{"curve", SeriesStyle::kLine, {}, Hue::kInk};
  PlotSeries band{"90 % band", SeriesStyle::kBand, {}, Hue::kInk};
  for (int i = 3; i <= 30; ++i) {
    const double bytes = std::exp2(i);
    const double time = 20 + bytes / 1e5;
    (i % 2 == 0 ? held_out : fitted).points.push_back({bytes, time});
    curve.points.push_back({bytes, time});
    band.points.push_back({bytes, time / 1.2, time * 1.2});
  }
  plot.series = {fitted, held_out, curve, band};
  return plot;
}

Plot Lines(int count, const std::string& name) {
  Plot plot{"lines", "", {"batch", AxisKind::kCount, true}, {"share", AxisKind::kFraction}, {},
            {},      {}};
  for (int i = 0; i < count; ++i) {
    PlotSeries line{name + std::to_string(i), SeriesStyle::kLine, {}, Hue::kNext};
    // All end nearly at one point.
    for (int k = 0; k < 8; ++k) line.points.push_back({std::exp2(k), 0.5 - 0.01 * i / (k + 1)});
    plot.series.push_back(line);
  }
  return plot;
}

TEST(PlotTest, DrawsAFit) {
  const std::string svg = RenderSvg(FitPicture());
  ExpectGoodPicture(svg);
  // 28 points and one sample of each shape in the legend: circles, and diamonds as closed paths.
  EXPECT_EQ(Count(svg, "<circle"), 14U + 1U);
  EXPECT_TRUE(Holds(svg, "stroke-dasharray=\"3 3\""));
  for (const char* text : {">64 KiB<", ">1 MiB<", ">100 us<", ">1 ms<", ">switch<", ">a note<",
                           ">90 % band<", ">message size<", "<title>a log<"}) {
    EXPECT_TRUE(Holds(svg, text)) << text;
  }
  EXPECT_TRUE(Holds(svg, "message size, logarithmic, 8 B to 1 GiB.")) << svg.substr(0, 600);
}

TEST(PlotTest, SameInputSameBytesInAnyLocale) {
  class Comma : public std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\1"; }
  };
  const std::string svg = RenderSvg(FitPicture());
  const std::locale before = std::locale::global(std::locale(std::locale(), new Comma));
  const std::string again = RenderSvg(FitPicture());
  std::locale::global(before);
  EXPECT_EQ(svg, again);
}

TEST(PlotTest, StandsAlone) {
  const std::string svg = RenderSvg(FitPicture());
  for (const char* part : {"<style", "<script", " id=", "href", "url(", "@import"}) {
    EXPECT_FALSE(Holds(svg, part)) << part;
  }
}

TEST(PlotTest, NamesFewLinesAtTheirEndsAndManyInTheLegend) {
  // A sample in the legend has the width of a line's stroke; at the end there is none.
  const auto strokes = [](const std::string& svg) { return Count(svg, "stroke-width=\"1.8\""); };
  for (const int count : {1, 2, 8, 9, 20}) {
    const std::string svg = RenderSvg(Lines(count, "line "));
    ExpectGoodPicture(svg);
    const bool direct = count >= 2 && count <= 8;
    EXPECT_EQ(strokes(svg), static_cast<std::size_t>(direct ? count : 2 * count)) << count;
    Box data;
    for (const Element& e : Parse(svg)) {
      if (e.data && e.name == "path") data.Add(0, BoxOf(e).top);
    }
    for (const Element& e : Parse(svg)) {
      if (!direct || e.name != "text" || !Holds(e.text, "line ")) continue;
      // Pushed apart downwards, not up into the titles.
      EXPECT_GT(BoxOf(e).bottom, data.top) << e.text;
    }
  }
  const std::string name =
      "a name that is far too long to stand at the right end of a line, number ";
  const std::string svg = RenderSvg(Lines(3, name + name));
  ExpectGoodPicture(svg);
  EXPECT_EQ(strokes(svg), 6U);
  // Shortened in the middle: what differs stays.
  EXPECT_TRUE(Holds(svg, "…") && Holds(svg, "number 0<") && Holds(svg, "number 2<"));
}

TEST(PlotTest, StepsHoldUntilTheNext) {
  Plot plot;
  plot.series = {{"steps", SeriesStyle::kStep, {{0, 0}, {1, 1}}, Hue::kNext}};
  for (const Element& e : Parse(RenderSvg(plot))) {
    if (!e.data || e.name != "path") continue;
    const Box box = BoxOf(e);
    // Right first, then up: the corner is at the lower right.
    const std::string corner =
        "L" + Px(box.right) + " " + Px(box.bottom) + "L" + Px(box.right) + " " + Px(box.top);
    EXPECT_TRUE(Holds(e.attributes.at("d"), corner)) << e.attributes.at("d") << corner;
  }
}

TEST(PlotTest, WhatCannotBeDrawnBreaksTheLineAndIsCounted) {
  Plot plot = FitPicture();
  plot.series = {{"a", SeriesStyle::kLine, {{1, 1}, {2, 2}, {4, kNan}, {0, 3}, {8, 3}, {9, 4}}},
                 {"b", SeriesStyle::kBand, {{1, 1, 2}, {2, 1, kInf}, {3, 1, 2}, {4, 1, 2}}},
                 {"c", SeriesStyle::kPoints, {}}};
  plot.marks = {{-1, "nowhere"}, {4, "here"}};
  const std::string svg = RenderSvg(plot);
  ExpectGoodPicture(svg);
  EXPECT_TRUE(Holds(svg, "Not shown: 2 points of a (not finite, or not above 0)."));
  EXPECT_TRUE(Holds(svg, "Not shown: 1 point of b "));
  EXPECT_TRUE(Holds(svg, "Not shown: 1 mark "));
  EXPECT_FALSE(Holds(svg, "nowhere") || Holds(svg, "nan") || Holds(svg, "inf"));
  // Two pieces of the line and its sample in the legend; one piece of the band, a dot, its sample.
  EXPECT_EQ(Count(svg, "stroke-width=\"1.8\""), 3U);
  EXPECT_EQ(Count(svg, "fill-opacity"), 2U);
}

TEST(PlotTest, MarksWithoutRoomBecomeNumbers) {
  Plot plot = FitPicture();
  const std::string text =
      "between these two sizes the time falls by 12 % as if the protocol changed";
  plot.marks = {{131072, text}, {1048576, text + " again, and again, and again <&>"}};
  const std::string svg = RenderSvg(plot);
  ExpectGoodPicture(svg);
  EXPECT_TRUE(Holds(svg, ">1</text>") && Holds(svg, "1 at 128 KiB: between"));
  EXPECT_TRUE(Holds(svg, ">2</text>") && Holds(svg, "2 at 1 MiB: between"));
  // The first would fit before the third, but the line of the second, a row up, passes there.
  plot.marks = {
      {65536, "seven seven"}, {131072, "a text that must stand a row up"}, {4194304, "x"}};
  ExpectGoodPicture(RenderSvg(plot));
  plot.marks = {{131072, "left"}, {140000, "right"}, {1048576, "far"}};
  ExpectGoodPicture(RenderSvg(plot));
  EXPECT_TRUE(Holds(RenderSvg(plot), ">left</text>"));
}

TEST(PlotTest, EscapesAndMendsText) {
  EXPECT_EQ(XmlText("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
  EXPECT_EQ(XmlText("a\tb\x01"), "a b ");
  EXPECT_EQ(XmlText("µ 10⁶"), "µ 10⁶");
  // A lone continuation, an unfinished one, an overlong '/', a surrogate, beyond Unicode.
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    const std::string mended = XmlText(bad);
    EXPECT_EQ(mended.substr(0, 3), "\uFFFD") << mended;
    EXPECT_EQ(XmlText(mended), mended);
  }
  Plot plot = FitPicture();
  plot.title = plot.x.label = plot.series[0].name = plot.notes[0] = "</text><b a='1'>\xff & \"";
  ExpectGoodPicture(RenderSvg(plot));
}

TEST(PlotTest, LongTextsStayOnThePage) {
  const std::string words(3000, 'w');
  std::string sentence;
  for (int i = 0; i < 60; ++i) sentence += "word ";
  for (const std::string& text : {words, sentence}) {
    Plot plot = FitPicture();
    plot.title = plot.subtitle = plot.x.label = plot.y.label = plot.notes[0] = text;
    plot.series[1].name = plot.marks[0].text = text;
    ExpectGoodPicture(RenderSvg(plot));
    ExpectGoodPicture(RenderSvg(PlotPage{text, text, {plot, plot, FitPicture()}}));
  }
}

TEST(PlotTest, SmallMultiplesShareTheLegendOfEqualSeries) {
  PlotPage page{"Logs", "all of them", {}};
  for (int i = 1; i <= 10; ++i) {
    page.plots.push_back(FitPicture());
    const std::string svg = RenderSvg(page);
    ExpectGoodPicture(svg);
    EXPECT_EQ(Count(svg, ">held-out rows<"), 1U) << i;
    EXPECT_EQ(Count(svg, "class=\"panel\""), static_cast<std::size_t>(i));
  }
  page.plots[4].series.pop_back();
  EXPECT_EQ(Count(RenderSvg(page), ">held-out rows<"), 10U);
}

TEST(PlotDeathTest, APageHasPlots) { EXPECT_DEATH(RenderSvg(PlotPage{}), "CHECK"); }

// Plots of any kind, with rough values and texts.
TEST(PlotTest, AnyPlotIsAGoodPicture) {
  std::mt19937_64 random(TestSeed());
  const auto any = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto word = [&] {
    std::string text;
    for (int i = any(4); i >= 0; --i) text += (any(5) == 0 ? "<&'> " : "some words ");
    return text + std::to_string(any(100));
  };
  constexpr double kRough[] = {0, -1, kNan, kInf, 1e300, 1e-300};
  const auto value = [&]() -> double {
    if (any(25) == 0) return kRough[random() % 6];
    return std::pow(10.0, any(9)) * (1 + any(9));
  };
  for (int i = 0; i < 150; ++i) {
    PlotPage page{any(2) == 0 ? word() : "", any(2) == 0 ? word() : "", {}};
    for (int p = std::max(0, any(12) - 6); p >= 0; --p) {
      Plot plot{word(),
                any(2) == 0 ? word() : "",
                {word(), static_cast<AxisKind>(any(5)), any(2) == 0, any(4) == 0},
                {word(), static_cast<AxisKind>(any(5)), any(2) == 0, any(4) == 0},
                {},
                {},
                {}};
      for (int s = any(7); s > 0; --s) {
        plot.series.push_back({word(), static_cast<SeriesStyle>(any(4)), {}, Hue::kNext});
        for (int k = any(9); k > 0; --k) {
          plot.series.back().points.push_back({value(), value(), value()});
        }
      }
      for (int m = any(4); m > 0; --m) plot.marks.push_back({value(), word()});
      page.plots.push_back(plot);
    }
    SCOPED_TRACE(testing::Message() << "plot " << i << ", " << SeedNote());
    const std::string svg = RenderSvg(page);
    ExpectGoodPicture(svg);
    ASSERT_EQ(svg, RenderSvg(page));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace commplan::report
