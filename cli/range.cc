#include "cli/range.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/base/units.h"

namespace commplan::cli {
namespace {

constexpr std::string_view kExample = "write it as 1,2,4, as 1KiB..64MiB:*2 or as 10..100:+10";

Error RangeError(std::string_view text, std::string_view why) {
  std::string message("found the range '");
  message.append(text).append("', ").append(why);
  return UsageError(std::move(message), std::string(kExample));
}

// A number with or without unit; a word where it is neither.
RangeValue ValueOf(std::string_view text) {
  RangeValue value{.text = std::string(text)};
  const auto is = [&](ValueKind kind, double base) {
    value.kind = kind;
    value.base = base;
    return value;
  };
  // A signed number may be meant where an option takes one; units are asked for in their turn.
  if (const auto number = ParseNumber(text, Sign::kAny); number.ok()) {
    return is(ValueKind::kNumber, *number);
  }
  if (const auto bytes = ParseBytes(text); bytes.ok()) {
    return is(ValueKind::kBytes, InBytes(*bytes));
  }
  if (const auto time = ParseTime(text); time.ok()) {
    return is(ValueKind::kTime, InSeconds(*time));
  }
  if (const auto rate = ParseBandwidth(text); rate.ok()) {
    return is(ValueKind::kRate, rate->base());
  }
  return value;
}

RangeValue Written(ValueKind kind, double base) {
  // There is no half byte.
  if (kind == ValueKind::kBytes) base = std::round(base);
  std::string text;
  switch (kind) {
    case ValueKind::kBytes:
      text = Exact(B(base));
      break;
    case ValueKind::kTime:
      text = Exact(Seconds(base));
      break;
    case ValueKind::kRate:
      text = Exact(Bandwidth::FromBase(base));
      break;
    case ValueKind::kNumber:
    case ValueKind::kWord:
      text = ExactNumber(base);
      break;
  }
  std::erase(text, ' ');
  return {.text = std::move(text), .kind = kind, .base = base};
}

// What stands behind the ':'.
struct Step {
  bool times = false;
  double by = 0;
};

Result<Step> ParseStep(std::string_view text, ValueKind kind, std::string_view range) {
  if (text.size() < 2 || (text[0] != '*' && text[0] != '+')) {
    return RangeError(range, "expected a step behind ':' such as *2 or +10");
  }
  Step step{.times = text[0] == '*'};
  const RangeValue by = ValueOf(text.substr(1));
  const ValueKind expected = step.times ? ValueKind::kNumber : kind;
  if (by.kind != expected) {
    return RangeError(range, step.times ? "expected a plain factor behind '*'"
                                        : "expected a step of the same kind as the ends");
  }
  step.by = by.base;
  if (step.times ? step.by <= 1 : step.by <= 0) {
    return RangeError(range, step.times ? "expected a factor above 1" : "expected a step above 0");
  }
  return step;
}

Status AddSpan(std::string_view item, std::vector<RangeValue>* values) {
  const std::size_t dots = item.find("..");
  const std::size_t colon = item.find(':', dots);
  if (colon == std::string_view::npos) return RangeError(item, "expected a step, as in 1..8:*2");
  const RangeValue from = ValueOf(item.substr(0, dots));
  const RangeValue to = ValueOf(item.substr(dots + 2, colon - dots - 2));
  if (from.kind == ValueKind::kWord || to.kind == ValueKind::kWord) {
    return RangeError(item, "expected a number on both sides of '..'");
  }
  if (from.kind != to.kind) {
    return RangeError(item, "expected ends of one kind, both with a unit or both without");
  }
  if (from.base > to.base) return RangeError(item, "expected the smaller end first");
  ASSIGN_OR_RETURN(const Step step, ParseStep(item.substr(colon + 1), from.kind, item));
  if (step.times && from.base <= 0) {
    return RangeError(item, "expected a start above 0, which factors lead away from");
  }
  // What rounding adds up to in so many steps must not cost the last value.
  const double last = to.base + std::abs(to.base) * 1e-9;
  for (std::size_t i = 0;; ++i) {
    const auto steps = static_cast<double>(i);
    const double value =
        step.times ? from.base * std::pow(step.by, steps) : from.base + step.by * steps;
    if (value > last) return OkStatus();
    if (values->size() == kMostRangeValues) {
      return RangeError(item, "expected at most 10000 values");
    }
    values->push_back(Written(from.kind, value));
  }
}

}  // namespace

Result<std::vector<RangeValue>> ParseRange(std::string_view text) {
  std::vector<RangeValue> values;
  std::string_view rest = text;
  for (;;) {
    const std::string_view item = rest.substr(0, rest.find(','));
    if (item.empty()) return RangeError(text, "expected a value on each side of a comma");
    if (item.find("..") != std::string_view::npos) {
      RETURN_IF_ERROR(AddSpan(item, &values));
    } else {
      values.push_back(ValueOf(item));
    }
    if (item.size() == rest.size()) return values;
    rest.remove_prefix(item.size() + 1);
  }
}

Result<Vary> ParseVary(std::string_view text) {
  const std::size_t equals = text.find('=');
  Vary vary;
  std::string_view name = text.substr(0, std::min(equals, text.size()));
  if (name.starts_with("set:")) {
    vary.set = true;
    name.remove_prefix(4);
  } else if (name.starts_with("--")) {
    name.remove_prefix(2);
  }
  if (equals == std::string_view::npos || name.empty()) {
    std::string message("found --vary '");
    message.append(text).append("', expected NAME=RANGE");
    return UsageError(std::move(message),
                      "write it as --vary bytes=1KiB..64MiB:*2, or as --vary "
                      "set:tiers.0.latency=1us,2us for a value of the profile");
  }
  vary.name = std::string(name);
  ASSIGN_OR_RETURN(vary.values, ParseRange(text.substr(equals + 1)));
  return vary;
}

}  // namespace commplan::cli
