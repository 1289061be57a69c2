// The kernel by which a device proves that code of this build runs on it and writes what it should.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "calibrate/device/host_device.h"

namespace commplan::device {

// What word i must hold: an integer hash, so that a shifted or stale buffer cannot pass.
COMMPLAN_HOST_DEVICE constexpr std::uint32_t ProofWord(std::uint32_t i) {
  std::uint32_t x = i * 0x9E3779B9U + 0x7F4A7C15U;
  x ^= x >> 15;
  x *= 0x85EBCA6BU;
  x ^= x >> 13;
  return x;
}

// Fills `words` on the current device and waits for it.
cudaError_t LaunchProof(std::uint32_t* words, std::uint32_t count);

}  // namespace commplan::device
