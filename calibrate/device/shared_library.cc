#include "calibrate/device/shared_library.h"

#include <dlfcn.h>

#include <cstdlib>

namespace commplan::device {

Result<SharedLibrary> OpenLibrary(const LibrarySearch& search) {
  std::vector<std::string> names = search.names;
  if (const char* chosen = std::getenv(search.variable); chosen != nullptr) names = {chosen};
  std::string tried;
  for (const std::string& name : names) {
    const int scope = search.global ? RTLD_GLOBAL : RTLD_LOCAL;
    if (void* handle = dlopen(name.c_str(), RTLD_NOW | scope); handle != nullptr) {
      return SharedLibrary{.handle = handle, .name = name};
    }
    const char* why = dlerror();
    if (!tried.empty()) tried.append("; ");
    tried.append(why == nullptr ? name : why);
  }
  return DeviceError(search.what + " could not be loaded: " + tried, search.hint);
}

void* Symbols::Find(const char* name) {
  void* found = dlsym(library_, name);
  if (found == nullptr && missing_.empty()) missing_ = name;
  return found;
}

}  // namespace commplan::device
