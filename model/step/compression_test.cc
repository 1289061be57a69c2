#include "model/step/compression.h"

#include <cmath>
#include <random>

#include "model/base/test_matchers.h"
#include "model/step/compression_breakeven.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

// Four ranks on a switch of 1 byte a second and no latency, run by a textbook.
Machine Slow(int ranks = 8) {
  Machine machine;
  machine.name = "slow";
  Tier tier;
  tier.name = "wire";
  tier.ranks = ranks;
  tier.bandwidth = Bandwidth::FromBase(1);
  machine.fabric.tiers = {tier};
  machine.engines = {Engine{}};
  machine.engines.front().name = "textbook";
  return machine;
}

CollectiveModel PlainOn(const Machine& machine, int ranks, Op op = Op::kAllReduce) {
  auto model = CollectiveModel::Create(machine.fabric, machine.engines, machine.engines.front(),
                                       {.op = op, .group = {.ranks = ranks}, .algorithm = {}});
  CHECK(model.ok());
  return *std::move(model);
}

// A codec of a quarter of the bytes that takes `seconds` for a byte of the tensor in each pass.
CodecCost Quarter(double seconds) {
  CodecCost codec;
  codec.name = "quarter";
  codec.share = 0.25;
  codec.encode = codec.decode = codec.add = SecondsPerByte(seconds);
  return codec;
}

TEST(CodecOnTest, WhatTheProfileStatesIsTaken) {
  Machine machine = Slow();
  CodecCost stated = Quarter(2);
  stated.name = "tq3";
  stated.call = Seconds(7);
  machine.codecs = {stated};
  for (const char* key : {"encode", "decode", "add"}) {
    machine.provenance[std::string("codecs.tq3.") + key] = {ProvenanceKind::kMeasured, "bench", ""};
  }
  const auto on = CodecOn(machine, "tq3", 0.5);
  ASSERT_THAT(on, IsOk());
  EXPECT_TRUE(on->stated);
  EXPECT_FALSE(on->derived);
  EXPECT_EQ(on->cost.share, 0.5);  // the share is the caller's
  EXPECT_EQ(on->cost.encode, SecondsPerByte(2));
  EXPECT_EQ(on->cost.call, Seconds(7));
}

TEST(CodecOnTest, WhatItDoesNotStateIsDerivedFromTheMemory) {
  Machine machine = Slow();
  machine.device.memory_bandwidth = Bandwidth::FromBase(10);
  CodecCost stated;
  stated.name = "tq3";
  stated.call = Seconds(7);
  machine.codecs = {stated};
  const auto on = CodecOn(machine, "tq3", 0.5);
  ASSERT_THAT(on, IsOk());
  EXPECT_TRUE(on->stated);
  EXPECT_TRUE(on->derived);
  // One byte read and half a byte written, at ten bytes a second; adding reads the sum as well.
  EXPECT_DOUBLE_EQ(InSecondsPerByte(on->cost.encode), 0.15);
  EXPECT_DOUBLE_EQ(InSecondsPerByte(on->cost.add), 0.25);
  EXPECT_EQ(on->cost.call, Seconds(7));
}

TEST(CodecOnTest, WithoutEitherItIsUnsupportedAndSaysWhatToAdd) {
  EXPECT_THAT(CodecOn(Slow(), "tq3", 0.5),
              IsError(ErrorCode::kUnsupported, HasSubstr("says neither how fast codec tq3")));
}

// What an entry for any codec says goes for each that does not say it itself.
TEST(CodecOnTest, AnyCodecsEntryFillsIn) {
  Machine machine = Slow();
  machine.device.memory_bandwidth = Bandwidth::FromBase(10);
  CodecCost own, any;
  own.name = "tq3";
  own.call = Seconds(7);
  any.name = kAnyCodec;
  any.call = Seconds(3);
  any.pass = Seconds(2);
  any.memory_share = 0.5;
  machine.codecs = {own, any};
  for (const char* path :
       {"codecs.tq3.call", "codecs.any.call", "codecs.any.pass", "codecs.any.memory_share"}) {
    machine.provenance[path] = {ProvenanceKind::kAssumed, "", "a guess"};
  }
  const auto on = CodecOn(machine, "tq3", 0.5);
  ASSERT_THAT(on, IsOk());
  EXPECT_EQ(on->cost.call, Seconds(7));
  EXPECT_EQ(on->cost.pass, Seconds(2));
  // Half of ten bytes a second.
  EXPECT_DOUBLE_EQ(InSecondsPerByte(on->cost.encode), 0.3);
  EXPECT_TRUE(on->derived);
  EXPECT_EQ(CodecPath(machine, "tq3", "call"), "codecs.tq3.call");
  EXPECT_EQ(CodecPath(machine, "tq3", "pass"), "codecs.any.pass");
  EXPECT_EQ(CodecPath(machine, "tq3", "encode"), "");
  const auto other = CodecOn(machine, "mxfp4", 0.25);
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->cost.call, Seconds(3));
  EXPECT_EQ(other->cost.name, "mxfp4");
}

TEST(CompressionModelTest, TwoRanksByHand) {
  // 8 bytes, two ranks: plain sends 8 bytes at 1 B/s. A codec that takes no time sends a quarter.
  const Machine machine = Slow();
  const CollectiveModel plain = PlainOn(machine, 2);
  const auto model = CompressionModel::Create(plain, Quarter(0));
  ASSERT_THAT(model, IsOk());
  const CompressionAnswer answer = model->At(B(8));
  EXPECT_EQ(answer.plain.cost.Total(), Seconds(8));
  EXPECT_EQ(answer.coded.cost.Total(), Seconds(2));
  EXPECT_EQ(answer.without_codec, Seconds(8));
  EXPECT_EQ(answer.comparison.gain, 4);
  EXPECT_EQ(answer.comparison.verdict, CompressionVerdict::kPays);
  // A formula has no band.
  EXPECT_EQ(answer.low, answer.high);
}

TEST(CompressionModelTest, ACodecThatDoesNothingNeitherWinsNorLosesInLargeMessages) {
  Machine machine = Slow();
  machine.fabric.tiers.front().latency = Seconds(1);
  const CollectiveModel plain = PlainOn(machine, 8);
  const auto model = CompressionModel::Create(plain, CodecCost{});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->link_share(), 1);
  EXPECT_NEAR(model->At(GiB(1)).comparison.gain, 1, 1e-6);
  EXPECT_EQ(model->At(GiB(1)).comparison.verdict, CompressionVerdict::kWithinBand);
}

TEST(CompressionModelTest, LinksCarryWhatTheEngineGetsOutOfThem) {
  // An engine whose kernel gets half of the links: so does the codec's traffic.
  Machine machine = Slow();
  Engine& engine = machine.engines.front();
  engine.rule = EngineRule::kRules;
  engine.rules = {{.op = Op::kAllReduce,
                   .ranks_min = 2,
                   .ranks_max = 8,
                   .bytes_min = B(0),
                   .bytes_max = B(1e15),
                   .algorithm = Algorithm::kTwoShot}};
  engine.kernels = {{.algorithm = Algorithm::kTwoShot,
                     .launch = Seconds(3),
                     .latency = {},
                     .bandwidth_share = 0.5,
                     .reduction = {}}};
  const CollectiveModel plain = PlainOn(machine, 2);
  const auto model = CompressionModel::Create(plain, Quarter(0), CompressedScheme::kTwoShot);
  ASSERT_THAT(model, IsOk());
  EXPECT_NEAR(model->link_share(), 0.5, 1e-6);
  EXPECT_EQ(model->call().launch, Seconds(3));
  // 3 s to start, and 2 of the 8 bytes at half a byte a second.
  EXPECT_NEAR(InSeconds(model->At(B(8)).coded.cost.Total()), 7, 1e-5);
}

// Prepared, the time is what a look at every scheme and number of chunks finds.
TEST(CompressionModelTest, ThePreparedTimeIsTheCheapest) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> octave(0, 34), share(0.1, 0.9), log_cost(-4, 1);
  int schemes = 0;
  for (int round = 0; round < 20; ++round) {
    Machine machine = Slow(64);
    machine.fabric.tiers.front().kind = round % 2 == 0 ? TierKind::kSwitch : TierKind::kMesh;
    machine.fabric.tiers.front().latency = Seconds(std::exp2(octave(random)) / 64);
    const CollectiveModel plain = PlainOn(machine, 2 + round % 15);
    CodecCost codec = Quarter(std::exp2(log_cost(random)));
    codec.share = share(random);
    codec.pass = Seconds(std::exp2(octave(random)) / 256);
    codec.max_chunks = round % 3 == 0 ? 1 : 16;
    const auto slow = CompressionModel::Create(plain, codec);
    ASSERT_THAT(slow, IsOk());
    CompressionModel fast = *slow;
    fast.Prepare();
    const CompressedWay* last = nullptr;
    for (int i = 0; i < 200; ++i) {
      const Bytes bytes = B(std::exp2(4 + 32 * i / 200.0 + octave(random) / 1e3));
      EXPECT_NEAR(fast.CodedTime(bytes) / slow->At(bytes).coded.cost.Total(), 1, 2e-3);
      const CompressedWay* const way = fast.CodedWay(bytes);
      schemes += last != nullptr && way != last ? 1 : 0;
      last = way;
    }
  }
  EXPECT_GT(schemes, 20) << "the cases are to have crossings";
}

TEST(CompressionModelTest, WhatIfsByHand) {
  Machine machine = Slow();
  machine.fabric.tiers.front().latency = Seconds(2);
  const CollectiveModel plain = PlainOn(machine, 2);
  CodecCost codec = Quarter(1);
  codec.call = Seconds(4);
  const auto model = CompressionModel::Create(plain, codec, CompressedScheme::kOneShot);
  ASSERT_THAT(model, IsOk());
  // One-shot of 8 bytes: a call of 4, a message of 2, 2 on the wire, 8 to encode and 8 to add.
  EXPECT_EQ(model->CodedTime(B(8)), Seconds(24));
  EXPECT_EQ(model->WhatIfAt(B(8)).half_latency, Seconds(21));
  EXPECT_EQ(model->WhatIfAt(B(8)).double_bandwidth, Seconds(23));
  EXPECT_EQ(model->ScratchAt(B(8)), B(4));
}

// 50 s + S / (0.5 byte/s), measured among two ranks; the kernel without the codec takes 40 s more.
TEST(CompressionModelTest, AMeasuredKernelIsTheAnswer) {
  Machine machine = Slow();
  for (const char* name : {"fused-quarter", "fused"}) {
    Engine kernel;
    kernel.name = name;
    kernel.rule = EngineRule::kMeasured;
    kernel.fallback = "textbook";
    MeasuredCurve curve;
    curve.ranks = 2;
    curve.latency = Seconds(kernel.name == "fused" ? 90 : 50);
    curve.bandwidth = Bandwidth::FromBase(0.5);
    curve.measured_min = B(1);
    curve.measured_max = B(1024);
    curve.knots = {{B(1), 0, 0.1}, {B(1024), 0, 0.1}};
    kernel.measured.curves = {curve};
    machine.engines.push_back(kernel);
  }
  const CollectiveModel plain = PlainOn(machine, 2);
  const auto model = CompressionModel::CreateOn(machine, plain, {.cost = Quarter(0)});
  ASSERT_THAT(model, IsOk());
  ASSERT_NE(model->kernel(), nullptr);
  const CompressionAnswer answer = model->At(B(8));
  EXPECT_TRUE(answer.measured);
  EXPECT_NEAR(InSeconds(answer.coded.cost.Total()), 66, 1e-9);
  EXPECT_NEAR(InSeconds(answer.low), 66 / 1.1, 1e-9);
  EXPECT_NEAR(InSeconds(*answer.without_codec), 106, 1e-9);
  EXPECT_EQ(answer.comparison.verdict, CompressionVerdict::kLoses);
  EXPECT_EQ(answer.others.size(), model->ways().size());
  EXPECT_EQ(model->CodedWay(B(8)), nullptr);
  // Half of 50 s, half of 16 s.
  EXPECT_NEAR(InSeconds(model->WhatIfAt(B(8)).half_latency), 41, 1e-6);
  EXPECT_NEAR(InSeconds(model->WhatIfAt(B(8)).double_bandwidth), 58, 1e-6);
  // Plain sends 8 bytes a second or more slowly: 50 + 2 S < S never holds.
  EXPECT_TRUE(WhereSizePays(*model, B(1), KiB(1)).Never());
  const CodecOnMachine codec{.cost = Quarter(0)};
  // With a scheme the kernel is not asked; nor among ranks that it was not measured at.
  EXPECT_EQ(CompressionModel::CreateOn(machine, plain, codec, CompressedScheme::kRing)->kernel(),
            nullptr);
  const CollectiveModel more = PlainOn(machine, 2, Op::kAllGather);
  // A codec of unknown speed has the kernel alone.
  CodecOnMachine unknown = codec;
  unknown.known = false;
  EXPECT_TRUE(CompressionModel::CreateOn(machine, plain, unknown)->ways().empty());
  EXPECT_THAT(CompressionModel::CreateOn(machine, more, unknown),
              IsError(ErrorCode::kUnsupported, HasSubstr("says neither how fast")));
  EXPECT_EQ(CompressionModel::CreateOn(machine, more, codec)->kernel(), nullptr);
}

TEST(CompressionModelTest, SchemesThroughHostMemoryReplaceTheRingThroughIt) {
  const Machine machine = Slow();
  const CollectiveModel plain = PlainOn(machine, 2);
  const auto model = CompressionModel::Create(plain, Quarter(0), CompressedScheme::kHostOneShot);
  ASSERT_THAT(model, IsOk());
  ASSERT_TRUE(model->plain_way().has_value());
  const CompressionAnswer answer = model->At(B(8));
  // The ring: two hops of half the buffer, each up and down. One-shot: up once, down twice, a
  // quarter of the bytes.
  EXPECT_EQ(answer.plain.cost.Total(), Seconds(16));
  EXPECT_EQ(answer.coded.cost.Total(), Seconds(6));
}

TEST(CompressionModelTest, ASingleRankHasNothingToCompress) {
  const Machine machine = Slow();
  const CollectiveModel plain = PlainOn(machine, 1);
  const auto model = CompressionModel::Create(plain, Quarter(0));
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->At(B(8)).coded.cost.Total(), Time());
}

TEST(CompressionModelTest, AnOperationWithoutCardsIsUnsupported) {
  const Machine machine = Slow();
  const CollectiveModel plain = PlainOn(machine, 4, Op::kBroadcast);
  EXPECT_THAT(CompressionModel::Create(plain, Quarter(0)),
              IsError(ErrorCode::kUnsupported, HasSubstr("broadcast")));
}

// By p2p, encode and decode e each, wire 0.25: pays where 8 * (2 e + 0.25) + call < 8.
TEST(CompressionBreakevenTest, PointToPointByHand) {
  const Machine machine = Slow();
  const CollectiveModel plain = PlainOn(machine, 2, Op::kPointToPoint);
  CodecCost codec = Quarter(0.25);
  codec.call = Seconds(4);
  const auto model = CompressionModel::Create(plain, codec);
  ASSERT_THAT(model, IsOk());
  // S * 0.75 + 4 < S from 16 bytes on.
  const BreakEven size = WhereSizePays(*model, B(1), KiB(1));
  ASSERT_TRUE(size.Start().has_value());
  EXPECT_NEAR(*size.Start(), 16, 1e-9);
  // 32 bytes: 32 / 4 / B + 16 + 4 < 32 / B: B < 24 / 20.
  const BreakEven link = WhereBandwidthPays(*model, B(32), 0.01, 100);
  ASSERT_TRUE(link.Stop().has_value());
  EXPECT_NEAR(*link.Stop(), 1.2, 1e-9);
  // 32 bytes: 8 + 16 / f + 4 < 32: f > 0.8.
  const BreakEven speed = WhereCodecSpeedPays(*model, B(32), 0.01, 100);
  ASSERT_TRUE(speed.Start().has_value());
  EXPECT_NEAR(*speed.Start(), 0.8, 1e-9);
  // 32 bytes, hidden share h: (1 - h) (8 + 4) + 16 < (1 - h) 32: h < 1 / 5.
  const BreakEven overlap = WhereOverlapPays(*model, B(32));
  ASSERT_TRUE(overlap.Stop().has_value());
  EXPECT_NEAR(*overlap.Stop(), 0.2, 1e-9);
}

TEST(CompressionBreakevenTest, AnEngineOfAnyShapeAgreesWithTheExactAnswer) {
  // The same kernel as a textbook formula and as an engine that chooses by rules.
  Machine exact = Slow(), rules = Slow();
  exact.engines.front().rule = EngineRule::kFixed;
  exact.engines.front().fixed = Algorithm::kTwoShot;
  Engine& engine = rules.engines.front();
  engine.rule = EngineRule::kRules;
  engine.rules = {{.op = Op::kAllReduce,
                   .ranks_min = 2,
                   .ranks_max = 8,
                   .bytes_min = B(0),
                   .bytes_max = B(1e15),
                   .algorithm = Algorithm::kTwoShot}};
  engine.kernels = {{.algorithm = Algorithm::kTwoShot,
                     .launch = {},
                     .latency = {},
                     .bandwidth_share = 1,
                     .reduction = {}}};
  CodecCost codec = Quarter(0.1);
  codec.call = Seconds(50);
  const CollectiveModel one = PlainOn(exact, 4), two = PlainOn(rules, 4);
  const auto by_lines = CompressionModel::Create(one, codec, CompressedScheme::kTwoShot);
  const auto by_grid = CompressionModel::Create(two, codec, CompressedScheme::kTwoShot);
  ASSERT_THAT(by_lines, IsOk());
  ASSERT_THAT(by_grid, IsOk());
  const auto near = [](const BreakEven& a, const BreakEven& b) {
    ASSERT_EQ(a.pays.size(), b.pays.size());
    ASSERT_EQ(a.pays.size(), 1U);
    EXPECT_NEAR(a.pays[0].from / b.pays[0].from, 1, 1e-9);
    EXPECT_NEAR(a.pays[0].to / b.pays[0].to, 1, 1e-9);
  };
  near(WhereSizePays(*by_lines, B(1), KiB(64)), WhereSizePays(*by_grid, B(1), KiB(64)));
  near(WhereBandwidthPays(*by_lines, B(256), 0.01, 100),
       WhereBandwidthPays(*by_grid, B(256), 0.01, 100));
  near(WhereCodecSpeedPays(*by_lines, B(256), 0.01, 100),
       WhereCodecSpeedPays(*by_grid, B(256), 0.01, 100));
}

TEST(CompressionBreakevenTest, RanksAreCountedWhereThereIsAnAnswer) {
  // A model for even counts, that pays up to 6.
  const BreakEven ranks = WhereRanksPay(
      [](int n) { return n % 2 == 0 ? std::optional<double>(n <= 6 ? 2.0 : 0.5) : std::nullopt; },
      9);
  ASSERT_EQ(ranks.pays.size(), 1U);
  EXPECT_EQ(ranks.pays[0].from, 2);
  EXPECT_EQ(ranks.pays[0].to, 6);
  EXPECT_EQ(ranks.searched_to, 8);
}

}  // namespace
}  // namespace commplan
