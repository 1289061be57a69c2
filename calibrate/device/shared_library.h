// Libraries that are loaded at run time, so that the program is built and starts without them.
#pragma once

#include <string>
#include <vector>

#include "model/base/result.h"

namespace commplan::device {

struct SharedLibrary {
  void* handle = nullptr;  // never closed: these libraries have threads of their own
  std::string name;        // the name that was loaded
};

// How to find one: the file that the variable names, else the first of the usual names.
struct LibrarySearch {
  std::string what;      // "NCCL", for errors
  const char* variable;  // "COMMPLAN_NCCL"
  std::vector<std::string> names{};
  std::string hint;
  bool global = false;  // its plug-ins look for its symbols
};
Result<SharedLibrary> OpenLibrary(const LibrarySearch& search);

// Looks functions up and keeps the first name that is missing.
class Symbols {
 public:
  explicit Symbols(void* library) : library_(library) {}

  template <class Function>
  void Call(const char* name, Function*& out) {
    out = reinterpret_cast<Function*>(Find(name));
  }
  void* Find(const char* name);
  // "" where all were found.
  const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_{};
};

}  // namespace commplan::device
