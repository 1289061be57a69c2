// A bench whose calls are enqueued on a stream of one device, and timed by that device's clock from
// the first call to the end of the last.
#pragma once

#include <cuda_runtime_api.h>

#include "calibrate/device/bench.h"
#include "calibrate/device/cuda/resources.h"
#include "model/base/result.h"

namespace commplan::device {

class StreamBench : public Bench {
 public:
  explicit StreamBench(int device) : device_(device) {}

  // The device, its stream and memory for this size, then what Fill puts there.
  Status Prepare(std::int64_t bytes) final;
  Result<double> Run(int calls) override;
  // The driver holds about a thousand launches; more would only wait there.
  int MostCalls() const override { return 4096; }

 protected:
  // Memory of this size with known contents.
  virtual Status Fill(std::int64_t bytes) = 0;
  // One call, on stream(); with `beside` also on that one.
  virtual Status Enqueue() = 0;
  // Whether a call uses beside() too; it then starts and ends with stream().
  virtual bool UsesTwo() const { return false; }

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_.get(); }
  cudaStream_t beside() const { return beside_.get(); }
  // One call, to its end.
  Status CallOnce();

 private:
  Status Fork();
  Status Join();

  int device_;
  Stream stream_{}, beside_{};
  Event start_{}, end_{}, forked_{}, joined_{};
};

}  // namespace commplan::device
