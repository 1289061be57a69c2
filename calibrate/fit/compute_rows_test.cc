#include "calibrate/fit/compute_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/test_matchers.h"

namespace commplan::fit {
namespace {

using ::testing::HasSubstr;

TEST(ComputeRowsTest, GemmColumnsInAnyOrderAndBadLinesListed) {
  const auto parsed = ParseGemmRows(
      "k,m,n,library,dtype,latency_us,device\n"
      "512,4,1024,vllm,bf16,3.5,X\r\n"
      "\n"
      "512,0,1024,vllm,bf16,3.5,X\n"
      "512,4,1024,vllm,bf17,3.5,X\n"
      "512,4,1024,vllm,fp8,0,X\n"
      "512,4,vllm,fp8,1,X\n"
      "512,4x,1024,vllm,fp8,1,X\n"
      "64,8,32,sglang,fp8,1.25,X");
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->rows.size(), 2U);
  EXPECT_EQ(parsed->rows[0].engine, "vllm");
  EXPECT_EQ(parsed->rows[0].shape.m, 4);
  EXPECT_EQ(parsed->rows[0].shape.n, 1024);
  EXPECT_EQ(parsed->rows[0].shape.k, 512);
  EXPECT_EQ(parsed->rows[0].time_us, 3.5);
  EXPECT_EQ(parsed->rows[1].type, ComputeType::kFp8);
  ASSERT_EQ(parsed->skipped.size(), 5U);
  EXPECT_EQ(parsed->skipped[0].line, 4);
  EXPECT_THAT(parsed->skipped[0].reason, HasSubstr("m is '0'"));
  EXPECT_THAT(parsed->skipped[1].reason, HasSubstr("bf17"));
  EXPECT_THAT(parsed->skipped[2].reason, HasSubstr("latency_us is not positive"));
  EXPECT_THAT(parsed->skipped[3].reason, HasSubstr("6 cells, expected 7"));
  EXPECT_THAT(parsed->skipped[4].reason, HasSubstr("4x"));
}

TEST(ComputeRowsTest, AMissingColumnIsNamed) {
  EXPECT_THAT(ParseGemmRows("library,dtype,m,n,latency_us\n"),
              IsError(ErrorCode::kBadInput, HasSubstr("no column 'k'")));
  EXPECT_THAT(ParseMoeRows(""), IsError(ErrorCode::kBadInput, HasSubstr("library")));
}

TEST(ComputeRowsTest, Attention) {
  const auto parsed = ParseAttentionRows(
      "library,kernel,phase,batch,q_heads,kv_heads,head_dim,isl,past_kv,window,attn_dtype,"
      "kv_dtype,latency_us\n"
      "vllm,fa,generation,8,32,4,128,1,1023,0,bf16,fp8,20\n"
      "vllm,fa,context,8,32,4,64,512,0,128,bf16,bf16,20\n"
      "vllm,fa,training,8,32,4,64,512,0,128,bf16,bf16,20\n"
      "vllm,fa,generation,8,32,4,128,2,1023,0,bf16,fp8,20\n");
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->rows.size(), 2U);
  EXPECT_EQ(parsed->rows[0].cache, ComputeType::kFp8);
  EXPECT_EQ(parsed->rows[0].shape.past_tokens, 1023);
  EXPECT_EQ(parsed->rows[1].shape.phase, AttentionPhase::kContext);
  EXPECT_EQ(parsed->rows[1].shape.v_size, 64);
  ASSERT_EQ(parsed->skipped.size(), 2U);
  EXPECT_THAT(parsed->skipped[0].reason, HasSubstr("expected generation or context"));
}

TEST(ComputeRowsTest, ExpertsWithTwoMatricesAreKnownByTheirModel) {
  const auto parsed = ParseMoeRows(
      "library,kernel,dtype,distribution,tokens,hidden,inter,topk,experts,tp,ep,latency_us\n"
      "vllm,triton,bf16,balanced,16,2048,512,8,128,1,4,50\n"
      "vllm,triton,bf16,balanced,16,2688,1856,6,128,1,4,50\n"
      "trtllm,flow_nongated,bf16,power_law_1.2,8,2688,1856,6,128,2,8,50\n");
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->rows.size(), 3U);
  EXPECT_TRUE(parsed->rows[0].shape.gated);
  EXPECT_FALSE(parsed->rows[1].shape.gated);
  EXPECT_FALSE(parsed->rows[2].shape.gated);
  EXPECT_TRUE(parsed->rows[0].shape.even);
  EXPECT_TRUE(parsed->rows[2].skewed);
}

}  // namespace
}  // namespace commplan::fit
