#include "cli/profile.h"

#include <memory>
#include <ostream>

#include "cli/exit_status.h"
#include "cli/machine_input.h"
#include "cli/output.h"
#include "cli/report/profile_report.h"
#include "profiles/diff.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "profiles/writer.h"

namespace commplan::cli {
namespace {

struct ShowOptions {
  CommonOptions common;
  std::string name;
  bool yaml = false;
  std::string output;
};

struct CheckOptions {
  CommonOptions common;
  std::vector<std::string> names;
};

struct DiffOptions {
  CommonOptions common;
  std::string left, right;
};

Result<int> RunShow(const ShowOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const Machine machine, LoadMachineFor(options.name, options.common));
  if (!options.output.empty()) {
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.output, profiles::Write(machine)));
    return kExitOk;
  }
  if (options.yaml) {
    io.out << profiles::Write(machine);
    return kExitOk;
  }
  Print(report::MachineDocument(machine, profiles::Diff(Machine{}, machine)), options.common.format,
        io);
  return kExitOk;
}

// Goes on after a faulty profile, so that one call tells everything.
Result<int> RunCheck(const CheckOptions& options, Io& io) {
  std::vector<report::CheckedProfile> checked;
  std::vector<Error> errors;
  for (const std::string& name : options.names) {
    const Result<Machine> machine = LoadMachineFor(name, options.common);
    if (!machine.ok()) errors.push_back(machine.error());
    checked.push_back({name, machine.ok(), machine.ok() ? machine->provenance.size() : 0});
  }
  Print(report::CheckDocument(checked), options.common.format, io);
  if (!errors.empty()) return Combine(std::move(errors));
  return kExitOk;
}

Result<int> RunDiff(const DiffOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const Machine left, LoadMachineFor(options.left, options.common));
  ASSIGN_OR_RETURN(const Machine right, LoadMachineFor(options.right, options.common));
  const std::vector<profiles::Difference> differences = profiles::Diff(left, right);
  Print(report::DiffDocument(options.left, options.right, differences), options.common.format, io);
  return differences.empty() ? kExitOk : kExitNegative;
}

void AddList(CLI::App& parent, Action* chosen) {
  CLI::App& command =
      *parent.add_subcommand("list", "the machines and networks that names stand for");
  auto options = std::make_shared<CommonOptions>();
  AddFormatOption(command, *options);
  SetAction(command, chosen, [options](Io& io) -> Result<int> {
    ASSIGN_OR_RETURN(const profiles::Listing listing, profiles::List(profiles::ShippedLibrary()));
    Print(report::ListDocument(listing), options->format, io);
    return kExitOk;
  });
}

void AddShow(CLI::App& parent, Action* chosen) {
  CLI::App& command =
      *parent.add_subcommand("show", "every value of a profile and where it came from");
  auto options = std::make_shared<ShowOptions>();
  command.add_option("PROFILE", options->name, "a name or a file; NAME+NETWORK adds a network")
      ->required()
      ->option_text("(required)");
  CLI::Option* yaml =
      command.add_flag("--yaml", options->yaml, "as one profile file that extends nothing");
  command.add_option("-o,--output", options->output, "write that profile file instead of printing")
      ->option_text("FILE")
      ->excludes(yaml);
  AddFormatOption(command, options->common);
  AddSetOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunShow(*options, io); });
}

void AddCheck(CLI::App& parent, Action* chosen) {
  CLI::App& command = *parent.add_subcommand("check", "read profiles and report every fault");
  auto options = std::make_shared<CheckOptions>();
  command.add_option("PROFILES", options->names, "names or files")
      ->required()
      ->option_text("(required)");
  AddFormatOption(command, options->common);
  AddSetOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunCheck(*options, io); });
}

void AddDiff(CLI::App& parent, Action* chosen) {
  CLI::App& command = *parent.add_subcommand(
      "diff", "what two profiles do not have in common; exit status 1 if anything");
  auto options = std::make_shared<DiffOptions>();
  command.add_option("LEFT", options->left, "a name or a file")
      ->required()
      ->option_text("(required)");
  command.add_option("RIGHT", options->right, "a name or a file")
      ->required()
      ->option_text("(required)");
  AddFormatOption(command, options->common);
  AddSetOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunDiff(*options, io); });
}

}  // namespace

void AddProfile(CLI::App& app, Action* chosen) {
  CLI::App& command =
      *app.add_subcommand("profile", "the hardware profiles: list, show, check, diff");
  command.require_subcommand(1);
  AddList(command, chosen);
  AddShow(command, chosen);
  AddCheck(command, chosen);
  AddDiff(command, chosen);
}

}  // namespace commplan::cli
