// The host's part of the CUDA backend, on a CUDA that is made up: what is enqueued where, waited
// for, compared and freed. What the kernels compute is tested elsewhere.
#include "calibrate/device/cuda/cuda_backend.h"

#include <string>

#include "calibrate/device/cuda/codec_kernels.h"
#include "calibrate/device/cuda/fake_cuda.h"
#include "calibrate/device/cuda/ring_bench.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::device {
namespace {

std::vector<codec::Codec> Codecs() {
  std::vector<codec::Codec> codecs;
  for (const std::string& name : CodecKernelNames()) {
    codecs.push_back(codec::FindCodec(name).value());
  }
  return codecs;
}

void VerifyAndRun(Bench& bench, double size, int times = 2) {
  const std::int64_t bytes = bench.Sizes().Round(size);
  SCOPED_TRACE(TextOf(bench.Head()) + ", " + std::to_string(bytes) + " bytes, " + SeedNote());
  for (int again = 0; again < times; ++again) {
    ASSERT_THAT(bench.Prepare(bytes), IsOk());
    ASSERT_THAT(bench.Verify(), IsOk());
    const auto time = bench.Run(3);
    ASSERT_THAT(time, IsOk());
    EXPECT_GT(*time, 0);
    ASSERT_THAT(bench.Verify(), IsOk()) << "after calls";
    bench.Release();
  }
}

TEST(CudaBackend, EveryBenchIsVerifiedOnTwoDevices) {
  fake_cuda::Reset(2, TestSeed());
  const int before = fake_cuda::Leaks();
  {
    auto benches = CudaBenches(Codecs());
    ASSERT_THAT(benches, IsOk());
    for (const auto& bench : *benches) {
      if (bench->Head().engine == "cublas") continue;
      VerifyAndRun(*bench, 4096);
      VerifyAndRun(*bench, 50'000);
    }
  }
  EXPECT_EQ(fake_cuda::Leaks(), before);
}

TEST(CudaBackend, AProductIsVerified) {
  fake_cuda::Reset(1, TestSeed());
  const int before = fake_cuda::Leaks();
  {
    auto benches = CudaBenches({});
    ASSERT_THAT(benches, IsOk());
    for (const auto& bench : *benches) {
      if (bench->Head().kernel != "n4096-k4096") continue;
      VerifyAndRun(*bench, 2 * 4096 * 2, 1);
      EXPECT_EQ(bench->Head().version, "0.0.0");
    }
  }
  EXPECT_EQ(fake_cuda::Leaks(), before);
}

TEST(CudaBackend, RanksMayShareADeviceInAnyOrderOfStreams) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    fake_cuda::Reset(1, TestSeed() + seed);
    for (const auto& bench : RingBenches({DeviceInfo()}, Codecs())) VerifyAndRun(*bench, 5000);
  }
}

TEST(CudaBackend, WithoutADeviceItSaysSo) {
  fake_cuda::Reset(0, 1);
  EXPECT_THAT(CudaBenches({}), IsError(ErrorCode::kDevice, ::testing::HasSubstr("CUDA devices")));
}

}  // namespace
}  // namespace commplan::device
