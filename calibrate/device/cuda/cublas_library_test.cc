#include "calibrate/device/cuda/cublas_library.h"

#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>
#define COMMPLAN_HAS_CUBLAS_HEADER 1
#endif

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::device {
namespace {

using ::testing::HasSubstr;

class CublasLibraryTest : public ::testing::Test {
 protected:
  static void Choose(const char* file) { ASSERT_EQ(setenv("COMMPLAN_CUBLAS", file, 1), 0); }
  void TearDown() override { unsetenv("COMMPLAN_CUBLAS"); }
};

TEST_F(CublasLibraryTest, AMissingFileIsAnErrorThatSaysWhatToDo) {
  Choose("/nonexistent/libcublas.so.13");
  const auto library = LoadCublas();
  ASSERT_THAT(library, IsError(ErrorCode::kDevice, HasSubstr("/nonexistent/libcublas.so.13")));
  EXPECT_THAT(library.error().hint, HasSubstr("COMMPLAN_CUBLAS"));
}

TEST_F(CublasLibraryTest, AnotherLibraryIsRefused) {
  Choose("libm.so.6");
  EXPECT_THAT(LoadCublas(), IsError(ErrorCode::kDevice, HasSubstr("has no cublasGetProperty")));
}

TEST_F(CublasLibraryTest, LoadsWhereItIsInstalled) {
  const auto library = LoadCublas();
  if (!library.ok()) GTEST_SKIP() << library.error().message;
  EXPECT_NE(library->version, "");
}

TEST(CublasNumbers, AreThoseOfTheHeader) {
#ifdef COMMPLAN_HAS_CUBLAS_HEADER
  EXPECT_EQ(CublasLibrary::kSuccess, CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(CublasLibrary::kPlain, CUBLAS_OP_N);
  EXPECT_EQ(CublasLibrary::kTransposed, CUBLAS_OP_T);
  EXPECT_EQ(CublasLibrary::kComputeFp32, CUBLAS_COMPUTE_32F);
  EXPECT_EQ(CublasLibrary::kDefaultAlgorithm, CUBLAS_GEMM_DEFAULT);
#else
  GTEST_SKIP() << "cublas_v2.h is not installed here";
#endif
}

}  // namespace
}  // namespace commplan::device
