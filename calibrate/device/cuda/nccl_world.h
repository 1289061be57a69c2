// The ranks of one NCCL communicator that this process has: all of them, one for each device, or
// one among many processes.
#pragma once

#include <nccl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "calibrate/device/cuda/resources.h"
#include "calibrate/device/nccl_library.h"
#include "model/base/result.h"
#include "model/collective/algorithm.h"

namespace commplan::device {

class NcclWorld {
 public:
  // All ranks in this process, on these devices. The library must outlive the world.
  static Result<std::unique_ptr<NcclWorld>> OfDevices(const NcclLibrary* nccl,
                                                      std::vector<int> devices);
  // This process's rank on its device. All processes must call it.
  static Result<std::unique_ptr<NcclWorld>> OfProcess(const NcclLibrary* nccl, int device, int rank,
                                                      int ranks, const ncclUniqueId& id);
  NcclWorld(const NcclWorld&) = delete;
  NcclWorld& operator=(const NcclWorld&) = delete;
  ~NcclWorld();

  int ranks() const { return ranks_; }

  // Buffers for an operation of so many bytes, as nccl-tests counts them, with known inputs.
  Status Prepare(Op op, std::int64_t bytes);
  // One call; then every value of every rank here must be right.
  Status Verify();
  // After all ranks met: so many calls in a row, the slowest rank of this process, in microseconds.
  Result<double> Run(int calls);

  // Of worlds with one rank in each process: small words between the processes.
  Status Broadcast(std::span<std::byte> word);  // from rank 0
  Result<std::vector<std::byte>> Gather(std::span<const std::byte> word);
  Status Largest(std::span<double> values);

 private:
  struct Rank {
    int rank = 0, device = 0;
    ncclComm_t comm = nullptr;
    Stream stream{};
    Event start{}, end{};
    DeviceMemory in{}, out{}, word{};
  };

  NcclWorld(const NcclLibrary* nccl, int ranks) : nccl_(nccl), ranks_(ranks) {}
  Status Open();
  Status Refill();
  Status Enqueue();
  Status EnqueueRank(const Rank& rank);
  Status Meet();
  Status CheckRank(const Rank& rank) const;
  Status Judge(ncclResult_t status, const char* call) const;
  std::size_t InCount() const;
  std::size_t OutCount() const;

  const NcclLibrary* nccl_;
  int ranks_;
  std::vector<Rank> local_{};
  Op op_ = Op::kAllReduce;
  std::size_t share_ = 0;  // values of a rank's part
};

}  // namespace commplan::device
