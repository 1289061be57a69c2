#include "calibrate/device/nccl_library.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace commplan::device {
namespace {

TEST(NcclLibraryTest, VersionText) {
  EXPECT_EQ(NcclVersionText(22807), "2.28.7");
  EXPECT_EQ(NcclVersionText(21903), "2.19.3");
  EXPECT_EQ(NcclVersionText(2804), "2.8.4") << "the encoding before 2.9";
}

TEST(NcclLibraryTest, AMissingFileIsAnErrorThatSaysWhatToDo) {
  ASSERT_EQ(setenv("COMMPLAN_NCCL", "/nonexistent/libnccl.so.2", 1), 0);
  const auto library = LoadNccl();
  ASSERT_EQ(unsetenv("COMMPLAN_NCCL"), 0);
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code, ErrorCode::kDevice);
  EXPECT_NE(library.error().message.find("/nonexistent/libnccl.so.2"), std::string::npos);
  EXPECT_NE(library.error().hint.find("COMMPLAN_NCCL"), std::string::npos);
}

TEST(NcclLibraryTest, LoadsWhereItIsInstalled) {
  const auto library = LoadNccl();
  if (!library.ok()) GTEST_SKIP() << library.error().message;
  EXPECT_GE(library->version, 2000);
}

}  // namespace
}  // namespace commplan::device
