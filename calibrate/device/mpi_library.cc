#include "calibrate/device/mpi_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <vector>

namespace commplan::device {
namespace {

// The first symbol that is missing, or "".
class Symbols {
 public:
  explicit Symbols(void* library) : library_(library) {}

  template <class Function>
  void Call(const char* name, Function*& out) {
    out = reinterpret_cast<Function*>(Find(name));
  }
  void* Find(const char* name) {
    void* found = dlsym(library_, name);
    if (found == nullptr && missing_.empty()) missing_ = name;
    return found;
  }
  const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_{};
};

Result<MpiLibrary> Resolve(void* library, const std::string& name) {
  MpiLibrary mpi;
  mpi.path = name;
  Symbols symbols(library);
  mpi.world = symbols.Find("ompi_mpi_comm_world");
  mpi.byte = symbols.Find("ompi_mpi_byte");
  mpi.float_type = symbols.Find("ompi_mpi_float");
  mpi.double_type = symbols.Find("ompi_mpi_double");
  mpi.sum = symbols.Find("ompi_mpi_op_sum");
  mpi.max = symbols.Find("ompi_mpi_op_max");
  symbols.Call("MPI_Init", mpi.init);
  symbols.Call("MPI_Finalize", mpi.finalize);
  symbols.Call("MPI_Comm_rank", mpi.rank);
  symbols.Call("MPI_Comm_size", mpi.size);
  symbols.Call("MPI_Get_processor_name", mpi.processor_name);
  symbols.Call("MPI_Get_library_version", mpi.version);
  symbols.Call("MPI_Barrier", mpi.barrier);
  symbols.Call("MPI_Bcast", mpi.broadcast);
  symbols.Call("MPI_Allreduce", mpi.all_reduce);
  symbols.Call("MPI_Allgather", mpi.all_gather);
  symbols.Call("MPI_Reduce_scatter_block", mpi.reduce_scatter);
  symbols.Call("MPI_Alltoall", mpi.all_to_all);
  symbols.Call("MPI_Send", mpi.send);
  symbols.Call("MPI_Recv", mpi.receive);
  symbols.Call("MPI_Sendrecv", mpi.exchange);
  if (symbols.missing().empty()) return mpi;
  return DeviceError(name + " was loaded but has no " + symbols.missing(),
                     "it is no Open MPI of version 3 or later; install openmpi-bin, or set "
                     "COMMPLAN_MPI to the right libmpi.so");
}

}  // namespace

Result<MpiLibrary> LoadMpi() {
  std::vector<std::string> names;
  if (const char* chosen = std::getenv("COMMPLAN_MPI"); chosen != nullptr) {
    names = {chosen};
  } else {
    names = {"libmpi.so.40", "libmpi.so"};
  }
  std::string tried;
  for (const std::string& name : names) {
    // Global, because its plug-ins look for its symbols. Never closed: it has threads.
    if (void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL); library != nullptr) {
      return Resolve(library, name);
    }
    const char* why = dlerror();
    tried += (tried.empty() ? "" : "; ") + std::string(why == nullptr ? name : why);
  }
  return DeviceError("Open MPI could not be loaded: " + tried,
                     "install openmpi-bin, or set COMMPLAN_MPI to the file of its libmpi.so");
}

}  // namespace commplan::device
