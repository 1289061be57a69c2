#include "profiles/utf8.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace commplan::profiles {
namespace {

TEST(Utf8, KnowsTheLengthOfACharacter) {
  EXPECT_EQ(Utf8Length("a"), 1U);
  EXPECT_EQ(Utf8Length("\xc2\xb5s"), 2U);
  EXPECT_EQ(Utf8Length("\xe2\x82\xac"), 3U);
  EXPECT_EQ(Utf8Length("\xf0\x9f\x98\x80!"), 4U);
  EXPECT_EQ(Utf8Length(std::string_view("\0", 1)), 1U);
}

TEST(Utf8, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "\x80", "\xff", "\xc2", "\xc2z", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xe2\x82", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_EQ(Utf8Length(text), 0U) << Shortened(text);
  }
}

TEST(Utf8, KnowsControlCharacters) {
  for (const std::string_view character :
       {"\n", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f", "\xe2\x80\xa8", "\xef\xbb\xbf"}) {
    EXPECT_TRUE(IsControl(character));
  }
  for (const std::string_view character : {" ", "a", "\xc2\xa0", "\xc2\xb5", "\xe2\x82\xac"}) {
    EXPECT_FALSE(IsControl(character));
  }
}

TEST(Utf8, ShortensBetweenCharacters) {
  EXPECT_EQ(Shortened("plain"), "plain");
  EXPECT_EQ(Shortened("a\nb\xff"), "a?b?");
  EXPECT_EQ(Shortened(std::string(60, 'x')), std::string(60, 'x'));
  EXPECT_EQ(Shortened(std::string(61, 'x')), std::string(60, 'x') + "...");
  EXPECT_EQ(Shortened(std::string(59, 'x') + "\xc2\xb5\xc2\xb5"),
            std::string(59, 'x') + "\xc2\xb5...");
}

}  // namespace
}  // namespace commplan::profiles
