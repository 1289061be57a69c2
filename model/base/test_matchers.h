// The test matchers name what a test expects of a Result, an Error or a quantity, and print it.
//
//   EXPECT_THAT(ParseTime("3us"), IsOkAndHolds(Micros(3)));
//   EXPECT_THAT(Read(text), IsError(ErrorCode::kBadInput, HasSubstr("bandwidth"), At(12, 7)));
//   EXPECT_THAT(time, IsNear(Micros(302.979), Nanos(1)));
//
// Including this header also makes every GoogleTest message print quantities with their unit,
// counts with their kind, and Results with their value or error.
#pragma once

#include <cmath>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/check.h"
#include "model/base/count.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/units.h"

namespace commplan {

// GoogleTest finds these by their name and namespace.

// Exact, so that two quantities that differ never print alike; powers of base units for a dimension
// that has no name.
template <int kByte, int kSec, int kFlop>
void PrintTo(const Quantity<kByte, kSec, kFlop>& quantity, std::ostream* out) {
  if constexpr (requires { Exact(quantity); }) {
    *out << (std::isfinite(quantity.base()) ? Exact(quantity) : ForPeople(quantity));
  } else {
    *out << check_internal::DoubleText(quantity.base());
    if (kByte != 0) *out << " byte^" << kByte;
    if (kSec != 0) *out << " second^" << kSec;
    if (kFlop != 0) *out << " flop^" << kFlop;
  }
}

template <class Kind>
void PrintTo(Count<Kind> count, std::ostream* out) {
  *out << count.value() << ' ' << Kind::kPlural;
}

inline void PrintTo(ErrorCode code, std::ostream* out) { *out << ErrorCodeName(code); }

inline void PrintTo(const Where& where, std::ostream* out) {
  *out << (where.file.empty() ? "(no file)" : where.file) << ':' << where.line << ':'
       << where.column;
}

inline void PrintTo(const Error& error, std::ostream* out) {
  *out << "error " << ErrorCodeName(error.code) << ": " << FormatError(error);
}

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  if (!result.ok()) {
    PrintTo(result.error(), out);
  } else if constexpr (std::is_void_v<T>) {
    *out << "ok";
  } else {
    *out << "ok: " << ::testing::PrintToString(result.value());
  }
}

namespace matchers_internal {

// The error inside a Result or an Error, or null.
inline const Error* ErrorIn(const Error& error) { return &error; }
template <class T>
const Error* ErrorIn(const Result<T>& result) {
  return result.ok() ? nullptr : &result.error();
}

inline std::string Is(bool negation) { return negation ? "is not" : "is"; }

MATCHER_P3(IsErrorWith, code, message, where,
           Is(negation) + " an error " + std::string(ErrorCodeName(code)) + " whose message " +
               ::testing::DescribeMatcher<const std::string&>(message) + " and whose place " +
               ::testing::DescribeMatcher<const Where&>(where)) {
  const Error* const error = ErrorIn(arg);
  if (error == nullptr) {
    *result_listener << "which is no error";
    return false;
  }
  return ::testing::ExplainMatchResult(::testing::Eq(code), error->code, result_listener) &&
         ::testing::ExplainMatchResult(message, error->message, result_listener) &&
         ::testing::ExplainMatchResult(where, error->where, result_listener);
}

}  // namespace matchers_internal

// A Result that holds a value, whatever it is.
MATCHER(IsOk, matchers_internal::Is(negation) + " ok") { return arg.ok(); }

// A Result whose value matches; `value` is a matcher or a value to be equal to.
MATCHER_P(IsOkAndHolds, value, matchers_internal::Is(negation) + " ok, with the expected value") {
  if (!arg.ok()) {
    *result_listener << "which is an error";
    return false;
  }
  return ::testing::ExplainMatchResult(value, arg.value(), result_listener);
}

// A place with this line and column, in any file.
inline ::testing::Matcher<const Where&> At(int line, int column) {
  return ::testing::AllOf(::testing::Field("line", &Where::line, line),
                          ::testing::Field("column", &Where::column, column));
}

inline ::testing::Matcher<const Where&> At(const std::string& file, int line, int column) {
  return ::testing::Eq(Where{file, line, column});
}

// A Result that failed, or an Error, with this code, message and place. The message is a matcher or
// the whole text. There is no form without a message: "not ok" would also pass for the wrong error.
inline auto IsError(ErrorCode code, ::testing::Matcher<const std::string&> message,
                    ::testing::Matcher<const Where&> where = ::testing::A<const Where&>()) {
  return matchers_internal::IsErrorWith(code, std::move(message), std::move(where));
}

// A Result that failed, or an Error, whose hint matches.
MATCHER_P(HasHint, hint,
          std::string(negation ? "has no hint that " : "has a hint that ") +
              ::testing::DescribeMatcher<const std::string&>(hint)) {
  const Error* const error = matchers_internal::ErrorIn(arg);
  if (error == nullptr) {
    *result_listener << "which is no error";
    return false;
  }
  *result_listener << "whose hint is '" << error->hint << "'";
  return ::testing::ExplainMatchResult(hint, error->hint, result_listener);
}

// A quantity (or a plain number) at most `tolerance` away from `expected`. Never matches a NaN.
MATCHER_P2(IsNear, expected, tolerance,
           matchers_internal::Is(negation) + " within " + ::testing::PrintToString(tolerance) +
               " of " + ::testing::PrintToString(expected)) {
  const auto difference = arg - expected;
  *result_listener << "which is off by " << ::testing::PrintToString(difference);
  return difference <= tolerance && -difference <= tolerance;
}

// The same with the tolerance as a fraction of `expected`: IsNearRelative(Micros(3), 1e-12).
MATCHER_P2(IsNearRelative, expected, fraction,
           matchers_internal::Is(negation) + " within a fraction of " +
               ::testing::PrintToString(fraction) + " of " + ::testing::PrintToString(expected)) {
  const auto difference = arg - expected;
  const auto tolerance = (expected < expected * 0.0 ? -expected : expected) * fraction;
  *result_listener << "which is off by " << ::testing::PrintToString(difference);
  return difference <= tolerance && -difference <= tolerance;
}

}  // namespace commplan
