#include "calibrate/samples/import.h"
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

// --- JSON of nccl-tests ---

constexpr std::string_view kJson = R"({"version":2,"start_time":"2026-03-04 05:06:07",
"args":["..\/build\/all_reduce_perf","-b","1M"],
"env":["SHELL=\/bin\/sh","NCCL_ALGO=Ring","NCCL_TOPO_FILE=\/etc\/t.xml","API_TOKEN=x"],
"nccl_version":22807,
"config":{"nthreads":1,"ngpus":2,"iterations":20,"aggregated_iterations":1,"graph":0,
"blocking_collectives":"false",
"devices":[{"rank":0,"group":0,"pid":9,"hostname":"one","device":0,"device_hex":"0","device_info":"NVIDIA B200"},
{"rank":2,"group":0,"pid":9,"hostname":"two","device":0,"device_hex":"0","device_info":"NVIDIA B200"}]},
"results":[
{"size":0,"count":0,"type":"float","redop":"sum","root":"    -1","out_of_place":{"time":0.3,"alg_bw":0.0,"bus_bw":0.0,"nwrong":0.0},"in_place":null},
{"size":1000000,"count":250000,"type":"float","redop":"sum","root":"    -1","out_of_place":{"time":100.0,"alg_bw":10.0,"bus_bw":15.0,"nwrong":0.0},
"out_of_place_per_iter":{"min_us":90.0,"max_us":120.0,"avg_us":100.0,"p50_us":99.0,"p95_us":110.0,"p99_us":119.0,"stdev_us":1.0,"cv_pct":1.0,"times_us":[90.0,120.0]},
"in_place":{"time":200.0,"alg_bw":5.0,"bus_bw":7.5,"nwrong":null},"actual_iterations":7,"experiment_name":""},
{"size":2000000,"count":500000,"type":"float","redop":"sum","root":"    -1","out_of_place":{"time":200.0,"alg_bw":10.0,"bus_bw":15.0,"nwrong":3.0},
"in_place":{"time":"nan","alg_bw":5.0,"bus_bw":7.5,"nwrong":null},"actual_iterations":7}
],"out_of_bounds":{"count":0,"okay":"true"}})";

TEST(NcclJson, Reads) {
  const auto imported = ImportNcclJson(kJson, "run.json");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(2));
  const Sample& first = imported->samples.samples[0];
  EXPECT_EQ(first.op, Op::kAllReduce);
  EXPECT_EQ(first.engine, "nccl");
  EXPECT_EQ(first.version, "2.28.7");
  EXPECT_EQ(first.date, "2026-03-04");
  EXPECT_EQ(first.launch, Launch::kEager);
  EXPECT_EQ(first.ranks, 4);  // two processes with two devices each; the file lists one of each
  EXPECT_THAT(first.ranks_per_node, ElementsAre(2, 2));
  EXPECT_EQ(first.calls, 7);
  EXPECT_THAT(first.quantiles, SizeIs(5));
  EXPECT_THAT(first.environment, ElementsAre(Pair("NCCL_ALGO", "Ring")));
  EXPECT_THAT(imported->notes, Contains(Skipped(0, "results[0]: size 0")));
  EXPECT_THAT(imported->notes, Contains(Skipped(0, "results[2]: out of place: wrong data, 3")));
  EXPECT_THAT(imported->notes, Contains(Skipped(0, "results[2]: in place: no time")));
  EXPECT_THAT(imported->notes, Contains(Remarked("name a file or a host")));
}

TEST(NcclJson, AnAbortedRunGivesWhatIsComplete) {
  const auto imported = ImportNcclJson(kJson.substr(0, kJson.find("{\"size\":2000000") + 40), "r");
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->samples.samples, SizeIs(2));
  EXPECT_THAT(imported->notes, Contains(Remarked("ends early")));
}

TEST(NcclJson, OtherJsonIsAnError) {
  EXPECT_THAT(ImportNcclJson("{\"results\": 3}", "r"),
              IsError(ErrorCode::kBadInput, HasSubstr("config and results")));
  EXPECT_THAT(ImportNcclJson("{", "r"),
              IsError(ErrorCode::kBadInput, HasSubstr("end of the text"), At("r", 1, 2)));
}

// --- tables ---

TEST(Csv, RepeatsBecomeOneSample) {
  const auto imported = ImportCsv(
      "system,device,library,library_version,op,kernel_source,dtype,num_gpus,message_bytes,"
      "latency_us\n"
      "box,NVIDIA B200,vllm,0.19.0,all_reduce,vLLM_custom_graph,bfloat16,4,512,5.5\n"
      "box,NVIDIA B200,vllm,0.19.0,all_reduce,vLLM_custom_graph,bfloat16,4,512,6.5\n"
      "box,NVIDIA B200,vllm,0.19.0,all_reduce,vLLM_custom_eager,bfloat16,4,512,9.5\n",
      "t.csv", {.nodes = 1});
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->notes, IsEmpty());
  EXPECT_EQ(imported->rows, 3);
  ASSERT_THAT(imported->samples.samples, SizeIs(2));
  const Sample& first = imported->samples.samples[0];
  EXPECT_THAT(first.repeats_us, ElementsAre(5.5, 6.5));
  EXPECT_EQ(first.kernel, "vLLM_custom");
  EXPECT_EQ(first.launch, Launch::kGraph);
  EXPECT_EQ(first.nodes, 1);
  EXPECT_EQ(first.system, "box");
  EXPECT_EQ(imported->samples.samples[1].launch, Launch::kEager);
}

TEST(Csv, MediansWithTheirSpread) {
  const auto imported = ImportCsv(
      "system,op,num_gpus,gpus_per_node,nodes,message_bytes,median_us,min_us,max_us\n"
      "box,send_recv,2,1,2,2048,43,31,77\n"
      "box,all_reduce,8,3,2,2048,43,31,77\n"
      "box,all_reduce,8,4,2,2048,43,51,77\n",
      "t.csv");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(1));
  const Sample& first = imported->samples.samples[0];
  EXPECT_EQ(first.op, Op::kPointToPoint);
  EXPECT_THAT(first.quantiles, ElementsAre(Quantile{0, 31}, Quantile{0.5, 43}, Quantile{1, 77}));
  EXPECT_THAT(first.ranks_per_node, ElementsAre(1, 1));
  EXPECT_EQ(CentralTimeUs(first), 43);
  EXPECT_THAT(imported->notes, Contains(Skipped(3, "2 nodes with 3 ranks each")));
  EXPECT_THAT(imported->notes, Contains(Skipped(4, "falls as the share grows")));
}

TEST(Csv, BothHalvesCodecsAndImplementations) {
  const auto halves = ImportCsv(
      "gpu,op,num_gpus,dtype,message_bytes,out_of_place_us,in_place_us\nA100,all_reduce,2,float,8,"
      "4.5,5.5\n",
      "t");
  ASSERT_THAT(halves, IsOk());
  ASSERT_THAT(halves->samples.samples, SizeIs(2));
  EXPECT_TRUE(halves->samples.samples[1].in_place);
  const auto coded = ImportCsv(
      "device,num_gpus,library,codec,block_values,message_bytes,payload_bytes,time_us\n"
      "X,2,Quick,fp8,32,1024,544,9.5\nX,2,RCCL,none,,1024,1024,7.5\n",
      "t", {.op = Op::kAllReduce});
  ASSERT_THAT(coded, IsOk());
  ASSERT_THAT(coded->samples.samples, SizeIs(2));
  EXPECT_EQ(coded->samples.samples[0].codec, "fp8-b32");
  EXPECT_EQ(coded->samples.samples[0].coded_bytes, 544);
  EXPECT_EQ(coded->samples.samples[1].codec, "");
  EXPECT_EQ(coded->samples.samples[1].engine, "rccl");
  const auto kinds = ImportCsv(
      "hardware,num_gpus,op,implementation,launch_mode,message_bytes,time_us\n"
      "H100,8,all_reduce,sgl_custom,eager,512,5.9\nH100,8,ep_dispatch,deepep_v1,,,77\n",
      "t");
  ASSERT_THAT(kinds, IsOk());
  ASSERT_THAT(kinds->samples.samples, SizeIs(1));
  EXPECT_EQ(kinds->samples.samples[0].engine, "sglang");
  EXPECT_EQ(kinds->samples.samples[0].kernel, "sgl_custom");
  EXPECT_THAT(kinds->notes, Contains(Skipped(3, "'ep_dispatch'")));
}

TEST(Csv, DamagedRowsAreNamed) {
  const auto imported = ImportCsv(
      "op,num_gpus,message_bytes,latency_us\n"
      "all_reduce,2,8\n"
      "all_reduce,2,8,nan\n"
      "all_reduce,2,-8,1\n"
      "all_reduce,two,8,1\n"
      "all_reduce,2,8,0\n"
      "\"all_reduce,2,8,1\n"
      "\"all_reduce\",2,8,1\n",
      "t.csv");
  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->samples.samples, SizeIs(1));
  EXPECT_THAT(imported->notes, Contains(Skipped(2, "found 3 cells, expected 4")));
  EXPECT_THAT(imported->notes, Contains(Skipped(3, "'nan' as the time")));
  EXPECT_THAT(imported->notes, Contains(Skipped(4, "'-8' as the size")));
  EXPECT_THAT(imported->notes, Contains(Skipped(5, "'two' as the number of ranks")));
  EXPECT_THAT(imported->notes, Contains(Skipped(6, "'0' as the time")));
  EXPECT_THAT(imported->notes, Contains(Skipped(7, "quote")));
}

// --- OSU ---

TEST(Osu, AverageLatency) {
  const auto imported = ImportOsu(
      "\n# OSU MPI-CUDA Allreduce Latency Test v7.2\n# Datatype: MPI_FLOAT.\n"
      "# Size       Avg Latency(us)\n4                      25.10\n8   26.2\n16 x\n",
      "osu.txt", {.ranks = 16, .nodes = 2});
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(2));
  const Sample& first = imported->samples.samples[0];
  EXPECT_EQ(first.op, Op::kAllReduce);
  EXPECT_EQ(first.engine, "mpi");
  EXPECT_EQ(first.tool, "osu-micro-benchmarks 7.2 MPI-CUDA");
  EXPECT_EQ(first.dtype, "MPI_FLOAT");
  EXPECT_EQ(first.bytes, 4);
  EXPECT_EQ(first.ranks, 16);
  EXPECT_THAT(first.repeats_us, ElementsAre(25.10));
  EXPECT_THAT(imported->notes, Contains(Skipped(7, "repeats_us[0]")));
}

TEST(Osu, FullOutputAndSizesPerPeer) {
  const std::string text =
      "# OSU MPI All-to-All Personalized Exchange Latency Test v5.6.2\n"
      "# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations\n"
      "1024   20.5   19.0   22.0   1000\n";
  const auto imported = ImportOsu(text, "osu.txt", {.ranks = 4});
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(1));
  EXPECT_EQ(imported->samples.samples[0].bytes, 4096);
  EXPECT_EQ(imported->samples.samples[0].calls, 1000);
  EXPECT_THAT(imported->samples.samples[0].repeats_us, ElementsAre(20.5));
  EXPECT_THAT(imported->notes, Contains(Remarked("over ranks")));
  const auto unknown = ImportOsu(text, "osu.txt");
  ASSERT_THAT(unknown, IsOk());
  EXPECT_THAT(unknown->samples.samples, IsEmpty());
  EXPECT_THAT(unknown->notes, Contains(Skipped(1, "per peer")));
}

TEST(Osu, PointToPointAndWhatIsNoLatency) {
  const auto imported = ImportOsu(
      "# OSU MPI-ROCM Latency Test v5.9\n# Size          Latency (us)\n0 1.5\n8 1.75\n"
      "# OSU MPI Bandwidth Test v5.9\n# Size      Bandwidth (MB/s)\n8 100\n"
      "# OSU MPI Scatter Latency Test v5.9\n# Size       Avg Latency(us)\n8 100\n",
      "osu.txt");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(imported->samples.samples, SizeIs(1));
  EXPECT_EQ(imported->samples.samples[0].op, Op::kPointToPoint);
  EXPECT_EQ(imported->samples.samples[0].ranks, 2);
  EXPECT_THAT(imported->notes, Contains(Skipped(3, "size 0")));
  EXPECT_THAT(imported->notes, Contains(Skipped(5, "no latency test")));
  EXPECT_THAT(imported->notes, Contains(Skipped(8, "'Scatter'")));
}

}  // namespace
}  // namespace commplan::samples
