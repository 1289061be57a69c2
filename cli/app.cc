#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <ostream>
#include <string_view>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/version.h"
#include "model/base/suggest.h"

namespace commplan::cli {
namespace {

void PrintError(const Error& error, Io& io) {
  io.err << "commplan: " << FormatError(error) << "\n";
}

// The deepest command that the user named.
const CLI::App& Named(const CLI::App& app) {
  const CLI::App* named = &app;
  while (!named->get_subcommands().empty()) named = named->get_subcommands().front();
  return *named;
}

std::string FullName(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : FullName(*app.get_parent()) + " " + app.get_name();
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string DidYouMean(const std::string& word, const std::vector<std::string>& known) {
  const auto nearest = NearestWord(word, known);
  return nearest ? "did you mean " + std::string(*nearest) + "? " : "";
}

// CLI11 lists all words that it could not place; the first one is where the user went wrong.
Error UnexpectedWord(const CLI::App& app) {
  const CLI::App& named = Named(app);
  const std::vector<std::string> unexpected = app.remaining(true);
  const std::string word = unexpected.empty() ? "" : unexpected.front();
  const std::string help = "see " + FullName(named) + " --help";
  if (word.starts_with("-")) {
    const std::string name = word.substr(0, word.find('='));
    return UsageError("unknown option " + name + " of " + FullName(named),
                      DidYouMean(name, OptionNames(named)) + help);
  }
  const std::vector<std::string> commands = CommandNames(named);
  if (!commands.empty()) {
    return UsageError("unknown command " + word, DidYouMean(word, commands) + help);
  }
  return UsageError("unexpected argument " + word + " of " + FullName(named), help);
}

int HandleParseError(const CLI::App& app, const CLI::ParseError& fault, Io& io) {
  if (dynamic_cast<const CLI::CallForVersion*>(&fault) != nullptr) {
    io.out << VersionText();
    return kExitOk;
  }
  if (dynamic_cast<const CLI::CallForHelp*>(&fault) != nullptr) {
    // From the root, so that the usage line shows the whole command.
    io.out << app.help();
    return kExitOk;
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&fault) != nullptr) {
    PrintError(UnexpectedWord(app), io);
  } else {
    PrintError(UsageError(fault.what(), "see " + FullName(Named(app)) + " --help"), io);
  }
  return kExitUsage;
}

}  // namespace

int RunApp(const std::vector<std::string>& arguments, Io& io) {
  CLI::App app(
      "What communication costs a large model on given hardware, and which layout and compression "
      "pays.",
      "commplan");
  Action chosen;
  app.set_version_flag("--version", Version());
  app.require_subcommand(0, 1);
  AddCommands(app, &chosen, RunApp);
  try {
    // CLI11 takes the words last first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& fault) {
    return HandleParseError(app, fault, io);
  }
  if (!chosen) {
    // No command: a page of help is what a newcomer needs, and a script must notice.
    io.err << app.help();
    return kExitUsage;
  }
  const Result<int> status = chosen(io);
  if (status.ok()) return *status;
  PrintError(status.error(), io);
  return ExitStatusOf(status.error().code);
}

}  // namespace commplan::cli
