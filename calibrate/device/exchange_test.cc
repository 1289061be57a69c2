#include "calibrate/device/exchange.h"

#include <cmath>
#include <string>
#include <vector>

#include "calibrate/device/threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::device {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Bench> BenchOf(int ranks, const std::string& codec, Gather gather) {
  ExchangeBenchOptions options;
  options.head.ranks = ranks;
  options.sizes = {4, 1 << 22, 4};
  if (!codec.empty()) options.codec = codec::FindCodec(codec).value();
  options.make = [codec = options.codec, gather] { return MakeRing(codec, gather); };
  return MakeThreadBench(std::move(options));
}

// Sizes below a block, of ragged chunks, of empty chunks, and beyond one queue.
constexpr std::int64_t kSizes[] = {4, 400, 516, 4096, 100'004, 1 << 20};

TEST(Ring, SumsExactlyWithEveryCodecAndCount) {
  for (const int ranks : {1, 2, 3, 4}) {
    for (const std::string codec :
         {"", "tq3", "dual2", "mxfp4", "nvfp4", "int8-b32", "int8-b128"}) {
      for (const Gather gather : {Gather::kPlain, Gather::kCoded}) {
        const auto bench = BenchOf(ranks, codec, gather);
        for (const std::int64_t bytes : kSizes) {
          SCOPED_TRACE(codec + " " + std::to_string(ranks) + " ranks " + std::to_string(bytes));
          ASSERT_THAT(bench->Prepare(bytes), IsOk());
          EXPECT_THAT(bench->Verify(), IsOk());
        }
      }
    }
  }
}

TEST(Ring, TimesAreThoseOfManyCalls) {
  const auto bench = BenchOf(2, "mxfp8", Gather::kCoded);
  ASSERT_THAT(bench->Prepare(1 << 16), IsOk());
  const auto time = bench->Run(bench->MostCalls());
  ASSERT_THAT(time, IsOk());
  EXPECT_GT(*time, 0);
  // The sums of the last call are finite: 100 doublings of 16 stay below 2^128.
  EXPECT_LE(bench->MostCalls(), 100);
  EXPECT_THAT(bench->Verify(), IsOk()) << "inputs are fresh again";
}

// A check that cannot fail would be worth nothing.
class Damaged : public Exchange {
 public:
  void Prepare(const Peers& peers, std::int64_t bytes) override { ring_->Prepare(peers, bytes); }
  void Refill() override { ring_->Refill(); }
  void Call(Peers& peers) override {
    ring_->Call(peers);
    ring_->Call(peers);  // sums of sums
  }
  Status Check() const override { return ring_->Check(); }

 private:
  std::unique_ptr<Exchange> ring_ = MakeRing(std::nullopt, Gather::kPlain);
};

TEST(Ring, WrongSumsAreFound) {
  ExchangeBenchOptions options;
  options.head.ranks = 2;
  options.sizes = {4, 4096, 4};
  options.make = [] { return std::make_unique<Damaged>(); };
  const auto bench = MakeThreadBench(std::move(options));
  ASSERT_THAT(bench->Prepare(4096), IsOk());
  EXPECT_THAT(bench->Verify(), IsError(ErrorCode::kDevice, HasSubstr("expected")));
}

TEST(PingPong, BringsEveryByte) {
  ExchangeBenchOptions options;
  options.head.ranks = 2;
  options.sizes = {1, 1 << 20, 1};
  options.ways = 2;
  options.make = [] { return MakePingPong(); };
  const auto bench = MakeThreadBench(std::move(options));
  for (const std::int64_t bytes : {1, 1000, 300'000}) {
    ASSERT_THAT(bench->Prepare(bytes), IsOk());
    EXPECT_THAT(bench->Verify(), IsOk());
  }
}

TEST(Chunks, CoverEveryValueOnceInWholeBlocks) {
  for (const std::size_t values : {1U, 127U, 128U, 1000U, 4096U}) {
    for (int ranks = 1; ranks <= 5; ++ranks) {
      std::size_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Chunk chunk = ChunkOf(rank, ranks, values);
        EXPECT_EQ(chunk.first, next);
        EXPECT_TRUE(chunk.last == values || chunk.size() % 128 == 0);
        next = chunk.last;
      }
      EXPECT_EQ(next, values);
    }
  }
}

TEST(Chunks, CodedBytesAreThoseOfTheChunks) {
  const codec::Codec codec = codec::FindCodec("tq3").value();
  // Two chunks of 512 values, 10 bytes for each 32.
  EXPECT_EQ(CodedBytesOfRing(codec, 2, 4096), 2 * 16 * 10);
}

}  // namespace
}  // namespace commplan::device
