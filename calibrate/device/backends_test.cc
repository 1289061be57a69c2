#include "calibrate/device/backends.h"

#include <gtest/gtest.h>

namespace commplan::device {
namespace {

// What a machine without the toolkit cannot test is listed among the skipped cases, with the
// reason.
class BackendTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(BackendTest, IsBuiltInOrSaysWhyNot) {
  const Backend backend = Backends().at(GetParam());
  ASSERT_NE(backend.name, "");
  ASSERT_NE(backend.built_with, "");
  if (backend.built_with.starts_with("not built in")) {
    GTEST_SKIP() << backend.name << " " << backend.built_with;
  }
}

INSTANTIATE_TEST_SUITE_P(All, BackendTest, ::testing::Range<std::size_t>(0, 2));

TEST(BackendsTest, AreCudaAndNccl) {
  ASSERT_EQ(Backends().size(), 2U);
  EXPECT_EQ(Backends()[0].name, "cuda");
  EXPECT_EQ(Backends()[1].name, "nccl");
}

}  // namespace
}  // namespace commplan::device
