// What ToMachine takes and refuses, value by value.

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/fabric/fabric.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "profiles/test_profiles.h"

namespace commplan::profiles {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(ToMachine, TakesEveryValue) {
  const Result<Machine> machine = Read(kBase);
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->name, "base");
  EXPECT_EQ(machine->title, "A machine for tests");
  EXPECT_EQ(machine->device.name, "Tester");
  EXPECT_EQ(machine->device.memory, GB(80));
  EXPECT_EQ(machine->device.memory_bandwidth, TBps(2));
  EXPECT_EQ(machine->device.multiprocessors, 100);
  ASSERT_THAT(machine->device.rates, SizeIs(2));
  EXPECT_EQ(machine->device.rates.at("fp8"), TFlopps(600));
  ASSERT_THAT(machine->fabric.tiers, SizeIs(1));
  const Tier& tier = machine->fabric.tiers[0];
  EXPECT_EQ(tier.kind, TierKind::kSwitch);
  EXPECT_EQ(tier.ranks, 8);
  EXPECT_EQ(tier.bandwidth, GBps(450));
  EXPECT_EQ(tier.latency, Micros(3));
  EXPECT_EQ(tier.ports, 1);
  ASSERT_THAT(machine->engines, SizeIs(2));
  EXPECT_EQ(machine->engines[0].name, "ring");
  EXPECT_EQ(machine->engines[0].rule, EngineRule::kFixed);
  EXPECT_EQ(machine->engines[0].fixed, Algorithm::kRing);
  EXPECT_EQ(machine->engines[0].band_low, 0.8);
  const Engine& fast = machine->engines[1];
  ASSERT_THAT(fast.rules, SizeIs(1));
  EXPECT_EQ(fast.rules[0].op, Op::kAllReduce);
  EXPECT_EQ(fast.rules[0].bytes_max, KiB(256));
  ASSERT_THAT(fast.kernels, SizeIs(1));
  EXPECT_EQ(fast.kernels[0].launch, Micros(2));
  EXPECT_EQ(fast.kernels[0].bandwidth_share, 0.6);
  EXPECT_EQ(fast.fallback, "ring");
  EXPECT_EQ(machine->sources.at("sheet").title, "The data sheet");
}

TEST(ToMachine, KnowsWhereEachNumberCameFrom) {
  const Result<Machine> machine = Read(kBase);
  ASSERT_THAT(machine, IsOk());
  // The nearest enclosing default.
  EXPECT_EQ(machine->provenance.at("device.memory").kind, ProvenanceKind::kDatasheet);
  EXPECT_EQ(machine->provenance.at("device.rates.bf16").source, "sheet");
  EXPECT_EQ(machine->provenance.at("tiers.0.latency").kind, ProvenanceKind::kMeasured);
  EXPECT_EQ(machine->provenance.at("tiers.0.latency").note, "by hand");
  EXPECT_EQ(machine->provenance.at("engines.fast.rules.0.bytes_max").kind,
            ProvenanceKind::kAssumed);
  // The number's own.
  EXPECT_EQ(machine->provenance.at("device.rates.fp8").kind, ProvenanceKind::kAssumed);
  EXPECT_EQ(machine->provenance.at("device.rates.fp8").note, "twice");
  // network_ports; memory, memory_bandwidth, multiprocessors, 2 rates; ranks, bandwidth, latency; 2
  // bands each; 4 of the rule, 3 of the kernel.
  EXPECT_THAT(machine->provenance, SizeIs(1 + 5 + 3 + 4 + 7));
}

TEST(ToMachine, AValueMapWithoutKindKeepsTheDefaultsKind) {
  const Result<Machine> machine =
      Read(With(kBase, "latency: 3us", "latency: {value: 3us, note: at night}"));
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->provenance.at("tiers.0.latency").kind, ProvenanceKind::kMeasured);
  EXPECT_EQ(machine->provenance.at("tiers.0.latency").source, "sheet");
  EXPECT_EQ(machine->provenance.at("tiers.0.latency").note, "at night");
}

TEST(ToMachine, DefaultEngineComesFirst) {
  const Result<Machine> machine = Read(With(kBase, "engines:", "default_engine: fast\nengines:"));
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->engines[0].name, "fast");
  EXPECT_EQ(machine->engines[1].name, "ring");
  EXPECT_THAT(
      Read(With(kBase, "engines:", "default_engine: fats\nengines:")),
      AllOf(IsError(ErrorCode::kBadInput,
                    "default_engine: found 'fats', expected one of the engines", At(21, 17)),
            HasHint(HasSubstr("'fast'"))));
}

struct Wrong {
  const char* name;
  const char* from;
  const char* to;
  const char* message;
  int line;
  int column;
  const char* hint;
};

class ToMachineRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ToMachineRefuses, WithMessagePlaceAndHint) {
  const Wrong& wrong = GetParam();
  const Result<Machine> machine = Read(With(kBase, wrong.from, wrong.to));
  EXPECT_THAT(machine, IsError(ErrorCode::kBadInput, HasSubstr(wrong.message),
                               At("f.yaml", wrong.line, wrong.column)));
  EXPECT_THAT(machine, HasHint(HasSubstr(wrong.hint)));
  ASSERT_FALSE(machine.ok());
  EXPECT_THAT(Faults(machine.error()), SizeIs(1));
}

constexpr Wrong kWrongValues[] = {
    {"NoUnit", "latency: 3us", "latency: 3",
     "tiers.0.latency: found '3' without a unit, expected a time such as 3us", 20, 14, ""},
    {"WrongDimension", "latency: 3us", "latency: 3GB/s",
     "tiers.0.latency: found '3GB/s', a rate, expected a time", 20, 14, ""},
    {"UnknownUnit", "450GB/s", "450Gb/s", "with the unknown unit 'Gb/s'", 19, 16,
     "Gbit/s for bits"},
    {"NotANumber", "latency: 3us", "latency: .nan", "tiers.0.latency: found '.nan'", 20, 14, ""},
    {"Infinite", "latency: 3us", "latency: -.inf", "tiers.0.latency: found '-.inf'", 20, 14, ""},
    {"Octal", "ranks: 8", "ranks: 010", "tiers.0.ranks: found '010'", 17, 12, "leading zero"},
    {"Hexadecimal", "ranks: 8", "ranks: 0x8", "tiers.0.ranks: found '0x8'", 17, 12, "decimal"},
    {"Fraction", "ranks: 8", "ranks: 8.5", "expected a whole number", 17, 12, ""},
    {"Null", "latency: 3us", "latency:", "tiers.0.latency: found nothing", 20, 5, ""},
    {"MapForNumber", "latency: 3us", "latency: {a: 3us}",
     "tiers.0.latency: found a map, expected a time", 20, 14, ""},
    {"ListForNumber", "latency: 3us", "latency: [3us]",
     "tiers.0.latency: found a list, expected a time", 20, 14, ""},
    {"TooLong", "latency: 3us", "latency: 3s", "found '3s', expected 0 s to 1 s", 20, 14, ""},
    {"TooSlow", "450GB/s", "450B/s", "found '450B/s', expected 1 KB/s to 1000 TB/s", 19, 16, ""},
    {"TooFast", "450GB/s", "2000TB/s", "found '2000TB/s', expected 1 KB/s to 1000 TB/s", 19, 16,
     ""},
    {"NoBandwidth", "450GB/s", "0", "found '0', expected 1 KB/s", 19, 16, ""},
    {"TooManyRanks", "ranks: 8", "ranks: 1000001", "expected 1 to 1000000", 17, 12, ""},
    {"NoRanks", "ranks: 8", "ranks: 0", "expected 1 to 1000000", 17, 12, ""},
    {"LargeShare", "bandwidth_share: 60%", "bandwidth_share: 60", "found '60', expected 0.001 to 2",
     34, 75, ""},
    {"BandAboveOne", "band_low: 0.8", "band_low: 1.1", "engines.ring.band_low: found '1.1'", 26, 15,
     ""},
    {"Negative", "latency: 3us", "latency: -3us", "found '-3us'", 20, 14, "negative"},
    {"WrongWord", "kind: switch", "kind: swich",
     "tiers.0.kind: found 'swich', expected one of switch, mesh, bus", 16, 11, "'switch'"},
    {"WrongAlgorithm", "fixed: ring", "fixed: rnig", "engines.ring.fixed: found 'rnig'", 25, 12,
     "'ring'"},
    {"WrongOp", "op: all-reduce", "op: allreduce", "found 'allreduce', expected one of all-reduce",
     32, 14, "'all-reduce'"},
    {"WrongFlag", "ranks: 8", "half_duplex: yes", "found 'yes', expected true or false", 17, 18,
     ""},
    {"EmptyText", "name: link", "name: ''", "tiers.0.name: found nothing, expected a text", 15, 11,
     ""},
};

constexpr Wrong kWrongStructure[] = {
    {"UnknownKey", "latency: 3us", "latncy: 3us\n    latency: 3us",
     "tiers.0.latncy: found the unknown key 'latncy'", 20, 5, "did you mean 'latency'?"},
    {"UnknownTopKey", "device:", "devices: 3\ndevice:", "found the unknown key 'devices'", 7, 1,
     "'device'"},
    {"KeyOfAnotherRule", "fixed: ring", "fixed: ring\n    fallback: fast",
     "found 'fallback', which an engine with 'rule: fixed' does not use", 26, 5, "leave it out"},
    {"Duplicate", "latency: 3us", "latency: 3us\n    latency: 4us",
     "found the key 'latency' twice, first in line 20", 21, 5, "keep one"},
    {"Missing", "    latency: 3us\n", "", "tiers.0: found no 'latency', expected a time", 15, 5,
     ""},
    {"MissingDeviceValue", "  memory: 80GB\n", "", "device: found no 'memory', expected a size", 8,
     3, ""},
    {"NoTitle", "title: A machine for tests\n", "", "found no 'title'", 1, 1, ""},
    {"NoSchema", "schema: commplan/profile/1\n", "", "found no 'schema'", 1, 1, "first line"},
    {"OtherSchema", "profile/1", "profile/2", "schema: found 'commplan/profile/2'", 1, 9,
     "no other version"},
    {"OddName", "name: base", "name: a/b", "name: found 'a/b', expected letters", 2, 7, ""},
    {"OddDate", "name: base", "name: base\ndate: today", "date: found 'today'", 3, 7, ""},
    {"OddPart", "name: base", "name: base\npart: 1", "part: found '1', expected true or false", 3,
     7, ""},
    {"OddExtends", "name: base", "name: base\nextends: x", "extends: expected a list of names", 3,
     10, ""},
    {"OddEngineName", "  fast:\n", "  fa st:\n", "found the name \'fa st\'", 28, 3, ""},
    {"TiersNoList",
     "rates: {bf16: 300TFLOP/s, fp8: {value: 600TFLOP/s, kind: assumed, note: twice}}", "rates: {}",
     "device.rates: found an empty map", 13, 10, ""},
    {"DeviceNoMap", "fallback: ring", "fallback: [ring]", "found a list, expected a text", 35, 15,
     ""},
};

constexpr Wrong kWrongProvenance[] = {
    {"None", "{value: 4, kind: datasheet, source: sheet}", "4",
     "network_ports: found no provenance for '4'", 6, 16, "{value: ..., kind:"},
    {"UnknownSource", "source: sheet, note: by hand", "source: shet, note: by hand",
     "found the source 'shet', which is not in 'sources'", 18, 5, "'sheet'"},
    {"UnknownKind", "kind: measured", "kind: mesured", "found the unknown kind 'mesured'", 18, 5,
     "'measured'"},
    {"NoKind", "{kind: measured, source", "{source", "provenance: found no 'kind'", 18, 5,
     "'measured'"},
    {"NoSource", "{kind: measured, source: sheet, note: by hand}", "{kind: measured}",
     "kind 'measured' without a source", 18, 5, "name a source"},
    {"AssumedWithoutNote", "kind: assumed, note: twice", "kind: assumed",
     "kind 'assumed' without a note", 13, 34, "why"},
    {"UnknownWord", "note: twice", "nte: twice, note: x", "unknown key 'nte' in a provenance", 13,
     69, "'note'"},
    {"ValueAlone", "{value: 4, kind: datasheet, source: sheet}", "{value: 4}",
     "found a value without 'kind'", 6, 16, "kind: datasheet"},
    {"ValueMap", "{value: 4,", "{value: {a: 4},",
     "network_ports: found a map, expected a whole number", 6, 24, ""},
    {"NoMap", "provenance: {kind: measured, source: sheet, note: by hand}", "provenance: measured",
     "provenance: expected a map", 18, 17, ""},
    {"SourceWithoutTitle", "{title: The data sheet, ", "{", "sources.sheet: found no 'title'", 5,
     10, ""},
    {"SourceKey", "{title: The", "{tilte: x, title: The",
     "sources.sheet: found the unknown key 'tilte'", 5, 10, "'title'"},
};

std::string NameOf(const ::testing::TestParamInfo<Wrong>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Values, ToMachineRefuses, ::testing::ValuesIn(kWrongValues), NameOf);
INSTANTIATE_TEST_SUITE_P(Structure, ToMachineRefuses, ::testing::ValuesIn(kWrongStructure), NameOf);
INSTANTIATE_TEST_SUITE_P(Provenance, ToMachineRefuses, ::testing::ValuesIn(kWrongProvenance),
                         NameOf);

constexpr Wrong kWrongTogether[] = {
    {"UnknownFallback", "fallback: ring", "fallback: rings",
     "engines.fast.fallback: found 'rings', expected another engine", 35, 15, "'ring'"},
    {"CyclicFallback", "fallback: ring", "fallback: fast", "falls back to itself", 35, 15, ""},
    {"NoKernel", "{algorithm: one-shot", "{algorithm: two-shot",
     "engines.fast.rules.0.algorithm: found 'one-shot', expected an algorithm that 'kernels'", 32,
     98, "add {algorithm: one-shot"},
    {"RanksSwapped", "ranks_min: 2", "ranks_min: 9", "found 9, expected at most ranks_max, 8", 32,
     37, ""},
    {"BytesSwapped", "bytes_min: 0", "bytes_min: 1MiB",
     "found 1 MiB, expected at most bytes_max, 256 KiB", 32, 65, ""},
    {"InnerUnbounded", "ranks: 8", "half_duplex: false",
     "which only the outermost tier may leave out", 15, 5, ""},
};

class ToMachineCompares : public ::testing::TestWithParam<Wrong> {};

TEST_P(ToMachineCompares, ValuesWithEachOther) {
  const Wrong& wrong = GetParam();
  const std::string two_tiers = With(
      kBase, "engines:",
      "  - {name: wire, kind: switch, ranks: 64, bandwidth: {value: 50GB/s, kind: assumed, note: "
      "x}, "
      "latency: {value: 5us, kind: assumed, note: x}, ports: {value: 8, kind: assumed, note: x}, "
      "provenance: {kind: assumed, note: x}}\nengines:");
  ASSERT_THAT(Read(two_tiers), IsOk());
  const Result<Machine> machine = Read(With(two_tiers, wrong.from, wrong.to));
  const int line = wrong.line + (wrong.line > 21 ? 1 : 0);
  EXPECT_THAT(machine,
              IsError(ErrorCode::kBadInput, HasSubstr(wrong.message), At(line, wrong.column)));
  EXPECT_THAT(machine, HasHint(HasSubstr(wrong.hint)));
  const Result<Machine> odd = Read(With(two_tiers, "ranks: 64", "ranks: 12"));
  EXPECT_THAT(odd, IsError(ErrorCode::kBadInput,
                           "tiers.1.ranks: found 12, expected a multiple of the 8 ranks of tier "
                           "'link' inside it",
                           At(21, 39)));
}

INSTANTIATE_TEST_SUITE_P(Together, ToMachineCompares, ::testing::ValuesIn(kWrongTogether), NameOf);

// `fit` writes such a device of samples: its memory's rate is all that was measured.
TEST(ToMachine, OfADeviceAllIsKnownOrItsMemorysRateAlone) {
  std::string text = With(kBase, "  memory: 80GB\n", "");
  text = With(text, "  multiprocessors: 100\n", "");
  EXPECT_THAT(Read(text), IsError(ErrorCode::kBadInput, HasSubstr("device: found no 'memory'")));
  const std::size_t rates = text.find("  rates:");
  ASSERT_NE(rates, std::string::npos);
  text.erase(rates, text.find('\n', rates) + 1 - rates);
  const Result<Machine> machine = Read(text);
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->device.memory_bandwidth, TBps(2));
}

TEST(ToMachine, ReportsAllFaultsInOrder) {
  std::string text = With(kBase, "memory: 80GB", "memory: 80");
  text = With(text, "  multiprocessors: 100\n", "  multiprocessors: 0\n  colour: red\n");
  text = With(text, "latency: 3us", "latency: 3us\n    latency: 4us");
  text = With(text, "kind: measured", "kind: dreamt");
  text = With(text, "fallback: ring", "fallback: rong");
  const Result<Machine> machine = Read(text);
  ASSERT_FALSE(machine.ok());
  EXPECT_THAT(Faults(machine.error()),
              ElementsAre(HasSubstr("10:11 device.memory: found '80' without a unit"),
                          HasSubstr("12:20 device.multiprocessors: found '0'"),
                          HasSubstr("13:3 device.colour: found the unknown key"),
                          HasSubstr("19:5 provenance: found the unknown kind 'dreamt'"),
                          HasSubstr("22:5 found the key 'latency' twice"),
                          HasSubstr("37:15 engines.fast.fallback: found 'rong'")));
}

TEST(ToMachine, ReportsAtMostTwenty) {
  std::string text = kBase;
  for (int i = 0; i < 30; ++i) text += "x" + std::to_string(i) + ": 1\n";
  const Result<Machine> machine = Read(text);
  ASSERT_FALSE(machine.ok());
  EXPECT_THAT(machine.error().others, SizeIs(kMaxErrorsShown - 1));
  EXPECT_EQ(machine.error().left_out, 10);
}

// ---- lists, and what NCCL's tuning needs ----

Result<Machine> Hopper(const std::string& assignment) {
  ASSIGN_OR_RETURN(Document document, Load("hgx-h100", ShippedLibrary()));
  RETURN_IF_ERROR(Set(&document, assignment));
  return ToMachine(document);
}

TEST(ToMachine, HoldsListsToTheirLengthAndOrder) {
  EXPECT_THAT(
      Hopper("engines.nccl.base_tree=[1us, 2us]"),
      IsError(ErrorCode::kBadInput, "engines.nccl.base_tree: found a list of 2 items, expected 3"));
  EXPECT_THAT(Hopper("engines.nccl.base_tree=1us"),
              IsError(ErrorCode::kBadInput,
                      "engines.nccl.base_tree: found '1us', expected a list of 3, each a time such "
                      "as 3us"));
  EXPECT_THAT(Hopper("engines.nccl.base_tree=[1us, 2, 3us]"),
              IsError(ErrorCode::kBadInput,
                      HasSubstr("engines.nccl.base_tree.1: found '2' without a unit")));
  EXPECT_THAT(
      Hopper("engines.nccl.network_speeds=[1GB/s, 2GB/s]"),
      IsError(ErrorCode::kBadInput,
              "engines.nccl.network_speeds.1: found '2GB/s' after a smaller value, expected "
              "a descending list"));
  EXPECT_THAT(Hopper("engines.nccl.channel_nvls_tree=[0, 1GB/s, 0]"), IsOk());
  EXPECT_THAT(Hopper("engines.nccl.channel_nvls_tree=[1, 1GB/s, 0]"),
              IsError(ErrorCode::kBadInput, HasSubstr("channel_nvls_tree.0: found '1' without")));
  EXPECT_THAT(
      Hopper("engines.nccl.channel_nvls_tree=[1B/s, 1GB/s, 0]"),
      IsError(ErrorCode::kBadInput, HasSubstr("expected 1 KB/s to 1000 TB/s, or 0 for none")));
}

TEST(ToMachine, NcclOnSeveralTiersNeedsNetworkLatencies) {
  Document document = Load("hgx-h100+ib-ndr", ShippedLibrary()).value();
  ASSERT_THAT(ToMachine(document), IsOk());
  ASSERT_THAT(Set(&document, "engines.nccl.network.ring=[0, 0, 0]"), IsOk());
  ASSERT_THAT(Set(&document, "engines.nccl.network_speeds=[]"), IsOk());
  const Result<Machine> machine = ToMachine(document);
  ASSERT_FALSE(machine.ok());
  EXPECT_THAT(Faults(machine.error()),
              ElementsAre(HasSubstr("engines.nccl.network: found none"),
                          HasSubstr("engines.nccl.network_speeds: found none")));
}

}  // namespace
}  // namespace commplan::profiles
