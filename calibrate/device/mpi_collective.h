// A collective of Open MPI itself, out of place, with results that are checked exactly.
#pragma once

#include <memory>

#include "calibrate/device/exchange.h"
#include "calibrate/device/mpi_library.h"
#include "model/collective/algorithm.h"

namespace commplan::device {

// `bytes` count as nccl-tests counts them (calibrate/samples/sample.h). The library must outlive
// it.
std::unique_ptr<Exchange> MakeMpiCollective(const MpiLibrary* mpi, Op op);

}  // namespace commplan::device
