// The names of collectives: operations, algorithms, protocols, and how nccl-tests counts their bus
// bandwidth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"

namespace commplan {

enum class Op : std::uint8_t {
  kAllReduce,
  kAllGather,
  kReduceScatter,
  kAllToAll,
  kBroadcast,
  kReduce,
  kPointToPoint,
};
inline constexpr std::size_t kOpCount = 7;

enum class Algorithm : std::uint8_t {
  kRing,
  kTree,
  kRecursiveDoubling,
  kRabenseifner,
  kOneShot,
  kTwoShot,
  kNvls,
  kNvlsTree,
  kPat,
  kHierarchical,
  kPairwise,
  kDirect,
};
inline constexpr std::size_t kAlgorithmCount = 12;

// NCCL's ways to hand data over: flags inside the data (LL, LL128) or beside it (Simple). kPlain:
// not NCCL's.
enum class Protocol : std::uint8_t { kPlain, kLL, kLL128, kSimple };

// The words of commands, JSON and profiles: "all-reduce", "recursive-doubling", "ll128" ("" for
// kPlain).
std::string_view Name(Op op);
std::string_view Name(Algorithm algorithm);
std::string_view Name(Protocol protocol);
std::optional<Op> OpNamed(std::string_view word);
std::optional<Algorithm> AlgorithmNamed(std::string_view word);
std::optional<Protocol> ProtocolNamed(std::string_view word);
std::vector<std::string> OpNames();
std::vector<std::string> AlgorithmNames();

// busbw = algbw * factor, by nccl-tests: 2(p-1)/p for all-reduce, (p-1)/p for all-gather,
// reduce-scatter and all-to-all, 1 for the others.
double BusBandwidthFactor(Op op, int ranks);

}  // namespace commplan
