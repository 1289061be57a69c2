#include "calibrate/samples/sample.h"

#include <limits>

#include "model/base/test_matchers.h"

namespace commplan::samples {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Sample Full() {
  Sample sample;
  sample.op = Op::kReduceScatter;
  sample.engine = "nccl";
  sample.version = "2.28.7";
  sample.kernel = "ring \"LL\"\n";
  sample.launch = Launch::kGraph;
  sample.ranks = 3;
  sample.nodes = 2;
  sample.ranks_per_node = {2, 1};
  sample.bytes = std::int64_t{1} << 40;
  sample.dtype = "bfloat16";
  sample.codec = "int8-b32";
  sample.coded_bytes = 1 << 20;
  sample.in_place = true;
  sample.repeats_us = {0.1, 1e-7, 123456789.123};
  sample.calls = 20;
  sample.quantiles = {{0, 0.05}, {0.5, 0.1}, {0.999, 0.3}, {1, 7}};
  sample.device = "Gerät";
  sample.system = "box";
  sample.tool = "nccl-tests 2.17.6";
  sample.date = "2026-01-02";
  sample.environment = {{"NCCL_ALGO", "Ring"}, {"UCX_TLS", "rc,sm"}};
  sample.origin = {"a.log", 12};
  return sample;
}

Sample Small() {
  Sample sample;
  sample.bytes = 8;
  sample.repeats_us = {1.5};
  return sample;
}

TEST(SampleJson, RoundTripsByteForByte) {
  const SampleSet set{.samples = {Full(), Small()}};
  const auto text = WriteSamples(set);
  ASSERT_THAT(text, IsOk());
  const auto read = ReadSamples(*text);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, set);
  EXPECT_THAT(WriteSamples(*read), IsOkAndHolds(*text));
}

TEST(SampleJson, LeavesOutWhatIsNotStated) {
  EXPECT_THAT(WriteSamples({.samples = {Small()}}),
              IsOkAndHolds("{\"schema\": \"commplan/samples/1\", \"samples\": [\n"
                           "{\"op\":\"all-reduce\",\"bytes\":8,\"repeats_us\":[1.5]}\n]}\n"));
  EXPECT_THAT(WriteSamples({}),
              IsOkAndHolds("{\"schema\": \"commplan/samples/1\", \"samples\": []}\n"));
}

TEST(SampleJson, RefusesToWriteWhatCannotBeRead) {
  Sample sample = Small();
  sample.repeats_us = {0};
  EXPECT_THAT(WriteSamples({.samples = {sample}}),
              IsError(ErrorCode::kBadInput, HasSubstr("samples[0].repeats_us[0]")));
  sample.repeats_us = {std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THAT(WriteSamples({.samples = {sample}}),
              IsError(ErrorCode::kBadInput, HasSubstr("repeats_us[0]")));
  EXPECT_THAT(WriteSamples({.schema = "other", .samples = {}}),
              IsError(ErrorCode::kBadInput, HasSubstr("schema")));
}

TEST(SampleJson, BytesThatAreNoTextAreReplaced) {
  Sample sample = Small();
  sample.device = "a\xff";
  EXPECT_THAT(WriteSamples({.samples = {sample}}), IsOkAndHolds(HasSubstr("\"a\xEF\xBF\xBD\"")));
}

// What stands in a sample, and what the reader says of it.
struct Refused {
  const char* keys;
  const char* message;
};

class SampleJsonRefuses : public ::testing::TestWithParam<Refused> {};

TEST_P(SampleJsonRefuses, ASample) {
  const std::string text =
      R"({"schema": "commplan/samples/1", "samples": [{)" + std::string(GetParam().keys) + "}]}";
  EXPECT_THAT(ReadSamples(text, "s.json"),
              IsError(ErrorCode::kBadInput, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, SampleJsonRefuses,
    ::testing::Values(
        Refused{R"("bytes": 8, "repeats_us": [1])", "samples[0].op: missing"},
        Refused{R"("op": "all-redcue", "bytes": 8, "repeats_us": [1])", "op: found 'all-redcue'"},
        Refused{R"("op": 3, "bytes": 8, "repeats_us": [1])", "op: found a number"},
        Refused{R"("op": "reduce", "repeats_us": [1])", "samples[0].bytes: missing"},
        Refused{R"("op": "reduce", "bytes": 0, "repeats_us": [1])", "bytes: found 0"},
        Refused{R"("op": "reduce", "bytes": 1.5, "repeats_us": [1])", "bytes: found 1.5"},
        Refused{R"("op": "reduce", "bytes": 18446744073709551615, "repeats_us": [1])",
                "bytes: found 18446744073709551615"},
        Refused{R"("op": "reduce", "bytes": 8)", "repeats_us: found no time"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [])", "repeats_us: found no time"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1, -2])", "repeats_us[1]: found -2"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [null])", "repeats_us[0]: found null"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": 3)", "expected a list of times"},
        Refused{R"("op": "reduce", "bytes": 8, "quantiles_us": {"p95": 3})", "with p50"},
        Refused{R"("op": "reduce", "bytes": 8, "quantiles_us": {"p50": 3, "p101": 4})",
                "quantiles_us.p101"},
        Refused{R"("op": "reduce", "bytes": 8, "quantiles_us": {"p50": 3, "p95": 2})",
                "falls as the share grows"},
        Refused{R"("op": "reduce", "bytes": 8, "quantiles_us": {"p95": 3, "p50": 2})", "in order"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "rank": 2)",
                "samples[0].rank: unknown key"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "ranks": 0)", "ranks: found 0"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "ranks": 2147483648)",
                "ranks: found 2147483648"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "ranks": 2, "nodes": 3)",
                "3 nodes for 2 ranks"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "ranks_per_node": [2])",
                "ranks_per_node: expected"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "launch": "grph")",
                "launch: found 'grph'"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "in_place": 1)",
                "in_place: found a number"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "environment": {"HOME": "x"})",
                "environment.HOME: only settings"},
        Refused{R"("op": "reduce", "bytes": 8, "repeats_us": [1], "origin": {"path": "x"})",
                "origin.path: unknown key"}));

TEST(SampleJson, AllFaultsAreReported) {
  const auto read = ReadSamples(
      R"({"schema": "commplan/samples/2", "sample": 1, "samples": [{"op": "x"}, 3]})", "s.json");
  ASSERT_FALSE(read.ok());
  const std::string text = FormatError(read.error());
  for (const char* part :
       {"schema: expected \"commplan/samples/1\"", "sample: unknown key", "did you mean 'samples'?",
        "samples[0].op: found 'x'", "samples[0].bytes: missing", "samples[1]: found a number"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(SampleJson, WorkOfOneDeviceStandsInAListOfItsOwn) {
  SampleSet set;
  set.samples = {Small()};
  Sample encode;
  encode.work = "encode";
  encode.cores = 2;
  encode.codec = "tq3";
  encode.bytes = 4096;
  encode.coded_bytes = 320;
  encode.repeats_us = {1.5};
  set.work = {encode};
  const auto text = WriteSamples(set);
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(*text, HasSubstr("], \"work\": [\n{\"work\":\"encode\",\"cores\":2,\"bytes\":4096"));
  EXPECT_THAT(ReadSamples(*text), IsOkAndHolds(set));
  EXPECT_FALSE(SameKey(Small(), encode));

  // Each kind in its list, and no ranks where nothing was exchanged.
  set.samples = {encode};
  EXPECT_THAT(WriteSamples(set), IsError(ErrorCode::kBadInput, HasSubstr("wrong list")));
  EXPECT_THAT(ReadSamples(R"({"schema": "commplan/samples/1", "samples": [
{"work":"copy","bytes":8,"repeats_us":[1]}], "work": [{"op":"p2p","bytes":8,"repeats_us":[1]}]})"),
              IsError(ErrorCode::kBadInput, HasSubstr("samples[0].op: missing")));
  encode.ranks = 2;
  EXPECT_THAT(FaultsOf(encode), ElementsAre(HasSubstr("'encode', which one device does alone")));
}

TEST(SampleJson, WhatIsNoJsonHasAPlace) {
  EXPECT_THAT(ReadSamples("{\n  \"schema\": }", "s.json"),
              IsError(ErrorCode::kBadInput, HasSubstr("no JSON"), At("s.json", 2, 13)));
  EXPECT_THAT(ReadSamples("", "s.json"), IsError(ErrorCode::kBadInput, HasSubstr("end of the")));
  EXPECT_THAT(ReadSamples("[1e999]", "s.json"), IsError(ErrorCode::kBadInput, HasSubstr("large")));
  EXPECT_THAT(ReadSamples("{\"schema\": 1,\n \"schema\": 2}", "s.json"),
              IsError(ErrorCode::kBadInput, HasSubstr("'schema' twice"), At("s.json", 2, 2)));
}

TEST(Sample, CentralTimeIsTheMedian) {
  Sample sample = Small();
  sample.repeats_us = {9, 1, 2};
  EXPECT_EQ(CentralTimeUs(sample), 2);
  sample.repeats_us = {9, 1, 2, 4};
  EXPECT_EQ(CentralTimeUs(sample), 3);
  sample.repeats_us.clear();
  sample.quantiles = {{0, 1}, {0.5, 5}};
  EXPECT_EQ(CentralTimeUs(sample), 5);
}

TEST(Sample, TheKeyIsAllButTimesDateAndOrigin) {
  Sample other = Full();
  other.repeats_us = {7};
  other.quantiles.clear();
  other.date = "2020-01-01";
  other.origin = {};
  EXPECT_TRUE(SameKey(Full(), other));
  other.in_place = false;
  EXPECT_FALSE(SameKey(Full(), other));
  other = Full();
  // The border between two texts is part of the key.
  other.engine = "nccl2";
  other.version = ".28.7";
  EXPECT_FALSE(SameKey(Full(), other));
}

TEST(Environment, KeepsSettingsAndNothingElse) {
  const Environment environment = ScrubEnvironment({{"UCX_TLS", "rc"},
                                                    {"HOME", "x"},
                                                    {"NCCL_ALGO", "Tree"},
                                                    {"NCCL_ALGO", "Ring"},
                                                    {"NCCL_TOPO_FILE", "t.xml"},
                                                    {"NCCL_NET_PLUGIN", "/opt/x.so"},
                                                    {"NCCL_COMM_ID", "10.0.0.1:12"},
                                                    {"NCCL_", "x"},
                                                    {"FI_PROVIDER", "efa"}});
  EXPECT_THAT(environment.kept, ElementsAre(Pair("FI_PROVIDER", "efa"), Pair("NCCL_ALGO", "Ring"),
                                            Pair("UCX_TLS", "rc")));
  EXPECT_EQ(environment.left_out, 3);
  EXPECT_THAT(FaultsOf(Small()), IsEmpty());
}

}  // namespace
}  // namespace commplan::samples
