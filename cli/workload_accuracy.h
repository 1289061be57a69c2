// The whole model against measured steps: accuracy --workloads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/io.h"
#include "model/base/result.h"
#include "model/memory/fit.h"
#include "model/step/machine.h"
#include "model/step/training.h"
#include "profiles/workload_rows.h"

namespace commplan::cli {

struct PricedWorkload {
  Time time{}, low{}, high{};
  bool extrapolated = false;
  Fit memory;
  std::optional<TrainBill> train;
};

// What the machine is said to take for the row. A row that does not say what it recomputed has the
// memory of full recomputation where it would not fit else.
Result<PricedWorkload> PriceWorkload(const Machine& machine, const profiles::WorkloadRow& row);

struct WorkloadOptions {
  std::vector<std::string> files;
  std::string on;    // for rows that name no profile
  std::string rows;  // "all", or "odd": every other configuration of each
                     // source, by name
  CommonOptions common;
};
Result<int> RunWorkloads(const WorkloadOptions& options, Io& io);

}  // namespace commplan::cli
