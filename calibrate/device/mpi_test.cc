#include "calibrate/device/mpi.h"

#include <cstdlib>

#include "calibrate/device/mpi_library.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::device {
namespace {

using ::testing::HasSubstr;

class MpiLibraryTest : public ::testing::Test {
 protected:
  static void Choose(const char* file) { ASSERT_EQ(setenv("COMMPLAN_MPI", file, 1), 0); }
  void TearDown() override { unsetenv("COMMPLAN_MPI"); }
};

TEST_F(MpiLibraryTest, AMissingFileIsAnErrorThatSaysWhatToDo) {
  Choose("/nonexistent/libmpi.so.40");
  const auto library = LoadMpi();
  ASSERT_THAT(library, IsError(ErrorCode::kDevice, HasSubstr("/nonexistent/libmpi.so.40")));
  EXPECT_THAT(library.error().hint, HasSubstr("COMMPLAN_MPI"));
}

TEST_F(MpiLibraryTest, AnotherLibraryIsRefused) {
  Choose("libm.so.6");
  EXPECT_THAT(LoadMpi(), IsError(ErrorCode::kDevice, HasSubstr("has no ompi_mpi_comm_world")));
}

TEST(MpiSession, WithoutMpirunItSaysHowToStart) {
  const auto library = LoadMpi();
  if (!library.ok()) GTEST_SKIP() << library.error().message;
  ASSERT_EQ(unsetenv("OMPI_COMM_WORLD_SIZE"), 0);
  ASSERT_EQ(unsetenv("PMIX_RANK"), 0);
  const auto session = MpiSession::Start({});
  ASSERT_FALSE(session.ok());
  EXPECT_THAT(session.error(), IsError(ErrorCode::kDevice, HasSubstr("not started by mpirun")));
  EXPECT_THAT(session.error().hint, HasSubstr("mpirun -n 2"));
}

}  // namespace
}  // namespace commplan::device
