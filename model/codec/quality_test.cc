#include "model/codec/quality.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/codec/codec.h"
#include "model/codec/error.h"

namespace commplan::codec {
namespace {

using ::testing::HasSubstr;

TEST(ParseQualityTest, NamesAndNumbers) {
  EXPECT_THAT(ParseQuality("balanced"), IsOkAndHolds(23.0));
  EXPECT_THAT(ParseQuality("24"), IsOkAndHolds(24.0));
  EXPECT_THAT(ParseQuality("24.5dB"), IsOkAndHolds(24.5));
  EXPECT_THAT(ParseQuality("24.5 dB"), IsOkAndHolds(24.5));
  for (const char* const wrong : {"", "-3", "nan", "inf", "24x", "1e9", "dB"}) {
    EXPECT_THAT(ParseQuality(wrong), IsError(ErrorCode::kUsage, HasSubstr("decibels"))) << wrong;
  }
  EXPECT_THAT(ParseQuality("balancd"), HasHint("did you mean 'balanced'?"));
}

// Each budget's own reason, by running the codecs that it speaks of.
TEST(QualityBudgetTest, LetsThroughWhatItsReasonSays) {
  const RankData data = DrawRanks(Shape::kGaussian, 8, 16384, 3);
  const auto passes = [&data](const char* codec, const Reduction& reduction, const char* budget) {
    return MeasureError(FindCodec(codec).value(), reduction, data)->sqnr_db >=
           ParseQuality(budget).value();
  };
  const Reduction ring{.scheme = Scheme::kRing};
  EXPECT_TRUE(passes("bf16", ring, "lossless"));
  EXPECT_FALSE(passes("int8-b32", {}, "lossless"));
  EXPECT_TRUE(passes("mxfp8", {}, "conservative"));
  EXPECT_TRUE(passes("int8-b32", ring, "conservative"));
  EXPECT_FALSE(passes("mxfp5", {}, "conservative"));
  EXPECT_TRUE(passes("e2m2-b32-e5m0", {}, "balanced"));
  EXPECT_FALSE(passes("int4-b32", {}, "balanced"));
  EXPECT_TRUE(passes("mxfp4", {}, "aggressive"));
  EXPECT_TRUE(passes("int4-b32", {.scheme = Scheme::kTwoShot}, "aggressive"));
  EXPECT_FALSE(passes("dual2", {}, "aggressive"));
  EXPECT_FALSE(passes("topk-3x", {}, "aggressive"));
}

TEST(PublishedQualityTest, NamesCodecsThatExist) {
  for (const PublishedQuality& row : PublishedQualities()) {
    EXPECT_TRUE(row.codec.empty() || FindCodec(row.codec).ok()) << row.codec;
    EXPECT_FALSE(row.source.empty());
    EXPECT_GT(row.perplexity_increase, 0);
  }
}

}  // namespace
}  // namespace commplan::codec
