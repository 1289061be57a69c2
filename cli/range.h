// Ranges are how a command line names several values of one option: 1,2,4 or 1KiB..64MiB:*2 or
// 10..100:+10, and any of them after the other, with commas between.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"

namespace commplan::cli {

enum class ValueKind { kWord, kNumber, kBytes, kTime, kRate };

struct RangeValue {
  std::string text;  // as a command takes it: "64KiB"
  ValueKind kind = ValueKind::kWord;
  double base = 0;  // the number, in base units; 0 for a word

  friend bool operator==(const RangeValue&, const RangeValue&) = default;
};

// A number with or without unit; a word where it is neither.
RangeValue ParseValue(std::string_view text);
// As a command takes it, with all its digits.
RangeValue WriteValue(ValueKind kind, double base);

// More values than this are a slip.
inline constexpr std::size_t kMostRangeValues = 10'000;

// Both ends of A..B belong to the range, B where the steps meet it. Refused: steps that lead
// nowhere, ends of different kinds, ends in the wrong order, a range without its step.
Result<std::vector<RangeValue>> ParseRange(std::string_view text);

// "bytes=1KiB..64MiB:*2" and "set:tiers.0.latency=1us,2us".
struct Vary {
  std::string name;  // of an option, without its dashes, or the path of a --set
  bool set = false;
  std::vector<RangeValue> values;
};
Result<Vary> ParseVary(std::string_view text);

// "batch=1..512" and "set:tiers.0.latency=1us..1ms": both ends, and all that lies between. A share,
// such as overlap-fraction, needs no ends: it goes from 0 to 1.
struct Span {
  std::string name;
  bool set = false;
  RangeValue low, high;
};
Result<Span> ParseSpan(std::string_view text);

}  // namespace commplan::cli
