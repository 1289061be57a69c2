#include "cli/range.h"

#include <string>
#include <vector>

#include "model/base/test_matchers.h"

namespace commplan::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Texts(std::string_view range) {
  std::vector<std::string> texts;
  const auto values = ParseRange(range);
  if (!values.ok()) return {"error: " + values.error().message};
  for (const RangeValue& value : *values) texts.push_back(value.text);
  return texts;
}

TEST(RangeTest, AListKeepsItsWords) {
  EXPECT_THAT(Texts("1,2,4"), ElementsAre("1", "2", "4"));
  EXPECT_THAT(Texts("none,tq3"), ElementsAre("none", "tq3"));
  EXPECT_THAT(Texts("64KiB"), ElementsAre("64KiB"));
}

TEST(RangeTest, FactorsLeadFromEndToEnd) {
  EXPECT_THAT(Texts("1..8:*2"), ElementsAre("1", "2", "4", "8"));
  EXPECT_THAT(Texts("1KiB..8KiB:*2"), ElementsAre("1KiB", "2KiB", "4KiB", "8KiB"));
  // 3 * 2 * 2 = 12 is beyond 10.
  EXPECT_THAT(Texts("3..10:*2"), ElementsAre("3", "6"));
}

TEST(RangeTest, StepsLeadFromEndToEnd) {
  EXPECT_THAT(Texts("10..40:+10"), ElementsAre("10", "20", "30", "40"));
  // 0.1 + 9 * 0.1 is a little more than 1.0 in binary; the end belongs to the range.
  EXPECT_EQ(Texts("0.1..1:+0.1").size(), 10U);
  EXPECT_THAT(Texts("1us..3us:+1us"), ElementsAre("1us", "2us", "3us"));
  EXPECT_THAT(Texts("25GB/s..75GB/s:+25GB/s"), ElementsAre("25GB/s", "50GB/s", "75GB/s"));
}

TEST(RangeTest, PiecesMayFollowEachOther) {
  EXPECT_THAT(Texts("1,2,8..32:*2"), ElementsAre("1", "2", "8", "16", "32"));
}

TEST(RangeTest, BytesStayWhole) {
  // 1.5 * 1.5 * 3 bytes = 6.75 bytes.
  EXPECT_THAT(Texts("3B..7B:*1.5"), ElementsAre("3B", "5B", "7B"));
}

TEST(RangeTest, ValuesKnowTheirKind) {
  const auto values = ParseRange("1KiB,2us,3GB/s,4,word");
  ASSERT_THAT(values, IsOk());
  EXPECT_EQ((*values)[0], (RangeValue{"1KiB", ValueKind::kBytes, 1024}));
  EXPECT_EQ((*values)[1], (RangeValue{"2us", ValueKind::kTime, 2e-6}));
  EXPECT_EQ((*values)[2], (RangeValue{"3GB/s", ValueKind::kRate, 3e9}));
  EXPECT_EQ((*values)[3], (RangeValue{"4", ValueKind::kNumber, 4}));
  EXPECT_EQ((*values)[4], (RangeValue{"word", ValueKind::kWord, 0}));
}

TEST(RangeTest, WhatLeadsNowhereIsRefused) {
  EXPECT_THAT(ParseRange("1..8"), IsError(ErrorCode::kUsage, HasSubstr("expected a step")));
  EXPECT_THAT(ParseRange("1..8:2"), IsError(ErrorCode::kUsage, HasSubstr("such as *2")));
  EXPECT_THAT(ParseRange("1..8:*1"), IsError(ErrorCode::kUsage, HasSubstr("above 1")));
  EXPECT_THAT(ParseRange("1..8:+0"), IsError(ErrorCode::kUsage, HasSubstr("above 0")));
  EXPECT_THAT(ParseRange("0..8:*2"), IsError(ErrorCode::kUsage, HasSubstr("start above 0")));
  EXPECT_THAT(ParseRange("8..1:*2"), IsError(ErrorCode::kUsage, HasSubstr("smaller end first")));
  EXPECT_THAT(ParseRange("1..8KiB:*2"), IsError(ErrorCode::kUsage, HasSubstr("of one kind")));
  EXPECT_THAT(ParseRange("1KiB..8KiB:+1"), IsError(ErrorCode::kUsage, HasSubstr("same kind")));
  EXPECT_THAT(ParseRange("a..b:*2"), IsError(ErrorCode::kUsage, HasSubstr("a number on both")));
  EXPECT_THAT(ParseRange("1,,2"), IsError(ErrorCode::kUsage, HasSubstr("comma")));
  EXPECT_THAT(ParseRange("1..1000000:+1"), IsError(ErrorCode::kUsage, HasSubstr("at most 10000")));
}

TEST(VaryTest, NamesAnOptionOrAPath) {
  const auto option = ParseVary("bytes=1,2");
  ASSERT_THAT(option, IsOk());
  EXPECT_EQ(option->name, "bytes");
  EXPECT_FALSE(option->set);
  EXPECT_EQ(option->values.size(), 2U);
  const auto path = ParseVary("set:tiers.0.latency=1us..4us:*2");
  ASSERT_THAT(path, IsOk());
  EXPECT_EQ(path->name, "tiers.0.latency");
  EXPECT_TRUE(path->set);
  EXPECT_EQ(path->values.size(), 3U);
  EXPECT_THAT(ParseVary("bytes"), IsError(ErrorCode::kUsage, HasSubstr("NAME=RANGE")));
  EXPECT_THAT(ParseVary("=1,2"), IsError(ErrorCode::kUsage, HasSubstr("NAME=RANGE")));
}

TEST(ParseSpanTest, TwoEnds) {
  const auto span = ParseSpan("set:tiers.0.latency=1us..1ms");
  ASSERT_THAT(span, IsOk());
  EXPECT_EQ(span->name, "tiers.0.latency");
  EXPECT_TRUE(span->set);
  EXPECT_EQ(span->low.kind, ValueKind::kTime);
  EXPECT_DOUBLE_EQ(span->high.base, 1e-3);
  EXPECT_EQ(WriteValue(span->low.kind, 1.5e-6).text, "1.5us");
}

TEST(ParseSpanTest, AShareGoesFromNothingToAll) {
  const auto span = ParseSpan("--overlap-fraction");
  ASSERT_THAT(span, IsOk());
  EXPECT_EQ(span->name, "overlap-fraction");
  EXPECT_EQ(span->low.base, 0);
  EXPECT_EQ(span->high.base, 1);
}

TEST(ParseSpanTest, WhatHasNoEnds) {
  for (const char* const text : {"batch", "batch=4", "batch=4..1", "batch=1us..4", "=1..2", ""}) {
    EXPECT_THAT(ParseSpan(text), IsError(ErrorCode::kUsage, ::testing::_)) << text;
  }
}

}  // namespace
}  // namespace commplan::cli
