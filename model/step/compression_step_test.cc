#include "model/step/compression_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/base/test_matchers.h"
#include "model/step/pricer.h"
#include "model/step/test_machine.h"
#include "model/workload/test_models.h"

namespace commplan {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr double kShare = 4.25 / 16;  // mxfp4 of bf16

const Transformer& Small() {
  static const Transformer kModel = Llama8B();
  return kModel;
}

StepRequest StepOf(int tp, double tokens, std::string codec = "mxfp4") {
  StepRequest request;
  request.model = &Small();
  request.layout.tp = tp;
  request.demand = Decode(tokens, 1000);
  request.codec = std::move(codec);
  return request;
}

StepBill Bill(const Machine& machine, const StepRequest& request) {
  Result<StepBill> bill = BillOf(machine, request);
  EXPECT_THAT(bill, IsOk());
  return *std::move(bill);
}

const BillLine& LineAt(const StepBill& bill, Site site) {
  for (const BillLine& line : bill.collectives) {
    if (line.site == site) return line;
  }
  CHECK(false);
}

// Two ranks, 8192 bytes: 2 messages of 2 us, and what a two-shot sends, encodes, adds and decodes.
TEST(StepCodecTest, TwoShotByHand) {
  StepRequest request = StepOf(2, 1);
  request.codec_scheme = CompressedScheme::kTwoShot;
  const StepBill bill = Bill(TestMachine(), request);
  const BillLine& line = LineAt(bill, Site::kMlpDown);
  EXPECT_EQ(line.codec, "mxfp4");
  EXPECT_EQ(line.scheme, "two-shot");
  EXPECT_EQ(line.algorithm, Algorithm::kTwoShot);
  const double memory = 1e6;  // B/us
  const double encode = 8192 * (1 + kShare) / memory;
  const double add = 4096 * (2 + kShare) / memory;
  const double decode = 4096 * (1 + kShare) / memory;
  EXPECT_NEAR(InMicros(line.terms.At(Term::kEncode)), encode, 1e-9);
  EXPECT_NEAR(InMicros(line.terms.At(Term::kDecode)), decode, 1e-9);
  EXPECT_NEAR(InMicros(line.terms.At(Term::kReduce)), add, 1e-9);
  EXPECT_NEAR(InMicros(line.terms.At(Term::kBandwidth)), kShare * 8192 / 100e3, 1e-9);
  EXPECT_NEAR(InMicros(line.each), 4 + kShare * 8192 / 100e3 + encode + add + decode, 1e-9);
  EXPECT_NEAR(InMicros(line.plain_each), 4 + 8192 / 100e3, 1e-9);
  EXPECT_NEAR(InMicros(line.terms.Total()), InMicros(line.each), 1e-9);
  // Its own 8192 bytes encoded, and a half of the other's at a time.
  EXPECT_NEAR(InBytes(bill.memory.need.codec), kShare * 1.5 * 8192, 1e-9);
  EXPECT_THAT(bill.notes, Contains(HasSubstr("rate of the device's memory")));
}

TEST(StepCodecTest, LogitsStayPlain) {
  const StepBill bill = Bill(TestMachine(), StepOf(2, 64));
  EXPECT_EQ(LineAt(bill, Site::kLogits).codec, "none");
  EXPECT_EQ(LineAt(bill, Site::kLogits).scheme, "");
  EXPECT_EQ(LineAt(bill, Site::kAttentionOutput).codec, "mxfp4");
  EXPECT_EQ(LineAt(bill, Site::kEmbedding).codec, "mxfp4");
}

TEST(StepCodecTest, NoCodecIsThePlainBill) {
  const StepBill plain = Bill(TestMachine(), StepOf(4, 16, ""));
  const StepBill none = Bill(TestMachine(), StepOf(4, 16, "none"));
  EXPECT_EQ(plain.step, none.step);
  const BillLine& line = LineAt(plain, Site::kMlpDown);
  EXPECT_EQ(line.codec, "none");
  EXPECT_EQ(line.each, line.plain_each);
  EXPECT_NEAR(InMicros(line.terms.Total()), InMicros(line.each), 1e-9);
  EXPECT_EQ(plain.memory.need.codec, Bytes());
}

TEST(StepCodecTest, TheCheapestSchemeIsTaken) {
  for (const int tp : {2, 4, 8}) {
    for (const double tokens : {1.0, 64.0, 2048.0}) {
      StepRequest request = StepOf(tp, tokens);
      const Time best = Bill(TestMachine(), request).communication;
      Time least = best * 2.0;
      for (const CompressedScheme scheme :
           {CompressedScheme::kRing, CompressedScheme::kRingPlainGather,
            CompressedScheme::kGatherSum, CompressedScheme::kOneShot, CompressedScheme::kTwoShot}) {
        request.codec_scheme = scheme;
        least = Min(least, Bill(TestMachine(), request).communication);
      }
      EXPECT_NEAR(best / least, 1, 1e-3) << tp << " ranks, " << tokens << " tokens";
    }
  }
}

// A codec that takes a millisecond for each call.
Machine SlowCodec() {
  Machine machine = TestMachine();
  CodecCost any;
  any.name = kAnyCodec;
  any.call = Millis(1);
  machine.codecs = {any};
  machine.provenance["codecs.any.call"] = {};
  return machine;
}

TEST(StepCodecTest, WhereItDoesNotPayItIsLeftOut) {
  const Machine machine = SlowCodec();
  const StepBill plain = Bill(machine, StepOf(4, 1, ""));
  StepRequest request = StepOf(4, 1);
  const StepBill always = Bill(machine, request);
  // 65 all-reduces of a millisecond each.
  EXPECT_GT(InMillis(always.step - plain.step), 64);
  EXPECT_EQ(LineAt(always, Site::kMlpDown).codec, "mxfp4");
  request.codec_use = CodecUse::kWhereItPays;
  const StepBill paying = Bill(machine, request);
  EXPECT_EQ(paying.step, plain.step);
  EXPECT_EQ(LineAt(paying, Site::kMlpDown).codec, "none");
  EXPECT_EQ(paying.memory.need.codec, Bytes());
}

TEST(StepCodecTest, WhatIfsAreThoseOfTheCompressedExchange) {
  const Machine machine = SlowCodec();
  const StepBill bill = Bill(machine, StepOf(4, 1));
  // Half of each millisecond, and of the messages.
  EXPECT_GT(InMillis(bill.step - bill.half_latency), 32);
  EXPECT_LT(InMillis(bill.step - bill.double_bandwidth), 1);
}

TEST(StepCodecTest, TimesAreThoseOfTheBill) {
  const Machine machine = TestMachine();
  Result<StepPricer> pricer = StepPricer::Create(machine, "", "");
  ASSERT_THAT(pricer, IsOk());
  for (const Overlap overlap : {Overlap::kNone, Overlap::kTiles, Overlap::kTwoBatch}) {
    for (const char* codec : {"none", "mxfp4", "int8-b32"}) {
      StepRequest request = StepOf(8, 32, codec);
      request.overlap = overlap;
      const Result<StepTimes> times = pricer->TimesOf(request);
      const Result<StepBill> bill = pricer->BillOf(request);
      ASSERT_THAT(times, IsOk());
      ASSERT_THAT(bill, IsOk());
      EXPECT_NEAR(InMicros(times->step), InMicros(bill->step), 1e-6) << codec;
      EXPECT_NEAR(InMicros(times->exposed), InMicros(bill->exposed), 1e-6) << codec;
    }
  }
}

// 50 us + S / 50 GB/s among two ranks, measured with the codec inside.
TEST(StepCodecTest, AMeasuredKernelGoesBeforeTheSchemes) {
  Machine machine = TestMachine();
  Engine kernel;
  kernel.name = "fused-mxfp4";
  kernel.rule = EngineRule::kMeasured;
  kernel.fallback = "ring";
  MeasuredCurve curve;
  curve.ranks = 2;
  curve.latency = Micros(50);
  curve.bandwidth = GBps(50);
  curve.measured_min = KiB(1);
  curve.measured_max = MiB(64);
  curve.knots = {{KiB(1), 0, 0.1}, {MiB(64), 0, 0.1}};
  kernel.measured.curves = {curve};
  machine.engines.push_back(kernel);
  const StepBill bill = Bill(machine, StepOf(2, 1));
  const BillLine& line = LineAt(bill, Site::kMlpDown);
  EXPECT_EQ(line.scheme, kMeasuredKernel);
  EXPECT_EQ(line.engine, "fused-mxfp4");
  EXPECT_NEAR(InMicros(line.each), 50 + 8192 / 50e3, 1e-6);
  EXPECT_NEAR(InMicros(line.low) / line.count, InMicros(line.each) / 1.1, 1e-6);
  // Another codec has no such kernel, and a scheme that is asked for is taken.
  EXPECT_NE(LineAt(Bill(machine, StepOf(2, 1, "tq3")), Site::kMlpDown).scheme, kMeasuredKernel);
  StepRequest fixed = StepOf(2, 1);
  fixed.codec_scheme = CompressedScheme::kRing;
  EXPECT_EQ(LineAt(Bill(machine, fixed), Site::kMlpDown).scheme, "ring");
}

// ---- experts ----

StepRequest ExpertStep() {
  static const Transformer kModel = Mixtral8x7B();
  StepRequest request;
  request.model = &kModel;
  request.layout = {.ep = 8, .attention_dp = 8};
  request.layout.expert_exchange = ExpertExchange::kAllToAll;
  request.demand = Decode(64, 1000);
  request.expert_codec = "mxfp8";
  return request;
}

TEST(StepCodecTest, ExpertsHaveACodecOfTheirOwn) {
  Machine machine = TestMachine();
  machine.device.memory = GB(800);
  StepRequest request = ExpertStep();
  const StepBill bill = Bill(machine, request);
  EXPECT_EQ(LineAt(bill, Site::kDispatch).codec, "mxfp8");
  EXPECT_EQ(LineAt(bill, Site::kCombine).codec, "mxfp8");
  request.precision.dispatch = DataType::kFp8;
  const StepBill sent = Bill(machine, request);
  EXPECT_EQ(LineAt(sent, Site::kDispatch).codec, "none");
  EXPECT_EQ(LineAt(sent, Site::kCombine).codec, "mxfp8");
  EXPECT_THAT(sent.notes, Contains(HasSubstr("only the way back")));
}

// ---- refusals ----

TEST(StepCodecTest, RefusesWhatNoCodecCanDo) {
  EXPECT_THAT(BillOf(TestMachine(), StepOf(2, 1, "mxfp5x")),
              IsError(ErrorCode::kNotFound, HasSubstr("mxfp5x")));
  StepRequest eight = StepOf(2, 1);
  eight.precision.communication = DataType::kFp8;
  EXPECT_THAT(BillOf(TestMachine(), eight),
              IsError(ErrorCode::kUnsupported, HasSubstr("what is sent is fp8")));
  Machine silent = TestMachine();
  silent.device.memory_bandwidth = Bandwidth();
  Result<Exchanges> exchanges = Exchanges::Create(silent, "");
  ASSERT_THAT(exchanges, IsOk());
  EXPECT_THAT(exchanges->Codec("tq3", DataType::kBf16, std::nullopt),
              IsError(ErrorCode::kUnsupported, HasSubstr("says neither how fast")));
}

TEST(StepCodecTest, ASingleRankHasNothingToCompress) {
  EXPECT_EQ(Bill(TestMachine(), StepOf(1, 1)).step, Bill(TestMachine(), StepOf(1, 1, "")).step);
}

}  // namespace
}  // namespace commplan
