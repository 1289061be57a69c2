#include "model/compute/cards.h"

#include "model/base/number.h"
#include "model/compute/attention.h"
#include "model/compute/gemm.h"
#include "model/compute/kernel.h"
#include "model/compute/memory_bound.h"
#include "model/compute/moe.h"

namespace commplan {

namespace {

constexpr std::string_view kReference = "shapes and constants fitted to public kernel timings";

Text Word(std::string_view word) { return Text::Leaf(word); }
template <class Q>
Q Named(std::string_view word) {
  return Q::FromBase(Text::Leaf(word));
}

std::string Shown(const TimeOf<Text>& time) {
  return time.base().IsZero() ? std::string() : time.base().str();
}

void Fill(KernelCard& card, const TimesAlone<Text>& alone) {
  card.launch = Shown(alone.launch);
  card.compute = Shown(alone.compute);
  card.memory = Shown(alone.memory);
  card.serial = Shown(alone.serial);
}

KernelCard GemmCard() {
  KernelCard card;
  card.id = "gemm";
  card.title = "matrix product, m x n from m x k and n x k";
  card.assumptions =
      "weights come from memory; waves of tiles are not counted; formats that quantise their "
      "activations do it before the product";
  card.source = kReference;
  const GemmShapeOf<Text> shape{Word("m"), Word("n"), Word("k"), Word("batch")};
  const GemmGroundOf<Text> ground{Word("weight_bytes"),          Word("activation_bytes"),
                                  Word("quantised_bytes"),       Named<FlopRateOf<Text>>("P"),
                                  Named<BandwidthOf<Text>>("B"), Named<BytesOf<Text>>("cache")};
  GemmEfficiencyOf<Text> e;
  e.launch = Named<TimeOf<Text>>("t0");
  e.compute = Word("ec");
  e.memory = Word("em");
  e.small = Word("es");
  e.serial = Named<TimeOf<Text>>("tau");
  e.serial_exponent = Word("gamma");
  Fill(card, GemmTimes(shape, ground, e));
  return card;
}

KernelCard AttentionCard(AttentionPhase phase) {
  const bool generation = phase == AttentionPhase::kGeneration;
  KernelCard card;
  card.id = generation ? "attention/generation" : "attention/context";
  card.title = generation ? "attention of one new token per sequence over its cached tokens"
                          : "causal attention of new tokens";
  card.assumptions = generation ? "all sequences of one length; the cache comes from memory"
                                : "all sequences of one length; fused kernel";
  card.source = kReference;
  card.factor = "head size and window";
  const AttentionWorkOf<Text> work{Word("flops"),    Word("flops_of_a_row"), Word("bytes"),
                                   Word("kv_items"), Word("q_items"),        Word("L"),
                                   Word("unsplit")};
  AttentionEfficiencyOf<Text> e;
  e.launch = Named<TimeOf<Text>>("t0");
  e.compute = Word("ec");
  e.memory = Word("em");
  e.serial = Named<TimeOf<Text>>("tau");
  e.serial_exponent = Word("gamma");
  e.kv_item = Named<BytesOf<Text>>("i_kv");
  e.q_item = Named<BytesOf<Text>>("i_q");
  e.unsplit = Named<TimeOf<Text>>("tau1");
  e.padding = Word("s0");
  Fill(card,
       AttentionTimes(phase, work, Named<FlopRateOf<Text>>("P"), Named<BandwidthOf<Text>>("B"), e));
  return card;
}

KernelCard MoeCard() {
  KernelCard card;
  card.id = "moe";
  card.title = "experts of one layer on one device";
  card.assumptions =
      "dispatch is not included; experts are chosen at random and alike, the busiest device by the "
      "imbalance given";
  card.source = kReference;
  const MoeWorkOf<Text> work{Word("N"), Word("E'"), Word("w"), Word("bytes_per_call"),
                             Word("routed_bytes")};
  MoeEfficiencyOf<Text> e;
  e.launch = Named<TimeOf<Text>>("t0");
  e.compute = Word("ec");
  e.memory = Word("em");
  e.expert = Named<TimeOf<Text>>("t_e");
  e.padding = Word("pad");
  e.passes = Word("r");
  Fill(card, MoeTimes(work, Word("weight_bytes"), Named<FlopRateOf<Text>>("P"),
                      Named<BandwidthOf<Text>>("B"), e));
  return card;
}

KernelCard MemoryCard() {
  KernelCard card;
  card.id = "memory-bound";
  card.title = "kernels that only move bytes: norm, activation, embedding, copy";
  card.assumptions = "every byte goes to memory and back once";
  card.source = "common practice";
  MemoryEfficiencyOf<Text> e;
  e.launch = Named<TimeOf<Text>>("t0");
  e.memory = Word("em");
  const KernelPartsOf<Text> parts =
      MemoryTimes(Named<BytesOf<Text>>("bytes"), Named<BandwidthOf<Text>>("B"), e);
  card.launch = Shown(parts.launch);
  card.memory = Shown(parts.memory);
  return card;
}

}  // namespace

const std::vector<KernelCard>& KernelCards() {
  static const std::vector<KernelCard> kCards = {
      GemmCard(), AttentionCard(AttentionPhase::kGeneration),
      AttentionCard(AttentionPhase::kContext), MoeCard(), MemoryCard()};
  return kCards;
}

const KernelCard* FindKernelCard(std::string_view id) {
  for (const KernelCard& card : KernelCards()) {
    if (card.id == id) return &card;
  }
  return nullptr;
}

}  // namespace commplan
