#include "model/base/suggest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/test_seed.h"

namespace commplan {
namespace {

const std::vector<std::string> kAlgorithms = {"ring",     "tree",     "recursive-doubling",
                                              "one-shot", "two-shot", "nvls"};

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("ring", "ring"), 0);
  EXPECT_EQ(EditDistance("", "ring"), 4);
  EXPECT_EQ(EditDistance("ring", ""), 4);
  EXPECT_EQ(EditDistance("ring", "rings"), 1);  // Inserted.
  EXPECT_EQ(EditDistance("ring", "rig"), 1);    // Deleted.
  EXPECT_EQ(EditDistance("ring", "rang"), 1);   // Replaced.
  EXPECT_EQ(EditDistance("ring", "rign"), 1);   // Exchanged.
  EXPECT_EQ(EditDistance("ab", "bca"), 2);      // Exchanged, then inserted between the two.
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
}

TEST(EditDistance, IsAMetricOnRandomWords) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  const auto word = [&random] {
    std::string text(random() % 7, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::string a = word();
    const std::string b = word();
    const std::string c = word();
    const int ab = EditDistance(a, b);
    EXPECT_EQ(ab == 0, a == b) << a << ' ' << b;
    EXPECT_EQ(ab, EditDistance(b, a)) << a << ' ' << b;
    EXPECT_LE(EditDistance(a, c), ab + EditDistance(b, c)) << a << ' ' << b << ' ' << c;
    EXPECT_LE(ab, static_cast<int>(std::max(a.size(), b.size()))) << a << ' ' << b;
  }
}

TEST(NearestWord, FindsTheWordThatWasMeant) {
  EXPECT_EQ(NearestWord("rng", kAlgorithms), "ring");
  EXPECT_EQ(NearestWord("rign", kAlgorithms), "ring");
  EXPECT_EQ(NearestWord("recursive_doubling", kAlgorithms), "recursive-doubling");
  EXPECT_EQ(NearestWord("oneshot", kAlgorithms), "one-shot");
  EXPECT_EQ(NearestWord("NVLS", kAlgorithms), "nvls");
}

TEST(NearestWord, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("butterfly", kAlgorithms), std::nullopt);
  EXPECT_EQ(NearestWord("", kAlgorithms), std::nullopt);
  EXPECT_EQ(NearestWord("x", std::array<std::string_view, 2>{"s", "h"}), std::nullopt);
  EXPECT_EQ(NearestWord("ring", std::vector<std::string>{}), std::nullopt);
  EXPECT_EQ(NearestWord(std::string(5000, 'r'), kAlgorithms), std::nullopt);
}

TEST(NearestWord, CutsOffAtOneEditInThreeCharacters) {
  const std::vector<std::string> words = {"abcdef"};
  EXPECT_EQ(NearestWord("abcxxf", words), "abcdef");      // 2 of 6.
  EXPECT_EQ(NearestWord("abxxxf", words), std::nullopt);  // 3 of 6.
}

TEST(NearestWord, BreaksTiesByLetterCaseThenByByteOrder) {
  EXPECT_EQ(NearestWord("gbps", std::vector<std::string>{"GBps", "Gbps"}), "Gbps");
  EXPECT_EQ(NearestWord("bat", std::vector<std::string>{"rat", "cat", "hat"}), "cat");
}

TEST(NearestWord, DoesNotDependOnTheOrderOfCandidates) {
  std::vector<std::string> words = {"cat", "rat", "hat", "mat"};
  do {
    EXPECT_EQ(NearestWord("bat", words), "cat");
  } while (std::next_permutation(words.begin(), words.end()));
}

TEST(SuggestionHint, NamesTheNearestOrListsWhatIsKnown) {
  EXPECT_EQ(SuggestionHint("rnig", kAlgorithms), "did you mean 'ring'?");
  EXPECT_EQ(SuggestionHint("butterfly", std::vector<std::string>{"tree", "ring", "tree"}),
            "known are 'ring', 'tree'");
  EXPECT_EQ(SuggestionHint("butterfly", kAlgorithms, 2), "known are 'nvls', 'one-shot' and 4 more");
  EXPECT_EQ(SuggestionHint("x", std::vector<std::string>{}), "");
}

}  // namespace
}  // namespace commplan
