#include "profiles/writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"
#include "model/step/machine.h"
#include "profiles/diff.h"
#include "profiles/library.h"
#include "profiles/random_machine.h"
#include "profiles/reader.h"
#include "profiles/test_profiles.h"

namespace commplan::profiles {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kWritten[] = R"(schema: commplan/profile/1
name: base
title: "A machine for tests"
sources:
  sheet: {title: "The data sheet", url: "https://example.com/sheet"}
network_ports: {value: 4, kind: datasheet, source: sheet}
device:
  name: "Tester"
  memory: {value: 80 GB, kind: datasheet, source: sheet}
  memory_bandwidth: {value: 2 TB/s, kind: datasheet, source: sheet}
  multiprocessors: {value: 100, kind: datasheet, source: sheet}
  rates:
    bf16: {value: 300 TFLOP/s, kind: datasheet, source: sheet}
    fp8: {value: 600 TFLOP/s, kind: assumed, note: "twice"}
tiers:
  - name: "link"
    kind: switch
    ranks: {value: 8, kind: measured, source: sheet, note: "by hand"}
    bandwidth: {value: 450 GB/s, kind: measured, source: sheet, note: "by hand"}
    latency: {value: 3 us, kind: measured, source: sheet, note: "by hand"}
engines:
  ring:
    rule: fixed
    fixed: ring
    band_low: {value: 0.8, kind: assumed, note: "a test"}
    band_high: {value: 1.25, kind: assumed, note: "a test"}
  fast:
    rule: rules
    rules:
      - op: all-reduce
        ranks_min: {value: 2, kind: assumed, note: "a test"}
        ranks_max: {value: 8, kind: assumed, note: "a test"}
        bytes_min: {value: 0 B, kind: assumed, note: "a test"}
        bytes_max: {value: 256 KiB, kind: assumed, note: "a test"}
        algorithm: one-shot
    kernels:
      - algorithm: one-shot
        launch: {value: 2 us, kind: assumed, note: "a test"}
        latency: {value: 1 us, kind: assumed, note: "a test"}
        bandwidth_share: {value: 0.6, kind: assumed, note: "a test"}
    fallback: "ring"
    band_low: {value: 0.7, kind: assumed, note: "a test"}
    band_high: {value: 1.5, kind: assumed, note: "a test"}
)";

TEST(Write, IsCanonical) { EXPECT_EQ(Write(Read(kBase).value()), kWritten); }

TEST(Write, IsUndoneByReading) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 500; ++i) {
    const Machine machine = RandomMachine(random);
    const std::string text = Write(machine);
    const Result<Machine> back = Read(text);
    ASSERT_THAT(back, IsOk()) << "machine " << i << ":\n" << text;
    EXPECT_EQ(Write(*back), text) << "machine " << i;
    EXPECT_THAT(Diff(machine, *back), IsEmpty()) << "machine " << i;
    ASSERT_EQ(back->provenance.size(), machine.provenance.size()) << "machine " << i;
    EXPECT_EQ(back->name, machine.name);
    EXPECT_EQ(back->title, machine.title);
    EXPECT_EQ(back->sources.at("two").title, machine.sources.at("two").title);
    if (HasFailure()) break;  // one machine says enough
  }
}

// Exact to the last bit, as the texts of the two equal machines above could both be wrong.
TEST(Write, KeepsEachBit) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  std::uniform_real_distribution<double> seconds(0, 1e-3);
  Machine machine = Read(kBase).value();
  for (int i = 0; i < 1000; ++i) {
    machine.fabric.tiers[0].latency = Seconds(seconds(random));
    machine.device.memory_bandwidth = Bps(1e6 + seconds(random) * 1e15);
    const Machine back = Read(Write(machine)).value();
    ASSERT_EQ(back.fabric.tiers[0].latency, machine.fabric.tiers[0].latency);
    ASSERT_EQ(back.device.memory_bandwidth, machine.device.memory_bandwidth);
  }
}

TEST(Write, SaysWhereProvenanceIsMissing) {
  Machine machine = Read(kBase).value();
  machine.provenance.clear();
  machine.provenance["tiers.0.latency"] = {ProvenanceKind::kMeasured, "", "by ear"};
  machine.provenance["tiers.0.bandwidth"] = {ProvenanceKind::kAssumed, "", ""};
  const std::string text = Write(machine);
  EXPECT_THAT(
      text,
      HasSubstr("memory: {value: 80 GB, kind: assumed, note: \"written without a provenance\"}"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "latency: {value: 3 us, kind: assumed, note: \"measured, without a source: by ear\"}"));
  EXPECT_THAT(text,
              HasSubstr("bandwidth: {value: 450 GB/s, kind: assumed, note: \"no reason given\"}"));
  const Result<Machine> back = Read(text);
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(Write(*back), text);
}

TEST(Write, ReplacesWhatIsNoText) {
  Machine machine = Read(kBase).value();
  machine.title = std::string("a\xff\0b", 4);
  EXPECT_THAT(Write(machine), HasSubstr("title: \"a\xef\xbf\xbd\\x00"
                                        "b\"\n"));
  EXPECT_EQ(Write(Read(Write(machine)).value()), Write(machine));
}

// ---- WriteFileAtomically ----

class WriteFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/writer_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string Bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::ptrdiff_t FilesInFolder() const {
    return std::distance(std::filesystem::directory_iterator(folder_),
                         std::filesystem::directory_iterator());
  }

  std::string folder_;
};

TEST_F(WriteFile, MakesAndReplaces) {
  const std::string path = folder_ + "/a.yaml";
  ASSERT_THAT(WriteFileAtomically(path, "first"), IsOk());
  EXPECT_EQ(Bytes(path), "first");
  ASSERT_THAT(WriteFileAtomically(path, std::string(100'000, 'x')), IsOk());
  EXPECT_EQ(Bytes(path), std::string(100'000, 'x'));
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(WriteFile, KeepsRightsAndLinks) {
  const std::string path = folder_ + "/a.yaml";
  const std::string link = folder_ + "/link.yaml";
  ASSERT_THAT(WriteFileAtomically(path, "first"), IsOk());
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(::symlink("a.yaml", link.c_str()), 0);
  ASSERT_THAT(WriteFileAtomically(link, "second"), IsOk());
  EXPECT_EQ(Bytes(path), "second");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST_F(WriteFile, SaysWhyItCannot) {
  EXPECT_THAT(WriteFileAtomically(folder_ + "/none/a.yaml", "x"),
              AllOf(IsError(ErrorCode::kIo, AllOf(StartsWith("cannot write '"),
                                                  HasSubstr("No such file or directory"))),
                    HasHint("create the folder first")));
  EXPECT_THAT(WriteFileAtomically(folder_, "x"),
              IsError(ErrorCode::kIo, HasSubstr("exists and is no regular file")));
  EXPECT_THAT(WriteFileAtomically("", "x"),
              IsError(ErrorCode::kIo, HasSubstr("no name of a file")));
  EXPECT_THAT(WriteFileAtomically(folder_ + "/", "x"),
              IsError(ErrorCode::kIo, HasSubstr("no name of a file")));
  EXPECT_EQ(FilesInFolder(), 0);
}

}  // namespace
}  // namespace commplan::profiles
