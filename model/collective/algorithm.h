// The names of collectives: operations, algorithms, protocols, element types, and how nccl-tests
// counts their bus bandwidth.
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
  kCollnetDirect,
  kCollnetChain,
};
inline constexpr std::size_t kAlgorithmCount = 14;

// NCCL's ways to hand data over: flags inside the data (LL, LL128) or beside it (Simple). kPlain:
// not NCCL's.
enum class Protocol : std::uint8_t { kPlain, kLL, kLL128, kSimple };

// What the elements of a message are. Sizes are in bytes whatever they are; what changes is what an
// engine can add. kAny: not said.
enum class ElementType : std::uint8_t {
  kAny,
  kFp64,
  kFp32,
  kBf16,
  kFp16,
  kFp8,
  kInt64,
  kInt32,
  kInt8,
};
inline constexpr std::size_t kElementTypeCount = 9;

// The words of commands, JSON and profiles: "all-reduce", "recursive-doubling", "ll128" ("" for
// kPlain),
// "fp8" ("" for kAny).
std::string_view Name(Op op);
std::string_view Name(Algorithm algorithm);
std::string_view Name(Protocol protocol);
std::string_view Name(ElementType type);
std::optional<Op> OpNamed(std::string_view word);
std::optional<Algorithm> AlgorithmNamed(std::string_view word);
std::optional<Protocol> ProtocolNamed(std::string_view word);
// Also by the names of nccl-tests and PyTorch: "half", "bfloat16", "fp8_e4m3".
std::optional<ElementType> ElementTypeNamed(std::string_view word);
std::vector<std::string> OpNames();
std::vector<std::string> AlgorithmNames();
std::vector<std::string> ElementTypeNames();

// Whether the operation adds elements, and so depends on what they are.
bool Adds(Op op);

// busbw = algbw * factor, by nccl-tests: 2(p-1)/p for all-reduce, (p-1)/p for all-gather,
// reduce-scatter and all-to-all, 1 for the others.
double BusBandwidthFactor(Op op, int ranks);

}  // namespace commplan
