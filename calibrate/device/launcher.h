// Who started this process: the place that mpirun, srun or torchrun gave it among others, read from
// the environment. We start no processes ourselves.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "model/base/result.h"

namespace commplan::device {

struct Launched {
  std::string by;  // "mpirun", "srun", "torchrun"
  int rank = 0, ranks = 1;
  int local_rank = 0;
  // Where rank 0 can be reached, for the first word between the processes.
  std::string host;
  int port = 0;
};

// The value of a variable, or null: std::getenv, or a test's.
using Environment = std::function<const char*(const char*)>;

// None where no launcher is at work, or it started one process alone. MASTER_ADDR and MASTER_PORT
// say where rank 0 is; they may be left out where all processes are on one node. The port taken is
// the one after MASTER_PORT, which torchrun uses itself.
Result<std::optional<Launched>> FindLauncher(const Environment& get);

}  // namespace commplan::device
