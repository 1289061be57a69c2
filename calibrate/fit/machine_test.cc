#include "calibrate/fit/machine.h"

#include <cmath>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/collective/price.h"

namespace commplan::fit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// 10 us log2 n + 2(n-1)/n S / 100 GB/s
Group Measured(int ranks, int nodes, std::string version = "2.27.3") {
  Group group;
  group.engine = "nccl";
  group.version = std::move(version);
  group.ranks = ranks;
  group.nodes = nodes;
  const double n = ranks;
  for (int e = 10; e <= 30; ++e) {
    const double bytes = std::exp2(e);
    const double us = 10 * std::log2(n) + 2 * (n - 1) / n * bytes / 100e3;
    group.rows.push_back({{bytes, us, 0, 1}, {"log", e, e - 10}});
  }
  return group;
}

MachineOptions Named() {
  MachineOptions options;
  options.name = "mine";
  return options;
}

std::vector<std::string> EngineNames(const Machine& machine) {
  std::vector<std::string> names;
  for (const Engine& engine : machine.engines) names.push_back(engine.name);
  return names;
}

TEST(FitMachine, NamesEnginesAndBuildsTiers) {
  const auto fitted = FitMachine(
      {Measured(4, 1), Measured(8, 1), Measured(16, 2), Measured(8, 1, "2.9.6")}, Named());
  ASSERT_THAT(fitted, IsOk());
  const Machine& machine = fitted->machine;
  // The engine that knows most first; a version is no number: 2.27 is later than 2.9.
  EXPECT_THAT(EngineNames(machine), ElementsAre("nccl-2-27-3", "nccl-2-9-6", "ideal"));
  ASSERT_EQ(machine.fabric.tiers.size(), 2U);
  EXPECT_EQ(machine.fabric.tiers[0].ranks, 8);
  EXPECT_NEAR(InGBps(machine.fabric.tiers[0].bandwidth), 100, 2);
  EXPECT_NEAR(InMicros(machine.fabric.tiers[0].latency), 20, 1);
  EXPECT_EQ(machine.fabric.tiers[1].ports, 8);
  const auto model =
      CollectiveModel::Create(machine.fabric, machine.engines, machine.engines[0],
                              {.op = Op::kAllReduce, .group = {.ranks = 8}, .algorithm = {}});
  ASSERT_THAT(model, IsOk());
  EXPECT_NEAR(InMicros(model->At(MiB(1)).cost.Total()), 30 + 1.75 * 10.486, 1);
}

TEST(FitMachine, ALatencyThatTheSizesDoNotFixIsTheSmallestTime) {
  // From 16 MiB on all is bandwidth.
  Group group = Measured(4, 1);
  group.rows.erase(group.rows.begin(), group.rows.begin() + 14);
  for (GroupRow& row : group.rows) row.point.time_us = row.point.bytes / 100e3;
  const auto fitted = FitMachine({group}, Named());
  ASSERT_THAT(fitted, IsOk());
  EXPECT_EQ(fitted->curves[0].curve.latency_plus_minus, 1);
  EXPECT_NEAR(InMicros(fitted->machine.fabric.tiers[0].latency), 167.8, 2);
}

TEST(FitMachine, OneNodeHasNoKnownEnd) {
  const auto fitted = FitMachine({Measured(2, 1), Measured(4, 1)}, Named());
  ASSERT_THAT(fitted, IsOk());
  const Machine& machine = fitted->machine;
  const auto model =
      CollectiveModel::Create(machine.fabric, machine.engines, machine.engines[0],
                              {.op = Op::kAllReduce, .group = {.ranks = 8}, .algorithm = {}});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->basis(), Basis::kBeyond);
}

TEST(FitMachine, LikeAnotherMachineBringsOnlyEngines) {
  Machine like;
  like.engines.resize(2);
  like.engines[0].name = "ideal";
  like.engines[1].name = "nccl";
  MachineOptions options = Named();
  options.like = &like;
  const auto fitted = FitMachine({Measured(8, 1, "")}, options);
  ASSERT_THAT(fitted, IsOk());
  EXPECT_TRUE(fitted->machine.fabric.tiers.empty());
  EXPECT_THAT(EngineNames(fitted->machine), ElementsAre("nccl-measured"));
  EXPECT_EQ(fitted->machine.engines[0].fallback, "nccl");
}

TEST(FitMachine, RefusesWhatIsNoMachine) {
  Group other = Measured(8, 1);
  other.system = "other";
  EXPECT_THAT(CheckOneSystem({Measured(8, 1), other}),
              IsError(ErrorCode::kBadInput, HasSubstr("2 machines")));
  EXPECT_THAT(FitMachine({}, {}), IsError(ErrorCode::kBadInput, HasSubstr("no measurement")));
  EXPECT_THAT(FitMachine({Measured(8, 1), Measured(8, 1)}, MachineOptions()),
              IsError(ErrorCode::kBadInput, HasSubstr("two sets")));
}

}  // namespace
}  // namespace commplan::fit
