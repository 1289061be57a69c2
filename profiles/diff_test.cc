#include "profiles/diff.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/step/machine.h"
#include "profiles/test_profiles.h"

namespace commplan::profiles {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "path: left -> right", "(none)" where one has no such value.
std::vector<std::string> Shown(const Machine& left, const Machine& right) {
  std::vector<std::string> lines;
  for (const Difference& difference : Diff(left, right)) {
    const auto show = [&](const std::optional<Setting>& setting) {
      if (!setting) return std::string("(none)");
      return setting->value + (difference.value_differs || !setting->provenance
                                   ? ""
                                   : " by " + setting->provenance->note);
    };
    lines.push_back(difference.path + ": " + show(difference.left) + " -> " +
                    show(difference.right));
  }
  return lines;
}

TEST(Diff, OfAMachineWithItselfIsEmpty) {
  const Machine machine = Read(kBase).value();
  EXPECT_THAT(Diff(machine, machine), IsEmpty());
}

TEST(Diff, NamesValuesAndProvenance) {
  const Machine left = Read(kBase).value();
  std::string text = With(kBase, "latency: 3us", "latency: {value: 4us, note: other}");
  text = With(text, "memory: 80GB", "memory: {value: 80GB, kind: assumed, note: other}");
  text = With(text, "fixed: ring", "fixed: tree");
  const Machine right = Read(text).value();
  const std::vector<Difference> differences = Diff(left, right);
  ASSERT_EQ(differences.size(), 3U);
  EXPECT_EQ(differences[0].path, "device.memory");
  EXPECT_FALSE(differences[0].value_differs);
  EXPECT_EQ(differences[0].left->provenance->kind, ProvenanceKind::kDatasheet);
  EXPECT_EQ(differences[0].right->provenance->kind, ProvenanceKind::kAssumed);
  EXPECT_EQ(differences[1].path, "tiers.0.latency");
  EXPECT_TRUE(differences[1].value_differs);
  EXPECT_EQ(differences[1].left->value, "3 us");
  EXPECT_EQ(differences[1].right->value, "4 us");
  EXPECT_EQ(differences[2].path, "engines.ring.fixed");
  EXPECT_FALSE(differences[2].left->provenance.has_value());
}

TEST(Diff, ListsWhatOnlyOneHas) {
  const Machine left = Read(kBase).value();
  const Machine right =
      Read(With(With(kBase, "bf16: 300TFLOP/s, ", "bf16: 300TFLOP/s, fp16: 300TFLOP/s, "),
                "ranks: 8", "ranks: 8\n    ports: 2"))
          .value();
  EXPECT_THAT(Shown(left, right), ElementsAre("device.rates.fp16: (none) -> 300 TFLOP/s",
                                              "tiers.0.ports: (none) -> 2"));
  EXPECT_THAT(Shown(right, left), ElementsAre("device.rates.fp16: 300 TFLOP/s -> (none)",
                                              "tiers.0.ports: 2 -> (none)"));
}

}  // namespace
}  // namespace commplan::profiles
