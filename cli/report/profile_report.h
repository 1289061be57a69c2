// The documents of `profile`: the library, one machine value by value, the outcome of a check, a
// difference.
#pragma once

#include <string>
#include <vector>

#include "cli/report/document.h"
#include "model/step/machine.h"
#include "profiles/diff.h"
#include "profiles/library.h"

namespace commplan::report {

struct CheckedProfile {
  std::string name;
  bool ok = false;
  std::size_t numbers = 0;
};

Document ListDocument(const profiles::Listing& listing);
// `settings` are all values of the machine, as differences to an empty one.
Document MachineDocument(const Machine& machine, const std::vector<profiles::Difference>& settings);
Document CheckDocument(const std::vector<CheckedProfile>& checked);
Document DiffDocument(const std::string& left, const std::string& right,
                      const std::vector<profiles::Difference>& differences);

}  // namespace commplan::report
