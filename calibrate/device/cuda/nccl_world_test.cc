// The host's part of the NCCL backend, with a made-up CUDA and a made-up NCCL whose ranks stand in
// one process: buffers, counts and roots of every collective, and what a wrong result is called.
#include "calibrate/device/cuda/nccl_world.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "calibrate/device/cuda/fake_cuda.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::device {
namespace {

// One call of one rank, kept until the group ends.
struct Call {
  enum class Kind { kReduce, kGather, kScatter, kBroadcast, kSend, kReceive } kind;
  int rank = 0;
  const void* in = nullptr;
  void* out = nullptr;
  std::size_t bytes = 0;  // of one rank's part
  int peer = -1;          // root, or the other end; -1: all
};

struct Group {
  int ranks = 0;
  bool damage = false;  // one bit of the next result
  std::vector<Call> calls{};
};
Group& Now() {
  static Group group;
  return group;
}

int RankOf(ncclComm_t comm) { return static_cast<int>(reinterpret_cast<std::uintptr_t>(comm)) - 1; }

ncclResult_t Keep(Call call) {
  Now().calls.push_back(call);
  return ncclSuccess;
}

std::vector<float> SumOf(const std::vector<Call>& calls) {
  std::vector<float> sum(calls.front().bytes / sizeof(float));
  for (const Call& call : calls) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<const float*>(call.in)[i];
  }
  return sum;
}

void Give(const Call& to, const void* from, std::size_t bytes) {
  std::memcpy(to.out, from, bytes);
  if (std::exchange(Now().damage, false)) *static_cast<unsigned char*>(to.out) ^= 1U;
}

// All ranks' calls of a group together; a missing or unequal one would hang a real NCCL.
ncclResult_t Finish() {
  const std::vector<Call> calls = std::exchange(Now().calls, {});
  const auto ranks = static_cast<std::size_t>(Now().ranks);
  std::vector<float> sum;
  for (const Call& call : calls) {
    using Kind = Call::Kind;
    if (call.kind == Kind::kSend) continue;
    if (call.kind == Kind::kReceive) {
      const auto sent = std::find_if(calls.begin(), calls.end(), [&](const Call& other) {
        return other.kind == Kind::kSend && other.rank == call.peer && other.peer == call.rank;
      });
      if (sent == calls.end() || sent->bytes != call.bytes) return ncclInvalidUsage;
      Give(call, sent->in, call.bytes);
      continue;
    }
    if (calls.size() != ranks || call.bytes != calls.front().bytes) return ncclInvalidUsage;
    if (call.kind == Kind::kReduce || call.kind == Kind::kScatter) {
      if (sum.empty()) sum = SumOf(calls);
      if (call.kind == Kind::kScatter) {
        const std::size_t part = call.bytes / ranks;
        Give(call, sum.data() + static_cast<std::size_t>(call.rank) * part / sizeof(float), part);
      } else if (call.peer < 0 || call.peer == call.rank) {
        Give(call, sum.data(), call.bytes);
      }
    }
    if (call.kind == Kind::kBroadcast) {
      Give(call, calls[static_cast<std::size_t>(call.peer)].in, call.bytes);
    }
    if (call.kind == Kind::kGather) {
      for (const Call& other : calls) {
        Call part = call;
        part.out =
            static_cast<std::byte*>(call.out) + static_cast<std::size_t>(other.rank) * call.bytes;
        Give(part, other.in, call.bytes);
      }
    }
  }
  return ncclSuccess;
}

NcclLibrary FakeNccl() {
  using Kind = Call::Kind;
  NcclLibrary nccl;
  nccl.version = 22807;
  nccl.error_text = [](ncclResult_t) { return "made up"; };
  nccl.last_error = [](ncclComm_t) { return ""; };
  nccl.destroy = [](ncclComm_t) { return ncclSuccess; };
  nccl.init_all = [](ncclComm_t* comms, int count, const int* /*devices*/) {
    Now() = {.ranks = count};
    for (int rank = 0; rank < count; ++rank) {
      comms[rank] = reinterpret_cast<ncclComm_t>(static_cast<std::uintptr_t>(rank + 1));
    }
    return ncclSuccess;
  };
  nccl.group_start = [] { return ncclSuccess; };
  nccl.group_end = Finish;
  nccl.all_reduce = [](const void* in, void* out, std::size_t count, ncclDataType_t, ncclRedOp_t,
                       ncclComm_t comm, cudaStream_t) {
    return Keep({Kind::kReduce, RankOf(comm), in, out, count * sizeof(float), -1});
  };
  nccl.reduce = [](const void* in, void* out, std::size_t count, ncclDataType_t, ncclRedOp_t,
                   int root, ncclComm_t comm, cudaStream_t) {
    return Keep({Kind::kReduce, RankOf(comm), in, out, count * sizeof(float), root});
  };
  nccl.reduce_scatter = [](const void* in, void* out, std::size_t count, ncclDataType_t,
                           ncclRedOp_t, ncclComm_t comm, cudaStream_t) {
    const std::size_t whole = count * sizeof(float) * static_cast<std::size_t>(Now().ranks);
    return Keep({Kind::kScatter, RankOf(comm), in, out, whole, -1});
  };
  nccl.all_gather = [](const void* in, void* out, std::size_t count, ncclDataType_t,
                       ncclComm_t comm, cudaStream_t) {
    return Keep({Kind::kGather, RankOf(comm), in, out, count * sizeof(float), -1});
  };
  nccl.broadcast = [](const void* in, void* out, std::size_t count, ncclDataType_t, int root,
                      ncclComm_t comm, cudaStream_t) {
    return Keep({Kind::kBroadcast, RankOf(comm), in, out, count * sizeof(float), root});
  };
  nccl.send = [](const void* in, std::size_t count, ncclDataType_t, int peer, ncclComm_t comm,
                 cudaStream_t) {
    return Keep({Kind::kSend, RankOf(comm), in, nullptr, count * sizeof(float), peer});
  };
  nccl.receive = [](void* out, std::size_t count, ncclDataType_t, int peer, ncclComm_t comm,
                    cudaStream_t) {
    return Keep({Kind::kReceive, RankOf(comm), nullptr, out, count * sizeof(float), peer});
  };
  return nccl;
}

class NcclWorlds : public ::testing::TestWithParam<Op> {};

TEST_P(NcclWorlds, EveryCollectiveIsVerified) {
  fake_cuda::Reset(4, 1);
  const int before = fake_cuda::Leaks();
  const NcclLibrary nccl = FakeNccl();
  for (const int ranks : {2, 3, 4}) {
    const std::vector<int> devices = {0, 1, 2, 3};
    auto world = NcclWorld::OfDevices(&nccl, {devices.begin(), devices.begin() + ranks});
    ASSERT_THAT(world, IsOk());
    for (const std::int64_t values : {1, 40}) {
      ASSERT_THAT((*world)->Prepare(GetParam(), 4 * ranks * values), IsOk());
      ASSERT_THAT((*world)->Verify(), IsOk()) << ranks << " ranks";
      const auto time = (*world)->Run(3);
      ASSERT_THAT(time, IsOk());
      EXPECT_GT(*time, 0);
      ASSERT_THAT((*world)->Verify(), IsOk()) << "after calls";
    }
    Now().damage = true;
    EXPECT_THAT((*world)->Verify(), IsError(ErrorCode::kDevice, ::testing::HasSubstr("expected")));
  }
  EXPECT_EQ(fake_cuda::Leaks(), before);
}

INSTANTIATE_TEST_SUITE_P(All, NcclWorlds,
                         ::testing::Values(Op::kAllReduce, Op::kAllGather, Op::kReduceScatter,
                                           Op::kAllToAll, Op::kBroadcast, Op::kReduce,
                                           Op::kPointToPoint));

TEST(NcclWorld, AFaultNamesTheCall) {
  fake_cuda::Reset(2, 1);
  NcclLibrary nccl = FakeNccl();
  auto world = NcclWorld::OfDevices(&nccl, {0, 1});
  ASSERT_THAT(world, IsOk());
  ASSERT_THAT((*world)->Prepare(Op::kAllReduce, 1024), IsOk());
  nccl.group_end = [] { return ncclSystemError; };
  EXPECT_THAT((*world)->Verify(),
              IsError(ErrorCode::kDevice, ::testing::HasSubstr("ncclGroupEnd: made up")));
}

}  // namespace
}  // namespace commplan::device
