#include "profiles/compute_fields.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/compute/model.h"
#include "model/step/machine.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "profiles/table_text.h"
#include "profiles/test_profiles.h"
#include "profiles/writer.h"

namespace commplan::profiles {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kCompute[] = R"(compute:
  provenance: {kind: fitted, source: sheet}
  widening: 1.5
  launch: 5us
  cache_block: 16
  sweep: {launch: 2.5us, memory_efficiency: 0.65, band: "0.6..1.6"}
  memory: {reserve: 1500MB, usable_share: 90%}
  overlap: {communication_sm: 15%, beside_compute: 0.9}
  gemm:
    - {engine: vllm, type: fp8, launch: 2us, compute_efficiency: 0.8, memory_efficiency: 0.7,
       small_efficiency: 0.6, serial: 3us, serial_exponent: 0.4, sharpness: 2,
       band: "0.9..1.1 0.8..1.25", measured: "0..15 -1..16.5", rows: 7, table: some}
  attention:
    - {engine: vllm, kernel: fast, phase: generation, values: bf16, cache: fp8, launch: 9us,
       compute_efficiency: 0.4, memory_efficiency: 0.9, serial: 4us, serial_exponent: 0.4,
       sharpness: 1.5, kv_item_bytes: 1234.5, q_item_bytes: 10, unsplit: 1us,
       head_size_64_factor: 1, head_size_192_factor: 1.1, head_size_256_factor: 1.2,
       window_factor: 1.3, largest_group: 32, band: "0.9..1.1"}
  experts:
    - {engine: vllm, type: bf16, plain: true, launch: 30us, compute_efficiency: 0.2,
       memory_efficiency: 1, expert: 0.5us, sharpness: 3, padding_tokens: 8, routing_passes: 2,
       skew_per_octave: 0.25, band: "0.7..1.5"}
  tables:
    some: "0 2.5 | -1 4 9: 12 -7 0
      3 44 -1200"
  serving:
    - {engine: vllm, experts: true, kernels: 0.9, sweeps: 1.3, step: 1ms, layer: 20us,
       interference: 1.5, prompt_tokens: 8192, band_low: 0.9, band_high: 1.2,
       first_token: {front: 40ms, steps: 1.5, prefill: 0.7, burst: 0.1, band_low: 0.5,
                     band_high: 2}}
)";

std::string WithCompute(const std::string& section = kCompute) { return kBase + section; }

TEST(ComputeFields, AreRead) {
  const Result<Machine> machine = Read(WithCompute());
  ASSERT_THAT(machine, IsOk());
  const ComputeProfile& compute = machine->compute;
  EXPECT_EQ(compute.widening, 1.5);
  EXPECT_EQ(compute.launch, Micros(5));
  EXPECT_EQ(compute.cache_block, 16);
  ASSERT_TRUE(compute.sweep.has_value());
  EXPECT_EQ(compute.sweep->launch, Micros(2.5));
  EXPECT_EQ(compute.sweep_band.high, 1.6);
  EXPECT_EQ(compute.margins.reserve, MB(1500));
  EXPECT_EQ(compute.overlap.communication_sm, 0.15);
  ASSERT_EQ(compute.gemm.size(), 1U);
  const GemmFit& gemm = compute.gemm[0].fit;
  EXPECT_EQ(gemm.type, ComputeType::kFp8);
  EXPECT_EQ(gemm.efficiency.serial, Micros(3));
  EXPECT_EQ(gemm.evidence.bands[1].high, 1.25);
  EXPECT_EQ(gemm.evidence.bands[2].high, 1);
  EXPECT_THAT(gemm.evidence.measured, ElementsAre(AxisRange{0, 15}, AxisRange{-1, 16.5}));
  EXPECT_EQ(compute.gemm[0].table, "some");
  ASSERT_EQ(compute.attention.size(), 1U);
  EXPECT_EQ(compute.attention[0].fit.phase, AttentionPhase::kGeneration);
  EXPECT_EQ(compute.attention[0].fit.efficiency.kv_item, B(1234.5));
  EXPECT_EQ(compute.attention[0].fit.largest_group, 32);
  ASSERT_EQ(compute.experts.size(), 1U);
  EXPECT_FALSE(compute.experts[0].gated);
  EXPECT_EQ(compute.experts[0].fit.skew_per_octave, 0.25);
  const ResidualTable& table = compute.tables.at("some");
  EXPECT_THAT(table.axes(), ElementsAre(ElementsAre(0, 2.5), ElementsAre(-1, 4, 9)));
  EXPECT_THAT(table.values(), ElementsAre(0.012, -0.007, 0, 0.003, 0.044, -1.2));
  ASSERT_EQ(compute.serving.size(), 1U);
  EXPECT_TRUE(compute.serving[0].experts);
  EXPECT_EQ(compute.serving[0].layer, Micros(20));
  EXPECT_EQ(compute.serving[0].sweeps, 1.3);
  EXPECT_EQ(compute.serving[0].prompt_tokens, 8192);
  EXPECT_EQ(compute.serving[0].first.front, Millis(40));
  EXPECT_EQ(compute.serving[0].first.burst, 0.1);
  EXPECT_EQ(compute.serving[0].first.band_high, 2);
  EXPECT_EQ(machine->provenance.at("compute.gemm.0.launch").kind, ProvenanceKind::kFitted);
}

TEST(ComputeFields, AreWrittenAsTheyAreRead) {
  const Machine machine = Read(WithCompute()).value();
  const std::string text = Write(machine);
  const Result<Machine> again = Read(text);
  ASSERT_THAT(again, IsOk()) << text;
  EXPECT_EQ(Write(*again), text);
  EXPECT_EQ(again->compute.tables.at("some"), machine.compute.tables.at("some"));
  EXPECT_EQ(again->compute.gemm[0].fit.evidence.measured,
            machine.compute.gemm[0].fit.evidence.measured);
  EXPECT_FALSE(again->compute.experts[0].gated);
}

TEST(ComputeFields, RefusesWhatIsNone) {
  struct Case {
    const char* from;
    const char* to;
    const char* message;
  };
  for (const Case& c :
       {Case{"table: some", "table: sone", "found 'sone', expected one of compute.tables"},
        Case{"0.9..1.1 0.8", "1.1..0.9 0.8", "expected LOW..HIGH"},
        Case{"0.9..1.1 0.8..1.25", "0.5..0.9", "expected factors around 1"},
        Case{"12 -7 0", "12 -7", "6 of them, the 6th here"},
        Case{"44 -1200", "44 -1200 5", "no more than 6 values"},
        Case{"0 2.5 |", "0 0 |", "rising numbers"},
        Case{"type: fp8", "type: fp9", "expected one of bf16, fp8"},
        Case{"compute_efficiency: 0.8", "compute_efficiency: 1.8", "expected 0.0001 to 1"},
        Case{"serial: 3us", "serial: 3", "unit"},
        Case{"rows: 7", "rowz: 7", "unknown key 'rowz'"}}) {
    const Result<Machine> machine = Read(WithCompute(With(kCompute, c.from, c.to)));
    ASSERT_FALSE(machine.ok()) << c.to;
    EXPECT_THAT(Faults(machine.error()), Contains(HasSubstr(c.message))) << c.to;
  }
}

TEST(ComputeFields, AreSetOneByOne) {
  Result<Document> document = LoadText(WithCompute(), "f.yaml", Library());
  ASSERT_THAT(document, IsOk());
  ASSERT_THAT(Set(&*document, "compute.gemm.0.memory_efficiency=0.9"), IsOk());
  EXPECT_EQ(ToMachine(*document)->compute.gemm[0].fit.efficiency.memory, 0.9);
}

// What only kernels need is left out for who asks about collectives alone.
TEST(ComputeFields, StandInFilesThatMayBeLeftOut) {
  const TestLibrary library(
      {{"top", With(kBase, "name: base\n", "name: top\nextends_compute: [k]\n")},
       {"k",
        "schema: commplan/profile/1\nname: k\ntitle: kernels\n"
        "part: true\nsources:\n  sheet: {title: The data sheet, url: "
        "\"https://example.com/sheet\"}\n" +
            std::string(kCompute)}});
  const Result<Document> all = Load("top", library.get());
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(ToMachine(*all)->compute.gemm.size(), 1U);
  const Result<Document> some = Load("top", library.get(), Sections::kNoCompute);
  ASSERT_THAT(some, IsOk());
  EXPECT_TRUE(ToMachine(*some)->compute.empty());
  EXPECT_EQ(ToMachine(*some)->engines.size(), 2U);
}

TEST(TableText, RangesReadBack) {
  const auto ranges = ParseRanges("0..15  -6.5..10\n 1e..2");
  EXPECT_FALSE(ranges.ok());
  const auto good = ParseRanges("0..15  -6.5..10");
  ASSERT_THAT(good, IsOk());
  EXPECT_THAT(*good, ElementsAre(Pair(0, 15), Pair(-6.5, 10)));
  EXPECT_EQ(FormatRanges(*good), "0..15 -6.5..10");
}

// Every machine that ships knows its kernels, and each is usable.
TEST(ComputeFields, ShippedMachinesHaveThem) {
  const Result<Listing> listing = List(ShippedLibrary());
  ASSERT_THAT(listing, IsOk());
  int with = 0;
  for (const Listed& machine : listing->machines) {
    const Result<Machine> read = LoadMachine(machine.name, ShippedLibrary());
    ASSERT_THAT(read, IsOk()) << machine.name;
    if (read->compute.empty()) continue;
    ++with;
    EXPECT_TRUE(read->compute.sweep.has_value()) << machine.name;
    EXPECT_GT(read->device.cache, Bytes()) << machine.name;
    EXPECT_FALSE(read->compute.attention.empty()) << machine.name;
  }
  EXPECT_GE(with, 13);
}

}  // namespace
}  // namespace commplan::profiles
