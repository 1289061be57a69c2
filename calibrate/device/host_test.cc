#include "calibrate/device/host.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::device {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(HostBenches, EachIsVerifiedAndTakesTime) {
  std::set<std::string> whats;
  for (const auto& bench : HostBenches({codec::FindCodec("tq3").value()})) {
    const std::string what = TextOf(bench->Head());
    SCOPED_TRACE(what);
    EXPECT_TRUE(whats.insert(what).second) << "two benches measure the same";
    const std::int64_t bytes = bench->Sizes().Round(10'000);
    ASSERT_THAT(bench->Prepare(bytes), IsOk());
    EXPECT_THAT(bench->Verify(), IsOk());
    const auto time = bench->Run(2);
    ASSERT_THAT(time, IsOk());
    EXPECT_GT(*time, 0);
    // What a sample would say is valid.
    samples::Sample sample = bench->Head();
    sample.bytes = bytes;
    sample.coded_bytes = bench->CodedBytes(bytes);
    sample.repeats_us = {*time};
    EXPECT_THAT(samples::FaultsOf(sample), ::testing::IsEmpty());
    EXPECT_EQ(sample.codec.empty(), sample.coded_bytes == 0);
  }
  EXPECT_THAT(whats, Contains("copy, 1 core"));
  EXPECT_THAT(whats, Contains("decode-add, tq3, 1 core"));
  EXPECT_THAT(whats, Contains("p2p, 2 ranks, threads"));
  EXPECT_THAT(whats, Contains("all-reduce, 2 ranks, threads, ring, tq3"));
}

TEST(Host, NamesItsProcessor) {
  EXPECT_GE(UsableCores(), 1);
  EXPECT_THAT(ProcessorName(), Not(::testing::HasSubstr("\n")));
}

}  // namespace
}  // namespace commplan::device
