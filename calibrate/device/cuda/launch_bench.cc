#include <chrono>
#include <string>
#include <utility>

#include "calibrate/device/cuda/device_benches.h"
#include "calibrate/device/cuda/plain_kernels.h"
#include "calibrate/device/cuda/resources.h"

namespace commplan::device {
namespace {

constexpr std::int64_t kWord = 4;
constexpr SizeRange kSizes = {kWord, kWord * 1024, kWord};

// The host's clock: what is measured is the host's cost and its wait.
class LaunchBench : public Bench {
 public:
  LaunchBench(samples::Sample head, int device) : head_(std::move(head)), device_(device) {
    head_.work = "launch";
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kSizes; }

  Status Prepare(std::int64_t bytes) override {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_));
    kernels_ = static_cast<std::uint32_t>(bytes / kWord);
    graph_.reset();
    ASSIGN_OR_RETURN(words_, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(stream_, MakeStream());
    if (head_.launch != samples::Launch::kGraph) return OkStatus();
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal));
    const Status launched = LaunchAll();
    cudaGraph_t raw = nullptr;
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamEndCapture(stream_.get(), &raw));
    const Graph graph(raw);
    RETURN_IF_ERROR(launched);
    cudaGraphExec_t exec = nullptr;
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaGraphInstantiate(&exec, graph.get(), 0));
    graph_.reset(exec);
    return OkStatus();
  }

  Status Verify() override {
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemset(words_.get(), 0, std::size_t{kernels_} * sizeof(std::uint32_t)));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    RETURN_IF_ERROR(CallAndWait());
    std::vector<std::uint32_t> found(kernels_);
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(
        found.data(), words_.get(), found.size() * sizeof(std::uint32_t), cudaMemcpyDeviceToHost));
    for (std::uint32_t i = 0; i < kernels_; ++i) {
      if (found[i] == i + 1) continue;
      return DeviceError("kernel " + std::to_string(i) + " wrote " + std::to_string(found[i]) +
                         ", expected " + std::to_string(i + 1));
    }
    return OkStatus();
  }

  Result<double> Run(int calls) override {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_));
    const auto start = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) RETURN_IF_ERROR(CallAndWait());
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    return spent.count();
  }

 private:
  Status LaunchAll() {
    for (std::uint32_t i = 0; i < kernels_; ++i) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(
          LaunchMark(As<std::uint32_t>(words_) + i, i + 1, stream_.get()));
    }
    return OkStatus();
  }
  Status CallAndWait() {
    if (graph_ != nullptr) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaGraphLaunch(graph_.get(), stream_.get()));
    } else {
      RETURN_IF_ERROR(LaunchAll());
    }
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream_.get()));
    return OkStatus();
  }

  samples::Sample head_;
  int device_;
  std::uint32_t kernels_ = 0;
  DeviceMemory words_{};
  Stream stream_{};
  GraphExec graph_{};
};

}  // namespace

Benches LaunchBenches(const DeviceInfo& device) {
  Benches benches;
  for (const samples::Launch launch : {samples::Launch::kEager, samples::Launch::kGraph}) {
    samples::Sample head;
    head.device = device.name;
    head.launch = launch;
    benches.push_back(std::make_unique<LaunchBench>(head, device.index));
  }
  return benches;
}

}  // namespace commplan::device
