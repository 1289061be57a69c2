#include "calibrate/device/launcher.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::device {
namespace {

using ::testing::HasSubstr;

Result<std::optional<Launched>> Find(const std::map<std::string, std::string>& variables) {
  return FindLauncher([&variables](const char* name) -> const char* {
    const auto at = variables.find(name);
    return at == variables.end() ? nullptr : at->second.c_str();
  });
}

TEST(Launcher, NoneIsNoFault) {
  ASSERT_THAT(Find({}), IsOk());
  EXPECT_FALSE(Find({})->has_value());
  EXPECT_FALSE(Find({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}})->has_value())
      << "a batch script is alone";
  EXPECT_FALSE(Find({{"RANK", "0"}, {"WORLD_SIZE", "1"}, {"LOCAL_RANK", "0"}})->has_value());
}

TEST(Launcher, MpirunOnOneNode) {
  const auto found = Find({{"OMPI_COMM_WORLD_RANK", "3"},
                           {"OMPI_COMM_WORLD_SIZE", "8"},
                           {"OMPI_COMM_WORLD_LOCAL_RANK", "3"},
                           {"OMPI_COMM_WORLD_LOCAL_SIZE", "8"}});
  ASSERT_THAT(found, IsOk());
  const Launched& launched = found->value();
  EXPECT_EQ(launched.by, "mpirun");
  EXPECT_EQ(launched.rank, 3);
  EXPECT_EQ(launched.ranks, 8);
  EXPECT_EQ(launched.local_rank, 3);
  EXPECT_EQ(launched.host, "127.0.0.1");
  EXPECT_EQ(launched.port, 29501);
}

TEST(Launcher, ManyNodesMustSayWhereRankZeroIs) {
  std::map<std::string, std::string> variables = {{"OMPI_COMM_WORLD_RANK", "9"},
                                                  {"OMPI_COMM_WORLD_SIZE", "16"},
                                                  {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                                  {"OMPI_COMM_WORLD_LOCAL_SIZE", "8"}};
  const auto refused = Find(variables);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint, HasSubstr("MASTER_ADDR"));
  variables["MASTER_ADDR"] = "node1";
  variables["MASTER_PORT"] = "4000";
  ASSERT_THAT(Find(variables), IsOk());
  EXPECT_EQ(Find(variables)->value().host, "node1");
  EXPECT_EQ(Find(variables)->value().port, 4001);
}

TEST(Launcher, SrunAndTorchrun) {
  std::map<std::string, std::string> variables = {{"SLURM_PROCID", "1"},
                                                  {"SLURM_STEP_NUM_TASKS", "2"},
                                                  {"SLURM_LOCALID", "0"},
                                                  {"SLURM_STEP_TASKS_PER_NODE", "1(x2)"},
                                                  {"MASTER_ADDR", "a"}};
  ASSERT_THAT(Find(variables), IsOk());
  EXPECT_EQ(Find(variables)->value().by, "srun");
  EXPECT_EQ(Find(variables)->value().ranks, 2);
  // torchrun under srun.
  variables.insert({{"RANK", "5"}, {"WORLD_SIZE", "16"}, {"LOCAL_RANK", "5"}});
  EXPECT_EQ(Find(variables)->value().by, "torchrun");
  EXPECT_EQ(Find(variables)->value().rank, 5);
}

TEST(Launcher, NonsenseIsRefused) {
  EXPECT_THAT(Find({{"RANK", "x"}, {"WORLD_SIZE", "2"}}),
              IsError(ErrorCode::kDevice, HasSubstr("RANK: found 'x'")));
  EXPECT_THAT(Find({{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "0"}}),
              IsError(ErrorCode::kDevice, HasSubstr("rank 2 of 2")));
  EXPECT_THAT(Find({{"RANK", "1"}, {"WORLD_SIZE", "2"}}),
              IsError(ErrorCode::kDevice, HasSubstr("LOCAL_RANK")));
}

}  // namespace
}  // namespace commplan::device
