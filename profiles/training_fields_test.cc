#include "profiles/training_fields.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/step/machine.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "profiles/test_profiles.h"
#include "profiles/writer.h"

namespace commplan::profiles {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kTraining[] = R"(training:
  new:
    provenance: {kind: fitted, source: sheet, note: half of the runs}
    run_low: 0.9
    run_high: 1.5
  old:
    kernels: vllm
    attention_factor: {value: 3.5, kind: assumed, note: a guess}
    run_low: {value: 0.8, kind: measured, source: sheet}
    run_high: {value: 2, kind: measured, source: sheet}
)";

TEST(TrainingFields, AreReadAndWrittenAlike) {
  const Result<Machine> machine = Read(kBase + std::string(kTraining));
  ASSERT_THAT(machine, IsOk());
  ASSERT_EQ(machine->training.size(), 2U);
  EXPECT_EQ(machine->training[0].framework, "new");
  EXPECT_EQ(machine->training[0].kernels, "");
  EXPECT_EQ(machine->training[0].attention_factor, 1);
  EXPECT_EQ(machine->training[0].run.low, 0.9);
  EXPECT_EQ(machine->training[1].kernels, "vllm");
  EXPECT_EQ(machine->training[1].attention_factor, 3.5);
  EXPECT_EQ(machine->training[1].run.high, 2);
  EXPECT_EQ(machine->provenance.at("training.new.run_high").kind, ProvenanceKind::kFitted);
  const std::string text = Write(*machine);
  const Result<Machine> again = Read(text);
  ASSERT_THAT(again, IsOk()) << text;
  EXPECT_EQ(Write(*again), text);
  EXPECT_EQ(again->training[1].run.low, 0.8);
}

TEST(TrainingFields, RefusesWhatIsNone) {
  struct Case {
    const char* from;
    const char* to;
    const char* message;
  };
  for (const Case& c : {Case{"run_low: 0.9", "run_low: 1.1", "expected 0.1 to 1"},
                        Case{"run_high: 1.5", "run_hihg: 1.5", "unknown key 'run_hihg'"},
                        Case{"    run_high: 1.5\n", "", "run_high"}}) {
    const Result<Machine> machine = Read(kBase + With(kTraining, c.from, c.to));
    ASSERT_FALSE(machine.ok()) << c.to;
    EXPECT_THAT(Faults(machine.error()), Contains(HasSubstr(c.message))) << c.to;
  }
}

// Of every shipped machine whose kernels are measured the default is today's framework, and its
// kernels are among the machine's.
TEST(TrainingFields, ShippedMachinesHaveThem) {
  int with = 0;
  const Result<Listing> listing = List(ShippedLibrary());
  ASSERT_THAT(listing, IsOk());
  for (const Listed& listed : listing->machines) {
    const Result<Machine> machine = LoadMachine(listed.name, ShippedLibrary());
    ASSERT_THAT(machine, IsOk()) << listed.name;
    if (machine->training.empty()) continue;
    ++with;
    EXPECT_EQ(machine->training.front().framework, "megatron") << listed.name;
    EXPECT_GT(machine->training.front().run.high, 1.2) << listed.name;
  }
  EXPECT_GE(with, 10);
}

TEST(TrainingFields, KernelsMustBeOnesThatTheMachineHas) {
  Result<Document> document = Load("hgx-a100", ShippedLibrary());
  ASSERT_THAT(document, IsOk());
  ASSERT_THAT(Set(&*document, "training.megatron.kernels=trtlm"), IsOk());
  const Result<Machine> machine = ToMachine(*document);
  ASSERT_FALSE(machine.ok());
  EXPECT_THAT(Faults(machine.error()), Contains(HasSubstr("found 'trtlm'")));
}

}  // namespace
}  // namespace commplan::profiles
