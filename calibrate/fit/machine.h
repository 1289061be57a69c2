// From groups of measurements to a machine: one measured engine for each library, version and way
// of starting, with a curve for each operation and group size, and where nothing better is known of
// the machine, tiers as fast as what was measured.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "calibrate/fit/curve.h"
#include "calibrate/fit/groups.h"
#include "calibrate/fit/work.h"
#include "model/base/result.h"
#include "model/step/machine.h"

namespace commplan::fit {

struct MachineOptions {
  std::string name;
  std::string title;
  Source source;     // of the measurements
  std::string note;  // of each fitted number
  bool odd_held_out = false;
  // What the machine is otherwise; its engines price what was not measured. Null where only the
  // measurements are known.
  const Machine* like = nullptr;
  DeviceWork work;  // what its device does alone; may be empty
  // Told of each group before it is fitted; may be empty.
  std::function<void(const Group&)> progress;
};

struct FittedCurve {
  Group group;
  CurveFit fit;
  std::string engine;  // of the machine
  MeasuredCurve curve;
};

struct FittedMachine {
  // With `like` only what is new: the engines with curves, whose fallbacks are engines of `like`.
  // The first engine is the one with the most curves.
  Machine machine;
  std::vector<FittedCurve> curves;
  std::vector<std::string> notes;
};

// The name of the engine that a group becomes a curve of: "nccl-2-27-3", "vllm-0-14-0-graph".
std::string EngineLabel(const Group& group);

// The groups must be of one system: a profile describes one machine. The error names those found.
Status CheckOneSystem(const std::vector<Group>& groups);

// Fits every group that has a row to fit. Work alone makes a machine only where `like` says what
// its links are.
Result<FittedMachine> FitMachine(const std::vector<Group>& groups, const MachineOptions& options);

}  // namespace commplan::fit
