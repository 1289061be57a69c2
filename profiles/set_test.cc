// How --set finds its value, and what it says where it does not.

#include <string>
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
#include "profiles/tree_reader.h"

namespace commplan::profiles {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Document Base() { return LoadText(kBase, "f.yaml", Library()).value(); }

Result<Machine> WithSet(const std::vector<std::string>& assignments) {
  Document document = Base();
  for (const std::string& assignment : assignments) {
    RETURN_IF_ERROR(Set(&document, assignment));
  }
  return ToMachine(document);
}

TEST(Set, ChangesOneValueAndItsProvenance) {
  const Result<Machine> machine = WithSet({"tiers.0.latency=5us"});
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->fabric.tiers[0].latency, Micros(5));
  EXPECT_EQ(machine->fabric.tiers[0].bandwidth, GBps(450));
  const Provenance& provenance = machine->provenance.at("tiers.0.latency");
  EXPECT_EQ(provenance.kind, ProvenanceKind::kAssumed);
  EXPECT_EQ(provenance.note, "set by --set");
  EXPECT_EQ(machine->provenance.at("tiers.0.bandwidth").kind, ProvenanceKind::kMeasured);
}

TEST(Set, ReachesEveryKindOfValue) {
  const Result<Machine> machine =
      WithSet({"device.rates.fp8=1PFLOP/s", "device.rates.fp8.value=2PFLOP/s", "tiers.0.kind=bus",
               "engines.fast.rules.0.bytes_max=1MiB", "engines.fast.kernels.0.launch=0",
               "engines.ring.fixed=tree", "device.name=Other"});
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->device.rates.at("fp8"), PFlopps(2));
  EXPECT_EQ(machine->fabric.tiers[0].kind, TierKind::kBus);
  EXPECT_EQ(machine->engines[1].rules[0].bytes_max, MiB(1));
  EXPECT_EQ(machine->engines[1].kernels[0].launch, Seconds(0));
  EXPECT_EQ(machine->engines[0].fixed, Algorithm::kTree);
  EXPECT_EQ(machine->device.name, "Other");
}

TEST(Set, AddsWhatTheFormatKnowsAndTheFileLeavesOut) {
  const Result<Machine> machine = WithSet(
      {"tiers.0.oversubscription=2", "engines.ring.reduction=1ps/B", "default_engine=fast"});
  ASSERT_THAT(machine, IsOk());
  EXPECT_EQ(machine->fabric.tiers[0].oversubscription, 2);
  EXPECT_EQ(machine->provenance.at("tiers.0.oversubscription").note, "set by --set");
  EXPECT_EQ(machine->engines[0].name, "fast");
  EXPECT_EQ(machine->engines[1].reduction, SecondsPerByte(1e-12));
}

TEST(Set, TheLastOneCounts) {
  EXPECT_EQ(WithSet({"tiers.0.latency=5us", "tiers.0.latency=7us"}).value().fabric.tiers[0].latency,
            Micros(7));
}

TEST(Set, NamesTheAssignmentInErrors) {
  EXPECT_THAT(WithSet({"tiers.0.latency=5"}),
              IsError(ErrorCode::kBadInput,
                      "tiers.0.latency: found '5' without a unit, expected a time such as 3us",
                      At("--set tiers.0.latency=5", 0, 0)));
  EXPECT_THAT(WithSet({"tiers.0.latency=5GB/s"}),
              IsError(ErrorCode::kBadInput, HasSubstr("found '5GB/s', a rate, expected a time"),
                      At("--set tiers.0.latency=5GB/s", 0, 0)));
  EXPECT_THAT(
      WithSet({"engines.ring.fallback=fast"}),
      IsError(ErrorCode::kBadInput, HasSubstr("which an engine with 'rule: fixed' does not use")));
}

struct WrongPath {
  const char* assignment;
  const char* message;
  const char* hint;
};

TEST(Set, RefusesPathsThatLeadNowhere) {
  constexpr WrongPath kWrong[] = {
      {"tiers.0.latncy=1us", "found no 'latncy' in 'tiers.0'", "did you mean 'latency'?"},
      {"tiers.0.xyz=1", "found no 'xyz' in 'tiers.0'",
       "'bandwidth', 'half_duplex', 'in_switch_reduction', 'kind', 'latency'"},
      {"tiers.1.latency=1us", "found '1' in the list 'tiers', expected an index from 0 to 0", ""},
      {"tiers.x=1us", "found 'x' in the list 'tiers'", ""},
      {"tiers.-1.latency=1us", "found '-1' in the list 'tiers'", ""},
      {"tiers.99999999999999999999.latency=1us", "found '99999999999999999999' in the list", ""},
      {"devce.memory=1GB", "found no 'devce' in the profile", "did you mean 'device'?"},
      {"engines.rnig.band_low=1", "found no 'rnig' in 'engines'", "did you mean 'ring'?"},
      {"device=3", "'device' is a map, expected a single value", "'memory'"},
      {"tiers=3", "'tiers' is a list of maps, expected a single value", "tiers.0.name"},
      {"tiers.0.latency.x=3", "found 'x' below 'tiers.0.latency', which is a value", ""},
      {"sources.sheet.title=x", "found 'sources.sheet.title', expected a value of the machine", ""},
      {".=3", "found no '' in the profile", ""},
      {"device..memory=3", "found no '' in 'device'", ""},
  };
  for (const WrongPath& wrong : kWrong) {
    SCOPED_TRACE(wrong.assignment);
    Document document = Base();
    const Status status = Set(&document, wrong.assignment);
    EXPECT_THAT(status, IsError(ErrorCode::kNotFound, HasSubstr(wrong.message),
                                At(std::string("--set ") + wrong.assignment, 0, 0)));
    EXPECT_THAT(status, HasHint(HasSubstr(wrong.hint)));
    EXPECT_THAT(ToMachine(document), IsOk()) << "a refused assignment changes nothing";
  }
}

TEST(Set, RefusesWhatIsNoAssignment) {
  for (const char* assignment : {"", "tiers.0.latency", "=5us", "tiers.0.latency=", "="}) {
    SCOPED_TRACE(assignment);
    Document document = Base();
    EXPECT_THAT(Set(&document, assignment),
                AllOf(IsError(ErrorCode::kUsage, HasSubstr("expected PATH=VALUE")),
                      HasHint(HasSubstr("--set tiers.0.latency=5us"))));
  }
}

TEST(Set, ChangesListsAndTheirItems) {
  Document document = Load("hgx-h100", ShippedLibrary()).value();
  ASSERT_THAT(Set(&document, "engines.nccl.base_tree=[1us, 2us, 3us]"), IsOk());
  ASSERT_THAT(Set(&document, "engines.nccl.base_ring.1=4us"), IsOk());
  const Result<Machine> machine = ToMachine(document);
  ASSERT_THAT(machine, IsOk());
  const NcclTuning& nccl = machine->engines[0].nccl;
  EXPECT_EQ(nccl.base_tree, (PerProtocol{Micros(1), Micros(2), Micros(3)}));
  EXPECT_EQ(nccl.base_ring[1], Micros(4));
  EXPECT_EQ(machine->provenance.at("engines.nccl.base_tree").note, "set by --set");
  EXPECT_EQ(machine->provenance.at("engines.nccl.base_ring").note, "set by --set");
  EXPECT_THAT(Set(&document, "engines.nccl.base_tree=[1us, 2us"),
              IsError(ErrorCode::kBadInput, HasSubstr("expected a list such as")));
  EXPECT_THAT(Set(&document, "engines.nccl.base_tree.3=4us"),
              IsError(ErrorCode::kNotFound, HasSubstr("expected an index from 0 to 2")));
}

TEST(Set, NetworkPortsReachTheTierThatTheyMade) {
  const TestLibrary library = {{"base", kBase}, {"net", kNet}};
  Document document = Load("base+net", library.get()).value();
  ASSERT_THAT(Set(&document, "network_ports=2"), IsOk());
  EXPECT_EQ(ToMachine(document).value().fabric.tiers[1].ports, 2);
  ASSERT_THAT(Set(&document, "tiers.1.ports=3"), IsOk());
  EXPECT_EQ(ToMachine(document).value().fabric.tiers[1].ports, 3);
}

TEST(KnownKeys, FollowTheFormat) {
  EXPECT_THAT(KnownKeys(""), Contains("tiers"));
  EXPECT_THAT(KnownKeys("device"), Contains("multiprocessors"));
  EXPECT_THAT(KnownKeys("tiers.7"), Contains("oversubscription"));
  EXPECT_THAT(KnownKeys("engines.any"),
              AllOf(Contains("channels"), Contains("kernels"), Contains("fixed")));
  EXPECT_THAT(KnownKeys("engines.any.kernels.0"), Contains("launch"));
  EXPECT_THAT(KnownKeys("engines.any.inner"), Contains("nvls_tree"));
  EXPECT_THAT(KnownKeys("engines.any.nvls_chunk_steps.2"), Contains("factor"));
  EXPECT_THAT(KnownKeys("nowhere"), IsEmpty());
  EXPECT_THAT(KnownKeys("tiers.x"), IsEmpty());
}

}  // namespace
}  // namespace commplan::profiles
