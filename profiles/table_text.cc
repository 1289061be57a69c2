#include "profiles/table_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <system_error>

namespace commplan::profiles {
namespace {

constexpr double kThousand = 1000;
constexpr double kMostThousandths = 10'000;  // a factor of e^10 is no residual

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t'; }

// The next number of `text`, which loses it and the blanks before it.
std::optional<double> TakeNumber(std::string_view& text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// Whole thousandths, which are nearly all of a profile's bytes, without the care of TakeNumber.
std::optional<int> TakeWhole(std::string_view& text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

void Append(double value, std::string* text) {
  std::array<char, 64> digits{};
  const auto result =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  text->append(digits.data(), result.ptr);
}

Error Wrong(std::string_view what, std::string_view rest, const char* hint) {
  std::string message = "found '";
  message += rest.substr(0, 40);
  message += "', expected ";
  message += what;
  return BadInputError(std::move(message), {}, hint);
}

constexpr char kRangeHint[] = "write LOW..HIGH with blanks between, such as '0.93..1.14 0.8..1.4'";
constexpr char kTableHint[] =
    "write the knots of each axis and the values: '0 2 4 | 5 8: 12 -7 0 "
    "3 44 -12'";

// "0 2 4"
Result<std::vector<double>> ParseAxis(std::string_view text) {
  std::vector<double> axis;
  std::string_view rest = text;
  while (rest.find_first_not_of(" \n\t") != std::string_view::npos) {
    const std::optional<double> knot = TakeNumber(rest);
    if (!knot || (!axis.empty() && *knot <= axis.back())) {
      return Wrong("rising numbers as the knots of an axis", text, kTableHint);
    }
    axis.push_back(*knot);
  }
  if (axis.size() < 2) return Wrong("at least two knots of an axis", text, kTableHint);
  return axis;
}

}  // namespace

std::string FormatRanges(const std::vector<Range>& ranges) {
  std::string text;
  for (const auto& [low, high] : ranges) {
    if (!text.empty()) text += ' ';
    Append(low, &text);
    text += "..";
    Append(high, &text);
  }
  return text;
}

Result<std::vector<Range>> ParseRanges(std::string_view text) {
  std::vector<Range> ranges;
  while (text.find_first_not_of(" \n\t") != std::string_view::npos) {
    const std::string_view before = text;
    // "0..15": a number would take the first dot.
    const std::size_t dots = text.find("..");
    if (dots == std::string_view::npos) return Wrong("LOW..HIGH", before, kRangeHint);
    std::string_view low_text = text.substr(0, dots);
    const std::optional<double> low = TakeNumber(low_text);
    text.remove_prefix(dots + 2);
    const std::optional<double> high = TakeNumber(text);
    const bool ends = text.empty() || IsBlank(text.front());
    if (!low || !low_text.empty() || !high || !ends || *low > *high) {
      return Wrong("LOW..HIGH", before, kRangeHint);
    }
    ranges.emplace_back(*low, *high);
  }
  return ranges;
}

std::string FormatTable(const ResidualTable& table) {
  std::string text;
  for (const std::vector<double>& axis : table.axes()) {
    if (!text.empty()) text += " | ";
    for (const double knot : axis) {
      if (&knot != &axis.front()) text += ' ';
      Append(knot, &text);
    }
  }
  text += ':';
  for (const double value : table.values()) {
    text += ' ';
    text += std::to_string(std::lround(value * kThousand));
  }
  return text;
}

Result<ResidualTable> ParseTable(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return Wrong("a ':' behind the axes", text, kTableHint);
  std::string_view head = text.substr(0, colon);
  std::vector<std::vector<double>> axes;
  std::size_t size = 1;
  while (true) {
    const std::size_t bar = head.find('|');
    ASSIGN_OR_RETURN(std::vector<double> axis, ParseAxis(head.substr(0, bar)));
    size *= axis.size();
    axes.push_back(std::move(axis));
    if (axes.size() > kTableAxes || size > kMostTableValues) {
      return Wrong("at most four axes and 65536 values", text, kTableHint);
    }
    if (bar == std::string_view::npos) break;
    head.remove_prefix(bar + 1);
  }
  std::vector<double> values;
  values.reserve(size);
  std::string_view rest = text.substr(colon + 1);
  while (values.size() < size) {
    const std::optional<int> value = TakeWhole(rest);
    if (!value || std::abs(*value) > kMostThousandths) {
      return Wrong("whole thousandths, " + std::to_string(size) + " of them, the " +
                       std::to_string(values.size() + 1) + "th here",
                   rest, kTableHint);
    }
    values.push_back(*value / kThousand);
  }
  if (rest.find_first_not_of(" \n\t") != std::string_view::npos) {
    return Wrong("no more than " + std::to_string(size) + " values", rest, kTableHint);
  }
  return ResidualTable(std::move(axes), std::move(values));
}

}  // namespace commplan::profiles
