#include "calibrate/device/cuda/cuda_backend.h"

#include <iterator>
#include <string>
#include <utility>

#include "calibrate/device/cuda/codec_kernels.h"
#include "calibrate/device/cuda/device_benches.h"
#include "calibrate/device/cuda/gemm_benches.h"
#include "calibrate/device/cuda/ring_bench.h"
#include "model/base/check.h"

namespace commplan::device {

Benches CudaBenchesOf(const std::vector<DeviceInfo>& devices,
                      const std::vector<codec::Codec>& codecs) {
  CHECK(!devices.empty());
  Benches benches;
  const auto add = [&benches](Benches more) {
    std::move(more.begin(), more.end(), std::back_inserter(benches));
  };
  add(MemoryBenches(devices.front()));
  add(LaunchBenches(devices.front()));
  add(CodecBenches(devices.front(), codecs));
  add(RingBenches(devices, codecs));
  add(GemmBenches(devices.front()));
  add(PeerBenches(devices));
  return benches;
}

Result<Benches> CudaBenches(const std::vector<codec::Codec>& codecs) {
  for (const codec::Codec& codec : codecs) {
    if (FindCodecKernels(codec.name) != nullptr) continue;
    std::string names;
    for (const std::string& name : CodecKernelNames()) {
      if (!names.empty()) names.append(", ");
      names.append(name);
    }
    return DeviceError("there are no CUDA kernels for the codec " + codec.name,
                       "choose with --codec among " + names + ", or none");
  }
  ASSIGN_OR_RETURN(const std::vector<DeviceInfo> devices, ListDevices());
  if (devices.empty()) return DeviceError("no CUDA device is visible", "see CUDA_VISIBLE_DEVICES");
  for (const DeviceInfo& device : devices) RETURN_IF_ERROR(ProveDevice(device.index));
  return CudaBenchesOf(devices, codecs);
}

}  // namespace commplan::device
