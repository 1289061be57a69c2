#include "calibrate/device/cuda/nccl_world.h"

#include <algorithm>
#include <string>
#include <utility>

#include "calibrate/device/exchange.h"
#include "model/base/check.h"

namespace commplan::device {
namespace {

constexpr std::int64_t kWordBytes = 64 << 10;  // for gathered words

}  // namespace

Status NcclWorld::Judge(ncclResult_t status, const char* call) const {
  if (status == ncclSuccess) return OkStatus();
  std::string message = std::string(call) + ": " + nccl_->error_text(status);
  if (const char* more = nccl_->last_error(nullptr); more != nullptr && *more != 0) {
    message.append(": ").append(more);
  }
  return DeviceError(std::move(message), "NCCL_DEBUG=WARN says more");
}

Result<std::unique_ptr<NcclWorld>> NcclWorld::OfDevices(const NcclLibrary* nccl,
                                                        std::vector<int> devices) {
  const int ranks = static_cast<int>(devices.size());
  std::unique_ptr<NcclWorld> world(new NcclWorld(nccl, ranks));
  std::vector<ncclComm_t> comms(devices.size());
  RETURN_IF_ERROR(
      world->Judge(nccl->init_all(comms.data(), ranks, devices.data()), "ncclCommInitAll"));
  for (std::size_t i = 0; i < devices.size(); ++i) {
    Rank rank;
    rank.rank = static_cast<int>(i);
    rank.device = devices[i];
    rank.comm = comms[i];
    world->local_.push_back(std::move(rank));
  }
  RETURN_IF_ERROR(world->Open());
  return world;
}

Result<std::unique_ptr<NcclWorld>> NcclWorld::OfProcess(const NcclLibrary* nccl, int device,
                                                        int rank, int ranks,
                                                        const ncclUniqueId& id) {
  std::unique_ptr<NcclWorld> world(new NcclWorld(nccl, ranks));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device));
  Rank one;
  one.rank = rank;
  one.device = device;
  RETURN_IF_ERROR(world->Judge(nccl->init_rank(&one.comm, ranks, id, rank), "ncclCommInitRank"));
  world->local_.push_back(std::move(one));
  RETURN_IF_ERROR(world->Open());
  return world;
}

NcclWorld::~NcclWorld() {
  for (const Rank& rank : local_) {
    if (rank.comm != nullptr) (void)nccl_->destroy(rank.comm);
  }
}

Status NcclWorld::Open() {
  for (Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    ASSIGN_OR_RETURN(rank.stream, MakeStream());
    ASSIGN_OR_RETURN(rank.start, MakeEvent());
    ASSIGN_OR_RETURN(rank.end, MakeEvent());
    ASSIGN_OR_RETURN(rank.word, AllocateDevice(kWordBytes));
  }
  return OkStatus();
}

std::size_t NcclWorld::InCount() const {
  const std::size_t whole = share_ * static_cast<std::size_t>(ranks_);
  return op_ == Op::kAllGather ? share_ : whole;
}

std::size_t NcclWorld::OutCount() const {
  const std::size_t whole = share_ * static_cast<std::size_t>(ranks_);
  return op_ == Op::kReduceScatter ? share_ : whole;
}

Status NcclWorld::Prepare(Op op, std::int64_t bytes) {
  op_ = op;
  share_ = static_cast<std::size_t>(bytes) / sizeof(float) / static_cast<std::size_t>(ranks_);
  for (Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    rank.in.reset();
    rank.out.reset();
    ASSIGN_OR_RETURN(rank.in, AllocateDevice(static_cast<std::int64_t>(InCount() * sizeof(float))));
    ASSIGN_OR_RETURN(rank.out,
                     AllocateDevice(static_cast<std::int64_t>(OutCount() * sizeof(float))));
  }
  return Refill();
}

// Out of place: inputs stay, and what a call does not write shows.
Status NcclWorld::Refill() {
  for (const Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    std::vector<float> inputs(InCount());
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = InputValue(rank.rank, i);
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(
        rank.in.get(), inputs.data(), inputs.size() * sizeof(float), cudaMemcpyHostToDevice));
    constexpr int kStale = 0xA5;
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemset(rank.out.get(), kStale, OutCount() * sizeof(float)));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
  }
  return OkStatus();
}

Status NcclWorld::EnqueueRank(const Rank& rank) {
  const void* const in = rank.in.get();
  void* const out = rank.out.get();
  const std::size_t whole = share_ * static_cast<std::size_t>(ranks_);
  cudaStream_t stream = rank.stream.get();
  switch (op_) {
    case Op::kAllReduce:
      return Judge(nccl_->all_reduce(in, out, whole, ncclFloat, ncclSum, rank.comm, stream),
                   "ncclAllReduce");
    case Op::kAllGather:
      return Judge(nccl_->all_gather(in, out, share_, ncclFloat, rank.comm, stream),
                   "ncclAllGather");
    case Op::kReduceScatter:
      return Judge(nccl_->reduce_scatter(in, out, share_, ncclFloat, ncclSum, rank.comm, stream),
                   "ncclReduceScatter");
    case Op::kBroadcast:
      return Judge(nccl_->broadcast(in, out, whole, ncclFloat, 0, rank.comm, stream),
                   "ncclBroadcast");
    case Op::kReduce:
      return Judge(nccl_->reduce(in, out, whole, ncclFloat, ncclSum, 0, rank.comm, stream),
                   "ncclReduce");
    case Op::kPointToPoint:
      if (rank.rank == 0) {
        return Judge(nccl_->send(in, whole, ncclFloat, ranks_ - 1, rank.comm, stream), "ncclSend");
      }
      if (rank.rank != ranks_ - 1) return OkStatus();
      return Judge(nccl_->receive(out, whole, ncclFloat, 0, rank.comm, stream), "ncclRecv");
    case Op::kAllToAll:
      for (int other = 0; other < ranks_; ++other) {
        const std::size_t at = static_cast<std::size_t>(other) * share_;
        RETURN_IF_ERROR(Judge(nccl_->send(static_cast<const float*>(in) + at, share_, ncclFloat,
                                          other, rank.comm, stream),
                              "ncclSend"));
        RETURN_IF_ERROR(Judge(nccl_->receive(static_cast<float*>(out) + at, share_, ncclFloat,
                                             other, rank.comm, stream),
                              "ncclRecv"));
      }
      return OkStatus();
  }
  CHECK(false);
}

Status NcclWorld::Enqueue() {
  RETURN_IF_ERROR(Judge(nccl_->group_start(), "ncclGroupStart"));
  Status enqueued = OkStatus();
  for (const Rank& rank : local_) {
    if (enqueued.ok()) enqueued = EnqueueRank(rank);
  }
  RETURN_IF_ERROR(Judge(nccl_->group_end(), "ncclGroupEnd"));
  return enqueued;
}

// A sum of one number: nobody has it before all have come.
Status NcclWorld::Meet() {
  RETURN_IF_ERROR(Judge(nccl_->group_start(), "ncclGroupStart"));
  for (const Rank& rank : local_) {
    RETURN_IF_ERROR(Judge(nccl_->all_reduce(rank.word.get(), rank.word.get(), 1, ncclFloat, ncclSum,
                                            rank.comm, rank.stream.get()),
                          "ncclAllReduce"));
  }
  RETURN_IF_ERROR(Judge(nccl_->group_end(), "ncclGroupEnd"));
  for (const Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(rank.stream.get()));
  }
  return OkStatus();
}

Result<double> NcclWorld::Run(int calls) {
  RETURN_IF_ERROR(Meet());
  for (const Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(rank.start.get(), rank.stream.get()));
  }
  for (int call = 0; call < calls; ++call) RETURN_IF_ERROR(Enqueue());
  double slowest_us = 0;
  for (const Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(rank.end.get(), rank.stream.get()));
  }
  for (const Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventSynchronize(rank.end.get()));
    float milliseconds = 0;
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaEventElapsedTime(&milliseconds, rank.start.get(), rank.end.get()));
    constexpr double kMicros = 1000;
    slowest_us = std::max(slowest_us, kMicros * static_cast<double>(milliseconds));
  }
  return slowest_us;
}

Status NcclWorld::Verify() {
  RETURN_IF_ERROR(Refill());
  RETURN_IF_ERROR(Enqueue());
  for (const Rank& rank : local_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(rank.stream.get()));
    RETURN_IF_ERROR(CheckRank(rank));
  }
  return OkStatus();
}

Status NcclWorld::CheckRank(const Rank& rank) const {
  if (op_ == Op::kReduce && rank.rank != 0) return OkStatus();
  if (op_ == Op::kPointToPoint && rank.rank != ranks_ - 1) return OkStatus();
  std::vector<float> found(OutCount());
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(found.data(), rank.out.get(),
                                           found.size() * sizeof(float), cudaMemcpyDeviceToHost));
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float expected = CollectiveResult(op_, rank.rank, ranks_, share_, i);
    if (found[i] == expected) continue;
    return DeviceError("rank " + std::to_string(rank.rank) + " holds " + std::to_string(found[i]) +
                           " in value " + std::to_string(i) + ", expected " +
                           std::to_string(expected),
                       "the transport or the machine is faulty; do not measure with it");
  }
  return OkStatus();
}

// ---- words ----

Status NcclWorld::Broadcast(std::span<std::byte> word) {
  const Rank& rank = local_.front();
  COMMPLAN_RETURN_IF_CUDA_ERROR(
      cudaMemcpy(rank.word.get(), word.data(), word.size(), cudaMemcpyHostToDevice));
  RETURN_IF_ERROR(Judge(nccl_->broadcast(rank.word.get(), rank.word.get(), word.size(), ncclUint8,
                                         0, rank.comm, rank.stream.get()),
                        "ncclBroadcast"));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(rank.stream.get()));
  COMMPLAN_RETURN_IF_CUDA_ERROR(
      cudaMemcpy(word.data(), rank.word.get(), word.size(), cudaMemcpyDeviceToHost));
  return OkStatus();
}

Result<std::vector<std::byte>> NcclWorld::Gather(std::span<const std::byte> word) {
  const Rank& rank = local_.front();
  const auto ranks = static_cast<std::size_t>(ranks_);
  std::vector<std::byte> all(word.size() * ranks);
  ASSIGN_OR_RETURN(const DeviceMemory gathered,
                   AllocateDevice(static_cast<std::int64_t>(all.size())));
  COMMPLAN_RETURN_IF_CUDA_ERROR(
      cudaMemcpy(rank.word.get(), word.data(), word.size(), cudaMemcpyHostToDevice));
  RETURN_IF_ERROR(Judge(nccl_->all_gather(rank.word.get(), gathered.get(), word.size(), ncclUint8,
                                          rank.comm, rank.stream.get()),
                        "ncclAllGather"));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(rank.stream.get()));
  COMMPLAN_RETURN_IF_CUDA_ERROR(
      cudaMemcpy(all.data(), gathered.get(), all.size(), cudaMemcpyDeviceToHost));
  return all;
}

Status NcclWorld::Largest(std::span<double> values) {
  const Rank& rank = local_.front();
  COMMPLAN_RETURN_IF_CUDA_ERROR(
      cudaMemcpy(rank.word.get(), values.data(), values.size_bytes(), cudaMemcpyHostToDevice));
  RETURN_IF_ERROR(Judge(nccl_->all_reduce(rank.word.get(), rank.word.get(), values.size(),
                                          ncclDouble, ncclMax, rank.comm, rank.stream.get()),
                        "ncclAllReduce"));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(rank.stream.get()));
  COMMPLAN_RETURN_IF_CUDA_ERROR(
      cudaMemcpy(values.data(), rank.word.get(), values.size_bytes(), cudaMemcpyDeviceToHost));
  return OkStatus();
}

}  // namespace commplan::device
