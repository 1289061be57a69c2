#include "model/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/suggest.h"
#include "model/base/unit_table.h"

namespace commplan {
namespace {

using namespace unit_table;  // NOLINT(google-build-using-namespace): the other half of this file.

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The input as quoted in a message: short, on one line.
std::string Quoted(std::string_view text) {
  std::size_t length = text.size();
  if (length > 60) {
    length = 60;
    // Not in the middle of a UTF-8 character.
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  }
  std::string quoted = "'";
  for (const char c : text.substr(0, length)) {
    const auto byte = static_cast<unsigned char>(c);
    quoted += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return quoted + (length < text.size() ? "...'" : "'");
}

std::string Expected(const Dimension& dimension) {
  return "expected " + std::string(dimension.what) + " such as " + std::string(dimension.example);
}

Error Refused(std::string_view text, const Dimension& dimension, std::string hint = {}) {
  const std::string found = text.empty() ? "nothing" : Quoted(text);
  return BadInputError("found " + found + ", " + Expected(dimension), {}, std::move(hint));
}

Error OutOfRange(std::string_view text) {
  return BadInputError("found " + Quoted(text) + ", which no double-precision number can hold");
}

// The length of the decimal number at the start of `text`: -?digits[.digits][e[+-]digits], the
// longest form that fits. 0 when there is none, so "5." is "5" followed by something else.
std::size_t NumberLength(std::string_view text) {
  const auto digits_end = [text](std::size_t from) {
    while (from < text.size() && IsDigit(text[from])) ++from;
    return from;
  };
  const std::size_t start = !text.empty() && text[0] == '-' ? 1 : 0;
  std::size_t end = digits_end(start);
  if (end == start) return 0;
  if (end + 1 < text.size() && text[end] == '.' && IsDigit(text[end + 1]))
    end = digits_end(end + 1);
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && IsDigit(text[exponent])) end = digits_end(exponent);
  }
  return end;
}

// Why a text that starts with no number is none.
std::string NoNumberHint(std::string_view text) {
  if (text.empty()) return "";
  if (text.front() == '+') return "leave out the '+'";
  if (text.front() == '.') return "write a digit before the point, as in 0" + std::string(text);
  const std::size_t from = text.front() == '-' ? 1 : 0;
  const std::string_view word = text.substr(from, 3);
  const auto is = [word](std::string_view lower) {
    if (word.size() != lower.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if ((word[i] | 0x20) != lower[i]) return false;
    }
    return true;
  };
  if (is("nan") || is("inf")) return "only finite numbers are read";
  return "";
}

struct Scanned {
  double number;
  std::string_view digits;  // The number as written.
  std::string_view unit;    // What follows the number and any spaces.
};

// Splits a text into number and unit, and refuses every number that is not plainly decimal.
Result<Scanned> Scan(std::string_view text, const Dimension& dimension, Sign sign) {
  const std::size_t length = NumberLength(text);
  if (length == 0) return Refused(text, dimension, NoNumberHint(text));
  const std::string_view digits = text.substr(0, length);
  const std::string_view magnitude = digits.substr(digits[0] == '-' ? 1 : 0);
  if (magnitude.size() > 1 && magnitude[0] == '0' && IsDigit(magnitude[1])) {
    return Refused(text, dimension,
                   "leave out the leading zero: some programs read 010 as 8, others as 10");
  }
  const std::string_view rest = text.substr(length);
  if (magnitude == "0" && !rest.empty() && (rest[0] == 'x' || rest[0] == 'X')) {
    return Refused(text, dimension, "hexadecimal is not read; write the number in decimal");
  }
  if (!rest.empty() && rest[0] == '.') {
    return Refused(text, dimension, "a decimal point stands once and between digits, as in 5.0");
  }
  Scanned scanned{0.0, digits, {}};
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), scanned.number);
  if (code != std::errc() || end != digits.data() + digits.size()) return OutOfRange(text);
  if (scanned.number < 0 && sign == Sign::kNonNegative) {
    return Refused(text, dimension, "it cannot be negative");
  }
  scanned.number += 0.0;  // -0.0 becomes 0.0.
  const std::size_t unit = rest.find_first_not_of(' ');
  if (unit == std::string_view::npos) {
    if (!rest.empty()) return Refused(text, dimension, "leave out the spaces at the end");
  } else {
    scanned.unit = rest.substr(unit);
  }
  return scanned;
}

// For gb, Gb/s, gbps and the like, where a reader cannot know whether b is a bit or a byte.
std::optional<std::string> BitOrByteHint(const Dimension& dimension, std::string_view unit) {
  const bool rate = &dimension == &kRate;
  if ((!rate && &dimension != &kSize) || unit.size() < 2) return std::nullopt;
  const char prefix = static_cast<char>(unit[0] & ~0x20);  // Upper case.
  if (std::string_view("KMGT").find(prefix) == std::string_view::npos) return std::nullopt;
  if ((unit[1] | 0x20) != 'b') return std::nullopt;
  const std::string_view tail = unit.substr(2);
  if (!tail.empty() && !(rate && (tail == "/s" || tail == "ps"))) return std::nullopt;
  const std::string per_second = rate ? "/s" : "";
  return "write " + std::string(1, prefix) + "bit" + per_second + " for bits or " +
         std::string(1, prefix) + "B" + per_second + " for bytes";
}

// The units to suggest: those that one can type.
std::vector<std::string_view> NamesOf(const Dimension& dimension) {
  std::vector<std::string_view> names;
  for (const Unit& unit : dimension.units) {
    if (static_cast<unsigned char>(unit.name[0]) < 0x80) names.push_back(unit.name);
  }
  return names;
}

Error UnknownUnit(std::string_view text, std::string_view unit, const Dimension& dimension) {
  const std::string found = "found " + Quoted(text) + ", ";
  if (FindUnit(dimension, std::string(unit) + "/s") != nullptr) {
    return BadInputError(found + Expected(dimension), {},
                         "did you mean '" + std::string(unit) + "/s'?");
  }
  for (const Dimension* other : kDimensionsWithUnits) {
    if (FindUnit(*other, unit) != nullptr) {
      return BadInputError(found + std::string(other->what) + ", " + Expected(dimension));
    }
  }
  const std::string message =
      found + "with the unknown unit " + Quoted(unit) + ", " + Expected(dimension);
  if (const auto hint = BitOrByteHint(dimension, unit)) return BadInputError(message, {}, *hint);
  return BadInputError(message, {}, SuggestionHint(unit, NamesOf(dimension), 24));
}

Result<double> InBase(std::string_view text, const Scanned& scanned, const Dimension& dimension) {
  if (dimension.units.empty()) {
    if (scanned.unit.empty()) return scanned.number;
    return Refused(text, dimension, "leave out " + Quoted(scanned.unit));
  }
  if (scanned.unit.empty()) {
    if (scanned.number == 0) return 0.0;
    return BadInputError("found " + Quoted(text) + " without a unit, " + Expected(dimension));
  }
  const Unit* unit = FindUnit(dimension, scanned.unit);
  if (unit == nullptr) return UnknownUnit(text, scanned.unit, dimension);
  const double base = ToBase(scanned.number, *unit);
  // Silently becoming infinite or zero would be the worst way to misread a number.
  if (!std::isfinite(base) || (base == 0) != (scanned.number == 0)) return OutOfRange(text);
  return base;
}

Result<double> Parse(std::string_view text, const Dimension& dimension, Sign sign) {
  ASSIGN_OR_RETURN(const Scanned scanned, Scan(text, dimension, sign));
  return InBase(text, scanned, dimension);
}

template <class Q>
Result<Q> ParseAs(std::string_view text, const Dimension& dimension, Sign sign) {
  ASSIGN_OR_RETURN(const double base, Parse(text, dimension, sign));
  return Q::FromBase(base);
}

// The shortest text for a double, or with `precision` the text with so many significant digits,
// trailing zeros left out.
std::string Digits(double number, std::optional<int> precision = std::nullopt) {
  std::array<char, 64> buffer{};
  char* const begin = buffer.data();
  char* const limit = begin + buffer.size();
  const auto [end, code] =
      precision ? std::to_chars(begin, limit, number, std::chars_format::general, *precision)
                : std::to_chars(begin, limit, number);
  CHECK(code == std::errc());
  return std::string(begin, end);
}

// The double for a text of Digits. Infinite where rounding went beyond the largest double.
double ReadBack(std::string_view digits) {
  double number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  CHECK(end == digits.data() + digits.size());
  if (code == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  CHECK(code == std::errc());
  return number;
}

// The shortest number of `unit`s that reads back as exactly `base`, if there is one. The quotient
// may be an ulp beside what somebody once wrote, hence the attempt with 15 digits first: it finds
// "302.979 us" again where the quotient is 302.97900000000004.
std::optional<std::string> ExactIn(double base, const Unit& unit) {
  const double number = FromBase(base, unit);
  if (!std::isfinite(number)) return std::nullopt;
  for (const std::optional<int> precision : {std::optional<int>(15), std::optional<int>()}) {
    const std::string digits = Digits(number, precision);
    if (ToBase(ReadBack(digits), unit) == base) return Digits(ReadBack(digits));
  }
  return std::nullopt;
}

// How many digits of a text of Digits carry information: 2 in "640", "0.064" and "6.4e-05".
std::size_t SignificantDigits(std::string_view digits) {
  std::string kept;
  for (const char c : digits.substr(0, digits.find('e'))) {
    if (IsDigit(c) && !(kept.empty() && c == '0')) kept += c;
  }
  return kept.find_last_not_of('0') + 1;  // npos + 1 is 0.
}

std::string ExactText(double base, const Dimension& dimension) {
  CHECK(std::isfinite(base));
  if (base == 0) return "0 " + std::string(BaseUnit(dimension).name);
  // A number below 1 costs as much as so many digits: 36 s is not 0.01 h, but what was written as
  // 0.1 us is not 100.00000000000001 ns either.
  constexpr std::size_t kBelowOne = 4;
  std::size_t best_cost = std::numeric_limits<std::size_t>::max();
  std::string best;
  for (const Unit& unit : dimension.units) {
    if ((unit.use & kExact) == 0) continue;
    const std::optional<std::string> digits = ExactIn(base, unit);
    if (!digits) continue;
    const bool below_one = std::abs(FromBase(base, unit)) < 1;
    const std::size_t cost = SignificantDigits(*digits) + (below_one ? kBelowOne : 0);
    // The units come the largest first: from 1 upwards that one wins a tie, below 1 the nearer one.
    if (cost > best_cost || (cost == best_cost && !below_one)) continue;
    best_cost = cost;
    best = *digits + " " + std::string(unit.name);
  }
  CHECK(!best.empty());  // The base unit always reads back.
  return best;
}

std::optional<std::string> NonFinite(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  return std::nullopt;
}

constexpr int kDigitsForPeople = 4;

// 12345 stays 12345: an exponent would be shorter and say less.
std::string PeopleDigits(double number) {
  if (std::abs(number) >= 1e4 && std::abs(number) < 1e15) return Digits(std::round(number), 16);
  return Digits(number + 0.0, kDigitsForPeople);
}

std::string PeopleText(double base, const Dimension& dimension) {
  if (const auto text = NonFinite(base)) return *text;
  if (base == 0) return "0 " + std::string(BaseUnit(dimension).name);
  const Unit* unit = nullptr;
  double magnitude = std::abs(base);
  // From the smallest unit upwards, as long as the rounded number fills the next one.
  for (std::size_t i = dimension.units.size(); i-- > 0;) {
    const Unit& next = dimension.units[i];
    if ((next.use & kPeople) == 0) continue;
    if (unit != nullptr) {
      const double one = ToBase(1, next);
      const double rounded = ReadBack(Digits(FromBase(magnitude, *unit), kDigitsForPeople));
      if (ToBase(rounded, *unit) < one) break;
      if (magnitude < one) magnitude = one;  // 1023.9 KiB rounds to 1024 KiB and prints as 1 MiB.
    }
    unit = &next;
  }
  CHECK(unit != nullptr);
  const std::string sign = base < 0 ? "-" : "";
  return sign + PeopleDigits(FromBase(magnitude, *unit)) + " " + std::string(unit->name);
}

}  // namespace

Result<Bytes> ParseBytes(std::string_view text, Sign sign) {
  return ParseAs<Bytes>(text, kSize, sign);
}

Result<Bandwidth> ParseBandwidth(std::string_view text, Sign sign) {
  return ParseAs<Bandwidth>(text, kRate, sign);
}

Result<Time> ParseTime(std::string_view text, Sign sign) {
  return ParseAs<Time>(text, kTime, sign);
}

Result<Flops> ParseFlops(std::string_view text, Sign sign) {
  return ParseAs<Flops>(text, kFlops, sign);
}

Result<FlopRate> ParseFlopRate(std::string_view text, Sign sign) {
  return ParseAs<FlopRate>(text, kFlopRate, sign);
}

Result<TimePerByte> ParseTimePerByte(std::string_view text, Sign sign) {
  return ParseAs<TimePerByte>(text, kTimePerByte, sign);
}

Result<Bytes> ParseBytesOrCount(std::string_view text) {
  ASSIGN_OR_RETURN(const Scanned scanned, Scan(text, kSize, Sign::kNonNegative));
  const bool whole = scanned.digits.find_first_of(".eE") == std::string_view::npos;
  if (scanned.unit.empty() && whole) return B(scanned.number);
  ASSIGN_OR_RETURN(const double base, InBase(text, scanned, kSize));
  return B(base);
}

Result<double> ParseShare(std::string_view text, Sign sign) {
  ASSIGN_OR_RETURN(const Scanned scanned, Scan(text, kShare, sign));
  if (scanned.unit.empty()) return scanned.number;
  return InBase(text, scanned, kShare);
}

Result<double> ParseNumber(std::string_view text, Sign sign) { return Parse(text, kNumber, sign); }

Result<std::int64_t> ParseInteger(std::string_view text, Sign sign) {
  ASSIGN_OR_RETURN(const Scanned scanned, Scan(text, kInteger, sign));
  RETURN_IF_ERROR(InBase(text, scanned, kInteger));
  std::int64_t value = 0;
  const char* const limit = scanned.digits.data() + scanned.digits.size();
  const auto [end, code] = std::from_chars(scanned.digits.data(), limit, value);
  if (code == std::errc::result_out_of_range) {
    return BadInputError("found " + Quoted(text) + ", which does not fit into 64 bits");
  }
  if (code != std::errc() || end != limit) {
    return Refused(text, kInteger, "write all digits, without point and exponent");
  }
  return value;
}

std::string Exact(Bytes size) { return ExactText(size.base(), kSize); }
std::string Exact(Bandwidth rate) { return ExactText(rate.base(), kRate); }
std::string Exact(Time time) { return ExactText(time.base(), kTime); }
std::string Exact(Flops work) { return ExactText(work.base(), kFlops); }
std::string Exact(FlopRate rate) { return ExactText(rate.base(), kFlopRate); }
std::string Exact(TimePerByte slope) { return ExactText(slope.base(), kTimePerByte); }

std::string ExactNumber(double number) {
  CHECK(std::isfinite(number));
  return Digits(number + 0.0);
}

std::string ForPeople(Bytes size) { return PeopleText(size.base(), kSize); }
std::string ForPeople(Bandwidth rate) { return PeopleText(rate.base(), kRate); }
std::string ForPeople(Time time) { return PeopleText(time.base(), kTime); }
std::string ForPeople(Flops work) { return PeopleText(work.base(), kFlops); }
std::string ForPeople(FlopRate rate) { return PeopleText(rate.base(), kFlopRate); }
std::string ForPeople(TimePerByte slope) { return PeopleText(slope.base(), kTimePerByte); }

std::string ShareForPeople(double fraction) {
  if (const auto text = NonFinite(fraction)) return *text;
  return NumberForPeople(fraction * 100) + " %";
}

std::string NumberForPeople(double number) {
  if (const auto text = NonFinite(number)) return *text;
  return PeopleDigits(number);
}

}  // namespace commplan
