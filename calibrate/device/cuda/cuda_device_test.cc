// Everything that the CUDA backend does, on the devices at hand. Where there is none each case is
// skipped with the driver's reason; tools/gpu_verify runs it under compute-sanitizer.
#include <array>
#include <set>
#include <string>
#include <vector>

#include "calibrate/device/cuda/codec_kernels.h"
#include "calibrate/device/cuda/crafted.h"
#include "calibrate/device/cuda/cublas_library.h"
#include "calibrate/device/cuda/cuda_backend.h"
#include "calibrate/device/cuda/resources.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/codec/codec.h"

namespace commplan::device {
namespace {

using ::testing::Contains;

std::vector<codec::Codec> AllWithKernels() {
  std::vector<codec::Codec> codecs;
  for (const std::string& name : CodecKernelNames()) {
    codecs.push_back(codec::FindCodec(name).value());
  }
  return codecs;
}

// A made-up list, which needs no device as long as nothing is prepared.
TEST(CudaBenches, AreAllDifferentAndValid) {
  const std::vector<DeviceInfo> devices = {DeviceInfo()};
  std::set<std::string> keys, whats;
  for (const auto& bench : CudaBenchesOf(devices, AllWithKernels())) {
    samples::Sample sample = bench->Head();
    sample.bytes = bench->Sizes().Round(1e6);
    sample.coded_bytes = bench->CodedBytes(sample.bytes);
    sample.repeats_us = {1};
    EXPECT_THAT(samples::FaultsOf(sample), ::testing::IsEmpty()) << TextOf(sample);
    EXPECT_EQ(sample.codec.empty(), sample.coded_bytes == 0);
    EXPECT_TRUE(keys.insert(samples::KeyOf(sample)).second) << TextOf(sample);
    EXPECT_TRUE(whats.insert(TextOf(sample)).second) << TextOf(sample) << ": two look the same";
  }
  EXPECT_THAT(whats, Contains("copy"));
  EXPECT_THAT(whats, Contains("launch, graph"));
  EXPECT_THAT(whats, Contains("decode-add-encode, nvfp4"));
  EXPECT_THAT(whats, Contains("gemm-beside-add, cublas, n8192-k8192"));
  EXPECT_THAT(whats, Contains("all-reduce, 4 ranks, cuda-host, ring, graph, tq3"));
}

TEST(CudaBenches, ACodecWithoutKernelsIsAnError) {
  const auto benches = CudaBenches({codec::FindCodec("mxfp6").value()});
  ASSERT_FALSE(benches.ok());
  EXPECT_THAT(benches.error(), IsError(ErrorCode::kDevice, ::testing::HasSubstr("mxfp6")));
  EXPECT_THAT(benches.error().hint, ::testing::HasSubstr("dual2"));
}

class CudaDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto devices = ListDevices();
    if (!devices.ok()) GTEST_SKIP() << "no CUDA device here: " << devices.error().message;
    devices_ = *devices;
  }

  // Small enough for a sanitizer, and beyond one block of threads.
  void VerifyEach(const Benches& benches, const std::vector<double>& sizes) {
    for (const auto& bench : benches) {
      for (const double size : sizes) {
        const std::int64_t bytes = bench->Sizes().Round(size);
        SCOPED_TRACE(TextOf(bench->Head()) + ", " + std::to_string(bytes) + " bytes");
        ASSERT_THAT(bench->Prepare(bytes), IsOk());
        ASSERT_THAT(bench->Verify(), IsOk());
        const auto time = bench->Run(2);
        ASSERT_THAT(time, IsOk());
        EXPECT_GT(*time, 0);
      }
    }
  }

  std::vector<DeviceInfo> devices_{};
};

TEST_F(CudaDevice, EveryBenchButProductsIsVerified) {
  Benches benches;
  for (auto& bench : CudaBenchesOf(devices_, AllWithKernels())) {
    if (bench->Head().engine != "cublas") benches.push_back(std::move(bench));
  }
  VerifyEach(benches, {4096, 300'000, 3'000'000});
}

TEST_F(CudaDevice, ProductsAreVerified) {
  const auto cublas = LoadCublas();
  if (!cublas.ok()) GTEST_SKIP() << cublas.error().message;
  Benches benches;
  for (auto& bench : CudaBenchesOf(devices_, {})) {
    if (bench->Head().engine == "cublas") benches.push_back(std::move(bench));
  }
  VerifyEach(benches, {8192, 1e6});
}

// Lengths that end within a block, a word, a byte, a tile; the harness takes round ones.
constexpr std::array<std::size_t, 17> kLengths = {
    1, 2, 15, 16, 17, 31, 32, 33, 63, 1000, 1023, 1024, 1025, 4097, 8191, 8193, 100'001};

TEST_F(CudaDevice, CodecsAgreeWithTheReferenceAtEveryLength) {
  for (const codec::Codec& codec : AllWithKernels()) {
    const CodecKernels& kernels = *FindCodecKernels(codec.name);
    for (const std::size_t count : kLengths) {
      SCOPED_TRACE(codec.name + ", " + std::to_string(count) + " values");
      const std::vector<float> values = CraftedValues(count, count);
      const std::vector<float> others = CraftedValues(count, count + 1);
      std::vector<std::byte> wire(codec::EncodedBytes(codec, count)), found(wire.size());
      codec::Encode(codec, others, wire);
      const auto n = static_cast<std::int64_t>(count);
      const auto bytes = static_cast<std::int64_t>(wire.size());
      auto in = AllocateDevice(bytes), out = AllocateDevice(bytes), scratch = AllocateDevice(4);
      auto data = AllocateDevice(n * 4);
      ASSERT_TRUE(in.ok() && out.ok() && data.ok() && scratch.ok());
      ASSERT_EQ(cudaMemcpy(in->get(), wire.data(), wire.size(), cudaMemcpyDefault), cudaSuccess);
      ASSERT_EQ(cudaMemcpy(data->get(), values.data(), count * 4, cudaMemcpyDefault), cudaSuccess);

      ASSERT_EQ(kernels.encode(As<float>(*data), n, As<std::uint8_t>(*out),
                               As<std::uint32_t>(*scratch), nullptr),
                cudaSuccess);
      ASSERT_EQ(cudaMemcpy(found.data(), out->get(), found.size(), cudaMemcpyDefault), cudaSuccess);
      std::vector<std::byte> expected(wire.size());
      codec::Encode(codec, values, expected);
      EXPECT_EQ(DifferenceOf(found, expected), "");

      ASSERT_EQ(
          kernels.decode_add_encode(As<std::uint8_t>(*in), n, As<float>(*data),
                                    As<std::uint8_t>(*out), As<std::uint32_t>(*scratch), nullptr),
          cudaSuccess);
      ASSERT_EQ(cudaMemcpy(found.data(), out->get(), found.size(), cudaMemcpyDefault), cudaSuccess);
      std::vector<float> sum = values;
      codec::DecodeAdd(codec, wire, sum);
      codec::Encode(codec, sum, expected);
      EXPECT_EQ(DifferenceOf(found, expected), "");

      std::vector<float> decoded(count);
      ASSERT_EQ(cudaMemcpy(data->get(), values.data(), count * 4, cudaMemcpyDefault), cudaSuccess);
      ASSERT_EQ(kernels.decode_add(As<std::uint8_t>(*in), n, As<float>(*data), nullptr),
                cudaSuccess);
      ASSERT_EQ(cudaMemcpy(decoded.data(), data->get(), count * 4, cudaMemcpyDefault), cudaSuccess);
      EXPECT_EQ(DifferenceOf(decoded, sum), "");
      ASSERT_EQ(kernels.decode(As<std::uint8_t>(*in), n, As<float>(*data), nullptr), cudaSuccess);
      ASSERT_EQ(cudaMemcpy(decoded.data(), data->get(), count * 4, cudaMemcpyDefault), cudaSuccess);
      codec::Decode(codec, wire, sum);
      EXPECT_EQ(DifferenceOf(decoded, sum), "");
    }
  }
}

}  // namespace
}  // namespace commplan::device
