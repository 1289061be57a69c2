#include "cli/report/plot_axis.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "model/base/check.h"

namespace commplan::report {
namespace {

constexpr double kLargest = 1e100;
// Ranges relatively narrower than this are rounding, and would need ten digits to label.
constexpr double kRounding = 1e-9;

struct Unit {
  double factor;
  std::string name;
};

std::string Superscript(int exponent) {
  constexpr std::array<std::string_view, 10> kDigits = {"⁰", "¹", "²", "³", "⁴",
                                                        "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = exponent < 0 ? "⁻" : "";
  for (const char digit : std::to_string(std::abs(exponent))) {
    text += kDigits.at(static_cast<std::size_t>(digit - '0'));
  }
  return text;
}

std::string Formatted(double value, std::chars_format format, int precision) {
  std::array<char, 512> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value + 0.0, format, precision);
  return {buffer.data(), end.ptr};
}

// "20000", "10⁵", "2×10⁶": up to `digits` significant ones, none of them an idle zero.
std::string NumberText(double value, int digits) {
  const double size = std::abs(value);
  if (size == 0 || (size >= 1e-4 && size < 1e5)) {
    return Formatted(value, std::chars_format::general, std::max(digits, 6));
  }
  const std::string text = Formatted(value, std::chars_format::scientific, digits - 1);
  const std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') != std::string::npos) {
    mantissa.erase(mantissa.find_last_not_of('0') + 1);
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  const std::string power = "10" + Superscript(std::stoi(text.substr(e + 1)));
  return mantissa == "1" ? power : mantissa + "×" + power;
}

// The unit in which numbers of this size read well.
Unit UnitFor(AxisKind kind, double size) {
  std::vector<Unit> units;
  if (kind == AxisKind::kBytes) {
    double factor = 1;
    for (const char* name : {"B", "KiB", "MiB", "GiB", "TiB", "PiB"}) {
      units.push_back({factor, name});
      factor *= 1024;
    }
  } else if (kind == AxisKind::kTimeUs) {
    units = {{1e-3, "ns"}, {1, "us"}, {1e3, "ms"}, {1e6, "s"}};
  } else {
    return kind == AxisKind::kFraction ? Unit{0.01, "%"} : Unit{1, ""};
  }
  Unit best = units.front();
  for (const Unit& unit : units) {
    if (size >= unit.factor * (1 - kRounding)) best = unit;
  }
  return best;
}

std::string WithUnit(std::string number, const Unit& unit) {
  if (!unit.name.empty()) number += " " + unit.name;
  return number;
}

// ---- linear ----

// 1, 2, 5, 10, 20, ... times a power of ten, or powers of two.
double Step(AxisKind kind, int i) {
  if (kind == AxisKind::kBytes) return std::exp2(i);
  const int decade = static_cast<int>(std::floor(i / 3.0));
  constexpr std::array<double, 3> kFactors = {1, 2, 5};
  return kFactors.at(static_cast<std::size_t>(i - 3 * decade)) * std::pow(10.0, decade);
}

// The index of a step that is certainly too small for a range.
int SmallStep(AxisKind kind, double range) {
  if (kind == AxisKind::kBytes) return static_cast<int>(std::floor(std::log2(range))) - 6;
  const int i = 3 * (static_cast<int>(std::floor(std::log10(range))) - 2);
  return kind == AxisKind::kCount ? std::max(i, 0) : i;
}

// All ticks of a linear axis in one unit and with the same number of decimals. Numbers without unit
// share a power of ten instead.
void AddLinearTicks(AxisKind kind, double step, Scale* scale) {
  const double first = std::ceil(scale->low / step - 1e-6);
  const double last = std::floor(scale->high / step + 1e-6);
  const double largest = std::max(std::abs(first), std::abs(last)) * step;
  Unit unit = UnitFor(kind, largest);
  std::string power;
  const double shown = largest / unit.factor;
  if (shown >= 1e6 || shown < 1e-3) {
    const int exponent = 3 * static_cast<int>(std::floor(std::log10(shown) / 3 + kRounding));
    unit.factor *= std::pow(10.0, exponent);
    power = "×10" + Superscript(exponent);
  }
  const double decimals = kind == AxisKind::kBytes ? std::min(10.0, -std::log2(step / unit.factor))
                                                   : -std::log10(step / unit.factor);
  const int precision = std::max(0, static_cast<int>(std::ceil(decimals - 1e-6)));
  for (double i = first; i <= last; ++i) {
    const double value = std::clamp(i * step, scale->low, scale->high);
    std::string text = Formatted(i * step / unit.factor, std::chars_format::fixed, precision);
    scale->ticks.push_back({value, i == 0 ? "0" : WithUnit(text + power, unit)});
  }
}

Scale LinearScale(const PlotAxis& axis, double low, double high, int most_ticks) {
  if (axis.from_zero) {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
  }
  if (high - low <= kRounding * std::max(std::abs(low), std::abs(high))) {
    const double least = axis.kind == AxisKind::kCount || low == 0 ? 1 : 0;
    const double margin = std::max(least, std::abs(low) / 10);
    // A size, time, count or share of zero has no negative neighbour.
    low = axis.kind != AxisKind::kNumber && low >= 0 ? std::max(0.0, low - margin) : low - margin;
    high += margin;
  }
  Scale scale;
  for (int i = SmallStep(axis.kind, high - low);; ++i) {
    const double step = Step(axis.kind, i);
    const double first = std::floor(low / step + 1e-6);
    const double last = std::max(first + 2, std::ceil(high / step - 1e-6));
    if (last - first + 1 > most_ticks) continue;
    scale.low = std::min(low, first * step);
    scale.high = std::max(high, last * step);
    AddLinearTicks(axis.kind, step, &scale);
    return scale;
  }
}

// ---- logarithmic ----

// Multiples of `every` powers of `base`, times each of the mantissas, within the scale.
std::vector<double> LogValues(const Scale& scale, double base, int every,
                              const std::vector<double>& mantissas) {
  std::vector<double> values;
  const double octaves = std::log2(base) * every;
  const int first = static_cast<int>(std::floor(std::log2(scale.low) / octaves)) - 1;
  const int last = static_cast<int>(std::ceil(std::log2(scale.high) / octaves));
  for (int i = first; i <= last; ++i) {
    for (const double mantissa : mantissas) {
      const double value = mantissa * std::pow(base, i * every);
      if (value >= scale.low && value <= scale.high) values.push_back(value);
    }
  }
  return values;
}

std::vector<double> RoundLogValues(const PlotAxis& axis, Scale* scale, std::size_t most_ticks) {
  constexpr double kBinaryCounts = 131072;
  const bool binary = axis.kind == AxisKind::kBytes ||
                      (axis.kind == AxisKind::kCount && scale->high <= kBinaryCounts);
  if (!binary) {
    for (const auto& mantissas : {std::vector<double>{1, 2, 5}, std::vector<double>{1, 3}}) {
      std::vector<double> values = LogValues(*scale, 10, 1, mantissas);
      if (values.size() <= most_ticks) return values;
    }
  }
  // Neighbours differ by 2 at most, so that the next one leaves at least three ticks.
  for (const int every : {1, 2, 4, 5, 10, 20, 40, 80, 160}) {
    std::vector<double> values = LogValues(*scale, binary ? 2 : 10, every, {1});
    if (values.size() > most_ticks) continue;
    if (every <= 10 && binary) scale->minor = LogValues(*scale, 2, 1, {1});
    if (every == 1 && !binary) scale->minor = LogValues(*scale, 10, 1, {2, 3, 4, 5, 6, 7, 8, 9});
    return values;
  }
  return {};
}

Scale LogScale(const PlotAxis& axis, double low, double high, int most_ticks) {
  Scale scale;
  scale.log = true;
  const double margin = high / low <= 1 + kRounding ? 1 : std::log2(high / low) / 40;
  scale.low = low * std::exp2(-margin);
  scale.high = high * std::exp2(margin);
  const std::vector<double> values =
      RoundLogValues(axis, &scale, static_cast<std::size_t>(most_ticks));
  if (values.size() < 3) {
    scale.minor.clear();
    const double range = scale.high - scale.low;
    int i = SmallStep(axis.kind, range) + 12;
    const auto within = [&](double step) {
      return std::floor(scale.high / step) - std::ceil(scale.low / step) + 1;
    };
    while (within(Step(axis.kind, i)) < 3) --i;
    AddLinearTicks(axis.kind, Step(axis.kind, i), &scale);
    return scale;
  }
  for (const double value : values) {
    const Unit unit = UnitFor(axis.kind, value);
    scale.ticks.push_back({value, WithUnit(NumberText(value / unit.factor, 6), unit)});
  }
  return scale;
}

}  // namespace

double Scale::Place(double value) const {
  if (!log) return (value - low) / (high - low);
  return std::log2(value / low) / std::log2(high / low);
}

bool Drawable(const PlotAxis& axis, double value) {
  if (!(std::abs(value) <= kLargest)) return false;
  return !axis.log || value >= 1 / kLargest;
}

Scale MakeScale(const PlotAxis& axis, double low, double high, int most_ticks) {
  CHECK(Drawable(axis, low) && Drawable(axis, high));
  CHECK_LE(low, high);
  CHECK(most_ticks >= 6 && most_ticks <= 12);
  return axis.log ? LogScale(axis, low, high, most_ticks)
                  : LinearScale(axis, low, high, most_ticks);
}

std::string AxisText(const PlotAxis& axis, double value) {
  const Unit unit = UnitFor(axis.kind, std::abs(value));
  const double shown = value / unit.factor;
  // Through text, to drop what is beyond four digits.
  const std::string four = Formatted(shown, std::chars_format::scientific, 3);
  double rounded = shown;
  std::from_chars(four.data(), four.data() + four.size(), rounded);
  return WithUnit(NumberText(rounded, 4), unit);
}

}  // namespace commplan::report
