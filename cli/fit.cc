#include "cli/fit.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "calibrate/fit/count_laws.h"
#include "calibrate/fit/machine.h"
#include "calibrate/fit/score.h"
#include "calibrate/fit/suggest.h"
#include "calibrate/fit/work.h"
#include "cli/exit_status.h"
#include "cli/machine_input.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report/fit_report.h"
#include "cli/sample_input.h"
#include "profiles/reader.h"
#include "profiles/writer.h"

namespace commplan::cli {
namespace {

// The part of the library with the corrections of the laws over ranks.
constexpr std::string_view kCountLaws = "count-laws";
constexpr std::string_view kCountLawsSource = "count_laws";
constexpr int kMostSuggestions = 4;

struct FitOptions {
  CommonOptions common;
  SampleOptions samples;
  std::string holdout = "none";
  bool suggest = false;
  std::string output, plot;
  std::string like, name, title, source_title, source_url;
  bool count_laws = false;
  std::string laws{kCountLaws};
};

// "runs/h100.txt" -> "h100"
std::string Stem(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string stem = slash == std::string::npos ? path : path.substr(slash + 1);
  stem.resize(std::min(stem.size(), stem.rfind('.')));
  for (char& c : stem) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '-';
  }
  return stem;
}

fit::MachineOptions MachineOptionsFor(const FitOptions& options, const Machine* like) {
  fit::MachineOptions machine;
  const std::string& named =
      options.output.empty() ? options.samples.files.front() : options.output;
  machine.name = options.name.empty() ? Stem(named) : options.name;
  machine.title = options.title.empty() ? "Fitted to measurements" : options.title;
  machine.source.title = options.source_title;
  for (const std::string& file : options.samples.files) {
    if (!options.source_title.empty()) break;
    machine.source.title += (machine.source.title.empty() ? "" : ", ") + Stem(file);
  }
  machine.source.url = options.source_url;
  machine.odd_held_out = options.holdout == "odd";
  machine.note = machine.odd_held_out ? "fitted to rows of an even place" : "";
  machine.like = like;
  return machine;
}

// Each group alone, for scores and pictures; nothing is required of how they fit together.
Result<std::vector<fit::FittedCurve>> FitApart(const fit::Groups& groups,
                                               const fit::MachineOptions& options) {
  std::vector<fit::FittedCurve> curves;
  for (const fit::Group& group : groups.groups) {
    ASSIGN_OR_RETURN(fit::FittedMachine one, fit::FitMachine({group}, options));
    for (fit::FittedCurve& curve : one.curves) curves.push_back(std::move(curve));
  }
  return curves;
}

std::vector<fit::Held> HeldOf(const fit::FittedCurve& curve) {
  std::vector<fit::Point> points;
  for (const fit::GroupRow& row : fit::HeldOutRows(curve.group)) points.push_back(row.point);
  return fit::PredictHeld(curve.curve, points);
}

Result<report::FitReport> ReportOf(const FitOptions& options,
                                   const std::vector<fit::FittedCurve>& curves) {
  report::FitReport report;
  report.held_out = options.holdout == "odd";
  report.suggest = options.suggest;
  for (const fit::FittedCurve& curve : curves) {
    report::FitGroupReport one;
    one.curve = &curve;
    if (report.held_out) one.held = HeldOf(curve);
    if (options.suggest) {
      const auto points = fit::TrainingPoints(curve.group, report.held_out);
      ASSIGN_OR_RETURN(one.suggestions, fit::SuggestSizes(points, {}, kMostSuggestions));
    }
    report.groups.push_back(std::move(one));
  }
  return report;
}

Result<int> WriteCountLaws(const FitOptions& options, const fit::Groups& groups) {
  Machine machine;
  machine.name = Stem(options.output);
  machine.title = "Corrections of the laws over ranks";
  machine.sources[std::string(kCountLawsSource)] = MachineOptionsFor(options, nullptr).source;
  ASSIGN_OR_RETURN(machine.count_laws, fit::LearnCountLaws(groups.groups));
  if (machine.count_laws.empty()) {
    return BadInputError(
        "found no operation that was measured among three counts of ranks of a node", {},
        "a law is learnt from a count between or beyond two others");
  }
  for (std::size_t i = 0; i < machine.count_laws.size(); ++i) {
    for (const char* key : {"between", "beyond", "between_band", "beyond_band"}) {
      machine.provenance["count_laws." + std::to_string(i) + "." + key] = {
          ProvenanceKind::kFitted, std::string(kCountLawsSource), ""};
    }
  }
  RETURN_IF_ERROR(profiles::WriteFileAtomically(options.output, profiles::WritePart(machine)));
  return kExitOk;
}

Status CheckOptions(const FitOptions& options) {
  if (options.count_laws && options.output.empty()) {
    return UsageError("--count-laws writes a file", "say which one with -o");
  }
  for (const std::string& file : options.samples.files) {
    for (const std::string& written : {options.output, options.plot}) {
      if (written.empty() || !SameFile(file, written)) continue;
      return UsageError("'" + written + "' holds the measurements and would be written over",
                        "give -o and --plot another name");
    }
  }
  constexpr std::string_view kNameMarks = "-_.+";
  const bool plain = std::all_of(options.name.begin(), options.name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           kNameMarks.find(c) != std::string_view::npos;
  });
  if (!plain) {
    return UsageError("--name: found '" + options.name + "', expected letters, digits and - _ . +");
  }
  if (options.like.find('+') != std::string::npos) {
    return UsageError("--like: found '" + options.like + "', expected a machine without networks",
                      "name the network when the profile is used: --on FILE+NETWORK");
  }
  if (!options.common.set.empty()) {
    return UsageError("fit writes what was measured and takes no --set",
                      "change values when the profile is used: price --on FILE --set PATH=VALUE");
  }
  return OkStatus();
}

// A path as the written file must name it: it is read from the folder of that file.
std::string FromOutput(const std::string& name, const std::string& output) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".yaml");
  if (!is_path || name.front() == '/') return name;
  const std::filesystem::path folder = std::filesystem::path(output).parent_path();
  return folder.empty() ? name
                        : std::filesystem::absolute(name)
                              .lexically_proximate(std::filesystem::absolute(folder))
                              .string();
}

std::string ProfileText(const FitOptions& options, const Machine& fitted) {
  std::vector<std::string> extends = {FromOutput(options.laws, options.output)};
  if (!options.like.empty()) {
    extends.insert(extends.begin(), FromOutput(options.like, options.output));
  }
  return profiles::WriteExtending(fitted, extends);
}

// What a fit of files found, and the profile to be written.
struct Fitted {
  std::vector<fit::FittedCurve> curves;
  std::vector<std::string> made;  // notes on what was not measured
  std::string text, engine;
};

// A profile that the program cannot read is not written: measurements in other units make numbers
// that no machine has.
Status CheckReadable(const std::string& text, const std::string& file) {
  const auto document = profiles::LoadText(text, file, profiles::ShippedLibrary());
  if (!document.ok()) return document.error();  // of a file that it extends
  const auto machine = profiles::ToMachine(*document);
  if (machine.ok()) return OkStatus();
  return BadInputError("these measurements make no profile: " + machine.error().message, {},
                       "times are in microseconds and sizes in bytes; look for rows in another "
                       "unit. Without -o the fit is shown and nothing is written");
}

Result<Fitted> FitGroups(const FitOptions& options, const fit::Groups& groups,
                         const fit::MachineOptions& machine_options) {
  Fitted fitted;
  if (options.output.empty()) {
    if (groups.groups.empty() && machine_options.work.empty()) {
      ASSIGN_OR_RETURN(const auto none, fit::FitMachine({}, machine_options));
    }
    ASSIGN_OR_RETURN(fitted.curves, FitApart(groups, machine_options));
    fitted.made = machine_options.work.notes;
    return fitted;
  }
  RETURN_IF_ERROR(fit::CheckOneSystem(groups.groups));
  ASSIGN_OR_RETURN(fit::FittedMachine found, fit::FitMachine(groups.groups, machine_options));
  fitted.curves = std::move(found.curves);
  fitted.made = std::move(found.notes);
  if (!found.machine.engines.empty()) fitted.engine = found.machine.engines.front().name;
  fitted.text = ProfileText(options, found.machine);
  RETURN_IF_ERROR(CheckReadable(fitted.text, options.output));
  return fitted;
}

Result<int> RunFit(const FitOptions& options, Io& io) {
  RETURN_IF_ERROR(CheckOptions(options));
  const bool apart = options.output.empty() || options.count_laws;
  ASSIGN_OR_RETURN(const SampleInput input, ReadSampleFiles(options.samples, apart, io));
  if (options.count_laws) return WriteCountLaws(options, input.groups);
  if (input.groups.groups.empty()) PrintNotes(input.groups.notes, io);
  std::optional<Machine> like;
  if (!options.like.empty()) {
    ASSIGN_OR_RETURN(like, LoadMachineFor(options.like, options.common));
  }
  fit::MachineOptions machine_options = MachineOptionsFor(options, like ? &*like : nullptr);
  ASSIGN_OR_RETURN(machine_options.work, fit::FitWork(input.work));
  ProgressLines progress(io);
  machine_options.progress = [&progress](const fit::Group& group) {
    progress.Next("fitting " + (group.system.empty() ? "" : group.system + ": ") + group.Text());
  };
  ASSIGN_OR_RETURN(const Fitted fitted, FitGroups(options, input.groups, machine_options));
  ASSIGN_OR_RETURN(report::FitReport report, ReportOf(options, fitted.curves));
  report.work = machine_options.work;
  report.notes = input.groups.notes;
  report.notes.insert(report.notes.end(), fitted.made.begin(), fitted.made.end());
  report.output = options.output;
  report.engine = fitted.engine;
  if (!options.plot.empty()) {
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.plot, report::FitPlot(report)));
  }
  // Last, so that a profile that was written means that all went well.
  if (!fitted.text.empty()) {
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.output, fitted.text));
  }
  Print(report::FitDocument(report), options.common.format, io);
  return kExitOk;
}

// An option whose text must say something.
CLI::Option* AddText(CLI::App& command, const std::string& name, std::string* value,
                     const std::string& what, const std::string& description) {
  return command.add_option(name, *value, description)
      ->option_text(what)
      ->check([](const std::string& text) {
        return text.empty() ? std::string("found an empty text") : std::string();
      });
}

}  // namespace

void AddFit(CLI::App& app, Action* chosen) {
  CLI::App& command =
      *app.add_subcommand("fit", "measurements to a profile, with the error on rows held out");
  auto options = std::make_shared<FitOptions>();
  AddSampleOptions(command, options->samples);
  command
      .add_option("--holdout", options->holdout,
                  "odd: fit only rows of an even place (from 0) and judge the others; none")
      ->check(CLI::IsMember({"odd", "none"}))
      ->option_text("odd|none");
  command.add_flag("--suggest", options->suggest,
                   "name the sizes whose measurement would lower the error most");
  AddText(command, "-o,--output", &options->output, "FILE", "write a profile");
  AddText(command, "--plot", &options->plot, "FILE", "draw measured and fitted times (SVG)");
  AddText(command, "--like", &options->like, "PROFILE",
          "what the machine is otherwise: a profile that the written one extends");
  AddText(command, "--name", &options->name, "NAME",
          "of the written profile (default: of the file)");
  AddText(command, "--title", &options->title, "TEXT", "of the written profile");
  command.add_option("--source", options->source_title, "title of the measurements")
      ->option_text("TEXT");
  command.add_option("--source-url", options->source_url, "where they are published")
      ->option_text("URL");
  command.add_flag(
      "--count-laws", options->count_laws,
      "write what the machines together say of counts of ranks that were not measured");
  AddText(command, "--laws", &options->laws, "FILE",
          "what --count-laws wrote, in place of what comes with the program");
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunFit(*options, io); });
}

}  // namespace commplan::cli
