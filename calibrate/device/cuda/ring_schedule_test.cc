#include "calibrate/device/cuda/ring_schedule.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "calibrate/device/exchange.h"
#include "gtest/gtest.h"
#include "model/base/test_seed.h"
#include "model/codec/codec.h"

namespace commplan::device {
namespace {

constexpr std::size_t kValues = 1000;  // chunks of unequal length

// Runs operations with plain memory.
class World {
 public:
  World(int ranks, std::optional<codec::Codec> codec) : codec_(std::move(codec)) {
    for (int rank = 0; rank < ranks; ++rank) {
      values_.emplace_back(kValues);
      for (std::size_t i = 0; i < kValues; ++i) values_.back()[i] = InputValue(rank, i);
    }
    const auto count = static_cast<std::size_t>(ranks);
    buffers_.resize(count, Pair(2));
    slots_.resize(count, Pair(2));
  }

  void Do(const RingOp& op) {
    const int ranks = static_cast<int>(values_.size());
    const auto rank = static_cast<std::size_t>(op.rank);
    const std::size_t before = (rank + values_.size() - 1) % values_.size();
    const auto from = static_cast<std::size_t>(op.from), to = static_cast<std::size_t>(op.to);
    const Chunk at = ChunkOf(op.chunk, ranks, kValues);
    const auto chunk = std::span(values_[rank]).subspan(at.first, at.size());
    std::vector<std::byte>& out = buffers_[rank][to];
    switch (op.act) {
      case RingAct::kSendValues:
        slots_[rank][to] = Bytes(chunk);
        return;
      case RingAct::kSend:
        slots_[rank][to] = buffers_[rank][from];
        return;
      case RingAct::kReceiveValues:
        Put(slots_[before][from], chunk);
        return;
      case RingAct::kReceive:
        out = slots_[before][from];
        return;
      case RingAct::kAdd: {
        std::vector<float> added(chunk.size());
        Put(buffers_[rank][from], added);
        for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] += added[i];
        return;
      }
      case RingAct::kEncode:
        out.resize(RingWireBytes(codec_, chunk.size()));
        codec::Encode(*codec_, chunk, out);
        return;
      case RingAct::kDecode:
        codec::Decode(*codec_, buffers_[rank][from], chunk);
        return;
      case RingAct::kDecodeAdd:
        codec::DecodeAdd(*codec_, buffers_[rank][from], chunk);
        return;
      case RingAct::kHop: {
        std::vector<float> sum(chunk.begin(), chunk.end());
        codec::DecodeAdd(*codec_, buffers_[rank][from], sum);
        out.resize(RingWireBytes(codec_, chunk.size()));
        codec::Encode(*codec_, sum, out);
        return;
      }
    }
  }

  const std::vector<float>& ValuesOf(std::size_t rank) const { return values_[rank]; }

 private:
  using Pair = std::vector<std::vector<std::byte>>;

  static std::vector<std::byte> Bytes(std::span<const float> values) {
    const auto bytes = std::as_bytes(values);
    return {bytes.begin(), bytes.end()};
  }
  static void Put(const std::vector<std::byte>& bytes, std::span<float> values) {
    ASSERT_EQ(bytes.size(), values.size_bytes()) << "a message of another length";
    std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(values).begin());
  }

  std::optional<codec::Codec> codec_;
  std::vector<std::vector<float>> values_{};
  std::vector<Pair> buffers_{}, slots_{};
};

// One of the orders that streams and waits allow: each stream in its own order, nothing before what
// it waits for.
void RunInAnyOrder(const std::vector<RingOp>& ops, std::mt19937_64& random, World& world) {
  std::map<std::pair<int, bool>, std::vector<std::size_t>> streams;
  for (std::size_t i = 0; i < ops.size(); ++i) streams[{ops[i].rank, ops[i].on_send}].push_back(i);
  std::map<std::pair<int, bool>, std::size_t> next;
  std::vector<bool> done(ops.size());
  for (std::size_t count = 0; count < ops.size(); ++count) {
    std::vector<std::pair<int, bool>> ready;
    for (const auto& [stream, list] : streams) {
      if (next[stream] == list.size()) continue;
      const RingOp& op = ops[list[next[stream]]];
      if (std::all_of(op.after.begin(), op.after.end(),
                      [&](int other) { return done[static_cast<std::size_t>(other)]; })) {
        ready.push_back(stream);
      }
    }
    ASSERT_FALSE(ready.empty()) << "all streams wait for each other";
    const auto stream = ready[random() % ready.size()];
    const std::size_t index = streams[stream][next[stream]++];
    world.Do(ops[index]);
    done[index] = true;
  }
}

struct Case {
  int ranks;
  const char* codec;
  Gather gather;
};

class RingSchedules : public ::testing::TestWithParam<Case> {};

TEST_P(RingSchedules, AnyOrderThatTheyAllowGivesTheReferenceSum) {
  const Case& c = GetParam();
  std::optional<codec::Codec> codec;
  if (*c.codec != 0) codec = codec::FindCodec(c.codec).value();
  const auto ops = RingSchedule(c.ranks, codec.has_value(), codec && c.gather == Gather::kCoded);
  std::vector<std::vector<float>> expected;
  for (int chunk = 0; chunk < c.ranks; ++chunk) {
    expected.push_back(
        RingResult(codec::PortableKernels(), codec, c.gather, c.ranks, kValues, chunk));
  }
  std::mt19937_64 random(TestSeed());
  for (int trial = 0; trial < 50; ++trial) {
    World world(c.ranks, codec);
    RunInAnyOrder(ops, random, world);
    ASSERT_FALSE(HasFatalFailure()) << SeedNote();
    for (int rank = 0; rank < c.ranks; ++rank) {
      for (int chunk = 0; chunk < c.ranks; ++chunk) {
        const Chunk at = ChunkOf(chunk, c.ranks, kValues);
        const auto& values = world.ValuesOf(static_cast<std::size_t>(rank));
        for (std::size_t i = 0; i < at.size(); ++i) {
          ASSERT_EQ(values[at.first + i], expected[static_cast<std::size_t>(chunk)][i])
              << "rank " << rank << ", value " << at.first + i << ", " << SeedNote();
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RingSchedules,
    ::testing::Values(Case{2, "", Gather::kPlain}, Case{3, "", Gather::kPlain},
                      Case{5, "", Gather::kPlain}, Case{2, "mxfp4", Gather::kCoded},
                      Case{2, "nvfp4", Gather::kPlain}, Case{3, "dual2", Gather::kCoded},
                      Case{4, "tq3", Gather::kPlain}, Case{5, "int8-b32", Gather::kCoded},
                      Case{5, "int8-b32", Gather::kPlain}));

// Without overlap of the two directions a ring would take twice as long.
TEST(RingSchedule, SendsAndReceivesStandOnDifferentStreams) {
  for (const RingOp& op : RingSchedule(4, true, true)) {
    const bool sends = op.act == RingAct::kSend || op.act == RingAct::kSendValues;
    EXPECT_EQ(op.on_send, sends);
    for (const int other : op.after) {
      EXPECT_TRUE(RingSchedule(4, true, true)[static_cast<std::size_t>(other)].awaited);
    }
  }
}

}  // namespace
}  // namespace commplan::device
