// What every command shares: the options of the contract (--format, --set, --explain) and the way
// in which a command joins the application. One file per command defines an `AddX(CLI::App&,
// Dispatch&)`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/io.h"
#include "model/base/result.h"

namespace commplan::cli {

enum class Format { kText, kJson, kCsv, kMarkdown };

struct CommonOptions {
  Format format = Format::kText;
  std::vector<std::string> set;  // PATH=VALUE, in the order given
  bool explain = false;
};

// An option that takes a count from `least` on, read as decimal digits: 010 and 0x8 are refused,
// not guessed.
CLI::Option* AddCount(CLI::App& command, const std::string& name, int* count,
                      const std::string& description, int least = 1);

// Adds --format, for a command that neither reads a profile nor computes.
void AddFormatOption(CLI::App& command, CommonOptions& options);

// Adds --set, for a command that reads profiles.
void AddSetOption(CLI::App& command, CommonOptions& options);

// Adds --format, --set and --explain. `options` must outlive the parse.
void AddCommonOptions(CLI::App& command, CommonOptions& options);

// What the parsed command line asks to be run: the exit status, or why there is no answer.
using Action = std::function<Result<int>(Io&)>;

// A command calls this once while it joins the application; `action` becomes `*chosen` if the
// command is the one that the user named.
void SetAction(CLI::App& command, Action* chosen, Action action);

}  // namespace commplan::cli
