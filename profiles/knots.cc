#include "profiles/knots.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <system_error>

#include "model/base/quantity.h"
#include "profiles/fields.h"

namespace commplan::profiles {
namespace {

constexpr double kLeastDeviation = -99.99;  // percent; at -100 there would be no time left
constexpr double kMostPercent = 1e5;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

// The first word of `text`, which loses it.
std::string_view TakeWord(std::string_view& text) {
  text = Trim(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

// "+1.25%" -> 1.25
std::optional<double> Percent(std::string_view word) {
  if (word.size() < 2 || word.back() != '%') return std::nullopt;
  word.remove_suffix(1);
  if (word.front() == '+') word.remove_prefix(1);
  double value = 0;
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), value, std::chars_format::fixed);
  const bool all = error == std::errc() && end == word.data() + word.size();
  return all && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string Fixed(double value, int decimals) {
  std::array<char, 64> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value,
                                    std::chars_format::fixed, decimals);
  std::string digits(text.data(), result.ptr);
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return digits == "-0" ? "0" : digits;
}

Error Wrong(std::string_view knot, const std::string& why) {
  return BadInputError("found the knot '" + std::string(knot.substr(0, 60)) + "', " + why, {},
                       "write SIZE DEVIATION% BAND%, such as '64KiB +1.25% 3.4%'");
}

Result<CurveKnot> ParseKnot(std::string_view text) {
  std::string_view rest = text;
  const Result<double> bytes = ParseIn(Dimension::kBytes, TakeWord(rest));
  const std::optional<double> deviation = Percent(TakeWord(rest));
  const std::optional<double> spread = Percent(TakeWord(rest));
  if (!Trim(rest).empty()) return Wrong(text, "expected three words");
  if (!bytes.ok() || !(*bytes >= 1)) return Wrong(text, "expected a size of at least 1 B first");
  if (!deviation || *deviation < kLeastDeviation || *deviation > kMostPercent) {
    return Wrong(text, "expected a deviation above -100% as its second word");
  }
  if (!spread || *spread < 0 || *spread > kMostPercent) {
    return Wrong(text, "expected a band of 0% or more as its third word");
  }
  return CurveKnot{B(*bytes), *deviation / 100, *spread / 100};
}

}  // namespace

std::string FormatKnots(const std::vector<CurveKnot>& knots) {
  std::string text;
  for (const CurveKnot& knot : knots) {
    if (!text.empty()) text += ", ";
    const std::string deviation = Fixed(knot.deviation * 100, 2);
    // Words of a knot are parted by blanks, so that a size has none.
    for (const char c : ExactIn(Dimension::kBytes, InBytes(knot.bytes))) {
      if (c != ' ') text += c;
    }
    text += deviation.front() == '-' || deviation == "0" ? " " : " +";
    text += deviation;
    text += "% ";
    text += Fixed(knot.spread * 100, 1);
    text += "%";
  }
  return text;
}

Result<std::vector<CurveKnot>> ParseKnots(std::string_view text) {
  std::vector<CurveKnot> knots;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = Trim(text.substr(0, comma));
    ASSIGN_OR_RETURN(const CurveKnot knot, ParseKnot(part));
    if (!knots.empty() && knot.bytes <= knots.back().bytes) {
      return Wrong(part, "expected sizes that rise");
    }
    if (knots.size() == kMostKnots) {
      return Wrong(part, "expected at most " + std::to_string(kMostKnots) + " knots");
    }
    knots.push_back(knot);
    if (comma == std::string_view::npos) return knots;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace commplan::profiles
