#include "calibrate/samples/import.h"

#include <algorithm>

#include "calibrate/samples/note_matchers.h"
#include "model/base/test_matchers.h"

namespace commplan::samples {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

bool AnySkipped(const Imported& imported) {
  return std::any_of(imported.notes.begin(), imported.notes.end(),
                     [](const Note& note) { return note.kind == Note::Kind::kSkipped; });
}

// --- the text of nccl-tests ---

// Before 2.13: no root column, an error instead of a count.
constexpr std::string_view kOld =
    "# nThread 1 nGpus 1 minBytes 4 maxBytes 64 step: 2(factor) warmup iters: 5 iters: 50 "
    "validation: 1 \n"
    "#\n"
    "# Using devices\n"
    "#   Rank  0 Pid    101 on      alpha device  0 [0x27] A100-SXM4-40GB\n"
    "#   Rank  1 Pid    102 on      alpha device  1 [0x2a] A100-SXM4-40GB\n"
    "#   Rank  2 Pid    103 on       beta device  0 [0x27] A100-SXM4-40GB\n"
    "NCCL version 2.8.4+cuda11.2\n"
    "#                                                     out-of-place                 in-place\n"
    "#       size         count    type   redop     time   algbw   busbw  error     time   algbw   "
    "busbw  error\n"
    "#        (B)    (elements)                     (us)  (GB/s)  (GB/s)            (us)  (GB/s)  "
    "(GB/s)\n"
    "     1000000        250000   float     sum    100.0   10.00   13.33  1e-07    200.0    5.00   "
    " "
    "6.67  0e+00\n"
    "     2000000        500000   float     sum    160.0   12.50   16.67  5e-07    160.0   12.50   "
    "16.67  4e-07\n"
    "# Out of bounds values : 0 OK\n"
    "# Avg bus bandwidth    : 12.5 \n";

TEST(NcclText, BeforeTheRootColumn) {
  const auto imported = ImportNcclText(kOld, "all_reduce.log");
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->notes, IsEmpty());
  ASSERT_THAT(imported->samples.samples, SizeIs(4));
  EXPECT_EQ(imported->rows, 2);
  const Sample& first = imported->samples.samples[0];
  EXPECT_EQ(first.op, Op::kAllReduce);
  EXPECT_EQ(first.engine, "nccl");
  EXPECT_EQ(first.version, "2.8.4");
  EXPECT_EQ(first.ranks, 3);
  EXPECT_EQ(first.nodes, 2);
  EXPECT_THAT(first.ranks_per_node, ElementsAre(2, 1));
  EXPECT_EQ(first.bytes, 1000000);
  EXPECT_EQ(first.dtype, "float");
  EXPECT_FALSE(first.in_place);
  EXPECT_THAT(first.repeats_us, ElementsAre(100));
  EXPECT_EQ(first.calls, 50);
  EXPECT_EQ(first.device, "A100-SXM4-40GB");
  EXPECT_EQ(first.origin, (Origin{"all_reduce.log", 11}));
  EXPECT_TRUE(imported->samples.samples[1].in_place);
  EXPECT_THAT(imported->samples.samples[1].repeats_us, ElementsAre(200));
}

constexpr std::string_view kHead =
    "# nccl-tests version 2.17.6 nccl-headers=22807 nccl-library=22807\n"
    "# Collective test starting: all_gather_perf\n"
    "# nThread 1 nGpus 2 minBytes 0 maxBytes 64 step: 2(factor) warmup iters: 1 iters: 20 agg "
    "iters: 2 validation: 1 graph: 4 unalign: 0\n"
    "#\n"
    "# Using devices\n"
    "#  Rank  0 Group  0 Pid     25 on gamma device  0 [0000:10:00] NVIDIA H100 80GB HBM3\n"
    "#  Rank  1 Group  0 Pid     25 on gamma device  1 [0000:11:00] NVIDIA H100 80GB HBM3\n"
    "#       size         count      type   redop    root     time   algbw   busbw #wrong     time "
    "  algbw   busbw #wrong\n";

TEST(NcclText, NewestWithSizeZeroAndNotApplicable) {
  const std::string text =
      std::string(kHead) +
      "           0             0     float    none      -1     0.30    0.00    0.00      0     "
      "0.26    0.00    0.00    N/A\n"
      "     1000000        125000     float    none      -1   100.00   10.00    5.00      0   "
      "100.00   10.00    5.00    N/A\n"
      "# Out of bounds values : 0 OK\n# Avg bus bandwidth    : 5 \n"
      "# Collective test concluded: all_gather_perf\n";
  const auto imported = ImportNcclText(text, "x.txt");
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->notes, ElementsAre(Skipped(9, "size 0")));
  EXPECT_EQ(imported->rows, 2);
  ASSERT_THAT(imported->samples.samples, SizeIs(2));
  const Sample& first = imported->samples.samples[0];
  EXPECT_EQ(first.op, Op::kAllGather);
  EXPECT_EQ(first.version, "2.28.7");
  EXPECT_EQ(first.tool, "nccl-tests 2.17.6");
  EXPECT_EQ(first.launch, Launch::kGraph);
  EXPECT_EQ(first.calls, 40);
  EXPECT_EQ(first.ranks, 2);
}

TEST(NcclText, PerIterationColumnsAndTimestamps) {
  const std::string text =
      std::string(kHead) +
      "     1000000        125000     float    none      -1   100.00   10.00    5.00      0   "
      "90.00 "
      " 150.00  140.00    3.10   100.00   10.00    5.00      0   95.00  110.00  109.00    1.10 "
      "2026-01-02 03:04:05\n";
  const auto imported = ImportNcclText(text, "x.txt");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(2));
  EXPECT_THAT(imported->samples.samples[0].quantiles,
              ElementsAre(Quantile{0, 90}, Quantile{0.99, 140}, Quantile{1, 150}));
  EXPECT_THAT(imported->samples.samples[0].repeats_us, ElementsAre(100));
}

// The rows of an all-reduce of 4 ranks: busbw is 1.5 times algbw.
std::string Row(int size, const std::string& wrong = "0") {
  const std::string n = std::to_string(size) + "000000";
  const std::string count = std::to_string(size * 250) + "000";
  return n + " " + count + " float sum -1 1000.0 " + std::to_string(size) + ".00 " +
         std::to_string(size * 3 / 2) + ".00 " + wrong + " 1000.0 " + std::to_string(size) +
         ".00 " + std::to_string(size * 3 / 2) + ".00 0\n";
}

TEST(NcclText, WhatIsNotStatedIsNotInvented) {
  const auto imported = ImportNcclText(Row(100) + Row(200), "log.txt");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(4));
  EXPECT_EQ(imported->samples.samples[0].op, Op::kAllReduce);
  EXPECT_EQ(imported->samples.samples[0].ranks, 4);
  EXPECT_EQ(imported->samples.samples[0].nodes, 0);
  EXPECT_EQ(imported->samples.samples[0].engine, "");
  EXPECT_THAT(imported->notes, Contains(Remarked("all-reduce follows")));
  EXPECT_THAT(imported->notes, Contains(Remarked("4 ranks follow")));
  EXPECT_THAT(imported->notes, Contains(Remarked("nodes is not stated")));
  EXPECT_FALSE(AnySkipped(*imported));
}

TEST(NcclText, WithoutAnyHintOfTheOperationNothingIsTaken) {
  const std::string text = "1000 250 float none -1 10.00 0.10 0.10 0 10.00 0.10 0.10 0\n";
  const auto imported = ImportNcclText(text, "log.txt");
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->samples.samples, IsEmpty());
  EXPECT_THAT(imported->notes, ElementsAre(Skipped(1, "nothing says which operation")));
  // The same text with a hint; it moves the whole buffer from one rank to another.
  const auto hinted = ImportNcclText(text, "log.txt", {.op = Op::kPointToPoint, .ranks = 2});
  ASSERT_THAT(hinted, IsOk());
  ASSERT_THAT(hinted->samples.samples, SizeIs(2));
  EXPECT_EQ(hinted->samples.samples[0].ranks, 2);
}

TEST(NcclText, TheTextIsBelievedRatherThanHintsAndNames) {
  const auto imported =
      ImportNcclText(std::string(kHead) +
                         "1000000 125000 float none -1 100.00 10.00 5.00 0 100.00 "
                         "10.00 5.00 0\n",
                     "all_reduce.txt", {.op = Op::kAllToAll, .ranks = 8, .nodes = 4});
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->samples.samples.at(0).op, Op::kAllGather);
  EXPECT_EQ(imported->samples.samples.at(0).ranks, 2);
  EXPECT_EQ(imported->samples.samples.at(0).nodes, 1);
  EXPECT_THAT(imported->notes, Contains(Remarked("the caller says all-to-all")));
  EXPECT_THAT(imported->notes, Contains(Remarked("the caller says 8 ranks")));
  EXPECT_THAT(imported->notes, Contains(Remarked("the caller says 4 nodes")));
}

TEST(NcclText, AFileNameThatContradictsTheColumnsIsRefused) {
  const auto imported = ImportNcclText(Row(100), "broadcast.txt");
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->samples.samples, IsEmpty());
  EXPECT_THAT(imported->notes, ElementsAre(Skipped(1, "do not fit it")));
}

TEST(NcclText, NoiseBetweenLinesAndPrefixes) {
  const std::string text =
      "[1,0]<stdout>:#   Rank  0 Group  0 Pid 1 on one device  0 [0x1] NVIDIA A40\n"
      "[1,0]<stdout>:#   Rank  1 Group  0 Pid 2 on two device  0 [0x1] NVIDIA A40\n"
      "[1,1]<stderr>:two:2:2 [0] NCCL INFO NCCL_ALGO set by environment to Ring.\n"
      "WARNING: There was an error initializing an OpenFabrics device.\n"
      "[1,0]<stdout>:  1000000 250000 float sum -1 100.00 10.00 10.00 0 100.00 10.00 10.00 0\n"
      "one:1:1 [0] transport/net.cc:12 NCCL WARN slow   2000000 500000 float sum -1 1 1 1 0 1 1 1 "
      "0\n"
      "[1,0]<stdout>:  4000000 1000000 float sum -1 400.00 10.00 10.00 0 400.00 10.00 10.00 0\n"
      "12 34 others of this kind follow\n";
  const auto imported = ImportNcclText(text, "allreduce");
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->samples.samples, SizeIs(4));
  EXPECT_THAT(imported->notes, ElementsAre(Skipped(6, "stands before the row")));
  EXPECT_EQ(imported->samples.samples[0].nodes, 2);
  EXPECT_THAT(imported->samples.samples[0].environment, ElementsAre(Pair("NCCL_ALGO", "Ring")));
}

TEST(NcclText, DamagedRowsAreNamed) {
  const std::string text = Row(100) +
                           "200000000 50000000 float sum -1 1000.0 200.00\n"  // cut
                           "200000000 50000000 float sum -1 10x0.0 200.00 300.00 0 1 200 300 0\n" +
                           Row(400, "1e+06") +
                           "600000000 150000000 float sum -1 100.0 600.00 900.00 0 1000.0 600.00 "
                           "900.00 0\n"  // a digit of the time is gone
                           "800000000 100000000 float sum -1 1000.0 800.00 1200.00 0 1000.0 800.00 "
                           "1200.00 0\n"  // count and size disagree
                           + Row(1000) + Row(2000) + Row(4000);
  const auto imported = ImportNcclText(text, "x.txt", {.op = Op::kAllReduce, .ranks = 4});
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->notes, Contains(Skipped(2, "found 3 fields")));
  EXPECT_THAT(imported->notes, Contains(Skipped(3, "no numbers")));
  EXPECT_THAT(imported->notes, Contains(Skipped(4, "wrong data, 1000000")));
  EXPECT_THAT(imported->notes, Contains(Skipped(5, "a digit is damaged")));
  EXPECT_THAT(imported->notes, Contains(Skipped(6, "do not fit each other")));
  // The in-place half of line 4 is sound.
  EXPECT_THAT(imported->samples.samples, SizeIs(9));
}

TEST(NcclText, SeveralTestsInOneFile) {
  const std::string text =
      "$ ./build/all_reduce_perf -b 1M\n" + Row(100) + "# Avg bus bandwidth    : 150\n" +
      "$ ./build/sendrecv_perf -b 1M\n"
      "1000000 250000 float sum -1 100.00 10.00 10.00 0 100.00 10.00 10.00 N/A\n"
      "# Avg bus bandwidth    : 10\n"
      "$ ./build/gather_perf -b 1M\n"
      "1000000 250000 float none 0 100.00 10.00 10.00 0 100.00 10.00 10.00 N/A\n"
      "# Avg bus bandwidth    : 10\n"
      "$ ./build/all_reduce_perf -b 1M\n" +
      Row(100) + "# Avg bus bandwidth    : 150\n";
  const auto imported = ImportNcclText(text, "run.out");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(4));
  EXPECT_EQ(imported->samples.samples[2].op, Op::kPointToPoint);
  // The first and the last test measured the same.
  EXPECT_THAT(imported->samples.samples[0].repeats_us, ElementsAre(1000, 1000));
  EXPECT_THAT(imported->notes, Contains(Skipped(8, "'gather_perf', an operation no sample")));
}

TEST(NcclText, RowsOfSeveralProcessesAreNotRepeats) {
  const std::string head =
      "#   size   count   type  redop  root  time algbw busbw #wrong\n"
      "# Rank  0 Group  0 Pid 1 on one device  0 [0x1] NVIDIA A40\n"
      "# Rank  1 Group  0 Pid 1 on one device  1 [0x1] NVIDIA A40\n";
  const std::string row1 =
      "1000000 250000 float sum -1 100.00 10.00 10.00 0 100.00 10.00 10.00 0\n";
  const std::string row2 =
      "2000000 500000 float sum -1 200.00 10.00 10.00 0 200.00 10.00 10.00 0\n";
  const auto mixed = ImportNcclText(head + head + row1 + row1 + row2 + row2, "all_reduce");
  ASSERT_THAT(mixed, IsOk());
  EXPECT_THAT(mixed->samples.samples, SizeIs(4));
  EXPECT_THAT(mixed->samples.samples[0].repeats_us, SizeIs(1));
  EXPECT_THAT(mixed->notes, Contains(Skipped(8, "several processes")));
  EXPECT_THAT(mixed->notes, Contains(Skipped(10, "several processes")));
  EXPECT_THAT(mixed->notes, Contains(Remarked("listed more than once")));
  // A head in the middle: the second process was late.
  const auto late = ImportNcclText(head + row1 + head + row2 + row1 + row2, "all_reduce");
  ASSERT_THAT(late, IsOk());
  EXPECT_THAT(late->samples.samples, SizeIs(4));
  EXPECT_THAT(late->notes, Contains(Skipped(9, "had not ended")));
  // One process that makes the sweep twice (-N 2).
  const auto sweeps = ImportNcclText(head + row1 + row2 + row1 + row2, "all_reduce");
  ASSERT_THAT(sweeps, IsOk());
  EXPECT_THAT(sweeps->notes, IsEmpty());
  EXPECT_THAT(sweeps->samples.samples.at(0).repeats_us, SizeIs(2));
  // Processes told apart by the launcher's tag.
  const auto tagged =
      ImportNcclText("[1,0]<stdout>:" + row1 + "[1,1]<stdout>:" + row1, "all_reduce", {.ranks = 2});
  ASSERT_THAT(tagged, IsOk());
  EXPECT_THAT(tagged->notes, Contains(Skipped(2, "another process")));
}

TEST(NcclText, AListOfRanksThatTheColumnsContradictIsNotUsed) {
  const std::string text =
      "# Rank  0 Group  0 Pid 1 on one device  0 [0x1] NVIDIA A40\n"
      "# Rank  1 Group  0 Pid 1 on one device  1 [0x1] NVIDIA A40\n" +
      Row(100) + Row(200);
  const auto imported = ImportNcclText(text, "all_reduce");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->samples.samples.at(0).ranks, 4);
  EXPECT_EQ(imported->samples.samples.at(0).nodes, 0);
  EXPECT_THAT(imported->notes, Contains(Remarked("2 ranks are listed")));
}

TEST(NcclText, RcclNamesItself) {
  const auto imported = ImportNcclText(
      "rccl-tests: Version develop:abc1234\nRCCL version : 2.27.7-HEAD:0123\n" + Row(100),
      "all_reduce");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->samples.samples.at(0).engine, "rccl");
  EXPECT_EQ(imported->samples.samples.at(0).version, "2.27.7");
  EXPECT_EQ(imported->samples.samples.at(0).tool, "rccl-tests develop:abc1234");
}

TEST(NcclText, OtherTextIsAnError) {
  EXPECT_THAT(ImportNcclText("hello\nworld\n", "a.txt"),
              IsError(ErrorCode::kBadInput, HasSubstr("no line of nccl-tests")));
}

// --- all of them ---

TEST(ImportAny, TellsTheKindsApart) {
  EXPECT_THAT(ImportAny(kOld, "all_reduce.log"), IsOk());
  EXPECT_THAT(ImportAny("op,num_gpus,message_bytes,latency_us\nall_reduce,2,8,1.5\n", "t"), IsOk());
  EXPECT_THAT(
      ImportAny("# OSU MPI Allreduce Latency Test v5.9\n# Size  Avg Latency(us)\n4 1.5\n", "t"),
      IsOk());
  EXPECT_THAT(ImportAny(R"({"schema": "commplan/samples/1", "samples": []})", "t"), IsOk());
  EXPECT_THAT(ImportAny("", "t"), IsError(ErrorCode::kBadInput, HasSubstr("found nothing")));
  EXPECT_THAT(ImportAny("a,b\n1,2\n", "t"),
              IsError(ErrorCode::kBadInput, HasSubstr("found nothing")));
}

TEST(ImportAny, InPlaceIsHalfARowOrAWholeOne) {
  const auto imported = ImportAny(R"({"schema": "commplan/samples/1", "samples": [
{"op":"all-reduce","bytes":8,"repeats_us":[1]},
{"op":"all-reduce","bytes":8,"in_place":true,"repeats_us":[1]},
{"op":"all-reduce","bytes":16,"in_place":true,"repeats_us":[1]},
{"op":"all-reduce","bytes":32,"in_place":true,"repeats_us":[1]}
], "work": [{"work":"copy","bytes":8,"repeats_us":[1]}]})",
                                  "s.json");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->rows, 3);
  std::vector<int> rows;
  for (const Sample& sample : imported->samples.samples) rows.push_back(sample.origin.row);
  EXPECT_THAT(rows, ::testing::ElementsAre(0, 0, 1, 2));
  EXPECT_TRUE(imported->notes.empty());
  EXPECT_EQ(imported->samples.work.size(), 1U);
}

TEST(FormatNote, SaysWhere) {
  EXPECT_EQ(FormatNote({Note::Kind::kSkipped, "a.txt", 3, "cut"}), "a.txt:3: skipped: cut");
  EXPECT_EQ(FormatNote({Note::Kind::kRemark, "a.txt", 0, "odd"}), "a.txt: note: odd");
}

}  // namespace
}  // namespace commplan::samples
