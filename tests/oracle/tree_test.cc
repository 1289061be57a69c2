#include "tests/oracle/tree.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace commplan::oracle {
namespace {

constexpr int kMostMembers = 130;

int FloorLog2(int p) {
  int log = 0;
  while (p > 1) {
    p /= 2;
    ++log;
  }
  return log;
}

// Every member is reached once from the root, by parents and children that agree.
void ExpectWellFormed(const Tree& tree, int p, std::size_t most_children) {
  ASSERT_EQ(tree.top_down.size(), static_cast<std::size_t>(p));
  ASSERT_EQ(tree.bottom_up.size(), static_cast<std::size_t>(p));
  std::vector<bool> seen(static_cast<std::size_t>(p), false);
  for (int member : tree.top_down) {
    const std::size_t i = static_cast<std::size_t>(member);
    EXPECT_FALSE(seen[i]);
    if (member == tree.root) {
      EXPECT_EQ(tree.parent[i], -1);
    } else {
      EXPECT_TRUE(seen[static_cast<std::size_t>(tree.parent[i])]);
    }
    seen[i] = true;
    EXPECT_LE(tree.children[i].size(), most_children);
    for (int child : tree.children[i]) {
      EXPECT_EQ(tree.parent[static_cast<std::size_t>(child)], member);
    }
  }
}

TEST(InOrderTree, IsABalancedBinaryTreeWithEvenLeaves) {
  for (int p = 1; p <= kMostMembers; ++p) {
    SCOPED_TRACE(p);
    const Tree tree = InOrderTree(p);
    ExpectWellFormed(tree, p, 2);
    EXPECT_EQ(tree.Depth(), FloorLog2(p));
    for (int i = 0; i < p; ++i) {
      EXPECT_EQ(tree.children[static_cast<std::size_t>(i)].empty(), i % 2 == 0);
    }
  }
}

TEST(ComplementTree, MakesEveryMemberInnerInAtMostOneTree) {
  for (int p = 1; p <= kMostMembers; ++p) {
    SCOPED_TRACE(p);
    const Tree one = InOrderTree(p);
    const Tree other = ComplementTree(p);
    ExpectWellFormed(other, p, 2);
    EXPECT_EQ(other.Depth(), FloorLog2(p));
    for (std::size_t i = 0; i < static_cast<std::size_t>(p); ++i) {
      EXPECT_TRUE(one.children[i].empty() || other.children[i].empty());
    }
  }
}

TEST(Rotated, KeepsTheShapeAndMovesTheRoot) {
  for (int p = 1; p <= 20; ++p) {
    for (int root = 0; root < p; ++root) {
      const Tree tree = Rotated(InOrderTree(p), root);
      ExpectWellFormed(tree, p, 2);
      EXPECT_EQ(tree.root, root);
      EXPECT_EQ(tree.Depth(), FloorLog2(p));
    }
  }
}

TEST(ChainTree, RunsFromTheRootRoundTheRing) {
  const Tree tree = ChainTree(4, 2);
  ExpectWellFormed(tree, 4, 1);
  EXPECT_EQ(tree.top_down, (std::vector<int>{2, 3, 0, 1}));
  EXPECT_EQ(tree.bottom_up, (std::vector<int>{1, 0, 3, 2}));
  EXPECT_EQ(tree.Depth(), 3);
}

TEST(InOrderTree, OfSevenIsPerfect) {
  const Tree tree = InOrderTree(7);
  EXPECT_EQ(tree.root, 3);
  EXPECT_EQ(tree.parent, (std::vector<int>{1, 3, 1, -1, 5, 3, 5}));
  EXPECT_EQ(tree.top_down, (std::vector<int>{3, 1, 5, 0, 2, 4, 6}));
  EXPECT_EQ(tree.bottom_up, (std::vector<int>{0, 2, 4, 6, 1, 5, 3}));
}

}  // namespace
}  // namespace commplan::oracle
