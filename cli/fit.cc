#include "cli/fit.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "calibrate/fit/machine.h"
#include "calibrate/fit/score.h"
#include "calibrate/fit/suggest.h"
#include "cli/exit_status.h"
#include "cli/machine_input.h"
#include "cli/output.h"
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
  for (std::size_t i = 0; i < machine.count_laws.size(); ++i) {
    for (const char* key : {"between", "beyond"}) {
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

Result<int> RunFit(const FitOptions& options, Io& io) {
  RETURN_IF_ERROR(CheckOptions(options));
  const bool apart = options.output.empty() || options.count_laws;
  ASSIGN_OR_RETURN(const fit::Groups groups, ReadSampleFiles(options.samples, apart, io));
  if (options.count_laws) return WriteCountLaws(options, groups);
  std::optional<Machine> like;
  if (!options.like.empty()) {
    ASSIGN_OR_RETURN(like, LoadMachineFor(options.like, options.common));
  }
  const fit::MachineOptions machine_options = MachineOptionsFor(options, like ? &*like : nullptr);
  std::vector<fit::FittedCurve> curves;
  std::vector<std::string> made;  // notes on what was not measured
  std::string text, engine;
  if (options.output.empty()) {
    if (groups.groups.empty()) {
      ASSIGN_OR_RETURN(const auto none, fit::FitMachine({}, machine_options));
    }
    ASSIGN_OR_RETURN(curves, FitApart(groups, machine_options));
  } else {
    RETURN_IF_ERROR(fit::CheckOneSystem(groups.groups));
    ASSIGN_OR_RETURN(fit::FittedMachine fitted, fit::FitMachine(groups.groups, machine_options));
    curves = std::move(fitted.curves);
    made = std::move(fitted.notes);
    engine = fitted.machine.engines.front().name;
    text = ProfileText(options, fitted.machine);
    // What was written must be readable; if it is not, the fault is ours.
    const auto document = profiles::LoadText(text, options.output, profiles::ShippedLibrary());
    RETURN_IF_ERROR(document.ok() ? OkStatus() : Status(document.error()));
    const auto machine = profiles::ToMachine(*document);
    if (!machine.ok()) return machine.error();
  }
  ASSIGN_OR_RETURN(report::FitReport report, ReportOf(options, curves));
  report.notes = groups.notes;
  report.notes.insert(report.notes.end(), made.begin(), made.end());
  report.output = options.output;
  report.engine = engine;
  if (!options.plot.empty()) {
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.plot, report::FitPlot(report)));
  }
  // Last, so that a profile that was written means that all went well.
  if (!text.empty()) RETURN_IF_ERROR(profiles::WriteFileAtomically(options.output, text));
  Print(report::FitDocument(report), options.common.format, io);
  return kExitOk;
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
  command.add_option("-o,--output", options->output, "write a profile")->option_text("FILE");
  command.add_option("--plot", options->plot, "draw measured and fitted times (SVG)")
      ->option_text("FILE");
  command
      .add_option("--like", options->like,
                  "what the machine is otherwise: a profile that the written one extends")
      ->option_text("PROFILE");
  command.add_option("--name", options->name, "of the written profile (default: of the file)")
      ->option_text("NAME");
  command.add_option("--title", options->title, "of the written profile")->option_text("TEXT");
  command.add_option("--source", options->source_title, "title of the measurements")
      ->option_text("TEXT");
  command.add_option("--source-url", options->source_url, "where they are published")
      ->option_text("URL");
  command.add_flag(
      "--count-laws", options->count_laws,
      "write what the machines together say of counts of ranks that were not measured");
  command
      .add_option("--laws", options->laws,
                  "what --count-laws wrote, in place of what comes with the program")
      ->option_text("FILE");
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunFit(*options, io); });
}

}  // namespace commplan::cli
