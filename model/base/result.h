// Result is a value, or the Error that says why there is none.
//
// It is for what the world or a user did wrong: a bad file, an unknown name. A negative answer
// ("does not fit") is a value of its own type, and a wrong program is a CHECK (model/base/check.h).
//
//   Result<Profile> Read(std::string_view text) {
//     ASSIGN_OR_RETURN(const Bandwidth bandwidth, ParseBandwidth(text));
//     RETURN_IF_ERROR(CheckRange(bandwidth));
//     return Profile{bandwidth};
//   }
//
// Several faults at once travel as one Error whose `others` holds the rest (Combine below). A
// reader keeps a plain std::vector<Error> while it goes on reading. We chose this over a list type
// of its own because then every function, caller and test knows one failure type, and the program's
// end prints all faults without anybody on the way having to know that there were several.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "model/base/check.h"

namespace commplan {

enum class ErrorCode {
  kUsage,        // The command line is wrong.
  kBadInput,     // A file or a value in it is wrong.
  kNotFound,     // A name is unknown.
  kUnsupported,  // Understood, but there is no model for it.
  kInfeasible,   // Asked as a demand, and nothing meets it.
  kIo,           // A file cannot be read or written.
  kDevice,       // A device or the environment failed.
  kInternal,     // The program met something it had ruled out.
};

// "bad-input" for kBadInput: the spelling in JSON and in tests.
std::string_view ErrorCodeName(ErrorCode code);

// A place in a file. Lines and columns count from 1; 0 means not known.
struct Where {
  std::string file{};
  int line = 0;
  int column = 0;

  friend bool operator==(const Where&, const Where&) = default;
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message{};  // What was found and what was expected, in the user's words and units.
  Where where{};
  std::string hint{};           // What to do about it. May be empty.
  std::vector<Error> others{};  // Further faults found in the same pass, in order of place.
  int left_out = 0;             // How many more there were than `others` holds.
};

Error UsageError(std::string message, std::string hint = {});
Error BadInputError(std::string message, Where where = {}, std::string hint = {});
Error NotFoundError(std::string message, Where where = {}, std::string hint = {});
Error UnsupportedError(std::string message, std::string hint = {});
Error InfeasibleError(std::string message, std::string hint = {});
Error IoError(std::string message, std::string hint = {});
Error DeviceError(std::string message, std::string hint = {});
Error InternalError(std::string message);

// The same error, placed. A place that it already has is the more precise one and stays.
Error Located(Error error, Where where);

// More faults than this are noise: the first ones usually cause the rest.
inline constexpr int kMaxErrorsShown = 20;

// One Error that stands for all of `errors`: sorted by file, line and column (those without a place
// last, otherwise in the order given), at most kMaxErrorsShown kept, the rest counted. Errors that
// hold others are flattened. `errors` must not be empty.
Error Combine(std::vector<Error> errors);

// The text for people, without a final newline:
//   file:3:7: found X, expected Y
//     hint: ...
std::string FormatError(const Error& error);

namespace result_internal {
[[noreturn]] void ValueOfError(const Error& error);
[[noreturn]] void ErrorOfValue();
}  // namespace result_internal

template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_same_v<std::remove_cv_t<T>, Error>, "a Result<Error> would be ambiguous");
  static_assert(!std::is_reference_v<T>, "return a pointer or a value");

 public:
  // Implicit both ways, so that a function returns either with a plain `return`. The template takes
  // part neither for a Result nor for an Error, so it hides no copy.
  // NOLINTBEGIN(google-explicit-constructor, bugprone-forwarding-reference-overload)
  template <class U = T>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor, bugprone-forwarding-reference-overload)

  bool ok() const { return state_.index() == 0; }

  // The value; aborts with the error's text when there is none.
  const T& value() const& {
    RequireValue();
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    RequireValue();
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    RequireValue();
    return std::move(*std::get_if<0>(&state_));
  }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  // The error; aborts when there is a value.
  const Error& error() const& {
    RequireError();
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    RequireError();
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  void RequireValue() const {
    if (!ok()) result_internal::ValueOfError(*std::get_if<1>(&state_));
  }
  void RequireError() const {
    if (ok()) result_internal::ErrorOfValue();
  }

  std::variant<T, Error> state_;
};

// Success without a value, or an Error. Success is written `return OkStatus();`.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): implicit, as above.
  Result(Error error) : failed_(true), error_(std::move(error)) {}

  bool ok() const { return !failed_; }
  void value() const {
    if (failed_) result_internal::ValueOfError(error_);
  }

  const Error& error() const& {
    if (!failed_) result_internal::ErrorOfValue();
    return error_;
  }
  Error&& error() && {
    if (!failed_) result_internal::ErrorOfValue();
    return std::move(error_);
  }

 private:
  bool failed_ = false;
  Error error_{};
};

using Status = Result<void>;

inline Status OkStatus() { return Status(); }

}  // namespace commplan

#define COMMPLAN_JOIN_INNER_(a, b) a##b
#define COMMPLAN_JOIN_(a, b) COMMPLAN_JOIN_INNER_(a, b)

// Returns the error of `expr` (a Result of anything) from the surrounding function, if it has one.
// The temporaries are numbered by __COUNTER__: with __LINE__ two macros on one line would collide.
#define RETURN_IF_ERROR(...) \
  COMMPLAN_RETURN_IF_ERROR_(COMMPLAN_JOIN_(commplan_status_, __COUNTER__), __VA_ARGS__)
#define COMMPLAN_RETURN_IF_ERROR_(temporary, ...)             \
  do {                                                        \
    auto temporary = (__VA_ARGS__);                           \
    if (!temporary.ok()) return std::move(temporary).error(); \
  } while (false)

// ASSIGN_OR_RETURN(lhs, expr): assigns the value of `expr` to `lhs`, which may declare a variable,
// or returns its error from the surrounding function. Two statements: not the body of a bare `if`.
#define ASSIGN_OR_RETURN(lhs, ...) \
  COMMPLAN_ASSIGN_OR_RETURN_(COMMPLAN_JOIN_(commplan_result_, __COUNTER__), lhs, __VA_ARGS__)
#define COMMPLAN_ASSIGN_OR_RETURN_(temporary, lhs, ...)     \
  auto temporary = (__VA_ARGS__);                           \
  if (!temporary.ok()) return std::move(temporary).error(); \
  lhs = std::move(temporary).value()
