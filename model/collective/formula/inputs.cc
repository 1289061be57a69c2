#include "model/collective/formula/inputs.h"

namespace commplan {
namespace {

template <class R>
void Assign(R& count, R value) {
  count = std::move(value);
}
template <int kByte, int kSec, int kFlop, class R>
void Assign(Quantity<kByte, kSec, kFlop, R>& quantity, R value) {
  quantity = Quantity<kByte, kSec, kFlop, R>::FromBase(std::move(value));
}

}  // namespace

const std::array<SymbolText, kSymbolCount>& SymbolTexts() {
  static constexpr std::array<SymbolText, kSymbolCount> kTexts{{
      {"p", "ranks of the group"},
      {"N", "nodes that the group spans"},
      {"q", "ranks of the group in one node"},
      {"k", "chunks of the pipeline"},
      {"S", "bytes, as nccl-tests counts them"},
      {"a", "latency of one message inside a node"},
      {"B", "bandwidth of one rank inside a node, one direction"},
      {"a2", "latency of one message between nodes"},
      {"B2", "bandwidth of one rank between nodes, one direction"},
      {"g", "time to add one byte to another"},
      {"t0", "fixed cost of a call"},
      {"c", "time to copy one byte between the user's buffer and the library's"},
      {"s", "further stages that a chunk passes"},
      {"N3", "domains that the third tier joins (pods of nodes)"},
      {"a3", "latency of one message on the third tier"},
      {"B3", "bandwidth of one rank on the third tier, one direction"},
      {"N4", "domains that the fourth tier joins"},
      {"a4", "latency of one message on the fourth tier"},
      {"B4", "bandwidth of one rank on the fourth tier, one direction"},
  }};
  return kTexts;
}

Inputs<Slopes> Differentiable(const Inputs<double>& x) {
  std::array<double, kSymbolCount> values{};
  VisitInputs(x, [&](Symbol symbol, const auto& member) {
    values[static_cast<std::size_t>(symbol)] = BaseNumber(member);
  });
  Inputs<Slopes> result;
  result.tiers = x.tiers;
  VisitInputs(result, [&](Symbol symbol, auto& member) {
    const auto i = static_cast<std::size_t>(symbol);
    Assign(member, Slopes::Input(values[i], i));
  });
  return result;
}

Inputs<Text> Worded(const std::array<std::string_view, kSymbolCount>& words) {
  Inputs<Text> result;
  VisitInputs(result, [&](Symbol symbol, auto& member) {
    Assign(member, Text::Leaf(words[static_cast<std::size_t>(symbol)]));
  });
  while (result.tiers < 2 + kFurtherTiers && !result.further[result.tiers - 2].domains.IsZero()) {
    ++result.tiers;
  }
  return result;
}

Inputs<Text> Lettered() {
  std::array<std::string_view, kSymbolCount> letters;
  for (std::size_t i = 0; i < kSymbolCount; ++i) letters[i] = SymbolTexts()[i].letter;
  for (auto i = static_cast<std::size_t>(Symbol::kDomains3); i < kSymbolCount; ++i) {
    letters[i] = "0";
  }
  return Worded(letters);
}

}  // namespace commplan
