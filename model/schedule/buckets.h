// Data-parallel communication in buckets: gradients are reduced while backward goes on, parameters
// are gathered while forward goes on. Closed recurrences over the buckets, exact for one stream of
// communication without slowdown; the same as a program for everything else.
#pragma once

#include <span>
#include <vector>

#include "model/base/quantity.h"
#include "model/schedule/timeline.h"

namespace commplan::schedule {

struct Bucket {
  Time compute{};      // backward: until its last gradient is there; forward: what its weights do
  Time communicate{};  // its all-reduce or reduce-scatter; its all-gather
};

// Backward: bucket k is reduced when its gradients are there and bucket k-1 is reduced. What is
// left after the last compute is exposed:
//   done_k = max(done_(k-1), compute_0 + ... + compute_k) + communicate_k
Time ExposedTail(std::span<const Bucket> buckets);

// Forward of the next step: all gathers are issued at its start, one after the other; compute of
// bucket k waits for its own (optimizer state in shards, ZeRO-1 and 2). The sum of the waits.
Time ExposedHead(std::span<const Bucket> buckets);

// Streams 0 compute and 1 communication; per bucket, site k: its compute, then its communication.
Program ReduceProgram(std::span<const Bucket> buckets);
// Per bucket: its communication, then its compute.
Program GatherProgram(std::span<const Bucket> buckets);

}  // namespace commplan::schedule
