// The lab "The TP Communication Bill" (https://vllm-engineer.pages.dev, lab 10-03): what its five
// functions and its verdicts say must follow from the shipped textbook profiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "model/base/quantity.h"
#include "model/base/test_matchers.h"
#include "model/collective/price.h"
#include "model/step/machine.h"
#include "profiles/library.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

constexpr double kRounding = 1e-12;

// An 8B model: 16 GB of weights at 2 TB/s are 8 ms for each decoded token.
constexpr int kHidden = 4096;
constexpr int kLayers = 32;
constexpr Time kDecodeStep = GB(16) / TBps(2);

Machine Shipped(const std::string& name) {
  Result<Machine> machine = profiles::LoadMachine(name, profiles::ShippedLibrary());
  EXPECT_THAT(machine, IsOk());
  return *std::move(machine);
}
const Machine& Nvlink() {
  static const Machine kMachine = Shipped("textbook-nvlink");
  return kMachine;
}
const Machine& Ethernet() {
  static const Machine kMachine = Shipped("textbook-10gbe");
  return kMachine;
}

Cost CostOfOne(const Machine& machine, Op op, Bytes bytes, int ranks) {
  const auto model = CollectiveModel::Create(machine.fabric, machine.engines, machine.engines[0],
                                             {op, {.ranks = ranks}, std::nullopt});
  EXPECT_THAT(model, IsOk());
  return model->At(bytes).cost;
}

// --- The five functions of the lab ---

Bytes AllReducePayload(int tokens, int hidden, int bytes_per_value = 2) {
  return B(1.0 * tokens * hidden * bytes_per_value);
}

// What the price says that a rank sends: its bandwidth term at the rate of the link.
Bytes RingTrafficPerRank(const Machine& machine, Bytes payload, int ranks) {
  return CostOfOne(machine, Op::kAllReduce, payload, ranks).At(Term::kBandwidth) *
         machine.fabric.tiers[0].bandwidth;
}

Time AllReduceTime(const Machine& machine, Bytes payload, int ranks) {
  return CostOfOne(machine, Op::kAllReduce, payload, ranks).Total();
}

// Two in each layer: behind attention and behind the feed-forward part.
Time TpTimePerStep(const Machine& machine, int tokens, int ranks) {
  return 2.0 * kLayers * AllReduceTime(machine, AllReducePayload(tokens, kHidden), ranks);
}

double CommFraction(Time comm, Time compute) { return comm / (comm + compute); }

// --- What it counts ---

TEST(LabTest, PayloadOfATokenIsEightKibibytes) {
  EXPECT_EQ(AllReducePayload(1, kHidden), KiB(8));
  EXPECT_EQ(AllReducePayload(2048, kHidden), MiB(16));
  EXPECT_EQ(AllReducePayload(1, kHidden, 4), KiB(16));
}

TEST(LabTest, AStepHasSixtyFourAllReduces) {
  const Time one = AllReduceTime(Nvlink(), KiB(8), 2);
  EXPECT_DOUBLE_EQ(TpTimePerStep(Nvlink(), 1, 2) / one, 64);
}

TEST(LabTest, ARingSendsTwiceAllButOnePartOfThePayload) {
  for (const Machine* machine : {&Nvlink(), &Ethernet()}) {
    EXPECT_THAT(RingTrafficPerRank(*machine, KiB(8), 2), IsNearRelative(KiB(8), kRounding));
    EXPECT_EQ(RingTrafficPerRank(*machine, KiB(8), 1), B(0));
    EXPECT_THAT(RingTrafficPerRank(*machine, KiB(8), 4), IsNearRelative(KiB(12), kRounding));
    EXPECT_THAT(RingTrafficPerRank(*machine, KiB(8), 8), IsNearRelative(KiB(14), kRounding));
  }
}

TEST(LabTest, AnAllReduceIsItsTrafficAndItsHops) {
  for (const Machine* machine : {&Nvlink(), &Ethernet()}) {
    const Tier& link = machine->fabric.tiers[0];
    for (const int ranks : {2, 3, 8, 64}) {
      const Time expected = RingTrafficPerRank(*machine, MiB(1), ranks) / link.bandwidth +
                            2.0 * (ranks - 1.0) * link.latency;
      EXPECT_THAT(AllReduceTime(*machine, MiB(1), ranks), IsNearRelative(expected, kRounding));
    }
    EXPECT_EQ(AllReduceTime(*machine, MiB(1), 1), Seconds(0));
  }
}

TEST(LabTest, TheConstantsAreThoseOfTheLab) {
  EXPECT_EQ(Nvlink().fabric.tiers[0].latency, Micros(3));
  EXPECT_EQ(Ethernet().fabric.tiers[0].latency, Micros(50));
  EXPECT_EQ(Ethernet().fabric.tiers[0].bandwidth, GBps(1.25));
  EXPECT_THAT(kDecodeStep, IsNearRelative(Millis(8), kRounding));
}

// --- Its verdicts ---

// 64 * (2 * 3 us + 8192 B / 300 GB/s) = 0.3857 ms.
TEST(LabTest, OverNvlinkItIsNoise) {
  const Time bill = TpTimePerStep(Nvlink(), 1, 2);
  EXPECT_THAT(bill, IsNear(Micros(385.75), Micros(0.01)));
  EXPECT_LT(bill, Millis(1));
  EXPECT_LT(CommFraction(bill, kDecodeStep), 0.10);
  EXPECT_LT(bill / kDecodeStep, 0.10) << "the other way to count a share";
}

// 64 * (2 * 50 us + 8192 B / 1.25 GB/s) = 6.4 ms + 0.419 ms.
TEST(LabTest, OverEthernetItIsFatal) {
  const Time bill = TpTimePerStep(Ethernet(), 1, 2);
  EXPECT_THAT(bill, IsNear(Micros(6819.43), Micros(0.01)));
  EXPECT_THAT(CommFraction(bill, kDecodeStep), IsNear(0.46, 0.001));
  // By latency alone: 6.4 of 14.4 ms, whatever the bandwidth.
  const Time latency = 64.0 * CostOfOne(Ethernet(), Op::kAllReduce, KiB(8), 2).At(Term::kLatency);
  EXPECT_THAT(latency, IsNearRelative(Millis(6.4), kRounding));
  EXPECT_GT(CommFraction(latency, kDecodeStep), 0.40);
}

// 8 KiB: 6 us against 27 ns on NVLink, 100 us against 6.6 us on Ethernet. 16 MiB: 6 us against
// 55.9 us, and 100 us against 13.4 ms.
TEST(LabTest, DecodingIsLatencyAndPrefillingIsBandwidth) {
  for (const Machine* machine : {&Nvlink(), &Ethernet()}) {
    const Cost decode = CostOfOne(*machine, Op::kAllReduce, AllReducePayload(1, kHidden), 2);
    EXPECT_EQ(RegimeOf(decode), Regime::kLatency) << machine->name;
    EXPECT_GT(decode.At(Term::kLatency) / decode.At(Term::kBandwidth), 10) << machine->name;
    const Cost prefill = CostOfOne(*machine, Op::kAllReduce, AllReducePayload(2048, kHidden), 2);
    EXPECT_EQ(RegimeOf(prefill), Regime::kBandwidth) << machine->name;
    EXPECT_GT(prefill.At(Term::kBandwidth) / prefill.At(Term::kLatency), 5) << machine->name;
  }
}

// 14 hops instead of 2, and 14 instead of 8 KiB.
TEST(LabTest, MoreRanksMeanMoreOverhead) {
  for (const Machine* machine : {&Nvlink(), &Ethernet()}) {
    const Time two = TpTimePerStep(*machine, 1, 2);
    const Time eight = TpTimePerStep(*machine, 1, 8);
    EXPECT_GT(eight, two) << machine->name;
    EXPECT_LT(eight, two * 7.0) << machine->name << ": the bytes do not even double";
  }
}

// 70B (80 layers, hidden size 8192) over two machines on Ethernet: one message of 16 KiB for each
// token against 160 all-reduces of it.
TEST(LabTest, TensorsSplitInsideANodeAndPipelinesAcross) {
  const Bytes payload = AllReducePayload(1, 8192);
  const Time tensor = 2.0 * 80 * AllReduceTime(Ethernet(), payload, 2);
  const Time pipeline = CostOfOne(Ethernet(), Op::kPointToPoint, payload, 2).Total();
  EXPECT_THAT(pipeline, IsNearRelative(Micros(50) + payload / GBps(1.25), kRounding));
  EXPECT_GT(tensor / pipeline, 160);
}

// --- Which latency makes TP across nodes cheap enough? ---

// 2 L all-reduces of 2(n - 1) hops within a share of the step: a <= x C / (4 L (n - 1)).
Time LargestLatency(int ranks, double share) {
  return kDecodeStep * share / (4.0 * kLayers * (ranks - 1.0));
}

TEST(LabTest, SolvesForTheLatencyThatIsLowEnough) {
  EXPECT_THAT(LargestLatency(2, 0.10), IsNearRelative(Micros(6.25), kRounding));
  EXPECT_THAT(LargestLatency(16, 0.10), IsNearRelative(Micros(6.25 / 15), kRounding));
  for (const int ranks : {2, 8, 16}) {
    // Priced with that latency, the hops take exactly a tenth of the step.
    Machine answer = Ethernet();
    answer.fabric.tiers[0].latency = LargestLatency(ranks, 0.10);
    const auto latency = [&] {
      return 2.0 * kLayers * CostOfOne(answer, Op::kAllReduce, KiB(8), ranks).At(Term::kLatency);
    };
    EXPECT_THAT(latency(), IsNearRelative(kDecodeStep * 0.10, kRounding)) << ranks;
    answer.fabric.tiers[0].latency = answer.fabric.tiers[0].latency * 1.01;
    EXPECT_GT(latency(), kDecodeStep * 0.10) << ranks;
  }
  // So between two ranks NVLink and InfiniBand (2 to 5 us) will do and Ethernet (50 us) will not,
  // and among 16 ranks of two nodes none of them will.
  EXPECT_LT(Nvlink().fabric.tiers[0].latency, LargestLatency(2, 0.10));
  EXPECT_LT(Micros(5), LargestLatency(2, 0.10));
  EXPECT_GT(Ethernet().fabric.tiers[0].latency, LargestLatency(2, 0.10));
  EXPECT_GT(Micros(2), LargestLatency(16, 0.10));
}

// The same question by the model's own derivatives: how far the hops of Ethernet must shrink.
TEST(LabTest, TheElasticityGivesTheSameAnswer) {
  const Machine& machine = Ethernet();
  const auto model = CollectiveModel::Create(machine.fabric, machine.engines, machine.engines[0],
                                             {Op::kAllReduce, {.ranks = 2}, std::nullopt});
  ASSERT_THAT(model, IsOk());
  const double elasticity =
      model->SensitivityAt(KiB(8)).elasticity[static_cast<std::size_t>(Symbol::kLatency)];
  const Time hops = 2.0 * kLayers * elasticity * model->At(KiB(8)).cost.Total();
  const Time largest = machine.fabric.tiers[0].latency * (kDecodeStep * 0.10 / hops);
  EXPECT_THAT(largest, IsNearRelative(LargestLatency(2, 0.10), kRounding));
}

}  // namespace
}  // namespace commplan
