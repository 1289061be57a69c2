#include "calibrate/device/nccl_library.h"

#include "calibrate/device/shared_library.h"

namespace commplan::device {
namespace {

Result<NcclLibrary> Resolve(const SharedLibrary& library) {
  NcclLibrary nccl;
  nccl.path = library.name;
  Symbols symbols(library.handle);
  decltype(&ncclGetVersion) get_version = nullptr;
  symbols.Call("ncclGetVersion", get_version);
  symbols.Call("ncclGetErrorString", nccl.error_text);
  symbols.Call("ncclGetLastError", nccl.last_error);
  symbols.Call("ncclGetUniqueId", nccl.unique_id);
  symbols.Call("ncclCommInitRank", nccl.init_rank);
  symbols.Call("ncclCommInitAll", nccl.init_all);
  symbols.Call("ncclCommDestroy", nccl.destroy);
  symbols.Call("ncclGroupStart", nccl.group_start);
  symbols.Call("ncclGroupEnd", nccl.group_end);
  symbols.Call("ncclAllReduce", nccl.all_reduce);
  symbols.Call("ncclAllGather", nccl.all_gather);
  symbols.Call("ncclReduceScatter", nccl.reduce_scatter);
  symbols.Call("ncclBroadcast", nccl.broadcast);
  symbols.Call("ncclReduce", nccl.reduce);
  symbols.Call("ncclSend", nccl.send);
  symbols.Call("ncclRecv", nccl.receive);
  constexpr const char* kHint =
      "it is no NCCL library of 2.13 or later; set COMMPLAN_NCCL to the right file";
  if (!symbols.missing().empty()) {
    return DeviceError(library.name + " was loaded but has no " + symbols.missing(), kHint);
  }
  if (get_version(&nccl.version) != ncclSuccess) {
    return DeviceError(library.name + " was loaded but does not tell its version", kHint);
  }
  return nccl;
}

}  // namespace

Result<NcclLibrary> LoadNccl() {
  ASSIGN_OR_RETURN(
      const SharedLibrary library,
      OpenLibrary({.what = "NCCL",
                   .variable = "COMMPLAN_NCCL",
                   .names = {"libnccl.so.2", "libnccl.so"},
                   .hint = "install libnccl2, or set COMMPLAN_NCCL to the library's file"}));
  return Resolve(library);
}

std::string NcclVersionText(int version) {
  const int major = version >= 10000 ? version / 10000 : version / 1000;
  const int rest = version >= 10000 ? version % 10000 : version % 1000;
  return std::to_string(major) + "." + std::to_string(rest / 100) + "." +
         std::to_string(rest % 100);
}

}  // namespace commplan::device
