// A bench is one thing that can be measured at any size of a range: a copy, a codec's encoder, a
// collective among ranks. A backend offers benches; the harness decides sizes, repeats and order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "calibrate/samples/sample.h"
#include "model/base/result.h"

namespace commplan::device {

struct SizeRange {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::int64_t step = 1;  // sizes are multiples of it

  // The nearest size of the range.
  std::int64_t Round(double bytes) const;
};

class Bench {
 public:
  Bench() = default;
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  virtual ~Bench() = default;

  // What a sample of it says beside size and times.
  virtual samples::Sample Head() const = 0;
  virtual SizeRange Sizes() const = 0;
  // What `bytes` of data become under the head's codec; 0 without one.
  virtual std::int64_t CodedBytes(std::int64_t /*bytes*/) const { return 0; }

  // Makes everything ready for this size, with inputs whose result is known.
  virtual Status Prepare(std::int64_t bytes) = 0;
  // Runs it once and compares the whole result with what it must be.
  virtual Status Verify() = 0;
  // So many calls in a row; the time of all of them in microseconds.
  virtual Result<double> Run(int calls) = 0;
  // Gives memory back until the next Prepare: many benches wait for their turn at once.
  virtual void Release() {}
  // More calls than this in a row would spoil the data.
  virtual int MostCalls() const { return 1 << 20; }
};

using Benches = std::vector<std::unique_ptr<Bench>>;

// "all-reduce, 2 ranks, threads, ring, tq3" or "encode, mxfp4, 1 core": for people.
std::string TextOf(const samples::Sample& head);

}  // namespace commplan::device
