// A profile judged against measurements: every row with its price and band, the errors of each
// group and over all, and what could not be priced.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "calibrate/fit/groups.h"
#include "calibrate/fit/score.h"
#include "cli/report/document.h"

namespace commplan::report {

struct JudgedGroup {
  fit::Group group;  // its rows are those of `held`, in the same order
  std::string engine;
  std::string basis;
  std::vector<fit::Held> held;
};

struct AccuracyReport {
  std::string profile;
  std::vector<JudgedGroup> groups;
  std::map<std::string, int> unpriced;  // reason -> rows
  std::vector<std::string> notes;
};

Document AccuracyDocument(const AccuracyReport& report);

}  // namespace commplan::report
