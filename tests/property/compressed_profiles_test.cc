// Every shipped machine whose device is known can be asked about every codec.
#include <gtest/gtest.h>

#include <string>

#include "model/base/test_matchers.h"
#include "model/codec/codec.h"
#include "model/step/compression.h"
#include "profiles/library.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

// What kernels take is not asked for.
Machine MachineNamed(const std::string& name) {
  const auto document =
      profiles::Load(name, profiles::ShippedLibrary(), profiles::Sections::kNoCompute);
  EXPECT_THAT(document, IsOk());
  const auto machine = profiles::ToMachine(*document);
  EXPECT_THAT(machine, IsOk());
  return *machine;
}

TEST(CompressedProfilesTest, EveryCodecHasACostOnEveryDevice) {
  int devices = 0;
  const auto listing = profiles::List(profiles::ShippedLibrary());
  ASSERT_THAT(listing, IsOk());
  for (const profiles::Listed& listed : listing->machines) {
    const Machine machine = MachineNamed(listed.name);
    if (machine.device.name.empty()) continue;
    ++devices;
    const auto plain =
        CollectiveModel::Create(machine.fabric, machine.engines, machine.engines.front(),
                                {.op = Op::kAllReduce, .group = {.ranks = 2}, .algorithm = {}});
    ASSERT_THAT(plain, IsOk());
    for (const codec::Codec& codec : codec::AllCodecs()) {
      const double ratio = codec::Ratio(codec, codec::Source::kBf16);
      if (ratio <= 1) continue;
      const auto on = CodecOn(machine, codec.name, 1 / ratio);
      ASSERT_THAT(on, IsOk()) << listed.name << ' ' << codec.name;
      // Reads the tensor and writes what is sent, at no more than the memory's rate.
      EXPECT_GE(InSecondsPerByte(on->cost.encode) * 1.000001,
                (1 + 1 / ratio) / InBps(machine.device.memory_bandwidth));
      const auto model = CompressionModel::CreateOn(machine, *plain, *on);
      ASSERT_THAT(model, IsOk());
      EXPECT_GT(model->At(MiB(1)).coded.cost.Total(), Time());
    }
  }
  EXPECT_GT(devices, 15);
}

// What nobody measured is assumed to cost as much to start as the kernels that somebody did.
TEST(CompressedProfilesTest, DataSheetsStateAFixedCost) {
  for (const char* name :
       {"hgx-a100", "hgx-h100", "hgx-h200", "hgx-b200", "hgx-b300", "gb200-nvl72", "mi300x-8",
        "l4-pcie", "l40s-pcie", "rtx-4090-pcie", "rtx-pro-6000-pcie", "hgx-h100-measured"}) {
    const Machine machine = MachineNamed(name);
    const auto on = CodecOn(machine, "mxfp4", 0.25);
    ASSERT_THAT(on, IsOk());
    EXPECT_GT(on->cost.call, Time()) << name;
    EXPECT_LT(on->cost.memory_share, 1) << name;
    EXPECT_EQ(CodecPath(machine, "mxfp4", "call"), "codecs.any.call") << name;
  }
}

}  // namespace
}  // namespace commplan
