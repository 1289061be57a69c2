// What a fit found: for each group its physics, its error on rows that it never saw, suspected
// switches and doubts; and its picture.
#pragma once

#include <string>
#include <vector>

#include "calibrate/fit/machine.h"
#include "calibrate/fit/score.h"
#include "calibrate/fit/suggest.h"
#include "calibrate/fit/work.h"
#include "cli/report/document.h"

namespace commplan::report {

struct FitGroupReport {
  const fit::FittedCurve* curve = nullptr;
  std::vector<fit::Held> held;  // empty where nothing was held out
  std::vector<fit::Suggestion> suggestions;
};

struct FitReport {
  std::vector<FitGroupReport> groups;
  std::vector<std::string> notes;
  fit::DeviceWork work;  // what one device does alone; may be empty
  bool held_out = false;
  bool suggest = false;
  std::string output;  // the profile that was written; "" for none
  std::string engine;  // its default one
};

Document FitDocument(const FitReport& report);

// Measured against fitted, one panel for each group, as SVG.
std::string FitPlot(const FitReport& report);

}  // namespace commplan::report
