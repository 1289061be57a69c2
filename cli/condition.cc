#include "cli/condition.h"

#include <algorithm>

#include "cli/range.h"
#include "model/base/units.h"

namespace commplan::cli {

Result<double> ParseForKey(std::string_view key, std::string_view text) {
  const RangeValue value = ParseValue(text);
  if (value.kind == ValueKind::kNumber) return value.base;
  if (value.kind == ValueKind::kTime && key.ends_with("_us")) return value.base * 1e6;
  if (value.kind == ValueKind::kRate && key.ends_with("_GBps")) return value.base / 1e9;
  if (value.kind == ValueKind::kBytes && key.find("bytes") != std::string_view::npos) {
    return value.base;
  }
  if (const Result<double> share = ParseShare(text); share.ok()) return *share;
  std::string message("found '");
  message.append(text).append("' for ").append(key);
  message.append(", expected a number, or one with the unit of that key");
  return UsageError(std::move(message));
}

Result<Condition> ParseCondition(std::string_view text) {
  const std::size_t at = text.find_first_of("<>");
  if (at == 0 || at == std::string_view::npos) {
    std::string message("found the condition '");
    message.append(text).append("', expected KEY<=VALUE, or one with <, > or >=");
    return UsageError(std::move(message),
                      "write it as 'comm_fraction<=10%' or 'step_time_us<30ms', in quotes");
  }
  Condition condition;
  condition.below = text[at] == '<';
  condition.itself = text.substr(at + 1).starts_with('=');
  condition.key = std::string(text.substr(0, text.find_last_not_of(' ', at - 1) + 1));
  std::string_view value = text.substr(at + (condition.itself ? 2 : 1));
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  ASSIGN_OR_RETURN(condition.value, ParseForKey(condition.key, value));
  return condition;
}

}  // namespace commplan::cli
