// A made-up machine whose figures are chosen: what the harness and the fit find must be what was
// put in. It has a clock of its own that only its work moves, so it takes no time to measure.
//
//   p2p            alpha + S/B
//   all-reduce     2 (n - 1) (alpha + S/(n B)), a ring without its additions
//   encode, decode, decode-add    start + S/rate
#pragma once

#include <cstdint>
#include <memory>

#include "calibrate/device/bench.h"
#include "model/base/quantity.h"
#include "model/codec/data.h"

namespace commplan::device {

struct FakeParameters {
  int ranks = 4;
  Time latency = Micros(5);
  Bandwidth bandwidth = GBps(10);
  Time start = Micros(2);  // of a pass of the codec
  Bandwidth encode = GBps(4), decode = GBps(6), decode_add = GBps(5);
  double noise = 0.05;   // standard deviation of ln t of a repeat
  double stalls = 0.02;  // share of repeats that take three times as long
  std::uint64_t seed = 1;
};

class FakeDevice {
 public:
  explicit FakeDevice(const FakeParameters& parameters);

  // They share the device, which must outlive them.
  Benches MakeBenches();
  double NowS() const { return now_us_ / 1e6; }

 private:
  friend class FakeBench;
  double Spend(Time each, int calls);  // the time as measured, in microseconds

  FakeParameters parameters_;
  codec::Random random_;
  double now_us_ = 0;
};

}  // namespace commplan::device
