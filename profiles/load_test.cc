// How files are found, merged and joined.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/collective/engine.h"
#include "model/step/machine.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "profiles/test_profiles.h"
#include "profiles/writer.h"

namespace commplan::profiles {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string Extending(const std::string& names, const std::string& rest) {
  return "schema: commplan/profile/1\nname: top\ntitle: Top\nextends: [" + names + "]\n" + rest;
}

std::string Part(const std::string& rest) {
  return "schema: commplan/profile/1\nname: part\ntitle: Part\npart: true\n" + rest;
}

std::string LatencyPart(const std::string& latency) {
  return Part("provenance: {kind: assumed, note: of the part}\nengines: {fast: {band_high: " +
              latency + "}}\n");
}

std::vector<std::string> EngineNames(const Machine& machine) {
  std::vector<std::string> names;
  for (const Engine& engine : machine.engines) names.push_back(engine.name);
  return names;
}

TEST(Load, TheOwnFileWinsOverWhatItExtends) {
  const TestLibrary library = {{"base", kBase},
                               {"top", Extending("base",
                                                 "device: {memory: {value: 96GB, kind: "
                                                 "assumed, note: more}}\n")}};
  const Result<Machine> machine = LoadMachine("top", library.get());
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->name, "top");
  EXPECT_EQ(machine->title, "Top");
  EXPECT_EQ(machine->device.memory, GB(96));
  EXPECT_EQ(machine->device.memory_bandwidth, TBps(2));
  EXPECT_EQ(machine->provenance.at("device.memory").kind, ProvenanceKind::kAssumed);
  EXPECT_EQ(machine->provenance.at("device.memory_bandwidth").kind, ProvenanceKind::kDatasheet);
}

TEST(Load, ListsAreReplaced) {
  const TestLibrary library = {
      {"base", kBase},
      {"top", Extending("base",
                        "provenance: {kind: assumed, note: n}\ntiers:\n  - {name: other, kind: "
                        "bus, bandwidth: 1GB/s, latency: 1us}\n")}};
  const Result<Machine> machine = LoadMachine("top", library.get());
  ASSERT_THAT(machine, IsOk());
  ASSERT_THAT(machine->fabric.tiers, SizeIs(1));
  EXPECT_EQ(machine->fabric.tiers[0].name, "other");
  EXPECT_EQ(machine->fabric.tiers[0].ranks, 0);
}

TEST(Load, ADefaultDoesNotVouchForTheNumbersOfAnotherFile) {
  const std::string bare =
      With(kBase, "    provenance: {kind: measured, source: sheet, note: by hand}\n", "");
  const TestLibrary library = {
      {"base", bare}, {"top", Extending("base", "provenance: {kind: assumed, note: mine}\n")}};
  EXPECT_THAT(LoadMachine("top", library.get()),
              IsError(ErrorCode::kBadInput, HasSubstr("tiers.0.ranks: found no provenance for '8'"),
                      At("base.yaml", 17, 12)));
}

TEST(Load, LaterNamesWin) {
  const TestLibrary library = {{"base", kBase},
                               {"one", LatencyPart("1.1")},
                               {"two", LatencyPart("1.2")},
                               {"a", Extending("base, one, two", "")},
                               {"b", Extending("base, two, one", "")}};
  EXPECT_EQ(LoadMachine("a", library.get()).value().engines[0].band_high, 1.2);
  EXPECT_EQ(LoadMachine("b", library.get()).value().engines[0].band_high, 1.1);
}

// `one` and `two` both extend `common`; what `one` changed of it, `two` does not bring back.
TEST(Load, AFileCountsOnceHoweverOftenItIsExtended) {
  const std::string common = LatencyPart("1.1");
  const TestLibrary library = {
      {"base", kBase},
      {"common", common},
      {"one", With(LatencyPart("1.2"), "part: true", "part: true\nextends: [common]")},
      {"two", With(Part(""), "part: true", "part: true\nextends: [common]")},
      {"top", Extending("base, one, two", "")}};
  EXPECT_EQ(LoadMachine("top", library.get()).value().engines[0].band_high, 1.2);
}

TEST(Load, EnginesStandInOrderOfPrecedence) {
  const std::string rule = "{rule: cheapest, band_low: 1, band_high: 1}";
  const std::string head = "provenance: {kind: assumed, note: n}\n";
  const TestLibrary library = {{"base", kBase},
                               {"one", Part(head + "engines: {one: " + rule + "}\n")},
                               {"top", Extending("base, one", head + "engines: {mine: " + rule +
                                                                  ", fast: {band_high: 3}}\n")}};
  EXPECT_THAT(EngineNames(LoadMachine("top", library.get()).value()),
              ElementsAre("mine", "fast", "one", "ring"));
}

TEST(Load, RefusesCycles) {
  const TestLibrary library = {{"a", Extending("b", "")}, {"b", Extending("a", "")}};
  EXPECT_THAT(
      LoadMachine("a", library.get()),
      AllOf(IsError(ErrorCode::kBadInput, "extends: found a cycle: a.yaml -> b.yaml -> a.yaml",
                    At("b.yaml", 4, 11)),
            HasHint(HasSubstr("part"))));
}

TEST(Load, RefusesUnknownNames) {
  const TestLibrary library = {{"base", kBase}, {"net", kNet}, {"top", Extending("bse", "")}};
  EXPECT_THAT(LoadMachine("bas", library.get()),
              AllOf(IsError(ErrorCode::kNotFound, "found no profile 'bas'"),
                    HasHint("did you mean 'base'?")));
  EXPECT_THAT(LoadMachine("base+nte", library.get()),
              AllOf(IsError(ErrorCode::kNotFound, "found no network 'nte'"),
                    HasHint("did you mean 'net'?")));
  EXPECT_THAT(LoadMachine("top", library.get()),
              AllOf(IsError(ErrorCode::kNotFound, "found no profile 'bse'", At("top.yaml", 4, 11)),
                    HasHint("did you mean 'base'?")));
  EXPECT_THAT(LoadMachine("base+", library.get()),
              IsError(ErrorCode::kNotFound, HasSubstr("empty name")));
  EXPECT_THAT(LoadMachine("", library.get()),
              IsError(ErrorCode::kNotFound, HasSubstr("empty name")));
}

TEST(Load, ReportsTheFaultsOfAllFiles) {
  const TestLibrary library = {{"base", "schema: commplan/profile/1\na: [\n"},
                               {"net", With(kNet, "title: a network\n", "")}};
  const Result<Machine> machine = LoadMachine("base+net", library.get());
  ASSERT_FALSE(machine.ok());
  EXPECT_THAT(Faults(machine.error()),
              ElementsAre(HasSubstr("wrong YAML"), HasSubstr("found no 'title'")));
}

TEST(Load, RefusesWhatIsNoMachine) {
  const TestLibrary library = {
      {"base", kBase}, {"net", kNet}, {"part", Part("")}, {"top", Extending("base, net", "")}};
  EXPECT_THAT(LoadMachine("net", library.get()),
              AllOf(IsError(ErrorCode::kBadInput, "found the network 'net', expected a machine"),
                    HasHint(HasSubstr("+net"))));
  EXPECT_THAT(LoadMachine("part", library.get()),
              AllOf(IsError(ErrorCode::kBadInput, "found the part 'part', expected a machine"),
                    HasHint(HasSubstr("'base'"))));
  EXPECT_THAT(LoadMachine("base+base", library.get()),
              AllOf(IsError(ErrorCode::kBadInput,
                            "found the machine 'base' after a '+', expected a network"),
                    HasHint(HasSubstr("'net'"))));
  EXPECT_THAT(LoadMachine("top", library.get()),
              IsError(ErrorCode::kBadInput, HasSubstr("extends: found the network 'net'"),
                      At("top.yaml", 4, 17)));
}

TEST(Load, RefusesTwoMeaningsOfOneSource) {
  const TestLibrary library = {{"base", kBase},
                               {"top", Extending("base", "sources: {sheet: {title: Another}}\n")}};
  EXPECT_THAT(LoadMachine("top", library.get()),
              IsError(ErrorCode::kBadInput,
                      "sources: found 'sheet' defined in another way than in base.yaml:5",
                      At("top.yaml", 5, 11)));
}

// ---- joining a network ----

TEST(Join, AddsTiersSourcesAndEngineParts) {
  const TestLibrary library = {{"base", kBase}, {"net", kNet}};
  const Result<Machine> machine = LoadMachine("base+net", library.get());
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->name, "base+net");
  EXPECT_EQ(machine->title, "A machine for tests + a network");
  ASSERT_THAT(machine->fabric.tiers, SizeIs(2));
  EXPECT_EQ(machine->fabric.tiers[1].name, "wire");
  EXPECT_EQ(machine->fabric.tiers[1].ports, 4);
  EXPECT_EQ(machine->provenance.at("tiers.1.ports").source, "sheet");
  EXPECT_EQ(machine->provenance.at("tiers.1.bandwidth").source, "card");
  EXPECT_THAT(machine->sources, SizeIs(2));
  // The part for "ring" counts; "other" is no engine of this machine.
  EXPECT_THAT(EngineNames(*machine), ElementsAre("ring", "fast"));
  EXPECT_EQ(machine->engines[0].band_high, 2);
  EXPECT_EQ(machine->engines[0].band_low, 0.8);
}

TEST(Join, AddsWholeEngines) {
  const TestLibrary library = {{"base", kBase},
                               {"net", With(kNet, "other: {band_high: 2}",
                                            "other: {rule: cheapest, band_low: 1, band_high: 2}")}};
  EXPECT_THAT(EngineNames(LoadMachine("base+net", library.get()).value()),
              ElementsAre("ring", "fast", "other"));
}

TEST(Join, NeedsTheMachinesPorts) {
  const TestLibrary library = {
      {"base", With(kBase, "network_ports: {value: 4, kind: datasheet, source: sheet}\n", "")},
      {"net", kNet}};
  EXPECT_THAT(
      LoadMachine("base+net", library.get()),
      AllOf(IsError(ErrorCode::kBadInput, "'base' cannot join 'net': it has no 'network_ports'",
                    At("base.yaml", 0, 0)),
            HasHint(HasSubstr("add 'network_ports: {value: 8"))));
}

TEST(Join, RefusesPortsInTheNetworkAndItsOtherKeys) {
  const TestLibrary library = {{"base", kBase},
                               {"ports", With(kNet, "{name: wire", "{ports: 3, name: wire")},
                               {"device", With(kNet, "tiers:", "device: {name: x}\ntiers:")},
                               {"none", With(kNet, "tiers:", "teirs:")}};
  EXPECT_THAT(
      LoadMachine("base+ports", library.get()),
      AllOf(IsError(ErrorCode::kBadInput, HasSubstr("tiers.0.ports: found the ports of a node"),
                    At("ports.yaml", 9, 13)),
            HasHint(HasSubstr("network_ports"))));
  EXPECT_THAT(LoadMachine("base+device", library.get()),
              IsError(ErrorCode::kBadInput, "found the key 'device' in a network",
                      At("device.yaml", 8, 1)));
  EXPECT_THAT(LoadMachine("base+none", library.get()),
              IsError(ErrorCode::kBadInput, HasSubstr("found the key 'teirs' in a network")));
}

TEST(Join, TakesSeveralNetworks) {
  const std::string pod = With(With(kNet, "{name: wire, ", "{name: wire, ranks: 64, "),
                               "tiers:", "network_ports: 2\ntiers:");
  const std::string spine = With(With(kNet, "name: wire", "name: spine"), "name: net", "name: far");
  const TestLibrary library = {{"base", kBase}, {"pod", pod}, {"far", spine}, {"net", kNet}};
  const Result<Machine> machine = LoadMachine("base+pod+far", library.get());
  ASSERT_THAT(machine, IsOk());
  ASSERT_THAT(machine->fabric.tiers, SizeIs(3));
  EXPECT_EQ(machine->fabric.tiers[1].ports, 4);
  EXPECT_EQ(machine->fabric.tiers[2].ports, 2);
  // The ports of a node are no guess for the ports of a pod.
  EXPECT_THAT(
      LoadMachine("base+net+far", library.get()),
      IsError(ErrorCode::kBadInput, "'base+net' already has a network, so it cannot join 'far'"));
}

// ---- files ----

TEST(Load, ReadsFilesAndWhatLiesBesideThem) {
  const std::string folder = ::testing::TempDir() + "/load_test_files";
  const std::string base = folder + "_base.yaml";
  const std::string top = folder + "_top.yaml";
  ASSERT_THAT(WriteFileAtomically(base, kBase), IsOk());
  ASSERT_THAT(WriteFileAtomically(top, Extending("load_test_files_base.yaml", "")), IsOk());
  const TestLibrary library = {{"net", kNet}};
  const Result<Machine> machine = LoadMachine(top + "+net", library.get());
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->name, "top+net");
  EXPECT_THAT(
      LoadMachine(folder + "_none.yaml", library.get()),
      IsError(ErrorCode::kNotFound, AllOf(StartsWith("cannot read '"), HasSubstr("No such file"))));
  EXPECT_THAT(LoadMachine(::testing::TempDir() + "/", library.get()),
              IsError(ErrorCode::kIo, HasSubstr("directory")));
}

TEST(Load, RefusesLargeFiles) {
  const std::string path = ::testing::TempDir() + "/load_test_large.yaml";
  ASSERT_THAT(WriteFileAtomically(path, std::string(kMaxFileBytes + 1, '#')), IsOk());
  EXPECT_THAT(LoadMachine(path, Library()),
              IsError(ErrorCode::kBadInput, "found more than 1048576 bytes, expected a profile",
                      At(path, 0, 0)));
  EXPECT_THAT(LoadText(std::string(kMaxFileBytes + 1, '#'), "f", Library()),
              IsError(ErrorCode::kBadInput, HasSubstr("at most 1 MiB")));
}

TEST(Load, StopsWhereFilesExtendEachOtherWithoutEnd) {
  std::vector<LibraryFile> files;
  std::vector<std::string> texts;
  texts.reserve(200);
  for (int i = 0; i < 100; ++i) {
    texts.push_back("n" + std::to_string(i) + ".yaml");
    texts.push_back(Extending("n" + std::to_string(i + 1), ""));
    files.push_back({texts[texts.size() - 2], texts.back()});
  }
  EXPECT_THAT(LoadMachine("n0", Library(files)),
              IsError(ErrorCode::kBadInput, HasSubstr("found more than 64 files")));
}

}  // namespace
}  // namespace commplan::profiles
