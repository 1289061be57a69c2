#include "cli/machine_input.h"

#include "model/base/suggest.h"

namespace commplan::cli {

Result<Machine> LoadMachineFor(const std::string& profile, const CommonOptions& common,
                               profiles::Sections sections) {
  // Who sets a number of a kernel means one that is there.
  for (const std::string& assignment : common.set) {
    if (assignment.starts_with("compute.")) sections = profiles::Sections::kAll;
  }
  ASSIGN_OR_RETURN(profiles::Document document,
                   profiles::Load(profile, profiles::ShippedLibrary(), sections));
  for (const std::string& assignment : common.set) {
    RETURN_IF_ERROR(profiles::Set(&document, assignment));
  }
  return profiles::ToMachine(document);
}

Result<const Engine*> EngineOf(const Machine& machine, const std::string& name) {
  if (machine.engines.empty()) {
    return UnsupportedError(
        "profile " + machine.name + " has no engine, so nothing runs collectives there",
        "add one under engines:, such as {rule: cheapest}");
  }
  if (name.empty()) return &machine.engines.front();
  std::vector<std::string> known;
  for (const Engine& engine : machine.engines) {
    if (engine.name == name) return &engine;
    known.push_back(engine.name);
  }
  return NotFoundError("profile " + machine.name + " has no engine '" + name + "'", {},
                       SuggestionHint(name, known));
}

}  // namespace commplan::cli
