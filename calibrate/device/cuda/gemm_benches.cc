#include "calibrate/device/cuda/gemm_benches.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "calibrate/device/cuda/crafted.h"
#include "calibrate/device/cuda/cublas_library.h"
#include "calibrate/device/cuda/plain_kernels.h"
#include "calibrate/device/cuda/resources.h"
#include "calibrate/device/cuda/stream_bench.h"
#include "model/codec/bits.h"

namespace commplan::device {
namespace {

// Powers of two in k keep every sum of Verify exact. The shapes are those of layers of about 8 and
// 70 billion weights: square, and up to the inner width.
struct Shape {
  int n = 0, k = 0;
};
constexpr std::array<Shape, 3> kShapes = {{{4096, 4096}, {8192, 8192}, {28672, 8192}}};
constexpr int kMostTokens = 4096;
constexpr int kCacheTimes = 4;  // so many times the cache are the copies of the weights
constexpr std::int64_t kBesideBytes = 64 << 20;

// Small whole numbers other than 0 with signs: a row times a column is k * u * v, exact in bf16.
float RowNumber(int row) { return static_cast<float>(row % 7 + 1) * (row % 2 == 0 ? 1.0F : -1.0F); }
float ColumnNumber(int column) {
  return static_cast<float>(column % 5 + 1) * (column % 3 == 0 ? -1.0F : 1.0F);
}
// Along k the signs are mixed, and the same in both matrices.
float SignAlong(int i) { return (i * 7 + i / 64) % 3 == 0 ? -1.0F : 1.0F; }

using Halves = std::vector<std::uint16_t>;
std::uint16_t Bf16(float value) { return static_cast<std::uint16_t>(codec::Bf16Of(value)); }

// Random numbers: a device draws less power, and so runs faster, on regular ones.
Halves UsualHalves(std::size_t count, float factor, std::uint64_t seed) {
  constexpr std::size_t kDrawn = std::size_t{1} << 16;
  Halves drawn;
  for (const float value : NormalValues(kDrawn, seed)) drawn.push_back(Bf16(factor * value));
  Halves values(count);
  for (std::size_t at = 0; at < count; at += kDrawn) {
    std::copy_n(drawn.begin(), std::min(kDrawn, count - at),
                values.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return values;
}

Status Upload(const Halves& values, const DeviceMemory& to) {
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpy(
      to.get(), values.data(), values.size() * sizeof(std::uint16_t), cudaMemcpyHostToDevice));
  return OkStatus();
}

class GemmBench : public StreamBench {
 public:
  GemmBench(samples::Sample head, int device, Shape shape)
      : StreamBench(device), head_(std::move(head)), shape_(shape) {
    head_.work = "gemm";
    head_.engine = "cublas";
    head_.kernel = "n" + std::to_string(shape.n) + "-k" + std::to_string(shape.k);
    head_.dtype = "bfloat16";
  }
  ~GemmBench() override {
    if (handle_ != nullptr) (void)cublas_.destroy(handle_);
  }

  samples::Sample Head() const override {
    samples::Sample head = head_;
    head.version = cublas_.version;
    return head;
  }
  SizeRange Sizes() const override {
    const std::int64_t row = std::int64_t{shape_.k} * kItem;
    return {row, row * kMostTokens, row};
  }
  int MostCalls() const override { return 256; }

  // The weights stay: they are the same for every size.
  void Release() override {
    in_.reset();
    out_.reset();
  }

  Status Verify() override {
    RETURN_IF_ERROR(Upload(Crafted(tokens_, RowNumber), in_));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    verifying_ = true;
    const Status called = CallOnce();
    verifying_ = false;
    RETURN_IF_ERROR(called);
    Halves found(static_cast<std::size_t>(tokens_) * static_cast<std::size_t>(shape_.n));
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemcpy(found.data(), out_.get(), found.size() * kItem, cudaMemcpyDeviceToHost));
    for (std::size_t i = 0; i < found.size(); ++i) {
      const int t = static_cast<int>(i / static_cast<std::size_t>(shape_.n));
      const int n = static_cast<int>(i % static_cast<std::size_t>(shape_.n));
      const float expected = static_cast<float>(shape_.k) * RowNumber(t) * ColumnNumber(n);
      if (found[i] == Bf16(expected)) continue;
      return DeviceError("a product holds " + std::to_string(codec::FromBf16(found[i])) +
                         " in row " + std::to_string(t) + ", column " + std::to_string(n) +
                         ", expected " + std::to_string(expected));
    }
    return PutUsual();
  }

 protected:
  Status Fill(std::int64_t bytes) override {
    if (handle_ == nullptr) RETURN_IF_ERROR(Start());
    tokens_ = static_cast<int>(bytes / (std::int64_t{shape_.k} * kItem));
    Release();
    ASSIGN_OR_RETURN(in_, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(out_, AllocateDevice(std::int64_t{tokens_} * shape_.n * kItem));
    return PutUsual();
  }

  Status Enqueue() override {
    const float one = 1, zero = 0;
    const DeviceMemory& weights = verifying_ ? crafted_ : weights_[turn_++ % weights_.size()];
    // What stands row by row is, column by column, its transpose: out' = w x', with w read by rows.
    const int status =
        cublas_.gemm(handle_, CublasLibrary::kTransposed, CublasLibrary::kPlain, shape_.n, tokens_,
                     shape_.k, &one, weights.get(), CUDA_R_16BF, shape_.k, in_.get(), CUDA_R_16BF,
                     shape_.k, &zero, out_.get(), CUDA_R_16BF, shape_.n,
                     CublasLibrary::kComputeFp32, CublasLibrary::kDefaultAlgorithm);
    return Judge(status, "cublasGemmEx");
  }

 private:
  static constexpr std::int64_t kItem = 2;

  std::size_t Values(int rows) const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(shape_.k);
  }
  Halves Crafted(int rows, float (*number)(int)) const {
    Halves matrix(Values(rows));
    for (int row = 0; row < rows; ++row) {
      std::array<std::uint16_t, 2> codes = {Bf16(number(row)), Bf16(-number(row))};
      std::uint16_t* const at = matrix.data() + Values(row);
      for (int i = 0; i < shape_.k; ++i) at[i] = codes[SignAlong(i) > 0 ? 0 : 1];
    }
    return matrix;
  }

  Status Judge(int status, const char* call) const {
    if (status == CublasLibrary::kSuccess) return OkStatus();
    return DeviceError(std::string(call) + ": " + cublas_.status_text(status));
  }

  Status Start() {
    ASSIGN_OR_RETURN(cublas_, LoadCublas());
    RETURN_IF_ERROR(Judge(cublas_.create(&handle_), "cublasCreate"));
    RETURN_IF_ERROR(Judge(cublas_.set_stream(handle_, stream()), "cublasSetStream"));
    int cache = 0;
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, device()));
    const std::int64_t bytes = static_cast<std::int64_t>(Values(shape_.n)) * kItem;
    const std::int64_t copies = kCacheTimes * std::int64_t{cache} / bytes + 1;
    ASSIGN_OR_RETURN(crafted_, AllocateDevice(bytes));
    RETURN_IF_ERROR(Upload(Crafted(shape_.n, ColumnNumber), crafted_));
    constexpr float kSmall = 0.02F;  // as weights are; sums stay far below the ends of bf16
    const Halves usual = UsualHalves(Values(shape_.n), kSmall, 2);
    for (std::int64_t i = 0; i < copies; ++i) {
      ASSIGN_OR_RETURN(DeviceMemory one, AllocateDevice(bytes));
      RETURN_IF_ERROR(Upload(usual, one));
      weights_.push_back(std::move(one));
    }
    return OkStatus();
  }

  Status PutUsual() {
    RETURN_IF_ERROR(Upload(UsualHalves(Values(tokens_), 1, 1), in_));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    return OkStatus();
  }

  samples::Sample head_;
  Shape shape_;
  CublasLibrary cublas_{};
  CublasLibrary::Handle handle_ = nullptr;
  int tokens_ = 0;
  std::size_t turn_ = 0;
  std::vector<DeviceMemory> weights_{};
  bool verifying_ = false;
  DeviceMemory crafted_{}, in_{}, out_{};
};

enum class Beside { kCopy, kAdd };

// Other work is put on streams of its own first, so much that it outlasts the products.
class BesideBench : public Bench {
 public:
  BesideBench(const samples::Sample& head, int device, Shape shape, Beside what)
      : gemm_(head, device, shape), device_(device), what_(what) {}

  samples::Sample Head() const override {
    samples::Sample head = gemm_.Head();
    head.work = what_ == Beside::kCopy ? "gemm-beside-copy" : "gemm-beside-add";
    return head;
  }
  SizeRange Sizes() const override { return gemm_.Sizes(); }
  int MostCalls() const override { return gemm_.MostCalls(); }
  void Release() override { gemm_.Release(); }

  Status Prepare(std::int64_t bytes) override {
    RETURN_IF_ERROR(gemm_.Prepare(bytes));
    if (piece_us_ == 0) RETURN_IF_ERROR(PrepareBeside());
    ASSIGN_OR_RETURN(const double us, gemm_.Run(kTrialCalls));
    alone_us_ = us / kTrialCalls;
    return OkStatus();
  }
  Status Verify() override { return gemm_.Verify(); }

  Result<double> Run(int calls) override {
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_));
    double times = kFirstTimes;
    for (int trial = 0; trial < kTrials; ++trial, times *= 4) {
      const double pieces = std::ceil(times * alone_us_ * calls / piece_us_) + 1;
      RETURN_IF_ERROR(EnqueueBeside(static_cast<int>(pieces)));
      Result<double> spent = gemm_.Run(calls);
      ASSIGN_OR_RETURN(const bool outlasted, StillRuns());
      if (!spent.ok() || outlasted) return spent;
    }
    return DeviceError("the work beside the products ended before they did, four times in a row");
  }

 private:
  static constexpr int kTrialCalls = 3;
  static constexpr int kTrials = 4;
  static constexpr double kFirstTimes = 3;

  Status PrepareBeside() {
    ASSIGN_OR_RETURN(from_, AllocateDevice(kBesideBytes));
    ASSIGN_OR_RETURN(to_, AllocateDevice(kBesideBytes));
    ASSIGN_OR_RETURN(host_from_, AllocatePinned(kBesideBytes));
    ASSIGN_OR_RETURN(host_to_, AllocatePinned(kBesideBytes));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemset(from_.get(), 0, kBesideBytes));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemset(to_.get(), 0, kBesideBytes));
    ASSIGN_OR_RETURN(start_, MakeEvent());
    for (int i = 0; i < kLanes; ++i) {
      ASSIGN_OR_RETURN(streams_[static_cast<std::size_t>(i)], MakeStream());
      ASSIGN_OR_RETURN(ends_[static_cast<std::size_t>(i)], MakeEvent());
    }
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    // Once for whatever happens only the first time.
    for (int trial = 0; trial < 2; ++trial) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(start_.get(), streams_[0].get()));
      RETURN_IF_ERROR(EnqueueBeside(kTrialCalls));
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    }
    float milliseconds = 0;
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaEventElapsedTime(&milliseconds, start_.get(), ends_[0].get()));
    constexpr double kMicros = 1000;
    piece_us_ = std::max(1.0, kMicros * static_cast<double>(milliseconds) / kTrialCalls);
    return OkStatus();
  }

  Status EnqueueBeside(int pieces) {
    for (int piece = 0; piece < pieces; ++piece) {
      if (what_ == Beside::kAdd) {
        COMMPLAN_RETURN_IF_CUDA_ERROR(LaunchAdd(As<float>(from_),
                                                kBesideBytes / std::int64_t{sizeof(float)},
                                                As<float>(to_), streams_[0].get()));
        continue;
      }
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(to_.get(), host_from_.get(), kBesideBytes,
                                                    cudaMemcpyHostToDevice, streams_[0].get()));
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(host_to_.get(), from_.get(), kBesideBytes,
                                                    cudaMemcpyDeviceToHost, streams_[1].get()));
    }
    for (int i = 0; i < kLanes; ++i) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(ends_[static_cast<std::size_t>(i)].get(),
                                                    streams_[static_cast<std::size_t>(i)].get()));
    }
    return OkStatus();
  }

  // Whether the other work is not done yet; then waits until it is.
  Result<bool> StillRuns() {
    const cudaError_t status = cudaEventQuery(ends_[0].get());
    if (status != cudaSuccess && status != cudaErrorNotReady) {
      return CudaError(status, "cudaEventQuery");
    }
    for (const Stream& stream : streams_) {
      COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream.get()));
    }
    return status == cudaErrorNotReady;
  }

  static constexpr int kLanes = 2;

  GemmBench gemm_;
  int device_;
  Beside what_;
  double piece_us_ = 0, alone_us_ = 0;
  DeviceMemory from_{}, to_{};
  PinnedMemory host_from_{}, host_to_{};
  std::array<Stream, kLanes> streams_{};
  std::array<Event, kLanes> ends_{};
  Event start_{};
};

}  // namespace

Benches GemmBenches(const DeviceInfo& device) {
  samples::Sample head;
  head.device = device.name;
  Benches benches;
  for (const Shape& shape : kShapes) {
    benches.push_back(std::make_unique<GemmBench>(head, device.index, shape));
  }
  for (const Beside what : {Beside::kCopy, Beside::kAdd}) {
    benches.push_back(std::make_unique<BesideBench>(head, device.index, kShapes[1], what));
  }
  return benches;
}

}  // namespace commplan::device
