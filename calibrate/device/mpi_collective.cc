#include "calibrate/device/mpi_collective.h"

#include <string>
#include <vector>

#include "model/base/check.h"

namespace commplan::device {
namespace {

class MpiCollective : public Exchange {
 public:
  MpiCollective(const MpiLibrary* mpi, Op op) : mpi_(*mpi), op_(op) {}

  void Prepare(const Peers& peers, std::int64_t bytes) override {
    rank_ = peers.rank();
    ranks_ = peers.ranks();
    const auto ranks = static_cast<std::size_t>(ranks_);
    const std::size_t whole = static_cast<std::size_t>(bytes) / sizeof(float);
    share_ = whole / ranks;
    in_.resize(op_ == Op::kAllGather ? share_ : whole);
    out_.assign(op_ == Op::kReduceScatter ? share_ : op_ == Op::kBroadcast ? 0 : whole, 0.0F);
    Refill();
  }

  void Refill() override {
    for (std::size_t i = 0; i < in_.size(); ++i) in_[i] = InputValue(rank_, i);
  }

  void Call(Peers& /*peers*/) override {
    const int share = static_cast<int>(share_), whole = static_cast<int>(in_.size());
    const auto type = mpi_.float_type, world = mpi_.world;
    switch (op_) {
      case Op::kAllReduce:
        mpi_.all_reduce(in_.data(), out_.data(), whole, type, mpi_.sum, world);
        return;
      case Op::kAllGather:
        mpi_.all_gather(in_.data(), share, type, out_.data(), share, type, world);
        return;
      case Op::kReduceScatter:
        mpi_.reduce_scatter(in_.data(), out_.data(), share, type, mpi_.sum, world);
        return;
      case Op::kAllToAll:
        mpi_.all_to_all(in_.data(), share, type, out_.data(), share, type, world);
        return;
      case Op::kBroadcast:
        mpi_.broadcast(in_.data(), whole, type, 0, world);
        return;
      case Op::kReduce:
      case Op::kPointToPoint:
        break;
    }
    CHECK(false);
  }

  Status Check() const override {
    const std::vector<float>& result = op_ == Op::kBroadcast ? in_ : out_;
    for (std::size_t i = 0; i < result.size(); ++i) {
      const float expected = CollectiveResult(op_, rank_, ranks_, share_, i);
      if (result[i] == expected) continue;
      return DeviceError("rank " + std::to_string(rank_) + " holds " + std::to_string(result[i]) +
                             " in value " + std::to_string(i) + ", expected " +
                             std::to_string(expected),
                         "the transport or the machine is faulty; do not measure with it");
    }
    return OkStatus();
  }

 private:
  const MpiLibrary& mpi_;
  Op op_;
  int rank_ = 0, ranks_ = 1;
  std::size_t share_ = 0;
  std::vector<float> in_{}, out_{};
};

}  // namespace

std::unique_ptr<Exchange> MakeMpiCollective(const MpiLibrary* mpi, Op op) {
  return std::make_unique<MpiCollective>(mpi, op);
}

}  // namespace commplan::device
