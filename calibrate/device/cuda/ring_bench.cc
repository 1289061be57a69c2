#include "calibrate/device/cuda/ring_bench.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "calibrate/device/cuda/codec_kernels.h"
#include "calibrate/device/cuda/crafted.h"
#include "calibrate/device/cuda/plain_kernels.h"
#include "calibrate/device/cuda/resources.h"
#include "calibrate/device/cuda/ring_schedule.h"
#include "calibrate/device/exchange.h"
#include "model/base/check.h"

namespace commplan::device {
namespace {

constexpr SizeRange kSizes = {4 << 10, 256 << 20, 512};
constexpr std::size_t kAlign = 256;

std::size_t Aligned(std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

class RingBench : public Bench {
 public:
  RingBench(samples::Sample head, std::vector<int> devices, std::optional<codec::Codec> codec,
            Gather gather)
      : head_(std::move(head)),
        devices_(std::move(devices)),
        codec_(std::move(codec)),
        gather_(gather),
        kernels_(codec_ ? FindCodecKernels(codec_->name) : nullptr),
        ops_(RingSchedule(head_.ranks, codec_.has_value(), codec_ && gather == Gather::kCoded)) {
    CHECK(!codec_ || kernels_ != nullptr);
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kSizes; }
  std::int64_t CodedBytes(std::int64_t bytes) const override {
    return codec_ ? CodedBytesOfRing(*codec_, head_.ranks, bytes) : 0;
  }
  int MostCalls() const override { return RingMostCalls(head_.ranks); }

  Status Prepare(std::int64_t bytes) override;
  Status Verify() override;
  Result<double> Run(int calls) override;
  void Release() override {
    graph_.reset();
    ranks_.clear();
    done_.clear();
    joined_.clear();
  }

 private:
  struct Rank {
    int device = 0;
    Stream compute{}, send{};
    DeviceMemory values{}, inputs{}, scratch{};
    std::array<DeviceMemory, 2> buffers{};
    std::array<PinnedMemory, 2> slots{};
  };

  Status Refill();
  Status Enqueue();
  Status Do(const RingOp& op, cudaStream_t stream);
  Status Compute(const RingOp& op, cudaStream_t stream);
  Status Capture();
  Status CheckRank(std::size_t rank, std::span<const float> expected) const;

  Chunk At(int chunk) const { return ChunkOf(chunk, head_.ranks, count_); }
  cudaStream_t Origin() const { return ranks_.front().compute.get(); }

  samples::Sample head_;
  std::vector<int> devices_;
  std::optional<codec::Codec> codec_;
  Gather gather_;
  const CodecKernels* kernels_;
  std::vector<RingOp> ops_;

  std::size_t count_ = 0;
  std::vector<Rank> ranks_{};
  std::vector<Event> done_{};    // of each operation that another stream awaits
  std::vector<Event> joined_{};  // of each stream
  Event forked_{}, start_{}, end_{};
  GraphExec graph_{};
};

Status RingBench::Prepare(std::int64_t bytes) {
  count_ = static_cast<std::size_t>(bytes) / sizeof(float);
  Release();
  const std::size_t wire = Aligned(RingWireBytes(codec_, At(0).size()));
  const auto slot = static_cast<std::int64_t>(std::max(wire, At(0).size() * sizeof(float)));
  for (int number = 0; number < head_.ranks; ++number) {
    Rank rank;
    rank.device = devices_[static_cast<std::size_t>(number) % devices_.size()];
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    ASSIGN_OR_RETURN(rank.compute, MakeStream());
    ASSIGN_OR_RETURN(rank.send, MakeStream());
    ASSIGN_OR_RETURN(rank.values, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(rank.inputs, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(rank.scratch, AllocateDevice(sizeof(std::uint32_t)));
    for (std::size_t i = 0; i < 2; ++i) {
      ASSIGN_OR_RETURN(rank.buffers[i], AllocateDevice(slot));
      ASSIGN_OR_RETURN(rank.slots[i], AllocatePinned(slot));
    }
    std::vector<float> inputs(count_);
    for (std::size_t i = 0; i < count_; ++i) inputs[i] = InputValue(number, i);
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(rank.inputs.get(), inputs.data(),
                                             count_ * sizeof(float), cudaMemcpyHostToDevice));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    ranks_.push_back(std::move(rank));
  }
  // An event belongs to the device of the stream that records it.
  for (const RingOp& op : ops_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(ranks_[static_cast<std::size_t>(op.rank)].device));
    ASSIGN_OR_RETURN(Event event, op.awaited ? MakeEventForOrder() : Result<Event>(Event()));
    done_.push_back(std::move(event));
  }
  for (const Rank& rank : ranks_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    for (int stream = 0; stream < 2; ++stream) {
      ASSIGN_OR_RETURN(Event event, MakeEventForOrder());
      joined_.push_back(std::move(event));
    }
  }
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(ranks_.front().device));
  ASSIGN_OR_RETURN(forked_, MakeEventForOrder());
  ASSIGN_OR_RETURN(start_, MakeEvent());
  ASSIGN_OR_RETURN(end_, MakeEvent());
  return head_.launch == samples::Launch::kGraph ? Capture() : OkStatus();
}

Status RingBench::Capture() {
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamBeginCapture(Origin(), cudaStreamCaptureModeThreadLocal));
  const Status enqueued = Enqueue();
  // The first device is the current one again, also after a fault.
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(ranks_.front().device));
  cudaGraph_t raw = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(Origin(), &raw);
  const Graph graph(raw);
  RETURN_IF_ERROR(enqueued);
  COMMPLAN_RETURN_IF_CUDA_ERROR(ended);
  cudaGraphExec_t exec = nullptr;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaGraphInstantiate(&exec, graph.get(), 0));
  graph_.reset(exec);
  return OkStatus();
}

Status RingBench::Refill() {
  for (const Rank& rank : ranks_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(rank.values.get(), rank.inputs.get(),
                                             count_ * sizeof(float), cudaMemcpyDeviceToDevice));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
  }
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(ranks_.front().device));
  return OkStatus();
}

// All streams start behind the first one, and it ends behind all: so calls follow each other, and a
// capture sees all of them.
Status RingBench::Enqueue() {
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(ranks_.front().device));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(forked_.get(), Origin()));
  for (const Rank& rank : ranks_) {
    for (const Stream* stream : {&rank.compute, &rank.send}) {
      if (stream->get() == Origin()) continue;
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamWaitEvent(stream->get(), forked_.get(), 0));
    }
  }
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    const RingOp& op = ops_[i];
    const Rank& rank = ranks_[static_cast<std::size_t>(op.rank)];
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    cudaStream_t stream = op.on_send ? rank.send.get() : rank.compute.get();
    for (const int other : op.after) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(
          cudaStreamWaitEvent(stream, done_[static_cast<std::size_t>(other)].get(), 0));
    }
    RETURN_IF_ERROR(Do(op, stream));
    if (op.awaited) COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(done_[i].get(), stream));
  }
  std::size_t place = 0;
  for (const Rank& rank : ranks_) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(rank.device));
    for (const Stream* stream : {&rank.compute, &rank.send}) {
      const Event& joined = joined_[place++];
      if (stream->get() == Origin()) continue;
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(joined.get(), stream->get()));
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamWaitEvent(Origin(), joined.get(), 0));
    }
  }
  return OkStatus();
}

Status RingBench::Do(const RingOp& op, cudaStream_t stream) {
  const auto number = static_cast<std::size_t>(op.rank);
  const Rank& rank = ranks_[number];
  const Rank& before = ranks_[(number + ranks_.size() - 1) % ranks_.size()];
  const auto from = static_cast<std::size_t>(op.from), to = static_cast<std::size_t>(op.to);
  const Chunk at = At(op.chunk);
  float* const values = As<float>(rank.values) + at.first;
  const std::size_t plain = at.size() * sizeof(float);
  // In the plain gather phase of a compressed ring no buffer is on its way.
  const std::size_t wire = RingWireBytes(codec_, at.size());
  if (at.size() == 0) return OkStatus();
  switch (op.act) {
    case RingAct::kSendValues:
      COMMPLAN_RETURN_IF_CUDA_ERROR(
          cudaMemcpyAsync(rank.slots[to].get(), values, plain, cudaMemcpyDeviceToHost, stream));
      return OkStatus();
    case RingAct::kSend:
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(rank.slots[to].get(), rank.buffers[from].get(),
                                                    wire, cudaMemcpyDeviceToHost, stream));
      return OkStatus();
    case RingAct::kReceiveValues:
      COMMPLAN_RETURN_IF_CUDA_ERROR(
          cudaMemcpyAsync(values, before.slots[from].get(), plain, cudaMemcpyHostToDevice, stream));
      return OkStatus();
    case RingAct::kReceive:
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(
          rank.buffers[to].get(), before.slots[from].get(), wire, cudaMemcpyHostToDevice, stream));
      return OkStatus();
    default:
      return Compute(op, stream);
  }
}

Status RingBench::Compute(const RingOp& op, cudaStream_t stream) {
  const Rank& rank = ranks_[static_cast<std::size_t>(op.rank)];
  const Chunk at = At(op.chunk);
  float* const values = As<float>(rank.values) + at.first;
  const auto count = static_cast<std::int64_t>(at.size());
  const DeviceMemory& from = rank.buffers[static_cast<std::size_t>(op.from)];
  const DeviceMemory& to = rank.buffers[static_cast<std::size_t>(op.to)];
  auto* const in = As<std::uint8_t>(from);
  auto* const out = As<std::uint8_t>(to);
  auto* const scratch = As<std::uint32_t>(rank.scratch);
  cudaError_t status = cudaErrorUnknown;
  switch (op.act) {
    case RingAct::kAdd:
      status = LaunchAdd(As<float>(from), count, values, stream);
      break;
    case RingAct::kEncode:
      status = kernels_->encode(values, count, out, scratch, stream);
      break;
    case RingAct::kDecode:
      status = kernels_->decode(in, count, values, stream);
      break;
    case RingAct::kDecodeAdd:
      status = kernels_->decode_add(in, count, values, stream);
      break;
    case RingAct::kHop:
      status = kernels_->decode_add_encode(in, count, values, out, scratch, stream);
      break;
    default:
      CHECK(false);
  }
  return status == cudaSuccess ? OkStatus() : Status(CudaError(status, "a step of the ring"));
}

Result<double> RingBench::Run(int calls) {
  RETURN_IF_ERROR(Refill());
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(start_.get(), Origin()));
  for (int call = 0; call < calls; ++call) {
    if (graph_ != nullptr) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaGraphLaunch(graph_.get(), Origin()));
    } else {
      RETURN_IF_ERROR(Enqueue());
    }
  }
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(ranks_.front().device));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(end_.get(), Origin()));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventSynchronize(end_.get()));
  float milliseconds = 0;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventElapsedTime(&milliseconds, start_.get(), end_.get()));
  constexpr double kMicros = 1000;
  return kMicros * static_cast<double>(milliseconds);
}

Status RingBench::Verify() {
  RETURN_IF_ERROR(Run(1));
  std::vector<float> expected(count_);
  for (int chunk = 0; chunk < head_.ranks; ++chunk) {
    const std::vector<float> part =
        RingResult(codec::BestKernels(), codec_, gather_, head_.ranks, count_, chunk);
    std::copy(part.begin(), part.end(),
              expected.begin() + static_cast<std::ptrdiff_t>(At(chunk).first));
  }
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    RETURN_IF_ERROR(CheckRank(rank, expected));
  }
  return OkStatus();
}

Status RingBench::CheckRank(std::size_t rank, std::span<const float> expected) const {
  std::vector<float> found(count_);
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(found.data(), ranks_[rank].values.get(),
                                           count_ * sizeof(float), cudaMemcpyDeviceToHost));
  const std::string difference = DifferenceOf(found, expected);
  if (difference.empty()) return OkStatus();
  return DeviceError("of rank " + std::to_string(rank) + ", " + difference,
                     "the device, the link or this build is faulty; do not measure with it");
}

}  // namespace

Benches RingBenches(const std::vector<DeviceInfo>& devices,
                    const std::vector<codec::Codec>& codecs) {
  std::vector<int> places;
  for (const DeviceInfo& device : devices) places.push_back(device.index);
  Benches benches;
  const auto add = [&](int ranks, samples::Launch launch, std::optional<codec::Codec> codec,
                       Gather gather) {
    samples::Sample head;
    head.op = Op::kAllReduce;
    head.engine = "cuda-host";
    head.kernel = codec && gather == Gather::kPlain ? "ring-plain-gather" : "ring";
    head.launch = launch;
    head.ranks = ranks;
    head.nodes = 1;
    head.dtype = "float";
    head.in_place = true;
    head.codec = codec ? codec->name : "";
    head.device = devices.front().name;
    benches.push_back(std::make_unique<RingBench>(head, places, std::move(codec), gather));
  };
  for (const int ranks : {2, 4}) {
    add(ranks, samples::Launch::kGraph, std::nullopt, Gather::kPlain);
    for (const codec::Codec& codec : codecs) {
      add(ranks, samples::Launch::kGraph, codec, Gather::kCoded);
      add(ranks, samples::Launch::kGraph, codec, Gather::kPlain);
    }
  }
  add(2, samples::Launch::kEager, std::nullopt, Gather::kPlain);
  if (!codecs.empty()) add(2, samples::Launch::kEager, codecs.front(), Gather::kCoded);
  return benches;
}

}  // namespace commplan::device
