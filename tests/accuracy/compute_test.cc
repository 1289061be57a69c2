// The models of kernels against shapes that their fit never saw. The bounds are what was reached
// when they were last improved: a change that makes the models worse fails here.
#include "tests/accuracy/compute.h"

#include <gtest/gtest.h>

#include "tests/accuracy/measured.h"

namespace commplan::accuracy {
namespace {

constexpr int kFolds = 5;

// As fractions.
struct Bound {
  double median, mape, p95;
};

void ExpectWithin(const char* what, const std::vector<JudgedKernel>& rows, const Bound& bound) {
  const ComputeSummary s = SummarizeKernels(rows);
  EXPECT_GT(s.rows, 100U) << what;
  EXPECT_LE(s.median, bound.median) << what;
  EXPECT_LE(s.mape, bound.mape) << what;
  EXPECT_LE(s.p95, bound.p95) << what;
  EXPECT_GE(s.coverage, 0.85) << what;
  EXPECT_LE(s.coverage, 0.95) << what;
}

auto Gemm() {
  return [](const JudgedKernel& row) { return row.kind == "gemm" && row.type == "bf16"; };
}
auto Decode() {
  return [](const JudgedKernel& row) {
    return row.kind == "gemm" && row.type == "bf16" && row.decode;
  };
}
auto Of(const char* kind, const char* engine) {
  return [kind, engine](const JudgedKernel& row) {
    return row.kind == kind && row.engine.find(engine) == 0 && row.type == "bf16, cache bf16";
  };
}

TEST(ComputeAccuracyTest, H100HeldOutByShape) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const auto judged = JudgeHeldOut(*folder, ComputeSystemNamed("h100_sxm"), kFolds, Scope::kHalf);
  ASSERT_TRUE(judged.has_value());
  EXPECT_EQ(judged->refused, 0);
  ExpectWithin("gemm", Select(judged->rows, Gemm()), {0.039, 0.057, 0.165});
  ExpectWithin("decode", Select(judged->rows, Decode()), {0.030, 0.039, 0.110});
  ExpectWithin("generation vllm", Select(judged->rows, Of("generation", "vllm")),
               {0.045, 0.068, 0.210});
  ExpectWithin("generation sglang", Select(judged->rows, Of("generation", "sglang")),
               {0.050, 0.077, 0.240});
  ExpectWithin("generation trtllm", Select(judged->rows, Of("generation", "trtllm")),
               {0.073, 0.116, 0.350});
  ExpectWithin("context", Select(judged->rows, Of("context", "")), {0.062, 0.090, 0.260});
}

TEST(ComputeAccuracyTest, A100HeldOutByShape) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const auto judged = JudgeHeldOut(*folder, ComputeSystemNamed("a100_sxm"), kFolds, Scope::kHalf);
  ASSERT_TRUE(judged.has_value());
  // Cache reads faster than the memory, all of one engine.
  EXPECT_EQ(judged->refused, 52);
  ExpectWithin("gemm", Select(judged->rows, Gemm()), {0.050, 0.071, 0.205});
  ExpectWithin("decode", Select(judged->rows, Decode()), {0.044, 0.059, 0.170});
  ExpectWithin("generation", Select(judged->rows, Of("generation", "")), {0.042, 0.066, 0.205});
  ExpectWithin("context", Select(judged->rows, Of("context", "")), {0.025, 0.046, 0.145});
}

// H100 and H200 differ in their memory only; nothing of the H200's is known but its datasheet.
TEST(ComputeAccuracyTest, ADeviceOfTheFamilyFromItsDatasheet) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const auto judged = JudgeTransfer(*folder, ComputeSystemNamed("h100_sxm"),
                                    ComputeSystemNamed("h200_sxm"), Scope::kHalf);
  ASSERT_TRUE(judged.has_value());
  const ComputeSummary gemm = SummarizeKernels(Select(judged->rows, Gemm()));
  EXPECT_LE(gemm.median, 0.045);
  EXPECT_LE(gemm.mape, 0.065);
  EXPECT_LE(gemm.p95, 0.185);
  EXPECT_GE(gemm.coverage, 0.85);
  const ComputeSummary generation = SummarizeKernels(Select(judged->rows, Of("generation", "")));
  EXPECT_LE(generation.median, 0.075);
  EXPECT_LE(generation.mape, 0.118);
}

TEST(ComputeAccuracyTest, SummaryOfKnownErrors) {
  JudgedKernel row;
  row.measured_us = 10;
  row.predicted_us = 11;
  row.low_us = 9;
  row.high_us = 12;
  std::vector<JudgedKernel> rows(3, row);
  rows[1].predicted_us = 8;
  rows[2].measured_us = 20;  // Off by 45 %, outside its band.
  const ComputeSummary s = SummarizeKernels(rows);
  EXPECT_NEAR(s.median, 0.2, 1e-12);
  EXPECT_NEAR(s.mape, (0.1 + 0.2 + 0.45) / 3, 1e-12);
  EXPECT_NEAR(s.coverage, 2.0 / 3, 1e-12);
  EXPECT_EQ(SummarizeKernels({}).rows, 0U);
}

}  // namespace
}  // namespace commplan::accuracy
