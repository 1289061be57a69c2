// Taking quoted texts out changes nothing but the time: every tree is the same with and without.
#include "profiles/quoted_text.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "profiles/document.h"
#include "profiles/library.h"
#include "profiles/yaml_tree.h"

namespace commplan::profiles {
namespace {

void ExpectSame(const Node& a, const Node& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.spot.line, b.spot.line);
  EXPECT_EQ(a.spot.column, b.spot.column);
  ASSERT_EQ(a.entries.size(), b.entries.size());
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    EXPECT_EQ(a.entries[i].key, b.entries[i].key);
    EXPECT_EQ(a.entries[i].key_spot.line, b.entries[i].key_spot.line);
    EXPECT_EQ(a.entries[i].key_spot.column, b.entries[i].key_spot.column);
    ExpectSame(a.entries[i].value, b.entries[i].value);
  }
}

// A text that holds the mark is read as it is. The other line only keeps the places alike.
std::string Untouched(std::string_view text) { return "# @quoted@\n" + std::string(text); }
std::string Shortened(std::string_view text) { return "# a remark\n" + std::string(text); }

void ExpectSameTree(std::string_view text) {
  SCOPED_TRACE(text.substr(0, 300));
  ASSERT_FALSE(QuotedTexts(Untouched(text)).any());
  std::vector<Error> fast_faults, slow_faults;
  const Result<Node> fast = ParseYaml(Shortened(text), "a.yaml", 0, fast_faults);
  const Result<Node> slow = ParseYaml(Untouched(text), "a.yaml", 0, slow_faults);
  ASSERT_EQ(fast.ok(), slow.ok());
  EXPECT_EQ(fast_faults.size(), slow_faults.size());
  if (!fast.ok()) {
    EXPECT_EQ(FormatError(fast.error()), FormatError(slow.error()));
    return;
  }
  ExpectSame(*fast, *slow);
}

TEST(QuotedTextTest, EveryShippedFileIsReadAlike) {
  std::size_t shortened = 0;
  for (const LibraryFile& file : ShippedLibrary().files()) {
    // Those with tables, and a few without.
    if (!QuotedTexts(file.text).any() && file.name().size() % 3 != 0) continue;
    ExpectSameTree(file.text);
    if (QuotedTexts(file.text).any()) ++shortened;
  }
  EXPECT_GT(shortened, 4U);
}

TEST(QuotedTextTest, TablesAreTakenOut) {
  const std::string text = "compute:\n  table: \"1 2 |\n    3 4\n    5\"\n  next: 6\n";
  QuotedTexts quoted(text);
  ASSERT_TRUE(quoted.any());
  EXPECT_EQ(quoted.shortened(), "compute:\n  table: \"@quoted@0\\\n\\\n\"\n  next: 6\n");
  ASSERT_NE(quoted.Find("@quoted@0"), nullptr);
  EXPECT_EQ(*quoted.Find("@quoted@0"), "1 2 | 3 4 5");
  ExpectSameTree(text);
}

TEST(QuotedTextTest, WhatCouldMeanMoreStaysWhereItIs) {
  for (const char* const text : {
           "a: \"one line\"\n",
           "a: \"an escape \\n\n  more\"\n",
           "a: \"a blank line\n\n  more\"\n",
           "a: \"a blank at the end \n  more\"\n",
           "a: \"a tab\t\n  more\"\n",
           "a: \"letters \xc3\xa9\n  more\"\n",
           "a: \"an end\n--- more\"\n",
           "a: \"something behind\n  more\" # note\n",
           "a: 'single\n  more'\n",
           "a b: \"no word\n  more\"\n",
           "a: \"never closed\n  more\n",
           "{a: \"in a flow\n  more\"}\n",
           "",
       }) {
    EXPECT_FALSE(QuotedTexts(text).any()) << text;
    ExpectSameTree(text);
  }
}

TEST(QuotedTextTest, InsideOtherTextsNothingIsLost) {
  for (const char* const text : {
           "note: |\n  a: \"first\n    second\"\n  last\nb: 1\n",
           "note: >\n  a: \"first\n    second\"\nb: 1\n",
           "note: 'one\n  a: \"first\n  second\"\n  two'\n",
           "# a: \"first\n# second\"\nb: 1\n",
           "a: [1,\n  b: \"first\n  second\"\n  ]\n",
           "a: \"first\n  second\"\na: \"third\n  fourth\"\n",
           "a: \"first\n  second\"\n? [1]\n: 2\n",
           "a: \"first\n  second\"\n---\nb: 1\n",
           "a: \"first\n  second\"\nb: [1\n",
           "a: \"first\n  second\"\nb: @quoted@0\n",
           "a: \"first\n  second\"",
           "a: \"  first\n  second  \"\nb: \"third\nfourth\"\n",
       }) {
    ExpectSameTree(text);
  }
}

}  // namespace
}  // namespace commplan::profiles
