// NCCL, loaded at run time: the program starts and works without it, and says what is missing when
// it is asked for.
#pragma once

#include <nccl.h>

#include <string>

#include "model/base/result.h"

namespace commplan::device {

struct NcclLibrary {
  int version = 0;   // as the library encodes it: 22807 is 2.28.7
  std::string path;  // the name that was loaded

  decltype(&ncclGetErrorString) error_text = nullptr;
  decltype(&ncclGetLastError) last_error = nullptr;
  decltype(&ncclGetUniqueId) unique_id = nullptr;
  decltype(&ncclCommInitRank) init_rank = nullptr;
  decltype(&ncclCommInitAll) init_all = nullptr;
  decltype(&ncclCommDestroy) destroy = nullptr;
  decltype(&ncclGroupStart) group_start = nullptr;
  decltype(&ncclGroupEnd) group_end = nullptr;
  decltype(&ncclAllReduce) all_reduce = nullptr;
  decltype(&ncclAllGather) all_gather = nullptr;
  decltype(&ncclReduceScatter) reduce_scatter = nullptr;
  decltype(&ncclBroadcast) broadcast = nullptr;
  decltype(&ncclReduce) reduce = nullptr;
  decltype(&ncclSend) send = nullptr;
  decltype(&ncclRecv) receive = nullptr;
};

// Tries $COMMPLAN_NCCL (a file), then the usual names.
Result<NcclLibrary> LoadNccl();

// "2.28.7" for 22807, "2.8.4" for 2804: the encoding changed with 2.9.
std::string NcclVersionText(int version);

}  // namespace commplan::device
