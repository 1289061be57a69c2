#include "cli/whatif.h"

#include <algorithm>
#include <memory>
#include <ostream>
#include <utility>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/sweep_report.h"

namespace commplan::cli {
namespace {

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

Result<int> RunWhatif(Format format, const Arguments& words, const Runner& run, Io& io) {
  const auto vs = std::find(words.begin(), words.end(), "--vs");
  const Arguments a(words.begin(), vs);
  const Arguments given(vs == words.end() ? vs : vs + 1, words.end());
  const Arguments b = SecondCommand(a, given);
  report::WhatifReport report{.a = Joined(a), .b = Joined(b), .answer_a = {}, .answer_b = {}};
  if (a == b) {
    return UsageError("found one and the same command twice, expected two",
                      "change one side with --set, or say what stands behind --vs");
  }
  ASSIGN_OR_RETURN(report.answer_a, Ask(run, a, "a", io));
  ASSIGN_OR_RETURN(report.answer_b, Ask(run, b, "b", io));
  Print(report::WhatifDocument(report), format, io);
  return kExitOk;
}

}  // namespace

void AddWhatif(CLI::App& app, Action* chosen, const Runner& run) {
  CLI::App& command = *app.add_subcommand(
      "whatif", "two answers key by key: whatif CMD... --vs CMD..., or --vs with other options");
  auto options = std::make_shared<CommonOptions>();
  command.allow_extras();
  command.footer(
      "Behind --vs stands a command of its own, or options that change the first one, whose --set\n"
      "it leaves out. Nothing behind it, or no --vs at all: the first one without its --set.");
  AddFormatOption(command, *options);
  SetAction(command, chosen, [options, &command, run](Io& io) {
    return RunWhatif(options->format, command.remaining(), run, io);
  });
}

}  // namespace commplan::cli
