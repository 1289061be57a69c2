// Compressed collectives, written out twice by the same code. For the data, encoding and decoding
// are copies, so that playing the schedule on memory shows that every rank ends with the right
// sums. For the clock, messages are as long as their compressed form, and the codec holds a rank's
// arithmetic unit for so many ticks; the order and what waits for what are the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/collective.h"
#include "tests/oracle/network.h"

namespace commplan::oracle {

// Per element of the tensor, which is one byte when it is not compressed. The arithmetic unit of
// the network must take one tick per byte (gamma 1).
struct CodecTicks {
  std::int64_t wire_bytes = 1;  // `elements` of them travel as so many bytes
  std::int64_t elements = 1;
  std::int64_t encode = 0;
  std::int64_t decode = 0;
  std::int64_t add = 0;   // decode and add
  std::int64_t pass = 0;  // once for each pass of the codec
};

enum class Sight { kData, kClock };

struct CompressedEntry {
  std::string op;
  std::string scheme;
  bool over_nodes = false;
  bool host = false;  // the schedule has one rank more, which is the host memory
};
const std::vector<CompressedEntry>& CompressedCatalogue();

// Nothing where there is no such scheme, or not for these parameters. For the clock the elements
// must be such that every message has a whole number of bytes.
std::optional<Collective> MakeCompressed(const std::string& op, const std::string& scheme,
                                         const Parameters& parameters, const CodecTicks& codec,
                                         Sight sight);

// p ranks with a link up to and a link down from one host memory, which is rank p.
Network HostMemory(int p, std::int64_t alpha, std::int64_t beta);

}  // namespace commplan::oracle
