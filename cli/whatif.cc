#include "cli/whatif.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <utility>

#include "cli/condition.h"
#include "cli/crossing.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/range.h"
#include "cli/report/sweep_report.h"
#include "model/base/units.h"

namespace commplan::cli {
namespace {

struct WhatifOptions {
  CommonOptions common;
  std::string solve, key, target;
  bool both = false;
};

std::string Joined(const Arguments& arguments) {
  std::string text;
  for (const std::string& word : arguments) text += (text.empty() ? "" : " ") + word;
  return text;
}

// B is a command of its own; or options that change A's, whose what-ifs it leaves out.
Arguments SecondCommand(const Arguments& a, const Arguments& given) {
  if (!given.empty() && !given.front().starts_with("-")) return given;
  Arguments b = WithoutSets(a);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& word = given[i];
    const bool has_value = i + 1 < given.size() && !given[i + 1].starts_with("--");
    if (word == "--set" || !word.starts_with("--") || !has_value ||
        word.find('=') != std::string::npos) {
      b.push_back(word);
      if (word == "--set" && has_value) b.push_back(given[++i]);
    } else {
      b = WithOption(std::move(b), word.substr(2), given[i + 1]);
      ++i;
    }
  }
  return b;
}

Result<report::Json> Ask(const Runner& run, const Arguments& command, const std::string& name,
                         Io& io) {
  if (command.empty() || command.front().starts_with("-")) {
    return UsageError("found no command to compare",
                      "write it as in: whatif price all-reduce --on hgx-h100 --ranks 8 --bytes "
                      "1MiB --set tiers.0.latency=2us --vs --set tiers.0.latency=1us");
  }
  if (command.front() == "sweep" || command.front() == "whatif") {
    return UsageError("found a " + command.front() + " inside a whatif, expected a plain command");
  }
  ASSIGN_OR_RETURN(InnerAnswer answer, RunInner(run, command));
  for (const std::string& note : answer.notes) io.err << note << "\n";
  if (answer.json.is_null()) return UnsupportedError(name + ": " + answer.error);
  return std::move(answer.json);
}

// ---- --solve ----

// The time, unless another key was asked for.
std::string KeyOf(const WhatifOptions& options, const report::Json& answer) {
  if (!options.key.empty()) return options.key;
  for (const char* const key : {"step_time_us", "time_us"}) {
    if (FindKey(answer, key) != nullptr) return key;
  }
  return "";
}

Result<double> NumberAt(const report::Json& answer, const std::string& key) {
  const report::Json* const found = FindKey(answer, key);
  if (found != nullptr && found->is_number()) return found->get<double>();
  return UsageError("--key: no answer has a number '" + key + "'",
                    "keys are those of --format json, as in step_time_us");
}

Arguments WithValue(Arguments arguments, const Span& span, double value) {
  const std::string text = WriteValue(span.low.kind, value).text;
  if (!span.set) return WithOption(std::move(arguments), span.name, text);
  arguments.emplace_back("--set");
  arguments.push_back(span.name + "=" + text);
  return arguments;
}

std::string PeopleText(ValueKind kind, double base) {
  switch (kind) {
    case ValueKind::kBytes:
      return ForPeople(B(base));
    case ValueKind::kTime:
      return ForPeople(Seconds(base));
    case ValueKind::kRate:
      return ForPeople(Bandwidth::FromBase(base));
    case ValueKind::kNumber:
    case ValueKind::kWord:
      break;
  }
  return NumberForPeople(base);
}

// Both sides of the question as the value changes.
struct Sides {
  std::function<Result<double>(double)> a, b;
};

Result<report::SolvedPoint> PointAt(const Sides& sides, ValueKind kind, double value) {
  report::SolvedPoint point;
  point.value =
      kind == ValueKind::kNumber ? report::Json(value) : report::Json(WriteValue(kind, value).text);
  point.people = PeopleText(kind, value);
  ASSIGN_OR_RETURN(point.a, sides.a(value));
  ASSIGN_OR_RETURN(point.b, sides.b(value));
  return point;
}

Result<Sides> SidesOf(const WhatifOptions& options, const Span& span, const std::string& key,
                      const Arguments& a, const Arguments& b, const Runner& run) {
  const auto ask = [&run, key](const Arguments& command, const char* name) -> Result<double> {
    Result<InnerAnswer> answer = RunInner(run, command);
    if (!answer.ok()) {
      Error error = std::move(answer).error();
      error.hint = "--solve tries values between the ends; sweep takes those that are named";
      return error;
    }
    if (answer->json.is_null()) return UnsupportedError(name + answer->error);
    return NumberAt(answer->json, key);
  };
  Sides sides;
  sides.a = [=](double value) { return ask(WithValue(a, span, value), "a: "); };
  if (options.both) {
    sides.b = [=](double value) { return ask(WithValue(b, span, value), "b: "); };
    return sides;
  }
  double target = 0;
  if (options.target.empty()) {
    ASSIGN_OR_RETURN(target, ask(b, "b: "));
  } else {
    ASSIGN_OR_RETURN(target, ParseForKey(key, options.target));
  }
  sides.b = [=](double) -> Result<double> { return target; };
  return sides;
}

Result<int> RunSolve(const WhatifOptions& options, const Arguments& a, const Arguments& b,
                     const Runner& run, Io& io) {
  ASSIGN_OR_RETURN(const Span span, ParseSpan(options.solve));
  const ValueKind kind = span.low.kind;
  ASSIGN_OR_RETURN(const report::Json first, Ask(run, WithValue(a, span, span.low.base), "a", io));
  report::SolveReport report;
  report.a = Joined(a);
  if (options.target.empty()) report.b = Joined(b);
  report.name = span.name;
  report.key = KeyOf(options, first);
  ASSIGN_OR_RETURN(const Sides sides, SidesOf(options, span, report.key, a, b, run));
  const auto difference = [&sides](double value) -> Result<double> {
    ASSIGN_OR_RETURN(const double left, sides.a(value));
    ASSIGN_OR_RETURN(const double right, sides.b(value));
    return left - right;
  };
  ASSIGN_OR_RETURN(const Crossing crossing,
                   FindCrossing(difference, span.low.base, span.high.base));
  ASSIGN_OR_RETURN(report.low, PointAt(sides, kind, crossing.low.x));
  ASSIGN_OR_RETURN(report.high, PointAt(sides, kind, crossing.high.x));
  if (crossing.found) {
    ASSIGN_OR_RETURN(report.found, PointAt(sides, kind, crossing.found->x));
  }
  report.jumps = crossing.jumps;
  Print(report::SolveDocument(report), options.common.format, io);
  return crossing.found ? kExitOk : kExitNegative;
}

Result<int> RunWhatif(const WhatifOptions& options, const Arguments& words, const Runner& run,
                      Io& io) {
  const auto vs = std::find(words.begin(), words.end(), "--vs");
  const Arguments a(words.begin(), vs);
  const Arguments given(vs == words.end() ? vs : vs + 1, words.end());
  const Arguments b = SecondCommand(a, given);
  if (options.solve.empty() && !(options.target.empty() && options.key.empty() && !options.both)) {
    return UsageError("found --target, --key or --both without --solve",
                      "say which value is looked for: --solve NAME=LOW..HIGH");
  }
  if (!options.target.empty() && (vs != words.end() || options.both)) {
    return UsageError("found --target beside a second command, expected one of them");
  }
  if (!options.solve.empty()) return RunSolve(options, a, b, run, io);
  report::WhatifReport report{.a = Joined(a), .b = Joined(b), .answer_a = {}, .answer_b = {}};
  if (a == b) {
    return UsageError("found one and the same command twice, expected two",
                      "change one side with --set, or say what stands behind --vs");
  }
  ASSIGN_OR_RETURN(report.answer_a, Ask(run, a, "a", io));
  ASSIGN_OR_RETURN(report.answer_b, Ask(run, b, "b", io));
  Print(report::WhatifDocument(report), options.common.format, io);
  return kExitOk;
}

}  // namespace

void AddWhatif(CLI::App& app, Action* chosen, const Runner& run) {
  CLI::App& command = *app.add_subcommand(
      "whatif", "two answers key by key: whatif CMD... --vs CMD..., or --vs with other options");
  auto options = std::make_shared<WhatifOptions>();
  command.allow_extras();
  command.footer(
      "Behind --vs stands a command of its own, or options that change the first one, whose --set\n"
      "it leaves out. Nothing behind it, or no --vs at all: the first one without its --set.");
  command
      .add_option("--solve", options->solve,
                  "the value of this option of the first command at which both answers are equal; "
                  "set:PATH is a value of the profile, overlap-fraction needs no ends")
      ->option_text("NAME=LOW..HIGH");
  command.add_flag("--both", options->both, "change that option in both commands");
  command
      .add_option("--key", options->key,
                  "of which value of the answers --solve speaks (default: the time)")
      ->option_text("KEY");
  command
      .add_option("--target", options->target,
                  "--solve for this value instead of the second command's: 10%, 30ms")
      ->option_text("VALUE");
  AddFormatOption(command, options->common);
  SetAction(command, chosen, [options, &command, run](Io& io) {
    return RunWhatif(*options, command.remaining(), run, io);
  });
}

}  // namespace commplan::cli
