// Prices of compressed collectives, their choice, and the verdict against plain ones.
#include "model/collective/compressed.h"

#include <gtest/gtest.h>

#include "model/base/test_matchers.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

// Four ranks on a switch: 1 s per message, 1 byte/s.
GroupShape Switch() {
  GroupShape shape;
  shape.ranks = shape.local = 4;
  shape.latency = Seconds(1);
  shape.neighbour = shape.all_peers = Bps(1);
  return shape;
}

CodecCost Quarter() {
  CodecCost codec;
  codec.name = "quarter";
  codec.share = 0.25;
  codec.one_link_efficiency = 0.5;
  codec.many_links_efficiency = 0.25;
  codec.encode = SecondsPerByte(1);
  codec.decode = SecondsPerByte(2);
  codec.add = SecondsPerByte(3);
  codec.pass = Seconds(1);
  return codec;
}

TEST(CompressedTest, APriceIsItsCard) {
  const auto price =
      PriceCompressed(Op::kAllReduce, CompressedScheme::kTwoShot, Switch(), Quarter(), {}, B(8));
  ASSERT_TRUE(price.ok());
  // The case of cards_test, worked out there by hand.
  EXPECT_EQ(price->cost.Total(), Seconds(49));
  EXPECT_EQ(price->cost.At(Term::kBandwidth), Seconds(6));
  EXPECT_EQ(price->work.encoded, B(8));
  const auto called = PriceCompressed(Op::kAllReduce, CompressedScheme::kTwoShot, Switch(),
                                      Quarter(), {.launch = Seconds(100), .reduction = {}}, B(8));
  EXPECT_EQ(called->cost.Total(), Seconds(149));
}

// In a full mesh a rank has a link to each peer. Those who talk to all peers use them all, at the
// codec's own efficiency there; a ring uses one.
TEST(CompressedTest, SeveralLinksHaveTheirOwnEfficiency) {
  GroupShape mesh = Switch();
  mesh.all_peers = Bps(3);
  const auto bandwidth = [&](CompressedScheme scheme) {
    return PriceCompressed(Op::kAllReduce, scheme, mesh, Quarter(), {}, B(8))
        ->cost.At(Term::kBandwidth);
  };
  // 12 bytes of the tensor, a quarter on the wire, over 3 * 1/4 byte/s and 1/2 byte/s.
  EXPECT_THAT(bandwidth(CompressedScheme::kTwoShot), IsNear(Seconds(4), Seconds(1e-12)));
  EXPECT_THAT(bandwidth(CompressedScheme::kRing), IsNear(Seconds(6), Seconds(1e-12)));
}

TEST(CompressedTest, ChunksAreTakenWhereTheyHelp) {
  CodecCost codec = Quarter();
  codec.max_chunks = 64;
  codec.pass = Seconds(0);
  const auto many =
      PriceCompressed(Op::kAllReduce, CompressedScheme::kOneShot, Switch(), codec, {}, B(64));
  EXPECT_EQ(many->chunks, 64) << "nothing speaks against it";
  codec.pass = Seconds(1000);
  const auto one =
      PriceCompressed(Op::kAllReduce, CompressedScheme::kOneShot, Switch(), codec, {}, B(64));
  EXPECT_EQ(one->chunks, 1) << "every chunk launches passes of its own";
  EXPECT_LT(many->cost.Total(), one->cost.Total());
}

TEST(CompressedTest, TheCheapestSchemeIsChosen) {
  CodecCost free;
  free.share = 0.25;
  GroupShape shape = Switch();
  // One message and 6 bytes against two messages and 3 bytes, at 8 bytes of tensor...
  auto small = CheapestCompressed(Op::kAllReduce, shape, free, {}, B(1));
  EXPECT_EQ(small->scheme, CompressedScheme::kOneShot);
  // ... (p - 1) w S = a + 2 (p - 1)/p w S at S = 1/(w * 3/2) = 2.67.
  auto large = CheapestCompressed(Op::kAllReduce, shape, free, {}, B(3));
  EXPECT_EQ(large->scheme, CompressedScheme::kTwoShot);
  EXPECT_EQ(CompressedWays(Op::kAllReduce, shape, free, {}).size(), 5U)
      << "none through host memory unless asked for";
}

// A rank's own 8 bytes encoded, and what it receives at a time: three others' or three blocks of 2.
TEST(CompressedTest, ScratchIsWhatIsHeldEncoded) {
  const auto scratch = [&](CompressedScheme scheme) {
    return ScratchOf(*PrepareCompressed(Op::kAllReduce, scheme, Switch(), Quarter(), {}), B(8));
  };
  EXPECT_EQ(scratch(CompressedScheme::kOneShot), B(0.25 * (8 + 24)));
  EXPECT_EQ(scratch(CompressedScheme::kTwoShot), B(0.25 * (8 + 6)));
}

TEST(CompressedTest, NoRankHasNobodyToTalkTo) {
  GroupShape alone;
  EXPECT_EQ(PriceCompressed(Op::kAllReduce, CompressedScheme::kRing, alone, Quarter(), {}, B(8))
                ->cost.Total(),
            Seconds(0));
}

TEST(CompressedTest, WhatHasNoCardIsUnsupported) {
  EXPECT_THAT(
      PriceCompressed(Op::kBroadcast, CompressedScheme::kRing, Switch(), Quarter(), {}, B(8)),
      IsError(ErrorCode::kUnsupported, HasSubstr("no compressed broadcast by ring")));
  EXPECT_THAT(
      PriceCompressed(Op::kAllReduce, CompressedScheme::kTwoHop, Switch(), Quarter(), {}, B(8)),
      IsError(ErrorCode::kUnsupported, HasSubstr("two-hop on one tier")));
  EXPECT_FALSE(CheapestCompressed(Op::kBroadcast, Switch(), Quarter(), {}, B(8)).ok());
}

TEST(CompressedTest, MemoryBoundCodecs) {
  const CodecCost codec = CodecCostFromMemory("half", 0.5, Bps(2));
  EXPECT_EQ(codec.encode, SecondsPerByte(0.75)) << "reads 1, writes 1/2";
  EXPECT_EQ(codec.decode, SecondsPerByte(0.75));
  EXPECT_EQ(codec.add, SecondsPerByte(1.25)) << "reads the sum as well";
}

TEST(CompressedTest, VerdictsKeepTheBand) {
  EXPECT_EQ(CompareTimes(Seconds(12), Seconds(10)).verdict, CompressionVerdict::kPays);
  EXPECT_EQ(CompareTimes(Seconds(10.9), Seconds(10)).verdict, CompressionVerdict::kWithinBand);
  EXPECT_EQ(CompareTimes(Seconds(10), Seconds(10.9)).verdict, CompressionVerdict::kWithinBand);
  EXPECT_EQ(CompareTimes(Seconds(10), Seconds(12)).verdict, CompressionVerdict::kLoses);
  EXPECT_DOUBLE_EQ(CompareTimes(Seconds(12), Seconds(10)).gain, 1.2);
  EXPECT_EQ(CompareTimes(Seconds(10.9), Seconds(10), 0.05).verdict, CompressionVerdict::kPays);
  EXPECT_EQ(Name(CompressionVerdict::kWithinBand), "within the band");
}

}  // namespace
}  // namespace commplan
