#include "model/base/result.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/check.h"

namespace commplan {
namespace {

// Moves `error` and everything it holds to the end of `flat`, and counts what was already left out.
void Flatten(Error error, std::vector<Error>& flat, int& left_out) {
  std::vector<Error> others = std::move(error.others);
  left_out += std::exchange(error.left_out, 0);
  error.others.clear();
  flat.push_back(std::move(error));
  for (Error& other : others) Flatten(std::move(other), flat, left_out);
}

// By place. An error without a line stands after those with one, in any file.
bool Before(const Error& a, const Error& b) {
  const bool a_placed = a.where.line > 0;
  const bool b_placed = b.where.line > 0;
  if (a_placed != b_placed) return a_placed;
  if (!a_placed) return false;
  if (a.where.file != b.where.file) return a.where.file < b.where.file;
  if (a.where.line != b.where.line) return a.where.line < b.where.line;
  return a.where.column < b.where.column;
}

void AppendPlace(const Where& where, std::string& text) {
  if (where.file.empty() && where.line <= 0) return;
  if (!where.file.empty()) {
    text += where.file;
  } else {
    text += "line ";
  }
  if (where.line > 0) {
    if (!where.file.empty()) text += ':';
    text += std::to_string(where.line);
    if (where.column > 0) text += ':' + std::to_string(where.column);
  }
  text += ": ";
}

void AppendOne(const Error& error, std::string& text) {
  AppendPlace(error.where, text);
  text += error.message;
  if (!error.hint.empty()) text += "\n  hint: " + error.hint;
}

}  // namespace

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kBadInput:
      return "bad-input";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kInfeasible:
      return "infeasible";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kDevice:
      return "device";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "unknown";
}

Error UsageError(std::string message, std::string hint) {
  return {.code = ErrorCode::kUsage, .message = std::move(message), .hint = std::move(hint)};
}

Error BadInputError(std::string message, Where where, std::string hint) {
  return {.code = ErrorCode::kBadInput,
          .message = std::move(message),
          .where = std::move(where),
          .hint = std::move(hint)};
}

Error NotFoundError(std::string message, Where where, std::string hint) {
  return {.code = ErrorCode::kNotFound,
          .message = std::move(message),
          .where = std::move(where),
          .hint = std::move(hint)};
}

Error UnsupportedError(std::string message, std::string hint) {
  return {.code = ErrorCode::kUnsupported, .message = std::move(message), .hint = std::move(hint)};
}

Error InfeasibleError(std::string message, std::string hint) {
  return {.code = ErrorCode::kInfeasible, .message = std::move(message), .hint = std::move(hint)};
}

Error IoError(std::string message, std::string hint) {
  return {.code = ErrorCode::kIo, .message = std::move(message), .hint = std::move(hint)};
}

Error DeviceError(std::string message, std::string hint) {
  return {.code = ErrorCode::kDevice, .message = std::move(message), .hint = std::move(hint)};
}

Error InternalError(std::string message) {
  return {.code = ErrorCode::kInternal, .message = std::move(message)};
}

Error Located(Error error, Where where) {
  if (error.where == Where{}) error.where = std::move(where);
  return error;
}

Error Combine(std::vector<Error> errors) {
  CHECK(!errors.empty());
  int left_out = 0;
  std::vector<Error> flat;
  for (Error& error : errors) Flatten(std::move(error), flat, left_out);
  std::stable_sort(flat.begin(), flat.end(), Before);
  if (flat.size() > kMaxErrorsShown) {
    left_out += static_cast<int>(flat.size()) - kMaxErrorsShown;
    flat.erase(flat.begin() + kMaxErrorsShown, flat.end());
  }
  Error first = std::move(flat.front());
  first.others.assign(std::make_move_iterator(flat.begin() + 1),
                      std::make_move_iterator(flat.end()));
  first.left_out = left_out;
  return first;
}

std::string FormatError(const Error& error) {
  std::string text;
  AppendOne(error, text);
  for (const Error& other : error.others) {
    text += '\n';
    AppendOne(other, text);
  }
  if (error.left_out > 0) text += "\nand " + std::to_string(error.left_out) + " more";
  return text;
}

namespace result_internal {

void ValueOfError(const Error& error) {
  CheckFailed(__FILE__, __LINE__, "Result holds a value", FormatError(error));
}

void ErrorOfValue() { CheckFailed(__FILE__, __LINE__, "Result holds an error"); }

}  // namespace result_internal
}  // namespace commplan
