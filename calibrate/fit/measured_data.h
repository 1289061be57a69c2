// The public measurements beside the checkout, imported and grouped, for the tests of this room.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "calibrate/fit/groups.h"
#include "calibrate/samples/import.h"

namespace commplan::fit {

// The names of the files with that ending in ../shared/measured/FOLDER, sorted; empty where there
// is no such folder beside COMMPLAN_ROOT.
std::vector<std::string> MeasuredFiles(const std::string& folder, const std::string& ending);

// The groups of one of them. It must exist and import.
Groups MeasuredGroups(const std::string& folder, const std::string& file,
                      const samples::ImportHints& hints = {});

inline constexpr const char* kMeasuredAbsent =
    "no ../shared/measured beside COMMPLAN_ROOT: nothing to measure the fit against";

}  // namespace commplan::fit
