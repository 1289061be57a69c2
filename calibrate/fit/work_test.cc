#include "calibrate/fit/work.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::fit {
namespace {

using samples::Sample;
using ::testing::HasSubstr;

Sample Work(const std::string& work, std::int64_t bytes, double us, int cores = 1) {
  Sample sample;
  sample.work = work;
  sample.cores = cores;
  sample.bytes = bytes;
  sample.repeats_us = {us};
  sample.device = "made up";
  sample.dtype = "float";
  return sample;
}

// A pass takes 3 us and then one byte each `ps`.
void AddPasses(const std::string& work, const std::string& codec, double ps,
               std::vector<Sample>* all) {
  for (std::int64_t bytes = 1 << 12; bytes <= 1 << 24; bytes *= 4) {
    all->push_back(Work(work, bytes, 3 + static_cast<double>(bytes) * ps * 1e-6));
    all->back().codec = codec;
  }
}

TEST(FitWork, FindsMemoryAndCodecs) {
  std::vector<Sample> all;
  // Small copies run in the cache; the largest one, of two cores, shows the memory: 2 x 64 MiB
  // read and written in 10 ms.
  all.push_back(Work("copy", 1 << 16, 1, 2));
  all.push_back(Work("copy", 1 << 26, 10000, 2));
  all.push_back(Work("copy", 1 << 26, 6000, 1));
  AddPasses("encode", "tq3", 50, &all);
  AddPasses("decode", "tq3", 20, &all);
  AddPasses("encode", "mxfp8", 40, &all);
  all.push_back(Work("encode", 4096, 5, 2));  // two ranks' worth of cores: not asked for
  all.back().codec = "tq3";
  const auto work = FitWork(all);
  ASSERT_THAT(work, IsOk());
  EXPECT_EQ(work->device, "made up");
  EXPECT_NEAR(InGBps(work->memory_bandwidth), 2 * 2 * 67.108864 / 10, 1e-3);
  ASSERT_EQ(work->codecs.size(), 2U);
  const WorkedCodec& tq3 = work->codecs[1];
  EXPECT_EQ(tq3.cost.name, "tq3");
  EXPECT_NEAR(InSecondsPerByte(tq3.cost.encode) * 1e12, 50, 0.5);
  EXPECT_NEAR(InSecondsPerByte(tq3.cost.decode) * 1e12, 20, 0.2);
  EXPECT_NEAR(InMicros(tq3.cost.pass), 3, 0.05);
  EXPECT_EQ(tq3.encode_sizes, 7);
  EXPECT_EQ(tq3.add_sizes, 0);
}

TEST(FitWork, TellsALaunchFromTheWait) {
  // 7 us of waiting and 2.5 us for each kernel; a graph of them is another thing.
  std::vector<Sample> all;
  for (std::int64_t kernels = 1; kernels <= 256; kernels *= 4) {
    all.push_back(Work("launch", 4 * kernels, 7 + 2.5 * static_cast<double>(kernels)));
    all.back().launch = samples::Launch::kEager;
    all.push_back(Work("launch", 4 * kernels, 7 + 0.5 * static_cast<double>(kernels)));
    all.back().launch = samples::Launch::kGraph;
  }
  const auto work = FitWork(all);
  ASSERT_THAT(work, IsOk());
  EXPECT_NEAR(InMicros(work->launch), 2.5, 0.01);
  Machine machine;
  PutWork(*work, "bench", nullptr, &machine);
  EXPECT_EQ(machine.compute.launch, work->launch);
  EXPECT_EQ(machine.provenance.at("compute.launch").kind, ProvenanceKind::kMeasured);
  const auto lone = FitWork({all[0]});
  ASSERT_THAT(lone, IsOk());
  EXPECT_TRUE(lone->empty());
  EXPECT_THAT(lone->notes[0], HasSubstr("one count only"));
}

TEST(FitWork, SaysWhatItCannotRead) {
  std::vector<Sample> all = {Work("copy", 4096, 1), Work("sort", 4096, 1), Work("sort", 8192, 1),
                             Work("encode", 4096, 1)};
  all.back().codec = "fp12";
  const auto work = FitWork(all);
  ASSERT_THAT(work, IsOk());
  EXPECT_TRUE(work->codecs.empty());
  ASSERT_EQ(work->notes.size(), 2U);
  EXPECT_THAT(work->notes[0], HasSubstr("1 sample of encode by a codec 'fp12'"));
  EXPECT_THAT(work->notes[1], HasSubstr("2 samples of the work 'sort'"));
  all[0].device = "another";
  EXPECT_THAT(FitWork(all), IsError(ErrorCode::kBadInput, HasSubstr("2 devices")));
  EXPECT_TRUE(FitWork({})->empty());
}

TEST(PutWork, LeavesAKnownMemoryAlone) {
  std::vector<Sample> all = {Work("copy", 1 << 26, 10000)};
  AddPasses("decode-add", "tq3", 30, &all);
  const auto work = FitWork(all);
  ASSERT_THAT(work, IsOk());
  Machine alone;
  PutWork(*work, "bench", nullptr, &alone);
  EXPECT_EQ(alone.device.name, "made up");
  EXPECT_EQ(alone.device.memory_bandwidth, work->memory_bandwidth);
  EXPECT_EQ(alone.provenance.at("device.memory_bandwidth").kind, ProvenanceKind::kMeasured);
  EXPECT_EQ(alone.provenance.at("codecs.tq3.add").source, "bench");
  EXPECT_FALSE(alone.provenance.contains("codecs.tq3.encode"));
  Machine like, built;
  like.device.memory_bandwidth = GBps(900);
  PutWork(*work, "bench", &like, &built);
  EXPECT_EQ(built.device.memory_bandwidth, Bandwidth());
  EXPECT_EQ(built.codecs.size(), 1U);
}

}  // namespace
}  // namespace commplan::fit
