#include "model/step/bill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "model/base/test_matchers.h"
#include "model/schedule/timeline.h"
#include "model/step/hiding.h"
#include "model/step/pricer.h"
#include "model/step/test_machine.h"
#include "model/workload/test_models.h"

namespace commplan {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const Transformer& Small() {
  static const Transformer kModel = Llama8B();
  return kModel;
}

const Transformer& Large() {
  static const Transformer kModel = Llama70B();
  return kModel;
}

StepRequest DecodeOf(const Transformer& model, int tp, double batch, double context = 1000) {
  StepRequest request;
  request.model = &model;
  request.layout.tp = tp;
  request.demand = Decode(batch, context);
  return request;
}

StepBill Bill(const Machine& machine, const StepRequest& request) {
  Result<StepBill> bill = BillOf(machine, request);
  EXPECT_THAT(bill, IsOk());
  return *std::move(bill);
}

const BillLine* LineAt(const StepBill& bill, Site site) {
  for (const BillLine& line : bill.collectives) {
    if (line.site == site) return &line;
  }
  return nullptr;
}

// ---- what is on the bill ----

// 32 layers reduce behind attention and behind the MLP, the embedding once: T·h·2 = 8192 bytes.
TEST(BillTest, CountsTheAllReducesOfADecodeStep) {
  const StepBill bill = Bill(TestMachine(), DecodeOf(Small(), 2, 1));
  double layers = 0;
  for (const Site site : {Site::kAttentionOutput, Site::kMlpDown}) {
    const BillLine* const line = LineAt(bill, site);
    ASSERT_NE(line, nullptr);
    EXPECT_EQ(line->exchange, Exchange::kAllReduce);
    EXPECT_EQ(line->bytes, B(8192));
    EXPECT_EQ(line->ranks, 2);
    layers += line->count;
  }
  EXPECT_EQ(layers, 64);
  ASSERT_NE(LineAt(bill, Site::kEmbedding), nullptr);
  EXPECT_EQ(LineAt(bill, Site::kEmbedding)->count, 1);
}

// A ring of two: two hops of 2 us, and each rank sends 8192 bytes at 100 GB/s.
TEST(BillTest, TimesACollectiveAsItsFormula) {
  const StepBill bill = Bill(TestMachine(), DecodeOf(Small(), 2, 1));
  const BillLine& line = *LineAt(bill, Site::kMlpDown);
  EXPECT_NEAR(InMicros(line.each), 2 * 2 + 8192 / 100e3, 1e-9);
  EXPECT_NEAR(InMicros(line.time), 32 * InMicros(line.each), 1e-6);
  EXPECT_EQ(line.exposed, line.time);
  EXPECT_EQ(line.regime, Regime::kLatency);
  EXPECT_EQ(line.algorithm, Algorithm::kRing);
}

// One token reads every weight but the embedding table once, and 1001 cached tokens.
TEST(BillTest, ADecodeStepOfOneTokenReadsItsWeights) {
  const Machine machine = TestMachine();
  const StepBill bill = Bill(machine, DecodeOf(Small(), 1, 1));
  const double weights = (TotalWeights(Small()) - EmbeddingWeights(Small())) * 2;
  const double cache = 1001.0 * 2 * 8 * 128 * 2 * 32;
  EXPECT_NEAR(InSeconds(bill.compute), (weights + cache) / 1e12, 0.01 * weights / 1e12);
  EXPECT_TRUE(bill.collectives.empty());
  EXPECT_EQ(bill.step, bill.compute);
}

TEST(BillTest, ItsPartsAddUp) {
  Machine machine = TestMachine();
  machine.compute.serving = {{.engine = "one", .step = Micros(300), .layer = Micros(2)}};
  const StepBill bill = Bill(machine, DecodeOf(Small(), 4, 16));
  EXPECT_NEAR(InMicros(bill.other), 300 + 2 * 32, 1e-9);
  EXPECT_NEAR(InMicros(bill.step), InMicros(bill.compute + bill.exposed + bill.bubble + bill.other),
              1e-6);
  Time communication, exposed, compute;
  for (const BillLine& line : bill.collectives) {
    communication += line.time;
    exposed += line.exposed;
    EXPECT_LT(line.low, line.time);
    EXPECT_GT(line.high, line.time);
  }
  for (const ComputeLine& line : bill.kernels) compute += line.time;
  EXPECT_NEAR(InMicros(communication), InMicros(bill.communication), 1e-6);
  EXPECT_NEAR(InMicros(exposed), InMicros(bill.exposed), 1e-6);
  EXPECT_NEAR(InMicros(compute), InMicros(bill.compute), 1e-6);
  EXPECT_LT(bill.low, bill.step);
  EXPECT_GT(bill.high, bill.step);
}

// Independent errors: narrower than all of them at their ends together, wider than the widest.
TEST(BillTest, AddsIndependentErrorsInQuadrature) {
  const StepBill bill = Bill(TestMachine(), DecodeOf(Small(), 4, 16));
  Time all, widest;
  const auto add = [&](Time above) {
    all += above;
    widest = Max(widest, above);
  };
  for (const ComputeLine& line : bill.kernels) add(line.high - line.time);
  for (const BillLine& line : bill.collectives) add(line.high - line.time);
  EXPECT_LT(bill.high - bill.step, all);
  EXPECT_GT(bill.high - bill.step, widest);
}

TEST(BillTest, EagerStepsWaitForLaunches) {
  Machine machine = TestMachine();
  machine.compute.launch = Millis(1);  // longer than any kernel
  StepRequest request = DecodeOf(Small(), 1, 1);
  request.graph = false;
  const StepBill bill = Bill(machine, request);
  double kernels = 0;
  for (const ComputeLine& line : bill.kernels) kernels += line.count;
  EXPECT_NEAR(InMillis(bill.step), kernels, 1e-3 * kernels);
}

// ---- what-ifs ----

TEST(BillTest, HalfTheLatencyIsTheSameMachineWithHalfTheLatency) {
  Machine machine = TestMachine();
  const StepRequest request = DecodeOf(Small(), 4, 16);
  const StepBill bill = Bill(machine, request);
  machine.fabric.tiers[0].latency = machine.fabric.tiers[0].latency / 2.0;
  EXPECT_NEAR(InMicros(bill.half_latency), InMicros(Bill(machine, request).step), 1e-6);
}

TEST(BillTest, TwiceTheBandwidthIsTheSameMachineWithTwiceTheBandwidth) {
  Machine machine = TestMachine();
  for (const Overlap overlap : {Overlap::kNone, Overlap::kTiles, Overlap::kLadder}) {
    StepRequest request = DecodeOf(Small(), 4, 512);
    request.overlap = overlap;
    Machine faster = machine;
    faster.fabric.tiers[0].bandwidth = faster.fabric.tiers[0].bandwidth * 2.0;
    EXPECT_NEAR(InMicros(Bill(machine, request).double_bandwidth),
                InMicros(Bill(faster, request).step), 1e-6)
        << Name(overlap);
  }
}

// ---- overlap ----

TEST(BillTest, AFractionHidesThatMuch) {
  const Machine machine = TestMachine();
  StepRequest request = DecodeOf(Small(), 4, 16);
  const StepBill plain = Bill(machine, request);
  request.overlap_fraction = 0.25;
  const StepBill quarter = Bill(machine, request);
  EXPECT_NEAR(InMicros(quarter.exposed), 0.75 * InMicros(plain.communication), 1e-6);
  EXPECT_EQ(quarter.communication, plain.communication);
  request.overlap_fraction = 1;
  EXPECT_NEAR(InMicros(Bill(machine, request).exposed), 0, 1e-6);
}

TEST(BillTest, OverlapExposesNoMoreThanNone) {
  const Machine machine = TestMachine();
  for (const double batch : {2.0, 64.0, 1024.0}) {
    StepRequest request = DecodeOf(Large(), 8, batch);
    const StepBill plain = Bill(machine, request);
    for (const Overlap overlap : {Overlap::kTiles, Overlap::kLadder}) {
      request.overlap = overlap;
      const StepBill bill = Bill(machine, request);
      EXPECT_LE(bill.step, plain.step * (1 + 1e-9)) << Name(overlap) << batch;
      EXPECT_LE(bill.exposed, plain.exposed * (1 + 1e-9)) << Name(overlap) << batch;
    }
  }
}

// Where the communication of a module is shorter than its compute, a ladder leaves only the ends:
// the embedding, the logits, and the last module's sum.
TEST(BillTest, ALadderHidesWhatFitsBehindCompute) {
  const Machine machine = TestMachine();
  StepRequest request = DecodeOf(Large(), 8, 16);
  request.overlap = Overlap::kLadder;
  const StepBill bill = Bill(machine, request);
  const Time ends = LineAt(bill, Site::kEmbedding)->time + LineAt(bill, Site::kLogits)->time +
                    LineAt(bill, Site::kMlpDown)->each;
  EXPECT_NEAR(InMicros(bill.exposed), InMicros(ends), 1e-3);
  EXPECT_THAT(bill.notes, Contains(HasSubstr("made for it")));
}

TEST(BillTest, TwoBatchesHideCommunicationAndReadWeightsTwice) {
  const Machine machine = TestMachine();
  StepRequest request = DecodeOf(Large(), 8, 64);
  const StepBill plain = Bill(machine, request);
  request.overlap = Overlap::kTwoBatch;
  const StepBill bill = Bill(machine, request);
  EXPECT_LT(bill.exposed, 0.2 * plain.exposed);
  EXPECT_GT(bill.compute, 1.5 * plain.compute);
}

TEST(BillTest, CommunicationSlowsComputeBesideIt) {
  Machine machine = TestMachine();
  StepRequest request = DecodeOf(Large(), 8, 16);
  request.overlap = Overlap::kLadder;
  const StepBill free = Bill(machine, request);
  machine.compute.overlap.communication_sm = 0.2;
  const StepBill taxed = Bill(machine, request);
  EXPECT_GT(taxed.compute, free.compute);
  EXPECT_GT(taxed.step, free.step);
}

// The closed form of repeated layers against a play of every task.
TEST(BillTest, LayersAreEvaluatedAsTheyArePlayed) {
  const Machine machine = TestMachine();
  Result<StepPricer> pricer = StepPricer::Create(machine, "", "");
  ASSERT_THAT(pricer, IsOk());
  for (const double batch : {1.0, 8.0, 256.0, 4096.0}) {
    ASSERT_THAT(pricer->BillOf(DecodeOf(Large(), 8, batch)), IsOk());
    for (std::size_t b = 0; b < pricer->whole().program.blocks.size(); ++b) {
      const auto modules = ModulesOf(pricer->whole(), b, WhatIf::kAsIs);
      if (modules.size() < 2) continue;
      for (const Overlap overlap : {Overlap::kNone, Overlap::kLadder, Overlap::kTwoBatch}) {
        const schedule::Program program = LayersProgram(overlap, modules, modules, 80, {});
        EXPECT_NEAR(InMicros(schedule::Evaluate(program).makespan),
                    InMicros(schedule::Simulate(program).makespan), 1e-6);
      }
    }
  }
}

// ---- layouts ----

TEST(BillTest, StagesTakeTheirTurnAndSendOncePerBoundary) {
  Machine machine = TestMachine(4);
  Tier outer = machine.fabric.tiers[0];
  outer.name = "net";
  outer.ranks = 0;
  outer.ports = 4;
  outer.bandwidth = GBps(25);
  outer.latency = Micros(5);
  machine.fabric.tiers.push_back(outer);
  const StepBill one = Bill(machine, DecodeOf(Large(), 4, 8));
  StepRequest request = DecodeOf(Large(), 4, 8);
  request.layout.pp = 2;
  const StepBill two = Bill(machine, request);
  const BillLine* const boundary = LineAt(two, Site::kStageBoundary);
  ASSERT_NE(boundary, nullptr);
  EXPECT_EQ(boundary->count, 1);
  EXPECT_EQ(boundary->exchange, Exchange::kPointToPoint);
  EXPECT_NEAR(InMicros(two.step), InMicros(one.step + boundary->time), 1e-6);
  EXPECT_THAT(two.notes, Contains(HasSubstr("in turn")));
  EXPECT_LT(two.memory.need.weights, one.memory.need.weights);
}

struct PlaceCase {
  GroupKind kind;
  int ranks, stride, concurrent;
};

// tp 2, attention dp 4, cp 1, two stages: a stage has eight ranks.
TEST(GroupsTest, StandFromTheInsideOut) {
  Layout layout;
  layout.tp = 2;
  layout.attention_dp = 4;
  layout.pp = 2;
  layout.ep = 4;
  const Cut cut{.expert_tp = 2, .expert_ranks = 8};
  for (const PlaceCase& c :
       {PlaceCase{GroupKind::kTensor, 2, 1, 4}, PlaceCase{GroupKind::kAttentionData, 4, 2, 2},
        PlaceCase{GroupKind::kExpertTensor, 2, 1, 4}, PlaceCase{GroupKind::kExpert, 4, 2, 2},
        PlaceCase{GroupKind::kPipeline, 2, 8, 8}}) {
    const Group group = GroupOf(layout, cut, Phase::kServe, c.kind, c.ranks);
    EXPECT_EQ(group.ranks, c.ranks) << Name(c.kind);
    EXPECT_EQ(group.stride, c.stride) << Name(c.kind);
    EXPECT_EQ(group.concurrent, c.concurrent) << Name(c.kind);
  }
}

TEST(BillTest, ExpertsAreOneKernelPerLayer) {
  const Transformer model = Mixtral8x7B();
  StepRequest request = DecodeOf(model, 2, 4);
  const StepBill bill = Bill(TestMachine(), request);
  double experts = 0;
  for (const ComputeLine& line : bill.kernels) {
    if (line.kind == "moe experts") experts += line.count;
    EXPECT_NE(line.kind, "moe down");
    EXPECT_NE(line.kind, "moe activation");
  }
  EXPECT_EQ(experts, 32);
  // Attention and experts each reduce once, as engines do.
  EXPECT_EQ(LineAt(bill, Site::kCombine)->count, 32);
}

TEST(BillTest, DispatchedTokensTravelTwice) {
  const Transformer model = Mixtral8x7B();
  StepRequest request = DecodeOf(model, 1, 64);
  request.layout.attention_dp = request.layout.ep = 8;
  request.layout.expert_exchange = ExpertExchange::kAllToAll;
  const StepBill bill = Bill(TestMachine(), request);
  ASSERT_NE(LineAt(bill, Site::kDispatch), nullptr);
  EXPECT_EQ(LineAt(bill, Site::kDispatch)->exchange, Exchange::kAllToAll);
  // Eight tokens of a rank, two experts each.
  EXPECT_EQ(LineAt(bill, Site::kDispatch)->bytes, B(8.0 * 2 * 4096 * 2));
  EXPECT_EQ(LineAt(bill, Site::kCombine)->count, 32);
  EXPECT_EQ(LineAt(bill, Site::kAttentionOutput), nullptr);
}

// ---- memory ----

TEST(BillTest, SaysWhatDoesNotFitAndWhatWouldHelp) {
  const StepBill bill = Bill(TestMachine(), DecodeOf(Large(), 1, 1));
  EXPECT_FALSE(bill.memory.fits);
  // 70.6 billion weights of two bytes on 80 GB.
  EXPECT_NEAR(InGB(bill.memory.shortfall), 141.1 - 80, 2);
  EXPECT_FALSE(bill.memory.remedies.empty());
  EXPECT_GT(bill.step, Time());
}

// ---- kernels ----

TEST(KernelsTest, TakeAnotherProvidersWithANote) {
  Machine machine = TestMachine();
  AddTestKernels("two", &machine.compute);
  machine.compute.attention.resize(2);  // those of `one`
  StepRequest request = DecodeOf(Small(), 1, 4);
  const StepBill own = Bill(machine, request);
  request.kernels = "two";
  const StepBill bill = Bill(machine, request);
  EXPECT_THAT(bill.notes, Contains(HasSubstr("taken as one's bf16 attention")));
  EXPECT_NEAR(InMicros(bill.step), InMicros(own.step), 1e-6);
  EXPECT_TRUE(bill.extrapolated);
  EXPECT_FALSE(own.extrapolated);
  EXPECT_GT(bill.high, own.high);
}

TEST(KernelsTest, ComputeInTheTypeThatEnginesUse) {
  EXPECT_EQ(ComputeTypeOf(DataType::kBf16, DataType::kFp8), ComputeType::kBf16);
  EXPECT_EQ(ComputeTypeOf(DataType::kFp8, DataType::kFp8), ComputeType::kFp8);
  EXPECT_EQ(ComputeTypeOf(DataType::kFp8Block, DataType::kFp8Block), ComputeType::kFp8Block);
  EXPECT_EQ(ComputeTypeOf(DataType::kFp8, DataType::kBf16), ComputeType::kInt8WeightOnly);
  EXPECT_EQ(ComputeTypeOf(DataType::kInt8, DataType::kInt8), ComputeType::kInt8);
  EXPECT_EQ(ComputeTypeOf(DataType::kMxfp4, DataType::kBf16), ComputeType::kInt4WeightOnly);
  EXPECT_EQ(ComputeTypeOf(DataType::kNvfp4, DataType::kNvfp4), ComputeType::kNvfp4);
}

// ---- refusals ----

TEST(BillTest, RefusesWhatItCannotPrice) {
  const Machine machine = TestMachine();
  StepRequest request = DecodeOf(Small(), 2, 1);
  request.overlap = Overlap::kTwoBatch;
  EXPECT_THAT(BillOf(machine, request), IsError(ErrorCode::kUnsupported, HasSubstr("sequences")));
  request = DecodeOf(Small(), 3, 1);
  EXPECT_THAT(BillOf(machine, request), IsError(ErrorCode::kUnsupported, HasSubstr("tp 3")));
  request = DecodeOf(Small(), 2, 1);
  request.precision.weights = request.precision.activations = DataType::kFp8;
  EXPECT_THAT(BillOf(machine, request), IsError(ErrorCode::kUnsupported, HasSubstr("fp8")));
  request = DecodeOf(Small(), 2, 1);
  request.kernels = "none of them";
  EXPECT_THAT(BillOf(machine, request), IsError(ErrorCode::kNotFound, HasSubstr("kernels of")));
  Machine silent = TestMachine();
  silent.compute = {};
  EXPECT_THAT(BillOf(silent, DecodeOf(Small(), 2, 1)),
              IsError(ErrorCode::kUnsupported, HasSubstr("how fast its kernels are")));
}

// ---- the fast way ----

TEST(PricerTest, TimesAreThoseOfTheBill) {
  const Machine machine = TestMachine();
  Result<StepPricer> pricer = StepPricer::Create(machine, "", "");
  ASSERT_THAT(pricer, IsOk());
  for (const Overlap overlap : {Overlap::kNone, Overlap::kTiles, Overlap::kTwoBatch}) {
    for (const int tp : {1, 2, 8}) {
      StepRequest request = DecodeOf(Small(), tp, 32);
      request.overlap = overlap;
      const Result<StepTimes> times = pricer->TimesOf(request);
      const Result<StepBill> bill = pricer->BillOf(request);
      ASSERT_THAT(times, IsOk());
      ASSERT_THAT(bill, IsOk());
      EXPECT_NEAR(InMicros(times->step), InMicros(bill->step), 1e-6);
      EXPECT_NEAR(InMicros(times->exposed), InMicros(bill->exposed), 1e-6);
    }
  }
}

TEST(OverlapTest, NamesReadBack) {
  for (const std::string_view name : OverlapNames()) EXPECT_EQ(Name(*OverlapNamed(name)), name);
  EXPECT_FALSE(OverlapNamed("ring").has_value());
}

}  // namespace
}  // namespace commplan
