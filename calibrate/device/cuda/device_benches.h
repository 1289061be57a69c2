// What one device does by itself: copies of its memory and over the host link, additions, launches,
// and the codecs' kernels. Nothing is allocated before a bench is prepared.
#pragma once

#include <vector>

#include "calibrate/device/bench.h"
#include "calibrate/device/devices.h"
#include "model/codec/codec.h"

namespace commplan::device {

// "copy" within the device; "h2d", "d2h" over the host link by pinned memory, and "h2d-d2h" both at
// once, each with so many bytes; "add", to[i] += from[i].
Benches MemoryBenches(const DeviceInfo& device);

// "launch": bytes / 4 kernels in a row that write a word each, and the wait for the last; by the
// host one after the other, and as one graph.
Benches LaunchBenches(const DeviceInfo& device);

// "encode", "decode", "decode-add", "decode-add-encode" of each codec. Each must have kernels.
Benches CodecBenches(const DeviceInfo& device, const std::vector<codec::Codec>& codecs);

// Messages from the first device to the second, without the host; none where they are not peers.
Benches PeerBenches(const std::vector<DeviceInfo>& devices);

}  // namespace commplan::device
