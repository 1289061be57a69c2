#include "model/collective/algorithm.h"

#include <array>

#include "model/base/check.h"

namespace commplan {
namespace {

constexpr std::array<std::string_view, kOpCount> kOps{
    "all-reduce", "all-gather", "reduce-scatter", "all-to-all", "broadcast", "reduce", "p2p"};
constexpr std::array<std::string_view, kAlgorithmCount> kAlgorithms{
    "ring",     "tree",   "recursive-doubling", "rabenseifner", "one-shot",
    "two-shot", "nvls",   "nvls-tree",          "pat",          "hierarchical",
    "pairwise", "direct", "collnet-direct",     "collnet-chain"};
constexpr std::array<std::string_view, kElementTypeCount> kElementTypes{
    "", "fp64", "fp32", "bf16", "fp16", "fp8", "int64", "int32", "int8"};
constexpr std::array<std::string_view, 4> kProtocols{"", "ll", "ll128", "simple"};

// What others call them.
struct OtherName {
  std::string_view word;
  ElementType type;
};
constexpr OtherName kOtherNames[] = {
    {"double", ElementType::kFp64},   {"float64", ElementType::kFp64},
    {"float", ElementType::kFp32},    {"float32", ElementType::kFp32},
    {"bfloat16", ElementType::kBf16}, {"half", ElementType::kFp16},
    {"float16", ElementType::kFp16},  {"fp8_e4m3", ElementType::kFp8},
    {"fp8_e5m2", ElementType::kFp8},  {"f8e4m3", ElementType::kFp8},
    {"f8e5m2", ElementType::kFp8},    {"uint64", ElementType::kInt64},
    {"uint32", ElementType::kInt32},  {"uint8", ElementType::kInt8},
};

template <class Enum, std::size_t N>
std::optional<Enum> Named(const std::array<std::string_view, N>& names, std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == word) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(Op op) { return kOps[static_cast<std::size_t>(op)]; }
std::string_view Name(Algorithm algorithm) {
  return kAlgorithms[static_cast<std::size_t>(algorithm)];
}
std::string_view Name(Protocol protocol) { return kProtocols[static_cast<std::size_t>(protocol)]; }

std::string_view Name(ElementType type) { return kElementTypes[static_cast<std::size_t>(type)]; }

std::optional<Op> OpNamed(std::string_view word) { return Named<Op>(kOps, word); }
std::optional<Algorithm> AlgorithmNamed(std::string_view word) {
  return Named<Algorithm>(kAlgorithms, word);
}
std::optional<Protocol> ProtocolNamed(std::string_view word) {
  return Named<Protocol>(kProtocols, word);
}

std::optional<ElementType> ElementTypeNamed(std::string_view word) {
  for (const OtherName& other : kOtherNames) {
    if (other.word == word) return other.type;
  }
  return word.empty() ? std::nullopt : Named<ElementType>(kElementTypes, word);
}

std::vector<std::string> OpNames() { return {kOps.begin(), kOps.end()}; }
std::vector<std::string> AlgorithmNames() { return {kAlgorithms.begin(), kAlgorithms.end()}; }

std::vector<std::string> ElementTypeNames() {
  return {kElementTypes.begin() + 1, kElementTypes.end()};
}

bool Adds(Op op) { return op == Op::kAllReduce || op == Op::kReduceScatter || op == Op::kReduce; }

double BusBandwidthFactor(Op op, int ranks) {
  const double p = ranks;
  switch (op) {
    case Op::kAllReduce:
      return 2 * (p - 1) / p;
    case Op::kAllGather:
    case Op::kReduceScatter:
    case Op::kAllToAll:
      return (p - 1) / p;
    case Op::kBroadcast:
    case Op::kReduce:
    case Op::kPointToPoint:
      return 1;
  }
  CHECK(false);
}

}  // namespace commplan
