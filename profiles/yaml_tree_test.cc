#include "profiles/yaml_tree.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "profiles/document.h"

namespace commplan::profiles {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A tree in one line: {a:[x,y],b:z}.
std::string Shown(const Node& node) {
  if (node.IsScalar()) return node.text;
  std::string text;
  for (const Entry& entry : node.entries) {
    text += (text.empty() ? "" : ",") + (node.IsMap() ? entry.key + ":" : "") + Shown(entry.value);
  }
  return node.IsMap() ? "{" + text + "}" : "[" + text + "]";
}

Result<std::string> Parsed(std::string_view text) {
  std::vector<Error> faults;
  ASSIGN_OR_RETURN(const Node node, ParseYaml(text, "f", 0, faults));
  if (!faults.empty()) return Combine(faults);
  return Shown(node);
}

TEST(YamlTree, ReadsTheFormsThatProfilesUse) {
  EXPECT_THAT(Parsed("a: 1\nb: [x, y]\nc: {d: e}\n"), IsOkAndHolds("{a:1,b:[x,y],c:{d:e}}"));
  EXPECT_THAT(Parsed("- a: 1\n  b: 2\n- c\n"), IsOkAndHolds("[{a:1,b:2},c]"));
  EXPECT_THAT(Parsed("a: \"x: y\" # comment\r\nb: 'it''s'\r\n"), IsOkAndHolds("{a:x: y,b:it's}"));
  EXPECT_THAT(Parsed("a: |\n  two\n  lines\n"), IsOkAndHolds("{a:two\nlines\n}"));
  EXPECT_THAT(Parsed("a:\nb: ~\n"), IsOkAndHolds("{a:,b:}"));
}

TEST(YamlTree, KeepsNumbersAsText) {
  EXPECT_THAT(Parsed("[010, 0x10, 1e3, .nan, yes]"), IsOkAndHolds("[010,0x10,1e3,.nan,yes]"));
}

TEST(YamlTree, ExpandsAliases) {
  EXPECT_THAT(Parsed("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n"),
              IsOkAndHolds("{a:{b:1},c:{b:1},d:[{b:1},{b:1}]}"));
}

TEST(YamlTree, KnowsEachPlace) {
  std::vector<Error> faults;
  const Result<Node> node = ParseYaml("a: 1\nbb:\n  c: [x, yy]\n", "f", 7, faults);
  ASSERT_THAT(node, IsOk());
  const Node* const list = node->Find("bb")->Find("c");
  EXPECT_EQ(list->entries[1].value.spot.file, 7);
  EXPECT_EQ(list->entries[1].value.spot.line, 3);
  EXPECT_EQ(list->entries[1].value.spot.column, 10);
  EXPECT_EQ(node->entries[1].key_spot.line, 2);
  EXPECT_EQ(node->entries[1].key_spot.column, 1);
}

TEST(YamlTree, RefusesDuplicateKeysAtEachLevelAndKeepsTheFirst) {
  std::vector<Error> faults;
  const Result<Node> node = ParseYaml("a: 1\nb: {c: 2, c: 3}\na: 4\n", "f", 0, faults);
  ASSERT_THAT(node, IsOk());
  EXPECT_EQ(Shown(*node), "{a:1,b:{c:2}}");
  ASSERT_THAT(faults, SizeIs(2));
  EXPECT_THAT(faults[0], IsError(ErrorCode::kBadInput, "found the key 'c' twice, first in line 2",
                                 At("f", 2, 11)));
  EXPECT_THAT(faults[1], IsError(ErrorCode::kBadInput, "found the key 'a' twice, first in line 1",
                                 At("f", 3, 1)));
  EXPECT_THAT(faults[1], HasHint(HasSubstr("keep one of the two")));
}

TEST(YamlTree, RefusesWhatItDoesNotRead) {
  EXPECT_THAT(Parsed("a: !!int 3\n"),
              IsError(ErrorCode::kBadInput, HasSubstr("found the tag"), At(1, 4)));
  EXPECT_THAT(Parsed("a: &x {b: 1}\nc:\n  <<: *x\n"),
              AllOf(IsError(ErrorCode::kBadInput, HasSubstr("merge key '<<'"), At(3, 3)),
                    HasHint(HasSubstr("extends"))));
  EXPECT_THAT(Parsed("? [a]\n: b\n"),
              IsError(ErrorCode::kBadInput, "found a list as a key, expected a word", At(1, 3)));
  EXPECT_THAT(Parsed("null: 3\n"),
              IsError(ErrorCode::kBadInput, "found nothing as a key, expected a word", At(1, 1)));
  EXPECT_THAT(Parsed("a: 1\n---\nb: 2\n"),
              IsError(ErrorCode::kBadInput, HasSubstr("second document"), At(3, 1)));
}

TEST(YamlTree, RefusesWhatIsNoYaml) {
  EXPECT_THAT(Parsed("a: [1, 2\n"), IsError(ErrorCode::kBadInput, HasSubstr("wrong YAML")));
  EXPECT_THAT(Parsed("a: b: c\n"),
              AllOf(IsError(ErrorCode::kBadInput, HasSubstr("wrong YAML"), At(1, 5)),
                    HasHint(HasSubstr("indentation"))));
  EXPECT_THAT(Parsed("a: *nowhere\n"), IsError(ErrorCode::kBadInput, HasSubstr("wrong YAML")));
  EXPECT_THAT(Parsed("a: &x [1, *x]\n"),
              IsError(ErrorCode::kBadInput, HasSubstr("inside the very value")));
}

TEST(YamlTree, RefusesEmptyFiles) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n"}) {
    SCOPED_TRACE(text);
    const Result<std::string> parsed = Parsed(text);
    // "---" alone is a document that holds a null, which yaml-cpp reports as such.
    if (parsed.ok()) {
      EXPECT_EQ(*parsed, "");
    } else {
      EXPECT_THAT(parsed, IsError(ErrorCode::kBadInput, HasSubstr("found an empty file")));
    }
  }
}

TEST(YamlTree, RefusesBytesThatAreNoPlainText) {
  EXPECT_THAT(Parsed("a:\n\tb: 1\n"),
              AllOf(IsError(ErrorCode::kBadInput, "found a tab in the indentation", At(2, 1)),
                    HasHint("use spaces")));
  EXPECT_THAT(Parsed("a: b\tc\n"), IsOkAndHolds("{a:b\tc}"));
  EXPECT_THAT(Parsed(std::string_view("a: \0b\n", 6)),
              IsError(ErrorCode::kBadInput, "found a control character", At(1, 4)));
  EXPECT_THAT(Parsed("a: \xff\n"), IsError(ErrorCode::kBadInput, HasSubstr("no UTF-8"), At(1, 4)));
  EXPECT_THAT(Parsed("\xef\xbb\xbf"
                     "a: 1\n"),
              IsError(ErrorCode::kBadInput, "found a control character", At(1, 1)));
  EXPECT_THAT(Parsed("a: \xc2\xb5s\n"), IsOkAndHolds("{a:\xc2\xb5s}"));
}

TEST(YamlTree, RefusesTooDeepNesting) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_THAT(Parsed(nested(kMaxDepth)), IsOk());
  EXPECT_THAT(
      Parsed(nested(kMaxDepth + 1)),
      IsError(ErrorCode::kBadInput, HasSubstr("more than 32 levels"), At(1, kMaxDepth + 1)));
  EXPECT_THAT(Parsed(nested(100'000)),
              IsError(ErrorCode::kBadInput, HasSubstr("more than 32 levels")));
  std::string block;
  for (std::size_t i = 0; i < 400; ++i) block += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(Parsed(block),
              IsError(ErrorCode::kBadInput, HasSubstr("more than 32 levels"), At(33, 33)));
}

TEST(YamlTree, RefusesAliasesThatExpandToTooMuch) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string item = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + item;
    for (int j = 1; j < 10; ++j) text += ", " + item;
    text += "]\n";
  }
  EXPECT_THAT(Parsed(text), IsError(ErrorCode::kBadInput, HasSubstr("more than 50000 values")));
}

TEST(YamlTree, RefusesAliasesThatNestTooDeep) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  EXPECT_THAT(Parsed(text), IsError(ErrorCode::kBadInput, HasSubstr("more than 32 levels")));
}

}  // namespace
}  // namespace commplan::profiles
