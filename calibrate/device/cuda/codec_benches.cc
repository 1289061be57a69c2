#include <array>
#include <string>
#include <utility>

#include "calibrate/device/cuda/codec_kernels.h"
#include "calibrate/device/cuda/crafted.h"
#include "calibrate/device/cuda/device_benches.h"
#include "calibrate/device/cuda/stream_bench.h"
#include "model/base/check.h"

namespace commplan::device {
namespace {

constexpr SizeRange kSizes = {4 << 10, 256 << 20, 512};
constexpr std::uint64_t kSeed = 1;

enum class Pass { kEncode, kDecode, kDecodeAdd, kHop };
constexpr std::array<const char*, 4> kNames = {"encode", "decode", "decode-add",
                                               "decode-add-encode"};

class CodecBench : public StreamBench {
 public:
  CodecBench(samples::Sample head, int device, codec::Codec codec, Pass pass)
      : StreamBench(device),
        head_(std::move(head)),
        codec_(std::move(codec)),
        kernels_(FindCodecKernels(codec_.name)),
        pass_(pass) {
    CHECK(kernels_ != nullptr);
    head_.work = kNames.at(static_cast<std::size_t>(pass));
    head_.codec = codec_.name;
    head_.dtype = "float";
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kSizes; }
  std::int64_t CodedBytes(std::int64_t bytes) const override {
    return static_cast<std::int64_t>(
        codec::EncodedBytes(codec_, static_cast<std::size_t>(bytes) / sizeof(float)));
  }

  void Release() override {
    values_.reset();
    in_.reset();
    out_.reset();
  }

  // On values of every kind, against the reference, bit for bit; then on usual ones again.
  Status Verify() override {
    const std::vector<float> values = CraftedValues(count_, kSeed);
    const std::vector<float> others = CraftedValues(count_, kSeed + 1);
    std::vector<std::byte> wire(wire_bytes_);
    codec::Encode(codec_, others, wire);
    RETURN_IF_ERROR(Put(values, wire));
    RETURN_IF_ERROR(CallOnce());
    std::vector<float> expected = values;
    if (pass_ == Pass::kDecode) codec::Decode(codec_, wire, expected);
    if (pass_ == Pass::kDecodeAdd || pass_ == Pass::kHop) {
      codec::DecodeAdd(codec_, wire, expected);
    }
    const bool encodes = pass_ == Pass::kEncode || pass_ == Pass::kHop;
    if (encodes) codec::Encode(codec_, expected, wire);
    Status status = encodes ? ExpectWire(wire) : ExpectValues(expected);
    if (!status.ok()) return status;
    return PutUsual();
  }

 protected:
  Status Fill(std::int64_t bytes) override {
    count_ = static_cast<std::size_t>(bytes) / sizeof(float);
    wire_bytes_ = codec::EncodedBytes(codec_, count_);
    Release();
    ASSIGN_OR_RETURN(values_, AllocateDevice(bytes));
    ASSIGN_OR_RETURN(in_, AllocateDevice(static_cast<std::int64_t>(wire_bytes_)));
    ASSIGN_OR_RETURN(out_, AllocateDevice(static_cast<std::int64_t>(wire_bytes_)));
    ASSIGN_OR_RETURN(scratch_, AllocateDevice(sizeof(std::uint32_t)));
    return PutUsual();
  }

  Status Enqueue() override {
    const auto count = static_cast<std::int64_t>(count_);
    auto* const values = As<float>(values_);
    auto* const in = As<std::uint8_t>(in_);
    auto* const out = As<std::uint8_t>(out_);
    auto* const scratch = As<std::uint32_t>(scratch_);
    switch (pass_) {
      case Pass::kEncode:
        COMMPLAN_RETURN_IF_CUDA_ERROR(kernels_->encode(values, count, out, scratch, stream()));
        break;
      case Pass::kDecode:
        COMMPLAN_RETURN_IF_CUDA_ERROR(kernels_->decode(in, count, values, stream()));
        break;
      case Pass::kDecodeAdd:
        COMMPLAN_RETURN_IF_CUDA_ERROR(kernels_->decode_add(in, count, values, stream()));
        break;
      case Pass::kHop:
        COMMPLAN_RETURN_IF_CUDA_ERROR(
            kernels_->decode_add_encode(in, count, values, out, scratch, stream()));
        break;
    }
    return OkStatus();
  }

 private:
  // Other values than the ones decoded, so that no stale buffer passes.
  Status PutUsual() {
    const std::vector<float> values = NormalValues(count_, kSeed);
    std::vector<std::byte> wire(wire_bytes_);
    codec::Encode(codec_, values, wire);
    return Put(values, wire);
  }

  Status Put(const std::vector<float>& values, const std::vector<std::byte>& wire) {
    constexpr int kStale = 0xA5;
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemcpy(values_.get(), values.data(), count_ * sizeof(float), cudaMemcpyHostToDevice));
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemcpy(in_.get(), wire.data(), wire_bytes_, cudaMemcpyHostToDevice));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaMemset(out_.get(), kStale, wire_bytes_));
    COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
    return OkStatus();
  }

  Status ExpectWire(const std::vector<std::byte>& expected) const {
    std::vector<std::byte> found(wire_bytes_);
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemcpy(found.data(), out_.get(), wire_bytes_, cudaMemcpyDeviceToHost));
    return Judge(DifferenceOf(found, expected));
  }
  Status ExpectValues(const std::vector<float>& expected) const {
    std::vector<float> found(count_);
    COMMPLAN_RETURN_IF_CUDA_ERROR(
        cudaMemcpy(found.data(), values_.get(), count_ * sizeof(float), cudaMemcpyDeviceToHost));
    return Judge(DifferenceOf(found, expected));
  }
  static Status Judge(const std::string& difference) {
    if (difference.empty()) return OkStatus();
    return DeviceError("the kernel's " + difference + " as the reference codec has it",
                       "this build's kernels or the device are faulty; do not measure with them");
  }

  samples::Sample head_;
  codec::Codec codec_;
  const CodecKernels* kernels_;
  Pass pass_;
  std::size_t count_ = 0, wire_bytes_ = 0;
  DeviceMemory values_{}, in_{}, out_{}, scratch_{};
};

}  // namespace

Benches CodecBenches(const DeviceInfo& device, const std::vector<codec::Codec>& codecs) {
  samples::Sample head;
  head.device = device.name;
  Benches benches;
  for (const codec::Codec& codec : codecs) {
    for (const Pass pass : {Pass::kEncode, Pass::kDecode, Pass::kDecodeAdd, Pass::kHop}) {
      benches.push_back(std::make_unique<CodecBench>(head, device.index, codec, pass));
    }
  }
  return benches;
}

}  // namespace commplan::device
