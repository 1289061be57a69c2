// Exchanges: what one rank does in a collective of our own, over any peers.
//
// The ring cuts the values into one chunk for each rank. Reduce phase, p - 1 steps: each rank sends
// a chunk to the next one, which adds it to its own. Gather phase, p - 1 steps: finished chunks go
// around. With a codec every hop of the reduce phase carries encoded values, decoded and added in
// one pass; in the gather phase they go plain, or encoded once by the rank that finished them and
// handed on as they are.
//
// Results are checked exactly. Without a codec the inputs are small whole numbers, whose sums no
// order of additions changes. With one, each chunk's way from rank to rank is played by one rank
// alone, with the reference encoder, and every bit must be the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "calibrate/device/peers.h"
#include "model/base/result.h"
#include "model/codec/codec.h"
#include "model/collective/algorithm.h"

namespace commplan::device {

class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  // Buffers of this size, filled with inputs whose result is known.
  virtual void Prepare(const Peers& peers, std::int64_t bytes) = 0;
  // The inputs once more, before calls are timed.
  virtual void Refill() = 0;
  virtual void Call(Peers& peers) = 0;
  // After one call on fresh inputs.
  virtual Status Check() const = 0;
  // Calls in a row before the inputs must be fresh.
  virtual int MostCalls() const { return 1 << 20; }
};

// What the gather phase of a compressed ring carries.
enum class Gather { kPlain, kCoded };

// An all-reduce of fp32 sums in place; `bytes` is the buffer of a rank.
std::unique_ptr<Exchange> MakeRing(std::optional<codec::Codec> codec, Gather gather);
// From the first rank to the last and back; a call is both ways.
std::unique_ptr<Exchange> MakePingPong();

// What value i of a rank is before an exchange: a whole number from -8 to 8.
float InputValue(int rank, std::size_t i);

// What value i of a rank's result must be after a collective of whole numbers; `share` is a rank's
// part of the buffer. A broadcast comes from rank 0, a reduction ends there, and a message goes
// from rank 0 to the last.
float CollectiveResult(Op op, int rank, int ranks, std::size_t share, std::size_t i);

// The chunk of `rank`: [first, last) of `values`. Chunks are whole blocks of every codec.
struct Chunk {
  std::size_t first = 0, last = 0;
  std::size_t size() const { return last - first; }
};
Chunk ChunkOf(int rank, int ranks, std::size_t values);

// Bytes of one message of so many values.
std::size_t RingWireBytes(const std::optional<codec::Codec>& codec, std::size_t values);
// What a chunk must be after one call on fresh inputs: it starts at the rank of its number and is
// summed around the ring, with the reference codec on these kernels.
std::vector<float> RingResult(const codec::Kernels& kernels,
                              const std::optional<codec::Codec>& codec, Gather gather, int ranks,
                              std::size_t values, int chunk);
// Calls in place before sums leave fp32.
int RingMostCalls(int ranks);

// Bytes on the wire for one buffer of the ring's reduce phase: all its chunks encoded.
std::int64_t CodedBytesOfRing(const codec::Codec& codec, int ranks, std::int64_t bytes);

}  // namespace commplan::device
