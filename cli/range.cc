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
  const RangeValue by = ParseValue(text.substr(1));
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

struct Ends {
  RangeValue from, to;
};

// "A..B", which stands in `range`.
Result<Ends> ParseEnds(std::string_view range, std::string_view text) {
  const std::size_t dots = text.find("..");
  Ends ends{ParseValue(text.substr(0, dots)), ParseValue(text.substr(dots + 2))};
  if (ends.from.kind == ValueKind::kWord || ends.to.kind == ValueKind::kWord) {
    return RangeError(range, "expected a number on both sides of '..'");
  }
  if (ends.from.kind != ends.to.kind) {
    return RangeError(range, "expected ends of one kind, both with a unit or both without");
  }
  if (ends.from.base > ends.to.base) return RangeError(range, "expected the smaller end first");
  return ends;
}

Status AddSpan(std::string_view item, std::vector<RangeValue>* values) {
  const std::size_t dots = item.find("..");
  const std::size_t colon = item.find(':', dots);
  if (colon == std::string_view::npos) return RangeError(item, "expected a step, as in 1..8:*2");
  ASSIGN_OR_RETURN(const Ends ends, ParseEnds(item, item.substr(0, colon)));
  const auto& [from, to] = ends;
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
    values->push_back(WriteValue(from.kind, value));
  }
}

}  // namespace

RangeValue ParseValue(std::string_view text) {
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

RangeValue WriteValue(ValueKind kind, double base) {
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

Result<std::vector<RangeValue>> ParseRange(std::string_view text) {
  std::vector<RangeValue> values;
  std::string_view rest = text;
  for (;;) {
    const std::string_view item = rest.substr(0, rest.find(','));
    if (item.empty()) return RangeError(text, "expected a value on each side of a comma");
    if (item.find("..") != std::string_view::npos) {
      RETURN_IF_ERROR(AddSpan(item, &values));
    } else {
      values.push_back(ParseValue(item));
    }
    if (item.size() == rest.size()) return values;
    rest.remove_prefix(item.size() + 1);
  }
}

namespace {

// "tp", "--tp" and "set:tiers.0.latency", into a Vary or a Span.
template <class Named>
void SetName(std::string_view text, Named* named) {
  if (text.starts_with("set:")) {
    named->set = true;
    text.remove_prefix(4);
  } else if (text.starts_with("--")) {
    text.remove_prefix(2);
  }
  named->name = std::string(text);
}

}  // namespace

Result<Vary> ParseVary(std::string_view text) {
  const std::size_t equals = text.find('=');
  Vary vary;
  SetName(text.substr(0, equals), &vary);
  if (equals == std::string_view::npos || vary.name.empty()) {
    std::string message("found --vary '");
    message.append(text).append("', expected NAME=RANGE");
    return UsageError(std::move(message),
                      "write it as --vary bytes=1KiB..64MiB:*2, or as --vary "
                      "set:tiers.0.latency=1us,2us for a value of the profile");
  }
  ASSIGN_OR_RETURN(vary.values, ParseRange(text.substr(equals + 1)));
  return vary;
}

Result<Span> ParseSpan(std::string_view text) {
  const std::size_t equals = text.find('=');
  const bool has_ends = equals != std::string_view::npos;
  Span span;
  SetName(text.substr(0, equals), &span);
  const bool share = span.name.ends_with("fraction");
  if (span.name.empty() || (!has_ends && !share)) {
    std::string message("found --solve '");
    message.append(text).append("', expected NAME=LOW..HIGH");
    return UsageError(std::move(message),
                      "write it as --solve batch=1..512, or as --solve "
                      "set:tiers.0.latency=1us..1ms for a value of the profile");
  }
  const std::string_view range = has_ends ? text.substr(equals + 1) : "0..1";
  if (range.find("..") == std::string_view::npos) {
    return RangeError(range, "expected two ends, as in 1..512");
  }
  ASSIGN_OR_RETURN(Ends ends, ParseEnds(range, range));
  span.low = std::move(ends.from);
  span.high = std::move(ends.to);
  return span;
}

}  // namespace commplan::cli
