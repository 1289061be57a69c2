// The TP communication bill of the course lab, asked of whole steps: what is all-reduced for one
// token, what share of a step that takes on NVLink and on Ethernet, and how the share changes with
// the batch.

#include <cstddef>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/step/bill.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

StepBill BillFor(const std::string& model, const std::string& profile, int tp, double batch,
                 double fraction = 0) {
  const Result<profiles::ModelFile> file = profiles::LoadModel(model, profiles::ShippedModels());
  const Result<Machine> machine = profiles::LoadMachine(profile, profiles::ShippedLibrary());
  EXPECT_THAT(file, IsOk());
  EXPECT_THAT(machine, IsOk());
  StepRequest request;
  request.model = &file->model;
  request.layout.tp = tp;
  request.demand = Decode(batch, 512);
  if (fraction > 0) request.overlap_fraction = fraction;
  Result<StepBill> bill = BillOf(*machine, request);
  EXPECT_THAT(bill, IsOk());
  return *std::move(bill);
}

double LayerReduces(const StepBill& bill) {
  double count = 0;
  for (const BillLine& line : bill.collectives) {
    const bool layer = line.site == Site::kAttentionOutput || line.site == Site::kMlpDown;
    if (layer && line.exchange == Exchange::kAllReduce) count += line.count;
  }
  return count;
}

// One token, hidden size 4096, two bytes: 8 KiB, twice in each of 32 layers.
TEST(LabStep, OneTokenIsReducedSixtyFourTimes) {
  const StepBill bill = BillFor("llama-3-8b", "textbook-nvlink", 2, 1);
  EXPECT_EQ(LayerReduces(bill), 64);
  for (const BillLine& line : bill.collectives) {
    if (line.exchange == Exchange::kAllReduce) {
      EXPECT_EQ(line.bytes, KiB(8));
    }
  }
  EXPECT_EQ(LayerReduces(BillFor("llama-3-70b", "textbook-nvlink", 2, 1)), 160);
}

// The lab's reference step: 16 GB of weights at 2 TB/s.
TEST(LabStep, AStepOnOneDeviceReadsTheWeights) {
  const StepBill bill = BillFor("llama-3-8b", "textbook-nvlink", 1, 1);
  EXPECT_NEAR(InMillis(bill.step), 7.5, 0.2);  // all but the embedding, which is looked up
  EXPECT_EQ(bill.CommunicationShare(), 0);
}

TEST(LabStep, NvlinkIsNoiseAndEthernetIsFatal) {
  const StepBill nvlink = BillFor("llama-3-8b", "textbook-nvlink", 2, 1);
  const StepBill ethernet = BillFor("llama-3-8b", "textbook-10gbe", 2, 1);
  EXPECT_LT(nvlink.CommunicationShare(), 0.10);
  EXPECT_GT(ethernet.CommunicationShare(), 0.40);
  // Tensor parallelism over Ethernet is slower than one device alone.
  EXPECT_GT(ethernet.step, BillFor("llama-3-8b", "textbook-10gbe", 1, 1).step);
  EXPECT_LT(nvlink.step, BillFor("llama-3-8b", "textbook-nvlink", 1, 1).step);
}

TEST(LabStep, DecodeIsBoundByLatency) {
  const StepBill bill = BillFor("llama-3-8b", "textbook-10gbe", 2, 1);
  for (const BillLine& line : bill.collectives) {
    if (line.exchange == Exchange::kAllReduce) {
      EXPECT_EQ(line.regime, Regime::kLatency);
    }
  }
  EXPECT_LT(bill.half_latency, bill.double_bandwidth);
}

// Weights are read once for the whole batch and payloads grow with it: first the latency is shared
// by more tokens, then the wire fills.
TEST(LabStep, TheShareOverTheBatchIsTheWires) {
  const StepBill one = BillFor("llama-3-8b", "textbook-10gbe", 2, 1);
  const StepBill many = BillFor("llama-3-8b", "textbook-10gbe", 2, 256);
  EXPECT_GT(many.CommunicationShare(), one.CommunicationShare());
  EXPECT_LT(many.communication / 256, one.communication);
  EXPECT_LT(many.step / 256, one.step / 10);
  // On NVLink the same batch keeps it below a fifth.
  EXPECT_LT(BillFor("llama-3-8b", "textbook-nvlink", 2, 256).CommunicationShare(), 0.2);
}

// 70B has 160 reductions of twice the payload, and nine times the weights: a smaller share.
TEST(LabStep, LargerModelsHaveASmallerShare) {
  const StepBill small = BillFor("llama-3-8b", "textbook-10gbe", 2, 1);
  const StepBill large = BillFor("llama-3-70b", "textbook-10gbe", 2, 1);
  EXPECT_LT(large.CommunicationShare(), small.CommunicationShare());
  EXPECT_GT(large.communication, 2 * small.communication);
}

TEST(LabStep, MoreRanksMoreHops) {
  const StepBill two = BillFor("llama-3-8b", "textbook-10gbe", 2, 1);
  const StepBill eight = BillFor("llama-3-8b", "textbook-10gbe", 8, 1);
  EXPECT_GT(eight.communication, 6 * two.communication);
  EXPECT_GT(eight.step, two.step);
}

// How much must be hidden over a slower link to equal the faster one: linear, so two steps say it.
TEST(LabStep, OverlapMakesUpForASlowLink) {
  const StepBill nvlink = BillFor("llama-3-8b", "textbook-nvlink", 2, 1);
  const StepBill ethernet = BillFor("llama-3-8b", "textbook-10gbe", 2, 1);
  const double fraction = (ethernet.step - nvlink.step) / ethernet.exposed;
  ASSERT_GT(fraction, 0);
  if (fraction < 1 && ethernet.exposed * fraction < ethernet.compute) {
    EXPECT_NEAR(InMicros(BillFor("llama-3-8b", "textbook-10gbe", 2, 1, fraction).step),
                InMicros(nvlink.step), 1);
  } else {
    // Compute is too short to hide it: no overlap makes the links equal.
    EXPECT_GT(BillFor("llama-3-8b", "textbook-10gbe", 2, 1, 1).step, nvlink.compute);
  }
}

}  // namespace
}  // namespace commplan
