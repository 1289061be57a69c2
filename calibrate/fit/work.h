// What one device does by itself (copies, the passes of codecs) as a profile says it: the rate of
// its memory, and what codecs take on it.
#pragma once

#include <string>
#include <vector>

#include "calibrate/samples/sample.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/compressed.h"
#include "model/step/machine.h"

namespace commplan::fit {

struct WorkedCodec {
  CodecCost cost;        // its share stands at 1: that is the format's business
  int encode_sizes = 0;  // how many sizes each speed rests on; 0: not measured
  int decode_sizes = 0;
  int add_sizes = 0;
  std::string dtype;  // of the values, as the samples name it
};

struct DeviceWork {
  std::string device;            // its name; "" where no sample states one
  Bandwidth memory_bandwidth{};  // reads and writes together; 0: no copy was measured
  std::string memory_note;       // what that rests on
  Time launch{};                 // of a kernel from the host; 0: not measured
  int launch_sizes = 0;          // how many counts of kernels it rests on
  std::vector<WorkedCodec> codecs;
  std::vector<std::string> notes;

  bool empty() const {
    return codecs.empty() && launch_sizes == 0 && !(memory_bandwidth > Bandwidth());
  }
};

// The memory's rate is that of the largest copy, which no cache holds, by as many cores as were
// measured. A pass of a codec takes t = pass + S per_byte, by as few cores as were measured: a rank
// is one. Launches in a row take t = wait + n launch; those that are captured in a graph are not
// the host's. The samples must be of one device.
Result<DeviceWork> FitWork(const std::vector<samples::Sample>& work);

// Puts it into a machine, as measured by `source`. What `like` says of its memory stays: the
// efficiencies of its kernels are shares of that.
void PutWork(const DeviceWork& work, const std::string& source, const Machine* like,
             Machine* machine);

}  // namespace commplan::fit
