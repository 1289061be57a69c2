#include "model/compute/cards.h"

#include <gtest/gtest.h>

namespace commplan {
namespace {

TEST(KernelCardsTest, TextIsWhatTheTemplatesCompute) {
  const KernelCard* gemm = FindKernelCard("gemm");
  ASSERT_NE(gemm, nullptr);
  EXPECT_EQ(gemm->compute, "2*batch*m*n*k/P/ec");
  EXPECT_EQ(gemm->serial, "tau*(pow(k/4096, gamma))");
  const KernelCard* moe = FindKernelCard("moe");
  ASSERT_NE(moe, nullptr);
  EXPECT_EQ(moe->serial, "E'*t_e");
  const KernelCard* memory = FindKernelCard("memory-bound");
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(memory->memory, "bytes/B/em");
  EXPECT_EQ(memory->compute, "");
}

TEST(KernelCardsTest, EveryCardSaysWhatItAssumesAndNoOtherIsFound) {
  ASSERT_EQ(KernelCards().size(), 5U);
  for (const KernelCard& card : KernelCards()) {
    EXPECT_FALSE(card.title.empty() || card.assumptions.empty() || card.source.empty()) << card.id;
    EXPECT_EQ(card.launch.find("t0"), 0U) << card.id;
    EXPECT_EQ(FindKernelCard(card.id), &card);
  }
  EXPECT_EQ(FindKernelCard("gem"), nullptr);
}

}  // namespace
}  // namespace commplan
