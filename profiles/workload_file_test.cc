#include "profiles/workload_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/base/test_matchers.h"
#include "profiles/library.h"

namespace commplan::profiles {
namespace {

using ::testing::HasSubstr;

constexpr char kChat[] = R"(schema: commplan/workload/1
name: mine
title: Mine
kind: serving
prompt: {mean: 1000, long: 4000}
output: {mean: 100}
requests_per_second: 12.5
quantile: 0.95
targets: {ttft: 1 s, tpot: 50 ms}
)";

std::string Faults(const std::string& text) {
  const Result<WorkloadFile> read = ReadWorkload(text, "w.yaml");
  return read.ok() ? "" : FormatError(read.error());
}

std::string With(const std::string& text, const std::string& from, const std::string& to) {
  std::string changed = text;
  changed.replace(changed.find(from), from.size(), to);
  return changed;
}

TEST(WorkloadFileTest, ReadsEveryKeyOfServing) {
  const Result<WorkloadFile> read = ReadWorkload(kChat, "w.yaml");
  ASSERT_THAT(read, IsOk());
  EXPECT_FALSE(read->training);
  EXPECT_EQ(read->prompt, 1000);
  EXPECT_EQ(read->long_prompt, 4000);
  EXPECT_EQ(read->output, 100);
  EXPECT_EQ(read->requests_per_second, 12.5);
  EXPECT_EQ(read->quantile, 0.95);
  EXPECT_EQ(read->ttft, Seconds(1));
  EXPECT_EQ(read->tpot, Millis(50));
  EXPECT_EQ(read->end_to_end, Time());
}

TEST(WorkloadFileTest, ReadsTraining) {
  const Result<WorkloadFile> read = ReadWorkload(
      "schema: commplan/workload/1\nname: t\ntitle: T\nkind: training\nsequence: 2048\n"
      "global_batch: 512\ntokens: 300e9\n",
      "w.yaml");
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(read->training);
  EXPECT_EQ(read->sequence, 2048);
  EXPECT_EQ(read->global_batch, 512);
  EXPECT_EQ(read->tokens, 300e9);
}

TEST(WorkloadFileTest, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(Faults(With(kChat, "mean: 1000", "mean: many")),
              HasSubstr("w.yaml:5:16: prompt.mean: found 'many', expected a number"));
  EXPECT_THAT(Faults(With(kChat, "tpot: 50 ms", "tpot: 50")), HasSubstr("targets.tpot"));
  EXPECT_THAT(Faults(With(kChat, "tpot: 50 ms", "tpto: 50 ms")), HasSubstr("tpot"));
  EXPECT_THAT(Faults(With(kChat, "kind: serving", "kind: eating")),
              HasSubstr("expected serving or training"));
  EXPECT_THAT(Faults(With(kChat, "output: {mean: 100}\n", "")), HasSubstr("found no 'output'"));
  EXPECT_THAT(Faults(With(kChat, "workload/1", "workload/9")), HasSubstr("commplan/workload/1"));
  EXPECT_THAT(Faults(With(kChat, "quantile: 0.95", "quantile: 95")), HasSubstr("quantile"));
  EXPECT_THAT(Faults(std::string(kChat) + "sequence: 4\n"), HasSubstr("unknown key"));
}

TEST(WorkloadFileTest, AllFaultsAtOnce) {
  const std::string both = With(With(kChat, "mean: 1000", "mean: -1"), "mean: 100}", "mean: x}");
  EXPECT_THAT(Faults(both), HasSubstr("prompt.mean"));
  EXPECT_THAT(Faults(both), HasSubstr("output.mean"));
}

TEST(WorkloadFileTest, ShippedOnesRead) {
  for (const LibraryFile& file : ShippedWorkloads().files()) {
    const Result<WorkloadFile> read = LoadWorkload(file.name(), ShippedWorkloads());
    ASSERT_THAT(read, IsOk()) << file.path;
    EXPECT_EQ(read->name, file.name());
    EXPECT_FALSE(read->note.empty()) << "says where its numbers come from: " << file.path;
  }
  for (const char* const name : {"chat", "long-prompt", "batch", "code", "reasoning", "pretrain"}) {
    EXPECT_THAT(LoadWorkload(name, ShippedWorkloads()), IsOk());
  }
  EXPECT_THAT(FormatError(LoadWorkload("chatt", ShippedWorkloads()).error()), HasSubstr("chat"));
}

}  // namespace
}  // namespace commplan::profiles
