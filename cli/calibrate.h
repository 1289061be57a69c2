// The command `calibrate`: measures the machine at hand and writes samples, which `fit` turns into
// a profile.
#pragma once

#include "calibrate/device/harness.h"
#include "cli/command.h"

namespace commplan::cli {

void AddCalibrate(CLI::App& app, Action* chosen);

// Asks the fit where it is least sure, among sizes half an octave apart.
device::Chooser ChooseByFit();

}  // namespace commplan::cli
