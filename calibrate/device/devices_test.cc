#include "calibrate/device/devices.h"

#include <gtest/gtest.h>

#include <set>

#include "calibrate/device/prove.cuh"

namespace commplan::device {
namespace {

TEST(DevicesTest, EveryDeviceProvesItself) {
  const auto devices = ListDevices();
  if (!devices.ok()) {
    // The answer of a machine without a GPU is part of the contract: it says what is missing.
    ASSERT_EQ(devices.error().code, ErrorCode::kDevice);
    ASSERT_NE(devices.error().hint, "");
    GTEST_SKIP() << "no CUDA device here: " << devices.error().message;
  }
  for (const DeviceInfo& device : *devices) {
    EXPECT_GE(device.compute_capability, 80) << device.name;
    EXPECT_GT(device.memory_bytes, 0) << device.name;
    const auto proof = ProveDevice(device.index);
    EXPECT_TRUE(proof.ok()) << (proof.ok() ? "" : proof.error().message);
  }
}

TEST(DevicesTest, ADeviceThatIsNotThereIsAnError) {
  const auto proof = ProveDevice(9999);
  ASSERT_FALSE(proof.ok());
  EXPECT_EQ(proof.error().code, ErrorCode::kDevice);
}

TEST(ProofTest, NeighbouringWordsDiffer) {
  std::set<std::uint32_t> words;
  for (std::uint32_t i = 0; i < 100'000; ++i) words.insert(ProofWord(i));
  EXPECT_EQ(words.size(), 100'000U);
}

}  // namespace
}  // namespace commplan::device
