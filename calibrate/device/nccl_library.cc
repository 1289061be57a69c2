#include "calibrate/device/nccl_library.h"

#include <dlfcn.h>
#include <nccl.h>

#include <cstdlib>
#include <vector>

namespace commplan::device {

Result<NcclLibrary> LoadNccl() {
  std::vector<std::string> names;
  if (const char* chosen = std::getenv("COMMPLAN_NCCL"); chosen != nullptr) {
    names = {chosen};
  } else {
    names = {"libnccl.so.2", "libnccl.so"};
  }
  std::string tried;
  for (const std::string& name : names) {
    void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* why = dlerror();
      tried += (tried.empty() ? "" : "; ") + std::string(why == nullptr ? name : why);
      continue;
    }
    const auto get_version =
        reinterpret_cast<decltype(&ncclGetVersion)>(dlsym(handle, "ncclGetVersion"));
    NcclLibrary library{.handle = handle, .path = name};
    if (get_version == nullptr || get_version(&library.version) != ncclSuccess) {
      return DeviceError(name + " was loaded but does not tell its version",
                         "it is no NCCL library; set COMMPLAN_NCCL to the right file");
    }
    return library;
  }
  return DeviceError("NCCL could not be loaded: " + tried,
                     "install libnccl2, or set COMMPLAN_NCCL to the library's file");
}

std::string NcclVersionText(int version) {
  const int major = version >= 10000 ? version / 10000 : version / 1000;
  const int rest = version >= 10000 ? version % 10000 : version % 1000;
  return std::to_string(major) + "." + std::to_string(rest / 100) + "." +
         std::to_string(rest % 100);
}

}  // namespace commplan::device
