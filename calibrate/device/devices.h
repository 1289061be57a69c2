// The CUDA devices of this machine, and the proof that code of this build runs on them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace commplan::device {

struct DeviceInfo {
  int index = 0;
  std::string name;
  int compute_capability = 0;  // 90 for 9.0
  int multiprocessors = 0;
  std::int64_t memory_bytes = 0;
  std::string pci_bus_id;
};

// An empty machine, a missing driver and a driver that is too old are errors that say what to do.
Result<std::vector<DeviceInfo>> ListDevices();

// Runs a small kernel on the device and checks every word that it wrote. It fails where the device
// is older or newer than what the kernels were compiled for, or where the device cannot be used at
// all.
Result<void> ProveDevice(int index);

}  // namespace commplan::device
