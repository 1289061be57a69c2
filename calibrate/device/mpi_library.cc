#include "calibrate/device/mpi_library.h"

#include "calibrate/device/shared_library.h"

namespace commplan::device {
namespace {

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
  ASSIGN_OR_RETURN(
      const SharedLibrary library,
      OpenLibrary({.what = "Open MPI",
                   .variable = "COMMPLAN_MPI",
                   .names = {"libmpi.so.40", "libmpi.so"},
                   .hint = "install openmpi-bin, or set COMMPLAN_MPI to the file of its libmpi.so",
                   .global = true}));
  return Resolve(library.handle, library.name);
}

}  // namespace commplan::device
