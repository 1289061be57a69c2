// The house rules over the real working tree: it fails and lists what they found.

#include <gtest/gtest.h>

#include <iostream>
#include <ostream>

#include "tests/house/real_tree.h"
#include "tests/house/rules.h"

namespace commplan::house {

// How gtest names the rule that failed.
void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.promise; }

namespace {

// A smaller tree means that the walk went wrong, and then every rule would hold.
constexpr std::size_t kFewestFiles = 30;

// One test case per rule, so that a failure says by its name which promise was broken.
class TreeTest : public ::testing::TestWithParam<Rule> {
 protected:
  static void SetUpTestSuite() {
    const std::filesystem::path root = FindRoot();
    if (root.empty()) return;
    tree_ = new Tree(ReadTree(root));
    std::cout << "read " << tree_->size() << " files\n";
  }
  static void TearDownTestSuite() {
    delete tree_;
    tree_ = nullptr;
  }

  static const Tree* tree_;
};

const Tree* TreeTest::tree_ = nullptr;

TEST_P(TreeTest, KeepsItsPromise) {
  ASSERT_NE(tree_, nullptr) << "the working tree was not found: run ./test, or run this program in "
                               "the root of the checkout, or set COMMPLAN_ROOT to it";
  ASSERT_GE(tree_->size(), kFewestFiles) << "too few files were read to prove anything; see the "
                                            "table of skipped folders in tests/house/real_tree.cc";
  for (const Finding& finding : GetParam().check(*tree_)) {
    ADD_FAILURE() << Describe(finding);
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, TreeTest, ::testing::ValuesIn(Rules().begin(), Rules().end()),
                         [](const ::testing::TestParamInfo<Rule>& row) {
                           std::string name(row.param.name);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace commplan::house
