#include <cstring>
#include <string>
#include <utility>

#include "calibrate/device/cuda/crafted.h"
#include "calibrate/device/cuda/device_benches.h"
#include "calibrate/device/cuda/plain_kernels.h"
#include "calibrate/device/cuda/stream_bench.h"
#include "calibrate/device/exchange.h"

namespace commplan::device {
namespace {

// From a few pages to far beyond any device's cache.
constexpr SizeRange kSizes = {4 << 10, 512 << 20, 512};
constexpr SizeRange kLinkSizes = {4 << 10, 256 << 20, 512};

std::vector<std::byte> Pattern(std::int64_t bytes, std::size_t salt) {
  std::vector<std::byte> pattern(static_cast<std::size_t>(bytes));
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    pattern[i] = static_cast<std::byte>((i * 131 + i / 256 + salt) % 251);
  }
  return pattern;
}

Status Upload(const std::vector<std::byte>& from, void* to) {
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(to, from.data(), from.size(), cudaMemcpyDefault));
  return OkStatus();
}

Status ExpectHolds(const void* memory, const std::vector<std::byte>& expected) {
  std::vector<std::byte> found(expected.size());
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(found.data(), memory, found.size(), cudaMemcpyDefault));
  const std::string difference = DifferenceOf(found, expected);
  return difference.empty() ? OkStatus() : Status(DeviceError("a copy differs: " + difference));
}

class CopyBench : public StreamBench {
 public:
  CopyBench(samples::Sample head, int device) : StreamBench(device), head_(std::move(head)) {
    head_.work = "copy";
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kSizes; }

  void Release() override {
    from_.reset();
    to_.reset();
  }

  Status Verify() override {
    const auto pattern = Pattern(bytes_, 0);
    RETURN_IF_ERROR(Upload(pattern, from_.get()));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    RETURN_IF_ERROR(CallOnce());
    return ExpectHolds(to_.get(), pattern);
  }

 protected:
  Status Fill(std::int64_t bytes) override {
    bytes_ = bytes;
    Release();
    ASSIGN_OR_RETURN(from_, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(to_, AllocateDevice(bytes));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemset(to_.get(), 0, static_cast<std::size_t>(bytes)));
    return OkStatus();
  }
  Status Enqueue() override {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(to_.get(), from_.get(),
                                                  static_cast<std::size_t>(bytes_),
                                                  cudaMemcpyDeviceToDevice, stream()));
    return OkStatus();
  }

 private:
  samples::Sample head_;
  std::int64_t bytes_ = 0;
  DeviceMemory from_{}, to_{};
};

enum class Way { kDown, kUp, kBoth };  // to the device, to the host

class LinkBench : public StreamBench {
 public:
  LinkBench(samples::Sample head, int device, Way way)
      : StreamBench(device), head_(std::move(head)), way_(way) {
    head_.work = way == Way::kDown ? "h2d" : way == Way::kUp ? "d2h" : "h2d-d2h";
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kLinkSizes; }

  void Release() override {
    from_.reset();
    to_.reset();
    host_from_.reset();
    host_to_.reset();
  }

  Status Verify() override {
    const auto down = Pattern(bytes_, 1), up = Pattern(bytes_, 2);
    std::memcpy(host_from_.get(), down.data(), down.size());
    std::memset(host_to_.get(), 0, up.size());
    RETURN_IF_ERROR(Upload(up, from_.get()));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    RETURN_IF_ERROR(CallOnce());
    if (way_ != Way::kUp) RETURN_IF_ERROR(ExpectHolds(to_.get(), down));
    if (way_ != Way::kDown) RETURN_IF_ERROR(ExpectHolds(host_to_.get(), up));
    return OkStatus();
  }

 protected:
  bool UsesTwo() const override { return way_ == Way::kBoth; }

  Status Fill(std::int64_t bytes) override {
    bytes_ = bytes;
    Release();
    ASSIGN_OR_RETURN(from_, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(to_, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(host_from_, AllocatePinned(bytes));
    ASSIGN_OR_RETURN(host_to_, AllocatePinned(bytes));
    return OkStatus();
  }
  Status Enqueue() override {
    const auto size = static_cast<std::size_t>(bytes_);
    if (way_ != Way::kUp) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(
          cudaMemcpyAsync(to_.get(), host_from_.get(), size, cudaMemcpyHostToDevice, stream()));
    }
    if (way_ != Way::kDown) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(host_to_.get(), from_.get(), size,
                                                    cudaMemcpyDeviceToHost,
                                                    UsesTwo() ? beside() : stream()));
    }
    return OkStatus();
  }

 private:
  samples::Sample head_;
  Way way_;
  std::int64_t bytes_ = 0;
  DeviceMemory from_{}, to_{};
  PinnedMemory host_from_{}, host_to_{};
};

class AddBench : public StreamBench {
 public:
  AddBench(samples::Sample head, int device) : StreamBench(device), head_(std::move(head)) {
    head_.work = "add";
    head_.dtype = "float";
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kSizes; }

  void Release() override {
    from_.reset();
    to_.reset();
  }

  Status Verify() override {
    std::vector<float> a(Count()), b(Count());
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = InputValue(0, i);
      b[i] = InputValue(1, i);
    }
    RETURN_IF_ERROR(Put(a, from_));
    RETURN_IF_ERROR(Put(b, to_));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    RETURN_IF_ERROR(CallOnce());
    std::vector<float> found(Count());
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemcpy(found.data(), to_.get(), found.size() * sizeof(float), cudaMemcpyDefault));
    for (std::size_t i = 0; i < a.size(); ++i) b[i] += a[i];
    const std::string difference = DifferenceOf(found, b);
    return difference.empty() ? OkStatus() : Status(DeviceError("a sum differs: " + difference));
  }

 protected:
  Status Fill(std::int64_t bytes) override {
    bytes_ = bytes;
    Release();
    ASSIGN_OR_RETURN(from_, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(to_, AllocateDevice(bytes));
    return OkStatus();
  }
  Status Enqueue() override {
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        LaunchAdd(As<float>(from_), static_cast<std::int64_t>(Count()), As<float>(to_), stream()));
    return OkStatus();
  }

 private:
  std::size_t Count() const { return static_cast<std::size_t>(bytes_) / sizeof(float); }
  static Status Put(const std::vector<float>& values, const DeviceMemory& to) {
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemcpy(to.get(), values.data(), values.size() * sizeof(float), cudaMemcpyDefault));
    return OkStatus();
  }

  samples::Sample head_;
  std::int64_t bytes_ = 0;
  DeviceMemory from_{}, to_{};
};

class PeerBench : public StreamBench {
 public:
  PeerBench(samples::Sample head, int from, int to)
      : StreamBench(from), head_(std::move(head)), other_(to) {}

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kSizes; }

  void Release() override {
    from_.reset();
    to_.reset();
  }

  Status Verify() override {
    const auto pattern = Pattern(bytes_, 3);
    RETURN_IF_ERROR(Upload(pattern, from_.get()));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    RETURN_IF_ERROR(CallOnce());
    return ExpectHolds(to_.get(), pattern);
  }

 protected:
  Status Fill(std::int64_t bytes) override {
    bytes_ = bytes;
    const cudaError_t status = cudaDeviceEnablePeerAccess(other_, 0);
    if (status != cudaSuccess && status != cudaErrorPeerAccessAlreadyEnabled) {
      return CudaError(status, "reaching device " + std::to_string(other_));
    }
    (void)cudaGetLastError();
    Release();
    ASSIGN_OR_RETURN(from_, AllocateDevice(bytes));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(other_));
    ASSIGN_OR_RETURN(to_, AllocateDevice(bytes));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device()));
    return OkStatus();
  }
  Status Enqueue() override {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpyPeerAsync(to_.get(), other_, from_.get(), device(),
                                                      static_cast<std::size_t>(bytes_), stream()));
    return OkStatus();
  }

 private:
  samples::Sample head_;
  int other_;
  std::int64_t bytes_ = 0;
  DeviceMemory from_{}, to_{};
};

}  // namespace

Benches MemoryBenches(const DeviceInfo& device) {
  samples::Sample head;
  head.device = device.name;
  Benches benches;
  benches.push_back(std::make_unique<CopyBench>(head, device.index));
  benches.push_back(std::make_unique<AddBench>(head, device.index));
  for (const Way way : {Way::kDown, Way::kUp, Way::kBoth}) {
    benches.push_back(std::make_unique<LinkBench>(head, device.index, way));
  }
  return benches;
}

Benches PeerBenches(const std::vector<DeviceInfo>& devices) {
  Benches benches;
  if (devices.size() < 2) return benches;
  int can = 0;
  if (cudaDeviceCanAccessPeer(&can, devices[0].index, devices[1].index) != cudaSuccess) {
    (void)cudaGetLastError();
    return benches;
  }
  if (can == 0) return benches;
  samples::Sample head;
  head.device = devices[0].name;
  head.op = Op::kPointToPoint;
  head.engine = "cuda-peer";
  head.ranks = 2;
  head.nodes = 1;
  head.launch = samples::Launch::kEager;
  benches.push_back(std::make_unique<PeerBench>(head, devices[0].index, devices[1].index));
  return benches;
}

}  // namespace commplan::device
