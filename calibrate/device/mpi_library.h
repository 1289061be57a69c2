// Open MPI, loaded at run time: the program starts and works without it, and is built without its
// headers. What stands here is the part of its binary interface that we call; it has been the same
// since libmpi.so.40 (versions 3 to 5). Other MPI libraries number their handles differently and
// are refused.
#pragma once

#include <string>

#include "model/base/result.h"

namespace commplan::device {

struct MpiLibrary {
  using Handle = void*;  // of a communicator, a type, an operation: a pointer in Open MPI

  std::string path;  // the name that was loaded
  Handle world = nullptr;
  Handle byte = nullptr, float_type = nullptr, double_type = nullptr;
  Handle sum = nullptr, max = nullptr;

  int (*init)(int*, char***) = nullptr;
  int (*finalize)() = nullptr;
  int (*rank)(Handle, int*) = nullptr;
  int (*size)(Handle, int*) = nullptr;
  int (*processor_name)(char*, int*) = nullptr;
  int (*version)(char*, int*) = nullptr;
  int (*barrier)(Handle) = nullptr;
  int (*broadcast)(void*, int, Handle, int, Handle) = nullptr;
  int (*all_reduce)(const void*, void*, int, Handle, Handle, Handle) = nullptr;
  int (*all_gather)(const void*, int, Handle, void*, int, Handle, Handle) = nullptr;
  int (*reduce_scatter)(const void*, void*, int, Handle, Handle, Handle) = nullptr;  // ..._block
  int (*all_to_all)(const void*, int, Handle, void*, int, Handle, Handle) = nullptr;
  int (*send)(const void*, int, Handle, int, int, Handle) = nullptr;
  int (*receive)(void*, int, Handle, int, int, Handle, void*) = nullptr;
  int (*exchange)(const void*, int, Handle, int, int, void*, int, Handle, int, int, Handle,
                  void*) = nullptr;
};

// Tries $COMMPLAN_MPI (a file), then the usual names.
Result<MpiLibrary> LoadMpi();

}  // namespace commplan::device
