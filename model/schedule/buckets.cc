#include "model/schedule/buckets.h"

namespace commplan::schedule {

namespace {

constexpr int kCompute = 0;
constexpr int kCommunication = 1;

Program TwoStreams(std::size_t events) {
  Program program;
  program.streams = {{StreamKind::kCompute}, {StreamKind::kCommunicator}};
  program.events = static_cast<int>(events);
  program.blocks.resize(1);
  return program;
}

}  // namespace

Time ExposedTail(std::span<const Bucket> buckets) {
  Time computed;
  Time done;
  for (const Bucket& bucket : buckets) {
    computed += bucket.compute;
    done = Max(done, computed) + bucket.communicate;
  }
  return Max(done - computed, Time());
}

Time ExposedHead(std::span<const Bucket> buckets) {
  Time now;
  Time gathered;
  Time computed;
  for (const Bucket& bucket : buckets) {
    gathered += bucket.communicate;
    now = Max(now, gathered) + bucket.compute;
    computed += bucket.compute;
  }
  return now - computed;
}

Program ReduceProgram(std::span<const Bucket> buckets) {
  Program program = TwoStreams(buckets.size());
  for (int k = 0; k < static_cast<int>(buckets.size()); ++k) {
    const Bucket& bucket = buckets[static_cast<std::size_t>(k)];
    program.blocks.front().tasks.push_back(
        {.stream = kCompute, .work = bucket.compute, .records = k, .site = k});
    program.blocks.front().tasks.push_back(
        {.stream = kCommunication, .work = bucket.communicate, .waits = {k}, .site = k});
  }
  return program;
}

Program GatherProgram(std::span<const Bucket> buckets) {
  Program program = TwoStreams(buckets.size());
  for (int k = 0; k < static_cast<int>(buckets.size()); ++k) {
    const Bucket& bucket = buckets[static_cast<std::size_t>(k)];
    program.blocks.front().tasks.push_back(
        {.stream = kCommunication, .work = bucket.communicate, .records = k, .site = k});
    program.blocks.front().tasks.push_back(
        {.stream = kCompute, .work = bucket.compute, .waits = {k}, .site = k});
  }
  return program;
}

}  // namespace commplan::schedule
