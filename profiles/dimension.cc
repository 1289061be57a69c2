// The dimensions of the format's numbers: parsing and printing by model/base/units.h.

#include <cstdint>
#include <string>
#include <string_view>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/units.h"
#include "profiles/fields.h"

namespace commplan::profiles {
namespace {

template <class Q>
Result<double> Base(const Result<Q>& quantity) {
  if (!quantity.ok()) return quantity.error();
  return quantity->base();
}

Result<double> ParseWhole(std::string_view text) {
  ASSIGN_OR_RETURN(const std::int64_t number, ParseInteger(text));
  return static_cast<double>(number);
}

Result<double> ParseSigned(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  ASSIGN_OR_RETURN(const double number, ParseNumber(negative ? text.substr(1) : text));
  return negative ? -number : number;
}

}  // namespace

Result<double> ParseIn(Dimension dimension, std::string_view text) {
  switch (dimension) {
    case Dimension::kBytes:
      return Base(ParseBytes(text));
    case Dimension::kBandwidth:
      return Base(ParseBandwidth(text));
    case Dimension::kTime:
      return Base(ParseTime(text));
    case Dimension::kFlopRate:
      return Base(ParseFlopRate(text));
    case Dimension::kTimePerByte:
      return Base(ParseTimePerByte(text));
    case Dimension::kShare:
      return ParseShare(text);
    case Dimension::kNumber:
      return ParseNumber(text);
    case Dimension::kSigned:
      return ParseSigned(text);
    case Dimension::kInteger:
      return ParseWhole(text);
  }
  CHECK(false);
}

std::string ExactIn(Dimension dimension, double base) {
  switch (dimension) {
    case Dimension::kBytes:
      return Exact(Bytes::FromBase(base));
    case Dimension::kBandwidth:
      return Exact(Bandwidth::FromBase(base));
    case Dimension::kTime:
      return Exact(Time::FromBase(base));
    case Dimension::kFlopRate:
      return Exact(FlopRate::FromBase(base));
    case Dimension::kTimePerByte:
      return Exact(TimePerByte::FromBase(base));
    case Dimension::kShare:
    case Dimension::kNumber:
    case Dimension::kSigned:
      return ExactNumber(base);
    case Dimension::kInteger:
      return std::to_string(static_cast<std::int64_t>(base));
  }
  CHECK(false);
}

std::string PeopleIn(Dimension dimension, double base) {
  switch (dimension) {
    case Dimension::kBytes:
      return ForPeople(Bytes::FromBase(base));
    case Dimension::kBandwidth:
      return ForPeople(Bandwidth::FromBase(base));
    case Dimension::kTime:
      return ForPeople(Time::FromBase(base));
    case Dimension::kFlopRate:
      return ForPeople(FlopRate::FromBase(base));
    case Dimension::kTimePerByte:
      return ForPeople(TimePerByte::FromBase(base));
    case Dimension::kShare:
    case Dimension::kNumber:
    case Dimension::kSigned:
    case Dimension::kInteger:
      return NumberForPeople(base);
  }
  CHECK(false);
}

std::string_view Article(Dimension dimension) {
  switch (dimension) {
    case Dimension::kBytes:
      return "a size such as 16MiB";
    case Dimension::kBandwidth:
      return "a rate such as 450GB/s";
    case Dimension::kTime:
      return "a time such as 3us";
    case Dimension::kFlopRate:
      return "a flop rate such as 989TFLOP/s";
    case Dimension::kTimePerByte:
      return "a time per byte such as 2ns/B";
    case Dimension::kShare:
      return "a share such as 12%";
    case Dimension::kNumber:
      return "a number such as 1.5";
    case Dimension::kSigned:
      return "a number such as -1.5";
    case Dimension::kInteger:
      return "a whole number such as 8";
  }
  CHECK(false);
}

}  // namespace commplan::profiles
