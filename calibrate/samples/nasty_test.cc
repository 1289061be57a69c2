// Damaged texts of every kind: whatever happens to them, the importers return, and what they return
// can be written and read.
#include <array>
#include <random>

#include "calibrate/samples/import.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::samples {
namespace {

using Importer = Result<Imported> (*)(std::string_view, const std::string&, const ImportHints&);

constexpr std::array<Importer, 5> kImporters = {ImportAny, ImportNcclText, ImportNcclJson,
                                                ImportCsv, ImportOsu};

const std::vector<std::string>& SoundTexts() {
  // Each text goes over several lines on purpose.
  // NOLINTBEGIN(bugprone-suspicious-missing-comma)
  static const std::vector<std::string> kTexts = {
      "# nccl-tests version 2.17.6 nccl-headers=22807 nccl-library=22807\n"
      "# Collective test starting: all_reduce_perf\n"
      "# nThread 1 nGpus 2 minBytes 8 maxBytes 64 step: 2(factor) warmup iters: 1 iters: 20 agg "
      "iters: 1 validation: 1 graph: 0\n"
      "# Using devices\n"
      "#  Rank  0 Group  0 Pid     25 on one device  0 [0000:10:00] NVIDIA H100\n"
      "#  Rank  1 Group  0 Pid     25 on two device  1 [0000:11:00] NVIDIA H100\n"
      "#       size         count      type   redop    root     time   algbw   busbw #wrong     "
      "time   algbw   busbw #wrong\n"
      "     1000000        250000     float     sum      -1   100.00   10.00   10.00      0   "
      "100.00   10.00   10.00    N/A\n"
      "[1,0]<stdout>:     2000000        500000     float     sum      -1   200.00   10.00   10.00 "
      "     0   200.00   10.00   10.00    N/A\n"
      "# Avg bus bandwidth    : 5 \n",
      R"({"args":["all_reduce_perf"],"env":["NCCL_ALGO=Ring"],"nccl_version":22807,"config":{"ngpus":2,)"
      R"("devices":[{"rank":0,"hostname":"one","device_info":"NVIDIA B200"}]},"results":[{"size":1000000,)"
      R"("count":250000,"type":"float","redop":"sum","root":" -1","out_of_place":{"time":100.0,"alg_bw":10.0,)"
      R"("bus_bw":10.0,"nwrong":0.0},"in_place":null},{"size":2,"count":1}]})",
      "system,op,num_gpus,gpus_per_node,nodes,message_bytes,median_us,min_us,max_us,codec\n"
      "\"a \"\"b\"\", c\",send_recv,2,1,2,2048,43,31,77,none\nbox,all_reduce,4,2,2,8,4,3,7,fp8\n",
      "# OSU MPI-CUDA Allreduce Latency Test v7.2\n# Datatype: MPI_FLOAT.\n"
      "# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations\n"
      "4   25.10 1 2 1000\n",
      R"({"schema": "commplan/samples/1", "samples": [{"op":"reduce","ranks":2,"nodes":1,)"
      R"("ranks_per_node":[2],"bytes":8,"quantiles_us":{"p50":2.5,"p99.9":3},"environment":)"
      R"({"NCCL_ALGO":"Ring"},"origin":{"file":"x","line":3}}]})"};
  return kTexts;
}
// NOLINTEND(bugprone-suspicious-missing-comma)

void Replay(const std::string& text) {
  for (const Importer importer : kImporters) {
    const auto imported = importer(text, "all_reduce.txt", {});
    if (!imported.ok()) {
      ASSERT_FALSE(imported.error().message.empty());
      continue;
    }
    const auto written = WriteSamples(imported->samples);
    ASSERT_THAT(written, IsOk());
    const auto read = ReadSamples(*written);
    ASSERT_THAT(read, IsOk());
    ASSERT_EQ(*read, imported->samples);
    ASSERT_THAT(WriteSamples(*read), IsOkAndHolds(*written));
    for (const Note& note : imported->notes) ASSERT_FALSE(FormatNote(note).empty());
  }
}

TEST(Nasty, SoundTextsHoldSamples) {
  for (const std::string& text : SoundTexts()) {
    const auto imported = ImportAny(text, "x");
    ASSERT_THAT(imported, IsOk());
    EXPECT_FALSE(imported->samples.samples.empty()) << text;
    Replay(text);
  }
}

TEST(Nasty, TruncatedAtEveryByte) {
  for (const std::string& text : SoundTexts()) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      SCOPED_TRACE(size);
      Replay(text.substr(0, size));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Nasty, EveryByteReplaced) {
  for (const std::string& text : SoundTexts()) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const char c : {'\0', '"', '9', '-', '\n', '\xff'}) {
        SCOPED_TRACE(at);
        std::string damaged = text;
        damaged[at] = c;
        Replay(damaged);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Nasty, RandomDamage) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  const auto below = [&random](std::size_t limit) { return random() % limit; };
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::string text = SoundTexts()[below(SoundTexts().size())];
    for (std::size_t cuts = 1 + below(6); cuts > 0; --cuts) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text.erase(at, 1 + below(20));
          break;
        case 2:
          text.insert(at, std::to_string(random()));
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(100)));
      }
      if (text.empty()) text = "x";
    }
    SCOPED_TRACE(text);
    Replay(text);
    if (HasFatalFailure()) return;
  }
}

TEST(Nasty, RandomBytesAndDeepNesting) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 400, ' ');
    for (char& c : text) c = static_cast<char>(random() % 256);
    Replay(text);
    if (HasFatalFailure()) return;
  }
  Replay(std::string(100000, '['));
  Replay("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}");
  Replay(std::string(100000, '1') + " 2 float");
  Replay("1 1 float sum -1 1e308 1 1 0 1e-308 1 1 0\n");
}

}  // namespace
}  // namespace commplan::samples
