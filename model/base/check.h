// CHECK is the statement that the program itself is right, and it is always on.
//
// When the condition is false the program prints the expression, file and line to stderr and
// aborts. Use it for what no input can cause: a negative time out of a formula, an index past the
// end. What the world or a user can cause is an Error (model/base/result.h) instead.
//
//   CHECK(stages > 0);
//   CHECK_LE(used, available);   // also prints both values
//
// All forms may stand in a constexpr function; there a false condition is a compile error.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace commplan {

// Prints "file:line: CHECK failed: expression" and aborts. `detail` may be empty.
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression,
                              std::string_view detail = {});

namespace check_internal {

// The shortest decimal text that reads back as the same double.
std::string DoubleText(double value);

// Integers that std::cmp_equal and its kin take: not bool and not a character type.
template <class T>
concept PlainInteger = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                       !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                       !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

// A value as it appears in a failure message. Quantities show their number in base units, counts
// their value; a type that is none of the known ones is named as such, never an error.
template <class T>
std::string ValueText(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::floating_point<T>) {
    return DoubleText(static_cast<double>(value));
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::int64_t>(value));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return "'" + std::string(std::string_view(value)) + "'";
  } else if constexpr (requires { value.base(); }) {
    return ValueText(value.base());
  } else if constexpr (std::is_trivially_copyable_v<T> && requires {
                         { value.value() } -> std::integral;
                       }) {
    return ValueText(value.value());
  } else {
    return "(a value without text)";
  }
}

template <class A, class B>
[[noreturn]] void ComparisonFailed(const char* file, int line, const char* expression, const A& a,
                                   const B& b) {
  CheckFailed(file, line, expression, ValueText(a) + " vs " + ValueText(b));
}

// The comparisons go through std::cmp_* for integers, so that CHECK_EQ(v.size(), 3) neither warns
// about signs nor gives a wrong answer for a negative number.
struct Equal {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    if constexpr (PlainInteger<A> && PlainInteger<B>) {
      return std::cmp_equal(a, b);
    } else {
      return a == b;
    }
  }
};

struct Less {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    if constexpr (PlainInteger<A> && PlainInteger<B>) {
      return std::cmp_less(a, b);
    } else {
      return a < b;
    }
  }
};

// Not written as !(b < a): with a NaN on either side CHECK_LE must fail.
struct LessOrEqual {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    if constexpr (PlainInteger<A> && PlainInteger<B>) {
      return std::cmp_less_equal(a, b);
    } else {
      return a <= b;
    }
  }
};

struct NotEqual {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    return !Equal{}(a, b);
  }
};

struct Greater {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    return Less{}(b, a);
  }
};

struct GreaterOrEqual {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    return LessOrEqual{}(b, a);
  }
};

// A function, so that each operand is evaluated once.
template <class Compare, class A, class B>
constexpr void CheckComparison(Compare compare, const char* file, int line, const char* expression,
                               const A& a, const B& b) {
  if (!compare(a, b)) ComparisonFailed(file, line, expression, a, b);
}

}  // namespace check_internal
}  // namespace commplan

// Variadic, so that a condition may hold commas outside parentheses: CHECK(Fits<A, B>(x)).
#define CHECK(...)                      \
  ((__VA_ARGS__) ? static_cast<void>(0) \
                 : ::commplan::CheckFailed(__FILE__, __LINE__, "CHECK(" #__VA_ARGS__ ")"))

#define COMMPLAN_CHECK_COMPARISON_(name, compare, a, b)                                        \
  ::commplan::check_internal::CheckComparison(::commplan::check_internal::compare{}, __FILE__, \
                                              __LINE__, name "(" #a ", " #b ")", a, b)

#define CHECK_EQ(a, b) COMMPLAN_CHECK_COMPARISON_("CHECK_EQ", Equal, a, b)
#define CHECK_NE(a, b) COMMPLAN_CHECK_COMPARISON_("CHECK_NE", NotEqual, a, b)
#define CHECK_LT(a, b) COMMPLAN_CHECK_COMPARISON_("CHECK_LT", Less, a, b)
#define CHECK_LE(a, b) COMMPLAN_CHECK_COMPARISON_("CHECK_LE", LessOrEqual, a, b)
#define CHECK_GT(a, b) COMMPLAN_CHECK_COMPARISON_("CHECK_GT", Greater, a, b)
#define CHECK_GE(a, b) COMMPLAN_CHECK_COMPARISON_("CHECK_GE", GreaterOrEqual, a, b)
