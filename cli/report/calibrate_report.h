// What was measured, or would be: for people a line per bench, for machines every point.
#pragma once

#include <string>
#include <vector>

#include "calibrate/device/harness.h"
#include "cli/report/document.h"

namespace commplan::report {

struct CalibrateReport {
  struct Backend {
    std::string name;
    std::string missing;    // why it did not run; "" where it did
    device::Plan plan;      // of a dry run
    device::Harvest found;  // of a real one
  };
  std::vector<Backend> backends;
  bool dry_run = false;
  double budget_s = 0;
  std::string output;  // the file that was written, if any
};

Document CalibrateDocument(const CalibrateReport& report);

}  // namespace commplan::report
