// What a proposal for ternary tensor-parallel all-reduce claims of its codec, computed: units, the
// interconnect table, and "about 6x". All numbers of links are the proposal's own nominal ones; the
// codec is 10 bytes for 32 values of two bytes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "model/collective/compressed_breakeven.h"

namespace commplan {
namespace {

constexpr double kShare = 10.0 / 64;

struct NamedLink {
  const char* name;
  double rate;
  double latency_us;  // assumed: of one message, as such links usually have
};
constexpr NamedLink kLinks[] = {{"PCIe 4 x16", 32, 5},
                                {"InfiniBand HDR", 25, 5},
                                {"100 Gbit Ethernet", 12.5, 20},
                                {"NVLink", 600, 3}};

GroupShape Ranks(const NamedLink& link, int ranks) {
  GroupShape shape;
  shape.ranks = shape.local = ranks;
  shape.latency = Micros(link.latency_us);
  shape.neighbour = shape.all_peers = GBps(link.rate);
  return shape;
}

// A GPU's codec bound by a memory of 1 TB/s; each pass a kernel of 5 us.
CodecCost OnGpu(double terabytes = 1) {
  CodecCost codec = CodecCostFromMemory("tq3", kShare, TBps(terabytes));
  codec.pass = Micros(5);
  return codec;
}

// So many bytes of tensor a second through each pass.
CodecCost OnCpu(double gigabytes) {
  CodecCost codec;
  codec.share = kShare;
  codec.encode = codec.decode = codec.add = NanosPerByte(1 / gigabytes);
  return codec;
}

Time LeastPlain(const Contest& contest, Bytes bytes) {
  Time least = Seconds(1e30);
  for (const Variant& variant : contest.plain) {
    least = Min(least, variant.card->value(InputsFor(variant, bytes)).Total());
  }
  return least;
}

double SpeedUp(const Contest& contest, Bytes bytes) {
  Time least = Seconds(1e30);
  for (const CompressedWay& way : contest.coded) {
    least = Min(least, PriceAt(way, bytes).cost.Total());
  }
  return LeastPlain(contest, bytes) / least;
}

// (1 - 1/6.4) / bandwidth is 26.4, 33.8 and 67.5 picoseconds per byte, a thousandth of what the
// proposal prints.
TEST(CompressedClaimsTest, BreakEvenIsInPicoseconds) {
  const double kPicoseconds[] = {26.4, 33.8, 67.5};
  for (int i = 0; i < 3; ++i) {
    const double seconds_per_byte = (1 - kShare) / (kLinks[i].rate * 1e9);
    EXPECT_NEAR(seconds_per_byte * 1e12, kPicoseconds[i], 0.06) << kLinks[i].name;
    EXPECT_NEAR(seconds_per_byte * 1e9 * 1000, kPicoseconds[i], 0.06) << "not nanoseconds";
  }
}

// From what size it pays, and what is left of "about 6x" at the largest sizes.
TEST(CompressedClaimsTest, TheInterconnectTable) {
  // First the three slow links in the order of the proposal, then NVLink.
  const double kMostSpeedUp[] = {4.6, 4.9, 5.6, 1.0};
  int row = 0;
  for (const NamedLink& link : kLinks) {
    const auto contest = MakeContest(Op::kAllReduce, Ranks(link, 4), OnGpu(), {}, MiB(1)).value();
    const BreakEven size = BreakEvenSize(contest, B(64), GiB(16));
    const BreakEven cpu = BreakEvenSize(
        MakeContest(Op::kAllReduce, Ranks(link, 4), OnCpu(10), {}, MiB(1)).value(), B(64), GiB(16));
    const double most = SpeedUp(contest, GiB(16));
    std::fputs(fmt::format("{:<18} 4 ranks, codec on a GPU with 1 TB/s: pays from {:>10}, up to "
                           "{:.2f}x; on a CPU at 10 GB/s a pass: {}\n",
                           link.name,
                           size.Never() ? "never" : fmt::format("{:.0f} KiB", *size.Start() / 1024),
                           most, cpu.Never() ? "never" : "pays")
                   .c_str(),
               stdout);
    const bool slow = link.rate < 100;
    EXPECT_EQ(size.Never(), !slow) << link.name;
    EXPECT_EQ(size.Stop(), std::nullopt) << link.name;
    EXPECT_TRUE(cpu.Never()) << link.name;
    EXPECT_LT(most, kMostSpeedUp[row++]) << link.name;
    if (slow) {
      // Nothing at decode sizes: 8 KiB is one token of a model of width 4096.
      EXPECT_GT(*size.Start(), 8192) << link.name;
      EXPECT_LT(*size.Start(), 1 << 20) << link.name;
    }
  }
}

// On NVLink it takes a codec that moves 2.5 passes in what the link saves; with 1 TB/s it never
// pays, whatever the size, and the break-even speed is between that and twice it.
TEST(CompressedClaimsTest, NvlinkNeedsAFasterMemory) {
  const auto contest = MakeContest(Op::kAllReduce, Ranks(kLinks[3], 4), OnGpu(), {}, GiB(4),
                                   CompressedScheme::kTwoShot)
                           .value();
  const BreakEven speed = BreakEvenCodecSpeed(contest, 0.01, 100);
  ASSERT_TRUE(speed.Start().has_value());
  EXPECT_GT(*speed.Start(), 1.5);
  EXPECT_LT(*speed.Start(), 2);
}

// A CPU core would need tens of GB/s in each pass, more than its memory has.
TEST(CompressedClaimsTest, CodecSpeedsThatTheSlowLinksAskFor) {
  for (const NamedLink& link : kLinks) {
    const auto contest = MakeContest(Op::kAllReduce, Ranks(link, 4), OnCpu(1), {}, GiB(4),
                                     CompressedScheme::kTwoShot)
                             .value();
    const double needed = *BreakEvenCodecSpeed(contest, 0.01, 1e6).Start();  // GB/s a pass
    // 1 + 3/4 + 3/4 passes against 2 * 3/4 * (1 - w) of link time.
    EXPECT_NEAR(needed / (2.5 / (1.5 * (1 - kShare)) * link.rate), 1, 0.01) << link.name;
  }
}

// No link, size or number of ranks gives the 6 of "about 6x": the payload is 6.4 times smaller, the
// call is not. Free codecs come close only with schemes that move as little as the plain one.
TEST(CompressedClaimsTest, SixTimesIsNeverReached) {
  for (const NamedLink& link : kLinks) {
    for (const int ranks : {2, 4, 8}) {
      const auto contest =
          MakeContest(Op::kAllReduce, Ranks(link, ranks), OnGpu(), {}, MiB(1)).value();
      for (double bytes = 1024; bytes <= 1.8e10; bytes *= 2) {
        EXPECT_LT(SpeedUp(contest, B(bytes)), 6) << link.name << " " << ranks << " " << bytes;
      }
    }
  }
}

// What the proposal's kernel does: every rank writes its part to host memory and reads all of them.
// Even with a codec that costs nothing its bytes are 4(p-1)/p over (p+1)/6.4 of the ring's.
TEST(CompressedClaimsTest, ItsOwnSchemeGainsLessWithEveryRank) {
  const struct {
    int ranks;
    double gain;
  } kGains[] = {{2, 4.267}, {4, 3.84}, {8, 2.489}, {16, 1.412}, {24, 0.981}};
  CodecCost free;
  free.share = kShare;
  for (const auto& one : kGains) {
    const GroupShape shape = Ranks({"PCIe", 32, 0}, one.ranks);
    const Time plain =
        PriceCompressed(Op::kAllReduce, CompressedScheme::kHostRing, shape, {}, {}, MiB(64))
            ->cost.Total();
    const auto coded =
        PriceCompressed(Op::kAllReduce, CompressedScheme::kHostOneShot, shape, free, {}, MiB(64));
    EXPECT_NEAR(plain / coded->cost.Total(), one.gain, 0.001) << one.ranks;
    // One encode and one decode per rank, as its break-even counts, are p decodes.
    EXPECT_EQ(coded->work.added, MiB(64) * (one.ranks * 1.0));
    EXPECT_EQ(coded->work.encoded, MiB(64));
  }
}

// FP4 at 4.25 bits, gathered and summed: fewer bytes than the ring at 2 and 4 ranks, more at 8.
TEST(CompressedClaimsTest, BytesAloneTurnBetweenFourAndEightRanks) {
  CodecCost fp4;
  fp4.share = 4.25 / 16;
  auto contest = MakeContest(Op::kAllReduce, Ranks(kLinks[0], 2), fp4, {}, MiB(4),
                             CompressedScheme::kGatherSum)
                     .value();
  std::erase_if(contest.plain,
                [](const Variant& v) { return v.card->algorithm != Algorithm::kRing; });
  for (Variant& variant : contest.plain) variant.inputs.latency = Time();
  for (CompressedWay& way : contest.coded) way.inputs.latency = Time();
  const BreakEven ranks = BreakEvenRanks(contest, 16);
  ASSERT_EQ(ranks.pays.size(), 1U);
  EXPECT_EQ(ranks.pays[0].to, 7) << "p < 2 r = 7.53";
  // At 8: 7 * 0.2656 against 1.75.
  CompressedWay way = contest.coded.front();
  way.inputs.ranks = way.inputs.local = 8;
  EXPECT_NEAR(PriceAt(way, MiB(4)).work.sent / MiB(4) * fp4.share / 1.75, 1.0625, 1e-4);
}

}  // namespace
}  // namespace commplan
