#include "profiles/workload_rows.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "profiles/model_file.h"

namespace commplan::profiles {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

WorkloadRows Read(const std::string& text) {
  Result<WorkloadRows> rows = ReadWorkloads({{"t.csv", text}}, ShippedModels());
  EXPECT_THAT(rows, IsOk());
  return rows.ok() ? *std::move(rows) : WorkloadRows();
}

constexpr char kHeader[] =
    "profile,set,model,tp,pp,dp,batch,micro_batch,"
    "sequence,recompute,zero,gradients,seconds\n";

TEST(ReadWorkloads, ReadsATidyRow) {
  const WorkloadRows read =
      Read(std::string(kHeader) +
           "hgx-h100,\"a=1; b=2\",llama-3-8b,2,4,8,64,2,8192,full,1,bf16,3.5\r\n");
  ASSERT_THAT(read.rows, SizeIs(1));
  EXPECT_THAT(read.left_out, SizeIs(0));
  EXPECT_THAT(read.notes, SizeIs(0));
  const WorkloadRow& row = read.rows[0];
  EXPECT_EQ(row.line, 2);
  EXPECT_EQ(row.profile, "hgx-h100");
  EXPECT_THAT(row.sets, ::testing::ElementsAre("a=1", "b=2"));
  EXPECT_EQ(row.model.layers, 32);
  EXPECT_EQ(row.seconds, 3.5);
  ASSERT_TRUE(row.train.has_value());
  const TrainPlan& plan = row.train->plan;
  EXPECT_EQ(plan.layout.tp, 2);
  EXPECT_EQ(plan.layout.dp, 8);
  EXPECT_EQ(plan.micro_batch, 2);
  EXPECT_EQ(plan.recompute, Recompute::kFull);
  EXPECT_EQ(plan.sharding.scheme, Scheme::kOptimizer);
  EXPECT_EQ(plan.sharding.reduce, DataType::kBf16);
  EXPECT_EQ(row.train->job.sequence, 8192);
  EXPECT_EQ(row.train->job.global_batch, 64);
}

// Names of published tables for the same columns, and a decoder by its sizes.
TEST(ReadWorkloads, KnowsOtherNames) {
  const WorkloadRows read = Read(
      "hidden,layers,heads,vocab,num_gpus,tp,pp,global_batch_samples,micro_"
      "batch_samples,"
      "seq_len_tokens,iter_time_s\n1024,24,16,51200,64,2,4,512,4,2048,1.25\n");
  ASSERT_THAT(read.rows, SizeIs(1));
  const WorkloadRow& row = read.rows[0];
  EXPECT_EQ(row.model.hidden, 1024);
  EXPECT_EQ(row.model.kinds.front().attention.head_dim, 64);
  EXPECT_EQ(row.train->plan.layout.dp, 8);  // what is left of the devices
  EXPECT_EQ(row.train->job.global_batch, 512);
  EXPECT_EQ(row.seconds, 1.25);
}

TEST(ReadWorkloads, ReadsStepsOfServing) {
  const WorkloadRows read = Read(
      "phase,profile,model,tp,batch,context,prompt,output,kernels,seconds\n"
      "decode,hgx-h100,llama-3-8b,1,32,2048,,,vllm,0.01\n"
      "serve,hgx-h100,llama-3-8b,1,16,,1000,200,vllm,0.012\n");
  ASSERT_THAT(read.rows, SizeIs(2));
  ASSERT_TRUE(read.rows[0].served.has_value());
  EXPECT_FALSE(read.rows[0].train.has_value());
  EXPECT_EQ(read.rows[0].served->step.demand.decode.context, 2048);
  EXPECT_EQ(read.rows[0].served->step.kernels, "vllm");
  EXPECT_EQ(read.rows[1].served->step.demand.decode.context,
            1100);  // mid-answer
  EXPECT_EQ(read.rows[1].served->prompt, 1000);
}

TEST(ReadWorkloads, SaysWhatItLeavesOut) {
  struct Case {
    const char* row;
    const char* reason;
  };
  for (const Case& c :
       {Case{"p,,llama-3-8b,2,4,8,64,2,8192,full,1,bf16", "found 12 cells"},
        Case{"p,,llama-3-9b,2,4,8,64,2,8192,full,1,bf16,1", "no model that is known"},
        Case{"p,,llama-3-8b,two,4,8,64,2,8192,full,1,bf16,1", "column 'tp'"},
        Case{"p,,llama-3-8b,-2,4,8,64,2,8192,full,1,bf16,1", "column 'tp'"},
        Case{"p,,llama-3-8b,2,4,8,,2,8192,full,1,bf16,1", "no batch"},
        Case{"p,,llama-3-8b,2,4,8,64,2,8192,full,1,bf17,1", "'bf17'"},
        Case{"p,,llama-3-8b,2,4,8,64,2,8192,full,1,bf16,", "says no time"}}) {
    const WorkloadRows read = Read(std::string(kHeader) + c.row + "\n");
    EXPECT_THAT(read.rows, SizeIs(0)) << c.row;
    ASSERT_THAT(read.left_out, SizeIs(1)) << c.row;
    EXPECT_EQ(read.left_out[0].line, 2);
    EXPECT_THAT(read.left_out[0].reason, HasSubstr(c.reason));
  }
}

TEST(ReadWorkloads, NamesColumnsThatItDoesNotKnow) {
  const WorkloadRows read = Read("model,batch,micro_batch,recomputation,seconds\n");
  ASSERT_THAT(read.notes, SizeIs(1));
  EXPECT_THAT(read.notes[0], HasSubstr("recomputation"));
  EXPECT_THAT(ReadWorkloads({{"t.csv", "op,bytes\n"}}, ShippedModels()),
              IsError(ErrorCode::kBadInput, HasSubstr("no column 'seconds'"), ::testing::_));
}

// What vTrain says of all its runs, and a simulator's output that is called so.
TEST(ReadWorkloads, FillsInWhatSourcesSay) {
  const std::string columns =
      "source,hidden,layers,heads,num_gpus,tp,pp,"
      "global_batch_samples,micro_batch_samples,"
      "iter_time_s\n";
  const WorkloadRows read = Read(columns + "vTrain multi-node,1024,24,16,64,2,4,512,4,1\n" +
                                 "vTrain single-node,1024,24,16,8,2,4,512,4,1\n");
  ASSERT_THAT(read.rows, SizeIs(2));
  EXPECT_EQ(read.rows[0].profile, "hgx-a100-measured+ib-hdr");
  EXPECT_EQ(read.rows[0].train->plan.recompute, Recompute::kFull);
  EXPECT_FALSE(read.rows[0].train->job.fused_attention);
  EXPECT_FALSE(read.rows[0].simulated);
  EXPECT_TRUE(read.rows[1].simulated);
}

// Configurations by name: a/, b/, c/ are places 0, 1, 2.
TEST(HalfOf, TakesEveryOtherConfiguration) {
  std::vector<WorkloadRow> rows(5);
  const char* const groups[] = {"b", "a", "c", "b", "a"};
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].group = groups[i];
  EXPECT_THAT(HalfOf(rows, 0), ::testing::ElementsAre(&rows[1], &rows[2], &rows[4]));
  EXPECT_THAT(HalfOf(rows, 1), ::testing::ElementsAre(&rows[0], &rows[3]));
}

}  // namespace
}  // namespace commplan::profiles
