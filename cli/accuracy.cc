#include "cli/accuracy.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/fit/machine.h"
#include "cli/exit_status.h"
#include "cli/machine_input.h"
#include "cli/output.h"
#include "cli/report/accuracy_report.h"
#include "cli/sample_input.h"
#include "cli/workload_accuracy.h"
#include "model/collective/price.h"
#include "model/fabric/spread.h"

namespace commplan::cli {
namespace {

struct AccuracyOptions {
  CommonOptions common;
  SampleOptions samples;
  std::vector<std::string> workloads;
  std::string on, engine;
  std::string rows = "all";
};

// Whether a measured engine is of the group's library and started in the same way; a version may
// differ.
bool SameLibraryAndStart(const Engine& engine, const fit::Group& group) {
  fit::Group other = group;
  other.version = engine.version;
  const std::string label = fit::EngineLabel(other);
  return engine.rule == EngineRule::kMeasured &&
         (engine.name == label || engine.name == label + "-measured");
}

// Who is judged by a group: the engine that was fitted to this library, version and start; else one
// of another version, as the profile lists them; else the one of the library's name; else the
// profile's first.
const Engine* JudgedBy(const Machine& machine, const fit::Group& group) {
  const std::string label = fit::EngineLabel(group);
  for (const std::string& name : {label, label + "-measured"}) {
    if (const Engine* engine = FindEngine(machine.engines, name); engine != nullptr) return engine;
  }
  if (!group.engine.empty()) {
    for (const Engine& engine : machine.engines) {
      if (SameLibraryAndStart(engine, group)) return &engine;
    }
    if (const Engine* engine = FindEngine(machine.engines, group.engine); engine != nullptr)
      return engine;
  }
  return machine.engines.empty() ? nullptr : &machine.engines.front();
}

Result<CollectiveModel> ModelFor(const Machine& machine, const Engine& engine,
                                 const fit::Group& group) {
  ASSIGN_OR_RETURN(const int stride, StrideOverNodes(machine.fabric, group.ranks, group.nodes));
  CollectiveRequest request{.op = group.op, .group = {}, .algorithm = {}};
  request.group.ranks = group.ranks;
  request.group.stride = stride;
  return CollectiveModel::Create(machine.fabric, machine.engines, engine, request);
}

fit::Held Judge(const CollectiveModel& model, const fit::GroupRow& row) {
  const Price price = model.At(B(row.point.bytes));
  return {row.point.bytes,     row.point.time_us,    InMicros(price.cost.Total()),
          InMicros(price.low), InMicros(price.high), price.extrapolated};
}

Result<int> RunAccuracy(const AccuracyOptions& options, Io& io) {
  if (!options.workloads.empty()) {
    if (!options.samples.files.empty()) {
      return UsageError("found files of samples beside --workloads",
                        "judge collectives and whole steps one after the other");
    }
    return RunWorkloads({options.workloads, options.on, options.rows, options.common}, io);
  }
  if (options.on.empty()) return UsageError("--on is missing", "name the profile to judge");
  if (options.samples.files.empty()) {
    return UsageError("found no files, expected samples or --workloads");
  }
  ASSIGN_OR_RETURN(const Machine machine, LoadMachineFor(options.on, options.common));
  const Engine* chosen = nullptr;
  if (!options.engine.empty()) {
    ASSIGN_OR_RETURN(chosen, EngineOf(machine, options.engine));
  }
  ASSIGN_OR_RETURN(SampleInput input, ReadSampleFiles(options.samples, true, io));
  fit::Groups& groups = input.groups;
  report::AccuracyReport report;
  report.profile = machine.name;
  report.notes = std::move(groups.notes);
  if (!input.work.empty()) {
    report.notes.push_back("what one device does alone (" + std::to_string(input.work.size()) +
                           " samples of copies and codecs) is not judged");
  }
  for (fit::Group& group : groups.groups) {
    if (options.rows == "odd") group.rows = fit::HeldOutRows(group);
    if (group.rows.empty()) continue;
    const Engine* engine = chosen != nullptr ? chosen : JudgedBy(machine, group);
    const Result<CollectiveModel> model = engine == nullptr
                                              ? UnsupportedError("the profile has no engine")
                                              : ModelFor(machine, *engine, group);
    if (!model.ok()) {
      report.unpriced[group.Text() + ": " + model.error().message] +=
          static_cast<int>(group.rows.size());
      continue;
    }
    report::JudgedGroup judged{group, engine->name, std::string(Name(model->basis())), {}};
    for (const fit::GroupRow& row : group.rows) judged.held.push_back(Judge(*model, row));
    report.groups.push_back(std::move(judged));
  }
  if (report.groups.empty() && report.unpriced.empty()) {
    PrintNotes(report.notes, io);
    return BadInputError("found no measurement to judge by", {},
                         "the notes say why each was left out");
  }
  Print(report::AccuracyDocument(report), options.common.format, io);
  return report.groups.empty() ? kExitNegative : kExitOk;
}

}  // namespace

void AddAccuracy(CLI::App& app, Action* chosen) {
  CLI::App& command =
      *app.add_subcommand("accuracy", "a profile, or the whole model, against measurements");
  auto options = std::make_shared<AccuracyOptions>();
  command
      .add_option("--on", options->on,
                  "profile of the machine: a name or a file; with --workloads, "
                  "of rows that name none")
      ->option_text("PROFILE");
  command
      .add_option("--workloads", options->workloads,
                  "tables (CSV) of measured steps of whole models, in place of samples")
      ->option_text("FILE.csv ...");
  AddSampleOptions(command, options->samples);
  command.get_option("SAMPLES")->required(false)->option_text("");
  command
      .add_option("--engine", options->engine,
                  "the engine to judge (default: the one that the measurements are of)")
      ->option_text("ENGINE");
  command
      .add_option("--rows", options->rows,
                  "all, or odd: only those that fit --holdout odd has never "
                  "seen; of workloads "
                  "every other configuration of a source")
      ->check(CLI::IsMember({"all", "odd"}))
      ->option_text("all|odd");
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunAccuracy(*options, io); });
}

}  // namespace commplan::cli
