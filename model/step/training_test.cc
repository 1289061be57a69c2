#include "model/step/training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/memory/training.h"
#include "model/step/test_machine.h"
#include "model/workload/test_models.h"
#include "model/workload/weights.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

const Transformer& Gpt() {
  static const Transformer kModel = MegatronModel(4096, 32, 32);
  return kModel;
}

const Transformer& Experts() {
  static const Transformer kModel = Mixtral8x7B();
  return kModel;
}

TrainRequest RequestOf(const Transformer& model, int tp, int pp, int dp, double batch = 64) {
  TrainRequest request;
  request.job.model = &model;
  request.job.global_batch = batch;
  request.plan.layout.tp = tp;
  request.plan.layout.pp = pp;
  request.plan.layout.dp = dp;
  return request;
}

// Nodes of eight, joined by one port for each rank at a tenth of the inner rate.
Machine Cluster() {
  Machine machine = TestMachine();
  Tier network;
  network.name = "network";
  network.bandwidth = GBps(10);
  network.latency = Micros(5);
  network.ports = 8;
  machine.fabric.tiers.push_back(network);
  return machine;
}

TrainBill Bill(const Machine& machine, const TrainRequest& request) {
  Result<TrainBill> bill = TrainBillOf(machine, request);
  EXPECT_THAT(bill, IsOk());
  return bill.ok() ? *std::move(bill) : TrainBill();
}

Time SumOf(const TrainBill& bill) {
  return bill.compute + bill.exposed + bill.bubble + bill.optimizer;
}

const TrainLine* LineOf(const TrainBill& bill, GroupKind group, Exchange exchange) {
  for (const TrainLine& line : bill.exchanges) {
    if (line.group == group && line.exchange == exchange) return &line;
  }
  return nullptr;
}

void ExpectNear(Time a, Time b, double share) {
  EXPECT_NEAR(InMicros(a), InMicros(b), share * InMicros(b));
}

TEST(TrainBillOf, AddsUpForManyPlans) {
  const Machine machine = Cluster();
  std::vector<TrainRequest> requests{RequestOf(Gpt(), 1, 1, 1), RequestOf(Gpt(), 8, 1, 1),
                                     RequestOf(Gpt(), 2, 4, 2), RequestOf(Gpt(), 1, 8, 8)};
  requests.push_back(RequestOf(Gpt(), 2, 4, 2));
  requests.back().plan.layout.virtual_stages = 2;
  requests.back().plan.recompute = Recompute::kFull;
  requests.push_back(RequestOf(Gpt(), 1, 1, 16));
  requests.back().plan.sharding.scheme = Scheme::kWeights;
  requests.push_back(RequestOf(Gpt(), 2, 2, 4));
  requests.back().plan.sharding.gtp = 4;
  requests.push_back(RequestOf(Gpt(), 2, 1, 4));
  requests.back().plan.overlap.gradients = true;
  for (const TrainRequest& request : requests) {
    const TrainBill bill = Bill(machine, request);
    ExpectNear(SumOf(bill), bill.step, 1e-9);
    EXPECT_GE(bill.exposed, Time());
    EXPECT_GE(bill.bubble, -1e-9 * bill.step);
    EXPECT_LT(bill.low, bill.step);
    EXPECT_GT(bill.high, bill.step);
    EXPECT_LE(bill.double_bandwidth, bill.step);
    EXPECT_LE(bill.half_latency, bill.step);
    // Its lines hold the same communication.
    Time lines;
    for (const TrainLine& line : bill.exchanges) lines += line.time;
    if (request.plan.layout.pp == 1) {
      ExpectNear(lines, bill.communication, 1e-9);
    }
  }
}

// One device at 100 TFLOP/s and 1 TB/s: products take at least their flops, and all else only
// moves memory. 6 flops for a weight and a token, without the embedding and with the head.
TEST(TrainBillOf, TakesAtLeastTheFlopsOfTheModel) {
  TrainRequest request = RequestOf(Gpt(), 1, 1, 1, 4);
  const TrainBill bill = Bill(TestMachine(), request);
  EXPECT_EQ(bill.exposed, Time());
  EXPECT_EQ(bill.bubble, Time());
  EXPECT_EQ(bill.communication, Time());
  EXPECT_EQ(bill.microbatches, 4);
  const double tokens = 4 * 2048;
  const Time ideal = ModelFlops(Gpt(), 2048) * tokens / TFlopps(100);
  EXPECT_GT(bill.compute, 0.9 * ideal);  // scores are causal here, whole in the model's flops
  EXPECT_LT(bill.compute, 1.6 * ideal);
  EXPECT_NEAR(bill.mfu, ideal / bill.step, 1e-9);
  // Recomputation adds a forward pass of the layers, a third of their products.
  request.plan.recompute = Recompute::kFull;
  const TrainBill again = Bill(TestMachine(), request);
  EXPECT_GT(again.compute, 1.25 * bill.compute);
  EXPECT_LT(again.compute, 1.4 * bill.compute);
}

// 72·B·s·L·h²·(1 + s/(6h) + V/(12·L·h)), of one token, for plain layers; biases and norms beside.
TEST(ModelFlops, AreThoseOfNarayanan) {
  const double h = 4096, layers = 32, s = 2048, v = 51200;
  const double expected = 72 * layers * h * h * (1 + s / (6 * h) + v / (12 * layers * h));
  EXPECT_NEAR(InFlop(ModelFlops(Gpt(), s)), expected, 2e-3 * expected);
}

// Six all-reduces of b·s·h·2 bytes for each layer and microbatch with full recomputation, four
// without, one for the embedding, one for the head's gradient.
TEST(TrainBillOf, CountsTensorCollectives) {
  TrainRequest request = RequestOf(Gpt(), 8, 1, 1, 2);
  for (const Recompute recompute : {Recompute::kNone, Recompute::kFull}) {
    request.plan.recompute = recompute;
    const TrainBill bill = Bill(TestMachine(), request);
    double count = 0;
    for (const TrainLine& line : bill.exchanges) {
      if (line.bytes == B(2048.0 * 4096 * 2)) count += line.count;
    }
    const double each = recompute == Recompute::kFull ? 6 : 4;
    EXPECT_EQ(count, 2 * (32 * each + 2));
  }
}

// A ring of two ranks: 2·(1/2)·bytes over 100 GB/s and two messages.
TEST(TrainBillOf, ReducesGradientsBehindTheBackwardPass) {
  const TrainRequest request = RequestOf(Gpt(), 1, 1, 2);
  const TrainBill bill = Bill(TestMachine(), request);
  const Result<Cut> cut = CheckLayout(Gpt(), request.plan.layout, Phase::kTrain);
  ASSERT_THAT(cut, IsOk());
  const double weights = StageOnRank(Gpt(), request.plan.layout, *cut, Phase::kTrain, 0).Total();
  const Time expected = B(weights * 4) / GBps(100) + Micros(4);
  ExpectNear(bill.exposed, expected, 1e-9);
  const TrainLine* const line = LineOf(bill, GroupKind::kData, Exchange::kAllReduce);
  ASSERT_NE(line, nullptr);
  EXPECT_EQ(line->count, 1);
  EXPECT_EQ(line->bytes, B(weights * 4));

  // In buckets beside the backward pass, only the last one is waited for, where each is faster than
  // what is computed meanwhile.
  TrainRequest hidden = request;
  hidden.plan.overlap.gradients = true;
  const TrainBill overlapped = Bill(TestMachine(), hidden);
  const double buckets = std::ceil(weights * 4 / 160e6);
  ExpectNear(overlapped.exposed, bill.exposed / buckets, 1e-6);
}

// Bytes sent: ZeRO-1 as much as plain data parallelism when both types are as wide; ZeRO-3 1.5
// times that, gathered twice and reduced in each microbatch.
TEST(TrainBillOf, SendsWhatEachSchemeSends) {
  TrainRequest request = RequestOf(Gpt(), 1, 1, 8, 8);
  request.plan.sharding.reduce = DataType::kBf16;
  const auto sent = [&](Scheme scheme) {
    request.plan.sharding.scheme = scheme;
    Bytes bytes;
    for (const TrainLine& line : Bill(TestMachine(), request).exchanges) {
      Collective collective;
      collective.exchange = line.exchange;
      collective.ranks = line.ranks;
      collective.bytes = line.bytes;
      bytes += SentBy(collective) * line.count;
    }
    return bytes;
  };
  const Bytes plain = sent(Scheme::kReplicated);
  EXPECT_NEAR(sent(Scheme::kOptimizer) / plain, 1, 1e-12);
  EXPECT_NEAR(sent(Scheme::kGradients) / plain, 1, 1e-12);
  EXPECT_NEAR(sent(Scheme::kWeights) / plain, 1.5, 1e-12);
}

TEST(TrainBillOf, HidesShardedWeightsBehindTheLayers) {
  TrainRequest request = RequestOf(Gpt(), 1, 1, 8, 64);
  request.plan.micro_batch = 8;
  request.plan.sharding.scheme = Scheme::kWeights;
  const TrainBill bill = Bill(TestMachine(), request);
  // The first gather of the forward and the backward pass and the last reduction cannot hide.
  EXPECT_GT(bill.exposed, Time());
  EXPECT_LT(bill.exposed, 0.2 * bill.communication);
  request.plan.chain.prefetch = false;
  request.plan.chain.async_reduction = false;
  const TrainBill serial = Bill(TestMachine(), request);
  ExpectNear(serial.exposed, serial.communication, 1e-6);
  EXPECT_GT(serial.step, bill.step);
}

TEST(TrainBillOf, GeneralizedTensorParallelismOfOneIsPlain) {
  TrainRequest request = RequestOf(Gpt(), 2, 1, 2);
  const TrainBill plain = Bill(TestMachine(), request);
  request.plan.sharding.gtp = 1;
  request.plan.sharding.gtp_format = DataType::kNvfp4;
  EXPECT_EQ(Bill(TestMachine(), request).step, plain.step);
  // With two, each with its own samples, a rank holds half of the matrices and waits for them.
  TrainRequest two = RequestOf(Gpt(), 2, 1, 1);
  two.plan.sharding.gtp = 2;
  const TrainBill shared = Bill(TestMachine(), two);
  EXPECT_EQ(shared.devices, plain.devices);
  EXPECT_EQ(shared.microbatches, plain.microbatches);
  EXPECT_LT(shared.memory.need.weights, 0.55 * plain.memory.need.weights);
  EXPECT_GT(shared.exposed, Time());
  EXPECT_NEAR(shared.compute / plain.compute, 1, 1e-9);
  // Narrower formats travel faster.
  two.plan.chain.prefetch = false;
  const TrainBill wide = Bill(TestMachine(), two);
  two.plan.sharding.gtp_format = DataType::kNvfp4;
  EXPECT_LT(Bill(TestMachine(), two).step, wide.step);
}

TEST(TrainBillOf, BubbleShrinksWithMicrobatchesAndVirtualStages) {
  TrainRequest request = RequestOf(Gpt(), 1, 4, 1, 4);
  const TrainBill few = Bill(TestMachine(), request);
  request.job.global_batch = 64;
  const TrainBill many = Bill(TestMachine(), request);
  // 3 of 7 and of 67 rounds, and more where the stage with the head holds up the others.
  EXPECT_NEAR(few.bubble / few.step, 3.0 / 7, 0.06);
  EXPECT_NEAR(many.bubble / many.step, 3.0 / 67, 0.02);
  request.job.global_batch = 4;
  request.plan.layout.virtual_stages = 4;
  EXPECT_LT(Bill(TestMachine(), request).bubble, 0.6 * few.bubble);
}

TEST(TrainBillOf, TilesHideTensorExchanges) {
  TrainRequest request = RequestOf(Gpt(), 8, 1, 1, 4);
  request.plan.layout.sequence_parallel = true;
  request.plan.micro_batch = 4;
  const TrainBill serial = Bill(TestMachine(), request);
  request.plan.overlap.tensor = true;
  const TrainBill tiles = Bill(TestMachine(), request);
  EXPECT_LT(tiles.exposed, serial.exposed);
  EXPECT_EQ(tiles.communication, serial.communication);
  request.plan.overlap = {};
  request.plan.overlap.fraction = 1;
  EXPECT_LT(Bill(TestMachine(), request).exposed, 0.35 * serial.exposed);
}

TEST(TrainBillOf, ExpertsExchangeTokensOverTheirGroup) {
  TrainRequest request = RequestOf(Experts(), 1, 1, 8);
  request.plan.layout.ep = 8;
  request.plan.layout.expert_tp = 1;
  request.plan.layout.expert_exchange = ExpertExchange::kAllToAll;
  request.plan.sharding.scheme = Scheme::kOptimizer;
  const TrainBill bill = Bill(TestMachine(), request);
  ExpectNear(SumOf(bill), bill.step, 1e-9);
  const TrainLine* const line = LineOf(bill, GroupKind::kExpert, Exchange::kAllToAll);
  ASSERT_NE(line, nullptr);
  // Forward and backward, in 32 layers and eight microbatches.
  EXPECT_EQ(line->count, 2 * 32 * 8);
  EXPECT_EQ(line->bytes, B(2048.0 * 2 * 4096 * 2));
}

// A ring of four with keys and values of 512 tokens in each message: 512·2·4096·2 bytes forward and
// twice that backward, 2 us each. Attention works on a block while the next one travels, so that
// the last of four blocks hides nothing.
TEST(TrainBillOf, RingHidesBehindTheBlocksThatAreThere) {
  TrainRequest request = RequestOf(Gpt(), 1, 1, 1, 1);
  request.plan.layout.cp = 4;
  const TrainBill bill = Bill(TestMachine(), request);
  const TrainLine* const line = LineOf(bill, GroupKind::kContext, Exchange::kPointToPoint);
  ASSERT_NE(line, nullptr);
  const Bytes block = B(512.0 * 2 * 4096 * 2);
  const Time forward = block / GBps(100) + Micros(2);
  const Time backward = 2 * block / GBps(100) + Micros(2);
  Time time, exposed, attention;
  for (const TrainLine& one : bill.exchanges) {
    if (one.group != GroupKind::kContext) continue;
    time += one.time;
    exposed += one.exposed;
  }
  for (const TrainKernelLine& one : bill.kernels) {
    if (one.kind == Name(Site::kAttention)) attention = one.time;
  }
  ExpectNear(time, 32.0 * 3 * (forward + backward), 1e-9);
  ExpectNear(exposed, time - 0.75 * attention, 1e-9);
  EXPECT_GT(attention, Time());
}

// Eight ranks exchange in seven rounds an eighth of the tokens each; the fullest rank gets 1.5
// times the mean, and its experts compute so much longer. All of it is waited for.
TEST(TrainBillOf, FullestExpertRankHoldsUpTheOthers) {
  TrainRequest request = RequestOf(Experts(), 1, 1, 8);
  request.plan.layout.ep = 8;
  request.plan.layout.expert_tp = 1;
  request.plan.layout.expert_exchange = ExpertExchange::kAllToAll;
  request.plan.sharding.scheme = Scheme::kOptimizer;
  request.job.expert_imbalance = 1.5;
  const TrainBill bill = Bill(TestMachine(), request);
  const TrainLine* const line = LineOf(bill, GroupKind::kExpert, Exchange::kAllToAll);
  ASSERT_NE(line, nullptr);
  const Bytes bytes = B(1.5 * 2048.0 * 2 * 4096 * 2);
  EXPECT_EQ(line->bytes, bytes);
  const Time each = bytes * (7.0 / 8) / GBps(100) + 7 * Micros(2);
  ExpectNear(line->time, line->count * each, 1e-9);
  ExpectNear(line->exposed, line->time, 1e-9);
}

// Every combination either is refused with a reason or adds up, and faster links never harm.
TEST(TrainBillOf, CombinationsAddUp) {
  const Machine machine = Cluster();
  int priced = 0;
  for (int i = 0; i < 2 * 2 * 2 * 4 * 3 * 2; ++i) {
    int rest = i;
    const auto next = [&rest](int n) {
      const int digit = rest % n;
      rest /= n;
      return digit;
    };
    TrainRequest request = RequestOf(Experts(), 1 + next(2), 1 + next(2), 8);
    TrainPlan& plan = request.plan;
    plan.layout.cp = 1 + next(2);
    plan.layout.sequence_parallel = plan.layout.tp > 1;
    plan.sharding.scheme = static_cast<Scheme>(next(4));
    plan.layout.ep = 1 << (2 * next(3));  // 1, 4 or 16
    if (plan.layout.ep > 1) {
      plan.layout.expert_tp = 1;
      plan.layout.expert_exchange = ExpertExchange::kAllToAll;
    }
    plan.sharding.gtp = 1 + next(2);
    plan.recompute = i % 3 == 0 ? Recompute::kFull : Recompute::kNone;
    const Result<TrainBill> bill = TrainBillOf(machine, request);
    if (!bill.ok()) {
      EXPECT_EQ(bill.error().code, ErrorCode::kUnsupported) << i;
      continue;
    }
    ++priced;
    ExpectNear(SumOf(*bill), bill->step, 1e-9);
    EXPECT_GE(bill->exposed, Time()) << i;
    EXPECT_LE(bill->exposed, bill->communication * (1 + 1e-9)) << i;
    EXPECT_LE(bill->double_bandwidth, bill->step * (1 + 1e-12)) << i;
    EXPECT_LE(bill->half_latency, bill->step * (1 + 1e-12)) << i;
    EXPECT_GT(bill->memory.need.Total(), Bytes()) << i;
  }
  EXPECT_GT(priced, 60);
}

TEST(TrainBillOf, SaysWhatDoesNotFit) {
  const TrainBill bill = Bill(TestMachine(), RequestOf(Gpt(), 1, 1, 1, 8));
  EXPECT_FALSE(bill.memory.fits);
  EXPECT_GT(bill.memory.shortfall, Bytes());
  EXPECT_GT(bill.step, Time());
  EXPECT_THAT(bill.notes.back(), HasSubstr("does not fit"));
}

// The first of four stages keeps the most activations, the last has the logits.
TEST(TrainBillOf, MemoryOfEveryStage) {
  const TrainBill bill = Bill(TestMachine(), RequestOf(Gpt(), 2, 4, 1, 16));
  ASSERT_EQ(bill.memory_by_stage.size(), 4U);
  Bytes most;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(bill.memory_by_stage[i].stage, static_cast<int>(i));
    most = Max(most, bill.memory_by_stage[i].Total());
  }
  EXPECT_EQ(most, bill.memory.need.Total());
  EXPECT_EQ(bill.memory.need.stage, 0);
  // 4, 3 and 2 microbatches in flight on stages with as many layers.
  const auto kept = [&](std::size_t stage) { return bill.memory_by_stage[stage].activations; };
  EXPECT_NEAR(kept(1) / kept(2), 1.5, 1e-9);
}

TEST(TrainBillOf, RefusesWhatCannotRun) {
  TrainRequest request = RequestOf(Gpt(), 1, 1, 3);
  EXPECT_THAT(TrainBillOf(TestMachine(), request),
              IsError(ErrorCode::kUnsupported, HasSubstr("does not divide"), ::testing::_));
  request = RequestOf(Gpt(), 1, 1, 8);
  request.plan.sharding.scheme = Scheme::kWeights;
  request.plan.sharding.inner = 3;
  EXPECT_THAT(TrainBillOf(TestMachine(), request),
              IsError(ErrorCode::kUnsupported, HasSubstr("shard groups of 3"), ::testing::_));
  request = RequestOf(Gpt(), 1, 4, 2);
  request.plan.layout.virtual_stages = 2;
  request.plan.schedule = schedule::PipelineKind::kZbH1;
  EXPECT_THAT(TrainBillOf(TestMachine(), request),
              IsError(ErrorCode::kUnsupported, HasSubstr("no virtual stages"), ::testing::_));
}

TEST(TrainPricer, AnswersTheSameAgainAndAfterOtherPlans) {
  const Machine machine = Cluster();
  TrainRequest request = RequestOf(Gpt(), 2, 4, 8);
  Result<TrainPricer> pricer = TrainPricer::Create(machine, request.job);
  ASSERT_THAT(pricer, IsOk());
  const Result<Time> first = pricer->TimeOf(request.plan);
  ASSERT_THAT(first, IsOk());
  for (const int tp : {1, 4, 8}) {
    TrainPlan other = request.plan;
    other.layout.tp = tp;
    EXPECT_THAT(pricer->TimeOf(other), IsOk());
  }
  EXPECT_EQ(*pricer->TimeOf(request.plan), *first);
  EXPECT_EQ(Bill(machine, request).step, *first);
}

TEST(TrainBillOf, SlowRunsWidenTheBandUpwards) {
  const TrainRequest request = RequestOf(Gpt(), 2, 1, 4);
  Machine slow = TestMachine();
  slow.training.push_back({.framework = "slow", .kernels = "one", .run = {0.95, 1.5}});
  const Result<TrainBill> bill = TrainBillOf(slow, request);
  ASSERT_THAT(bill, IsOk());
  const TrainBill plain = Bill(TestMachine(), request);
  EXPECT_EQ(bill->step, plain.step);
  EXPECT_GE(bill->high, 1.5 * bill->step);
  EXPECT_LE(bill->low, plain.low);
}

TEST(TrainBillOf, TakesKernelsAndAttentionOfTheFramework) {
  Machine machine = TestMachine();
  AddTestKernels("two", &machine.compute);
  machine.training = {{.framework = "new", .kernels = "two"},
                      {.framework = "old", .kernels = "one", .attention_factor = 3}};
  TrainRequest request = RequestOf(Gpt(), 2, 1, 4);
  const TrainBill plain = Bill(TestMachine(), request);
  const TrainBill first = Bill(machine, request);
  EXPECT_EQ(first.provider, "two");
  EXPECT_EQ(first.framework, "new");
  EXPECT_EQ(first.step, plain.step);
  request.job.framework = "old";
  const TrainBill old = Bill(machine, request);
  EXPECT_EQ(old.provider, "one");
  const auto attention = [](const TrainBill& bill) {
    for (const TrainKernelLine& line : bill.kernels) {
      if (line.kind == Name(Site::kAttention)) return line.time;
    }
    return Time();
  };
  EXPECT_GT(attention(plain), Time());
  ExpectNear(attention(old), 3 * attention(plain), 1e-12);
  // What the user says goes before what the profile says.
  request.job.attention_factor = 1;
  request.job.kernels = "two";
  EXPECT_EQ(Bill(machine, request).provider, "two");
  EXPECT_EQ(Bill(machine, request).step, plain.step);
  request.job.framework = "lod";
  EXPECT_THAT(TrainBillOf(machine, request),
              IsError(ErrorCode::kNotFound, HasSubstr("framework 'lod'"), ::testing::_));
}

}  // namespace
}  // namespace commplan
