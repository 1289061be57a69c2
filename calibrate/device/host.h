// What this machine's processor does: copies of memory, by one core and by all; the reference
// codecs, on one core; messages and rings among threads.
#pragma once

#include <string>
#include <vector>

#include "calibrate/device/bench.h"
#include "model/codec/codec.h"

namespace commplan::device {

// The processor as it names itself; "" where it does not say.
std::string ProcessorName();
// Cores that this process may use, at least 1.
int UsableCores();

// Rings run among 2, 4, 8, ... threads up to the cores (among 2 even on one).
Benches HostBenches(const std::vector<codec::Codec>& codecs);

// One ring all-reduce, plain and with each codec, and a ping-pong, of `head` by threads.
Benches ThreadBenches(const samples::Sample& head, const std::vector<codec::Codec>& codecs);

}  // namespace commplan::device
